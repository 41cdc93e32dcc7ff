//! What messages on the network tell the invariants, for implementations whose messages bear the paper's names.
//!
//! A vote counts when it reaches the candidate and an acknowledgement when it reaches the leader, so that nothing that
//! a killed server still does can count. Messages of other names or shapes are passed over in silence.

use std::collections::BTreeMap;

use labrpc::network::{Address, Direction, Happening, Message, MessageEvent, Observer};
use parking_lot::Mutex;
use raft_interface::{Index, ServerId, Term};

use crate::lab::Lab;
use crate::observation::Observation;

/// A request that a follower may acknowledge.
#[derive(Clone, Copy, Debug)]
struct Request {
    term: Term,
    /// The last index that it covers.
    last: Index,
}

/// Watches a cluster's network for the lab's record.
pub(crate) struct Watcher {
    lab: Lab,
    under_way: Mutex<BTreeMap<u64, Request>>,
}

impl Watcher {
    pub(crate) fn new(lab: Lab) -> Self {
        Self { lab, under_way: Mutex::default() }
    }

    fn tell(&self, server: ServerId, fact: &Observation<'_>) {
        if let Err(finding) = self.lab.record().observe_current(self.lab.now(), server, fact) {
            self.lab.broken(&finding);
        }
    }

    fn sent(&self, message: &Message<'_>) {
        let Some(leader) = server(message.from) else { return };
        if message.method.ends_with(".RequestVote")
            && let Some(term) = number(message, "term")
        {
            self.lab.record().stands(leader, term);
        }
        if message.method.ends_with(".AppendEntries") {
            // A message of another shape says nothing.
            let _ = self.append_entries(leader, message);
        } else if message.method.ends_with(".InstallSnapshot")
            && let (Some(term), Some(last)) =
                (number(message, "term"), number(message, "last_included_index"))
        {
            self.under_way.lock().insert(message.call, Request { term, last });
        }
    }

    fn append_entries(&self, leader: ServerId, message: &Message<'_>) -> Option<()> {
        let term = number(message, "term")?;
        let prev = (number(message, "prev_log_index")?, number(message, "prev_log_term")?);
        let commit = number(message, "leader_commit")?;
        let entries: Vec<Term> =
            message.ints_of("entries", "term").into_iter().filter_map(|term| term.try_into().ok()).collect();
        let last = prev.0 + entries.len() as Index;
        self.under_way.lock().insert(message.call, Request { term, last });
        self.tell(leader, &Observation::Appending { term, prev, entries: &entries, commit });
        Some(())
    }

    fn answered(&self, message: &Message<'_>) {
        let (Some(from), Some(to)) = (server(message.from), server(message.to)) else { return };
        let Some(term) = number(message, "term") else { return };
        if message.method.ends_with(".RequestVote") {
            if number(message, "vote_granted") == Some(1) {
                self.tell(from, &Observation::Voted { candidate: to, term });
            }
            return;
        }
        let Some(request) = self.under_way.lock().remove(&message.call) else { return };
        let is_stored = number(message, "success").map_or(term == request.term, |success| success == 1);
        if is_stored {
            let Request { term, last } = request;
            self.tell(to, &Observation::Acknowledged { follower: from, term, index: last });
        }
    }
}

impl Observer for Watcher {
    fn observe(&self, event: &MessageEvent<'_>) {
        match (event.message.direction, event.what) {
            (Direction::Request, Happening::Sent) => self.sent(&event.message),
            (Direction::Reply, Happening::Delivered) => self.answered(&event.message),
            _ => {}
        }
    }
}

fn server(address: Address) -> Option<ServerId> {
    match address {
        Address::Server(number) => Some(number as ServerId),
        _ => None,
    }
}

fn number(message: &Message<'_>, field: &str) -> Option<u64> {
    message.int_of(field)?.try_into().ok()
}
