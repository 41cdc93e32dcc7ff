//! Calls under way: what was asked, and what was known of the server when it was about to answer.

use std::collections::VecDeque;
use std::time::Duration;

use raft_interface::Term;

use crate::fact::Delivery;
use crate::message::{Reply, Request};

/// Calls that are kept before they have ended. A request that arrives when its call was forgotten is read again; a call
/// whose handler is at work is forgotten last.
const CALLS_KEPT_MAX: usize = 2048;
/// As many are kept at most.
const CALLS_OPEN_MAX: usize = 4 * CALLS_KEPT_MAX;

/// The shortest time for which a caller waits for a reply, nearly.
const PROMPT_MAX: Duration = Duration::from_millis(90);

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) request: Request,
    /// When it was sent, if that is known.
    sent_at: Option<Duration>,
    /// What was known at the first delivery whose answer is still to come, and how many are.
    delivery: Option<(Delivery, u32)>,
    reply: Answers,
}

/// What the server has answered.
#[derive(Debug)]
enum Answers {
    Nothing,
    Once(Reply),
    /// A request that arrived twice was answered twice. Which of the answers arrives is not known.
    Twice,
}

impl Call {
    fn new(request: Request, sent_at: Option<Duration>) -> Self {
        Self { request, sent_at, delivery: None, reply: Answers::Nothing }
    }

    /// Whether a reply that arrives now is read for certain: some callers wait for 100 ms and then give the call up, as
    /// MIT's students do.
    pub(crate) fn is_prompt(&self, at: Duration) -> bool {
        self.sent_at.is_some_and(|sent| at.saturating_sub(sent) < PROMPT_MAX)
    }

    /// Whether an answer is still to come.
    pub(crate) fn is_open(&self) -> bool {
        self.delivery.is_some()
    }

    /// What was known when the request was delivered to which the answer is still to come.
    pub(crate) fn delivery(&self) -> Option<&Delivery> {
        self.delivery.as_ref().map(|(delivery, _)| delivery)
    }

    /// The request is about to be handled, maybe for the second time. Returns whether it was not under way already.
    pub(crate) fn deliver(&mut self, delivery: Delivery) -> bool {
        match &mut self.delivery {
            Some((first, open)) if first.incarnation == delivery.incarnation => {
                // To which of the two handlers an answer belongs does not show. The earlier delivery is kept:
                // what was certain then was certain at the later one, too, or the count of cuts has grown.
                *open += 1;
                first.is_mixed |= delivery.is_mixed;
                false
            }
            other => {
                // Handlers of an earlier incarnation are gone with it. None of them will answer.
                *other = Some((delivery, 1));
                true
            }
        }
    }

    /// An answer of that incarnation has come. Returns what was known when its request was delivered.
    pub(crate) fn answer(&mut self, incarnation: u64) -> Option<Delivery> {
        let (delivery, open) =
            self.delivery.as_mut().filter(|(known, _)| known.incarnation == incarnation)?;
        let known = *delivery;
        *open -= 1;
        if *open == 0 {
            self.delivery = None;
        }
        Some(known)
    }

    /// This was answered.
    pub(crate) fn add_answer(&mut self, reply: Reply) {
        self.reply = match self.reply {
            Answers::Nothing => Answers::Once(reply),
            _ => Answers::Twice,
        };
    }

    /// What was answered, if that is certain.
    pub(crate) fn only_answer(&self) -> Option<Reply> {
        match self.reply {
            Answers::Once(reply) => Some(reply),
            _ => None,
        }
    }
}

/// The calls, by number.
///
/// Numbers are given out one after the other, and most calls end soon: so they lie in a queue, with gaps for those that
/// have ended and for messages that are none of the paper's. A call is large, so it stays where it was put.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// From the number `first` on. The first one is never a gap.
    queue: VecDeque<Option<Box<Call>>>,
    first: u64,
    /// How many are no gaps.
    kept: usize,
}

impl Calls {
    pub(crate) fn add(&mut self, number: u64, request: Request, sent_at: Option<Duration>) {
        if self.queue.is_empty() {
            self.first = number;
        }
        // A forgotten call whose request arrives after all lies before those that were kept.
        while number < self.first {
            self.queue.push_front(None);
            self.first -= 1;
        }
        let place = (number - self.first) as usize;
        if place >= self.queue.len() {
            self.queue.resize_with(place + 1, || None);
        }
        self.kept += usize::from(self.queue[place].replace(Box::new(Call::new(request, sent_at))).is_none());
        // A cluster whose handlers all hang would otherwise fill the memory with calls.
        if self.kept > CALLS_KEPT_MAX {
            // The oldest that nobody is handling: it is the likeliest never to arrive, and if it does, it is
            // read once more. Never the one that was just added, for it may have been read because it arrives.
            let is_idle = |call: &Call| !call.is_open();
            let any = || if self.kept > CALLS_OPEN_MAX { self.oldest(number, |_| true) } else { None };
            if let Some(old) = self.oldest(number, is_idle).or_else(any) {
                self.end(old);
            }
        }
    }

    /// The oldest of those but one that are like this.
    fn oldest(&self, but: u64, is_like: impl Fn(&Call) -> bool) -> Option<u64> {
        let numbered = (self.first..).zip(&self.queue);
        let mut calls = numbered.filter_map(|(number, call)| Some((number, call.as_deref()?)));
        calls.find(|&(number, call)| number != but && is_like(call)).map(|(number, _)| number)
    }

    /// Takes a call out for a moment, to look at it while others change. It must be [put](Self::put) back, or
    /// [end](Self::end).
    pub(crate) fn take(&mut self, number: u64) -> Option<Box<Call>> {
        let place = self.place(number)?;
        self.queue.get_mut(place)?.take()
    }

    pub(crate) fn put(&mut self, number: u64, call: Box<Call>) {
        if let Some(place) = self.place(number) {
            self.queue[place] = Some(call);
        }
    }

    /// A call is over.
    pub(crate) fn end(&mut self, number: u64) {
        let Some(place) = self.place(number) else { return };
        self.queue[place] = None;
        self.kept -= 1;
        // Calls end in nearly the order in which they began, so the gaps close from the front.
        while self.queue.front().is_some_and(Option::is_none) {
            self.queue.pop_front();
            self.first += 1;
        }
    }

    fn place(&self, number: u64) -> Option<usize> {
        number.checked_sub(self.first).map(|place| place as usize)
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Call> {
        self.queue.get(self.place(number)?)?.as_deref()
    }

    /// The server that handles these was stopped meanwhile.
    pub(super) fn were_stopped(&mut self, open: &[u64]) {
        for &number in open {
            if let Some(Call { delivery: Some((delivery, _)), .. }) = self.get_mut(number) {
                delivery.was_stopped = true;
            }
        }
    }

    /// A request of `term` is delivered while these are open. Says whether one of them is of another term, and tells
    /// those.
    pub(super) fn overlap(&mut self, open: &[u64], term: Term) -> bool {
        let mut is_mixed = false;
        for &number in open {
            if let Some(Call { request, delivery: Some((delivery, _)), .. }) = self.get_mut(number)
                && request.term() != term
            {
                delivery.is_mixed = true;
                is_mixed = true;
            }
        }
        is_mixed
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut Call> {
        let place = self.place(number)?;
        self.queue.get_mut(place)?.as_deref_mut()
    }
}
