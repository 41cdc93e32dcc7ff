//! The threads of a run: when each lived, and what it waited for.

use labrpc::sim::{Event, Kind, Trace, Words};

use super::encode::Encoder;
use super::model::Thread;

/// Threads that lived shorter than this are handlers that did their work: they show as messages.
const LIFE_MIN_NS: u64 = 5_000_000;
/// The shortest wait that is shown.
const WAIT_MIN_NS: u64 = 1_000_000;
/// How many threads, and how many waits of all of them, are kept: the last ones.
const THREADS_MAX: usize = 1_500;
const WAITS_MAX: usize = 6_000;

#[derive(Clone)]
struct Life<'a> {
    number: u64,
    node: &'a str,
    name: &'a str,
    born: u64,
    ended: Option<u64>,
    /// The wait that is under way: since when, and what for.
    waits: Option<(u64, &'a Words)>,
    waited: Vec<(u64, u64, &'a Words)>,
}

/// The threads that lived long enough to be seen, in the order in which they began.
pub(super) fn threads(trace: &Trace, encoder: &mut Encoder) -> Vec<Thread> {
    let mut lives = lives(trace);
    lives.retain(|life| life.ended.is_none_or(|ended| ended - life.born >= LIFE_MIN_NS));
    let waits: usize = lives.iter().map(|life| life.waited.len()).sum();
    if waits > WAITS_MAX {
        let mut begun: Vec<u64> =
            lives.iter().flat_map(|life| life.waited.iter().map(|wait| wait.0)).collect();
        begun.sort_unstable();
        let first = begun[waits - WAITS_MAX];
        lives.iter_mut().for_each(|life| life.waited.retain(|wait| wait.0 >= first));
    }
    let skipped = lives.len().saturating_sub(THREADS_MAX);
    // Words are made only here: most threads and most waits are short, and nobody reads of them.
    lives
        .into_iter()
        .skip(skipped)
        .map(|life| {
            let waited =
                life.waited.iter().map(|(from, to, what)| (*from, *to, encoder.text(&what.to_string())));
            let waited = waited.collect();
            let (node, name) = (encoder.text(life.node), encoder.text(life.name));
            (node, name, life.number, life.born, life.ended, waited)
        })
        .collect()
}

/// All threads. Every event of the run is looked at, so each costs a place in a list and no more.
fn lives(trace: &Trace) -> Vec<Life<'_>> {
    let mut lives: Vec<Option<Life<'_>>> = Vec::new();
    let mut born: Vec<u64> = Vec::new();
    for event in &trace.events {
        let at = event.time_ns;
        // Whoever tells of the crash is another thread, or the network.
        if event.kind == Kind::Crash
            && let Some(node) = event.words.to_string().strip_prefix("Crash ")
        {
            let crashed = lives.iter_mut().flatten().filter(|life| life.node == node && life.ended.is_none());
            crashed.for_each(|life| {
                life.end_wait(at);
                life.ended = Some(at);
            });
        }
        // Each thread has an event of its own that began it, so no number is greater than there are events.
        if event.thread_number == Event::NETWORK || event.thread_number > trace.total {
            continue;
        }
        if event.kind == Kind::Spawn && event.payload <= trace.total {
            *place(&mut born, event.payload) = at;
        }
        let life = place(&mut lives, event.thread_number).get_or_insert_with(|| Life {
            number: event.thread_number,
            node: &event.node,
            name: &event.thread,
            born: born.get(event.thread_number as usize).copied().filter(|&born| born > 0).unwrap_or(at),
            ended: None,
            waits: None,
            waited: Vec::new(),
        });
        life.end_wait(at);
        match event.kind {
            Kind::Block => life.waits = Some((at, &event.words)),
            Kind::Exit => life.ended = Some(at),
            _ => {}
        }
    }
    let end = trace.events.last().map_or(0, |event| event.time_ns);
    let mut lives: Vec<Life<'_>> = lives.into_iter().flatten().collect();
    lives.iter_mut().for_each(|life| life.end_wait(end));
    lives
}

/// The place of a thread, by its number: the first has 0, and each the next.
fn place<T: Default + Clone>(list: &mut Vec<T>, number: u64) -> &mut T {
    let number = number as usize;
    if number >= list.len() {
        list.resize(number + 1, T::default());
    }
    &mut list[number]
}

impl Life<'_> {
    fn end_wait(&mut self, at: u64) {
        if let Some((since, what)) = self.waits.take()
            && at - since >= WAIT_MIN_NS
        {
            self.waited.push((since, at, what));
        }
    }
}
