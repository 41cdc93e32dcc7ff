//! What the server sends its peers: how it is kept, answered, and looked at by the test.

use std::collections::BTreeSet;
use std::time::Duration;

use labrpc::network::Address;
use labrpc::wire::Value;
use raft_interface::ServerId;

use super::bench::{Bench, Inner, SERVER};
use super::encoding::REQUIRED;
use super::message::{Reply, Request};
use super::post::{Kept, Letter, Manner, Post};
use lab_referee::Violation;

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
