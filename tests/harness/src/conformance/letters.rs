//! What goes on between the server, its peers and its service: letters, and what was delivered.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use labrpc::network::Address;
use labrpc::wire::Value;
use raft_interface::{ApplyMsg, Index, ServerId, Term};

use super::message::{Entry, REQUIRED, Reply, Request};
use super::{Bench, Follower, Inner, SERVER, Sent};
use lab_referee::Violation;

/// How a peer answers what the server sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Manner {
    /// Not at all: the call gets no reply.
    #[default]
    Silent,
    /// When the test does; the call is under way until then.
    Waits,
    /// As a follower of the paper would, which votes for whoever asks.
    Follows,
    /// The same, but snapshots [wait](Self::Waits).
    HoldsSnapshots,
}

/// A request that the server sent to a peer.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its place among all letters.
    number: usize,
    /// Who got it.
    pub to: ServerId,
    /// When.
    pub at: Duration,
    /// What it says.
    pub request: Request,
}

/// A letter, and what became of it.
struct Kept {
    letter: Letter,
    /// The test has looked at it.
    is_read: bool,
    /// The answer, if the test has answered: `None` in it for no reply.
    answer: Option<Option<Reply>>,
}

#[derive(Default)]
pub(super) struct Post {
    letters: Vec<Kept>,
    pub(super) manners: Vec<Manner>,
    pub(super) followers: Vec<Follower>,
    /// What the server's service got since the last start.
    pub(super) delivered: Vec<ApplyMsg>,
    /// The last index that it covers.
    pub(super) applied: Index,
    pub(super) sent: Sent,
    /// Who has voted for the server, by term.
    votes: BTreeMap<Term, BTreeSet<ServerId>>,
    /// A field in replies to AppendEntries whose meaning is not known here.
    pub(super) unknown_hint: Option<&'static str>,
    pub(super) is_over: bool,
}

impl Post {
    pub(super) fn new(size: usize) -> Self {
        Self {
            manners: vec![Manner::default(); size],
            followers: vec![Follower::default(); size],
            ..Self::default()
        }
    }

    /// The next letter to that peer, or to anybody, that the test has not seen and that is of interest. Others before
    /// it count as seen.
    pub(super) fn next(
        &mut self,
        to: Option<ServerId>,
        is_wanted: impl Fn(&Request) -> bool,
    ) -> Option<Letter> {
        for kept in &mut self.letters {
            if kept.is_read || to.is_some_and(|to| to != kept.letter.to) {
                continue;
            }
            kept.is_read = true;
            if is_wanted(&kept.letter.request) {
                return Some(kept.letter.clone());
            }
        }
        None
    }

    /// All letters, oldest first.
    pub(super) fn letters(&self) -> impl Iterator<Item = &Letter> {
        self.letters.iter().map(|kept| &kept.letter)
    }

    /// From now on the test looks at new letters only.
    pub(super) fn forget(&mut self) {
        self.letters.iter_mut().for_each(|kept| kept.is_read = true);
    }
}

impl Inner {
    /// The server has sent something to a peer. Runs in a thread of that peer.
    pub(super) fn receive(&self, to: ServerId, method: &str, value: &Value) -> Option<Value> {
        REQUIRED.iter().find(|(name, _)| method.ends_with(name))?; // nothing of the paper's
        let Some(request) = Request::read(method, value) else {
            self.lab.skip(&format!("{method} {value} does not bear the paper's names"));
        };
        self.note(format!("S{SERVER} -> {}: {request}", Address::Server(to as u32)));
        let at = self.lab.now();
        let mut post = self.post.lock();
        self.check_elected(&post, &request);
        let number = post.letters.len();
        let letter = Letter { number, to, at, request: request.clone() };
        post.letters.push(Kept { letter, is_read: false, answer: None });
        self.changed.notify_all();
        let reply = match post.manners[to] {
            Manner::Silent => None,
            Manner::HoldsSnapshots if !matches!(request, Request::Install { .. }) => {
                Some(post.followers[to].answer(&request))
            }
            Manner::Follows => Some(post.followers[to].answer(&request)),
            Manner::Waits | Manner::HoldsSnapshots => loop {
                if post.is_over {
                    break None;
                }
                if let Some(answer) = post.letters[number].answer {
                    break answer;
                }
                self.changed.wait(&mut post);
            },
        };
        if let Some(Reply::Vote { term, vote_granted: true }) = reply {
            post.votes.entry(term).or_default().insert(to);
        }
        drop(post);
        if let Some(reply) = reply {
            self.note(format!("S{to} -> S{SERVER}: {reply}"));
        }
        reply.map(Reply::write)
    }
}

impl Inner {
    /// Who sends as a leader has been elected, in whatever test.
    fn check_elected(&self, post: &Post, request: &Request) {
        let term = request.term();
        let votes = post.votes.get(&term).map_or(0, BTreeSet::len) + 1; // its own
        if matches!(request, Request::Vote { .. }) || 2 * votes > self.size {
            return;
        }
        let violation = Violation::new(
            format!("S{SERVER} sends as leader of term {term}, for which it was not elected"),
            format!("votes of a majority of {} servers", self.size),
            format!("{votes} with its own; it sends {request}"),
        )
        .rule("a leader of a term has the votes of a majority for that term (§5.2; Fig. 2, Rules for candidates 2)")
        .hint("a sender that reads the current term when it sends and does not look whether it leads, or votes counted wrong")
        .servers([SERVER])
        .term(term);
        self.lab.record().keep(violation.clone());
        self.lab.broken(&violation);
    }
}

impl Bench {
    /// Answers a letter to a peer that [waits](Manner::Waits).
    pub fn answer(&self, letter: &Letter, reply: Reply) {
        self.0.post.lock().letters[letter.number].answer = Some(Some(reply));
        self.0.changed.notify_all();
    }

    /// From now on the test looks at new letters only.
    pub fn forget_letters(&self) {
        self.0.post.lock().forget();
    }

    /// What `count` makes of all letters so far.
    pub fn count_letters(&self, is_counted: impl Fn(&Letter) -> bool) -> usize {
        self.0.post.lock().letters().filter(|letter| is_counted(letter)).count()
    }

    /// The next request that is of interest, to anybody.
    pub fn next_letter(
        &self,
        patience: Duration,
        is_wanted: impl Fn(&Request) -> bool + Copy,
    ) -> Option<Letter> {
        self.wait_for(patience, |post| post.next(None, is_wanted))
    }
}

impl Letter {
    /// The entries that it brings.
    pub fn entries(&self) -> &[Entry] {
        match &self.request {
            Request::Append { entries, .. } => entries,
            _ => &[],
        }
    }
}
