//! Commands that any server takes: it forwards them to the leader, many in one message.
//!
//! In the order in which it happens:
//!
//! 1. [`Forwarder::feed`] starts the commands here, if this server leads. Otherwise it sends them to the leader that its Raft knows of.
//!    If that knows of none, it asks one server after the other who leads (`route`), without the commands:
//!    a server that does not answer might have got them.
//! 2. The leader starts them in one piece, so that nothing comes between them, and says where they stand: an [`Accepted`], with the term.
//! 3. [`Forwarder::execute`] then waits until this server has applied entries in these places, and looks whether they have that
//!    term (`rsm::terms`). The index alone does not tell: another leader may have put other entries there.
//!
//! # Rules
//!
//! - A server that does not lead refuses a forwarded request and says whom it believes to lead. It does not forward it again: two
//!   that believe in each other would never stop.
//! - What was refused was not appended. What was not answered may have been, so the caller gets it back as unknown and nobody
//!   here sends it again. Who wants that sends commands with session and number, which the machine recognises
//!   ([`Sessions`](crate::Sessions)), and as often as necessary.
//! - The network may bring a request twice. The leader remembers what it answered to the last [`REQUESTS_MAX`] requests, by a number
//!   that is drawn at random. It forgets when it restarts, and another leader knows nothing of it: sessions are what keeps a
//!   command from taking effect twice whatever happens.

use std::collections::VecDeque;

use kvraft_interface::{Accepted, ForwardError};
use labrpc::rand::{self, RngExt};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::{Duration, Instant};
use raft_interface::{Command, RaftServer, ServerId};
use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::peers::Peers;
use crate::route::{Heard, Route};
use crate::rpc::{FORWARD, LEADER};
use crate::rsm::{Fate, Rsm, StateMachine, SubmitError};

/// How many requests a leader recognises when they come again.
pub const REQUESTS_MAX: usize = 1024;

/// Arguments of [`FORWARD`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardArgs {
    /// The request's own number, drawn at random: the same in all copies of a message, and in no other.
    pub request_id: u64,
    /// What is to be appended, in this order. Not empty.
    pub commands: Vec<Command>,
}

/// Takes commands at a server that may not lead. Cheap to clone.
pub struct Forwarder<R, M: StateMachine> {
    rsm: Rsm<R, M>,
    peers: Peers,
    /// How long a call takes at most.
    wait_max: Duration,
    recent: Arc<Mutex<Recent>>,
}

/// What was answered to the last requests, from the oldest on.
#[derive(Debug, Default)]
struct Recent(VecDeque<(u64, Result<Accepted, Refusal>)>);

/// What came of asking one server.
enum Asked {
    Accepted(Accepted),
    /// Nothing was appended.
    Refused(Heard),
    /// Nobody knows.
    Unknown,
}

impl<R: RaftServer, M: StateMachine> Forwarder<R, M> {
    /// Forwards for this state machine. A call waits up to `wait_max` for a leader, for its answer, and for entries to be applied,
    /// in all.
    #[must_use]
    pub fn new(rsm: Rsm<R, M>, peers: Peers, wait_max: Duration) -> Self {
        Self { rsm, peers, wait_max, recent: Arc::default() }
    }

    /// The state machine.
    #[must_use]
    pub fn rsm(&self) -> &Rsm<R, M> {
        &self.rsm
    }

    /// The other servers.
    pub(crate) fn peers(&self) -> &Peers {
        &self.peers
    }

    /// When a call that begins now gives up.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.wait_max
    }

    /// Has commands appended by whoever leads, one after the other and in this order. Returns as soon as they are in the leader's log;
    /// no promise that they ever commit.
    ///
    /// # Errors
    ///
    /// [`ForwardError`], which gives the commands back.
    pub fn feed(&self, commands: Vec<Command>) -> Result<Accepted, ForwardError<Command>> {
        self.feed_until(commands, self.deadline()).map(|(accepted, _)| accepted)
    }

    /// The same, and waits until this server has applied all of them, until it is known that it never will, or time is up.
    ///
    /// # Errors
    ///
    /// [`ForwardError`], which gives the commands back of which it is not certain that they have taken effect.
    pub fn execute(&self, commands: Vec<Command>) -> Result<Accepted, ForwardError<Command>> {
        let deadline = self.deadline();
        let (accepted, commands) = self.feed_until(commands, deadline)?;
        match self.rsm.wait_for_fate(&accepted, deadline) {
            Fate::Applied => Ok(accepted),
            Fate::Overwritten(applied) => {
                // A leader's log may have reached a majority in part. Given back are those that did not: to send the others
                // again would execute them twice.
                let applied = usize::try_from(applied).unwrap_or(usize::MAX);
                Err(ForwardError::Overwritten { commands: commands.into_iter().skip(applied).collect() })
            }
            Fate::Forgotten | Fate::Open => Err(ForwardError::Unknown { commands }),
        }
    }

    fn feed_until(
        &self,
        commands: Vec<Command>,
        deadline: Instant,
    ) -> Result<(Accepted, Vec<Command>), ForwardError<Command>> {
        if commands.is_empty() {
            return Err(ForwardError::NoCommands);
        }
        let request = ForwardArgs { request_id: rand::rng().random(), commands };
        let mut route = Route::beginning_with(self.peers.me(), self.peers.count());
        let mut heard = Heard::Leader(self.peers.me());
        loop {
            let server = route.server();
            if heard == Heard::Leader(server) {
                heard = match self.send(server, &request, deadline) {
                    Asked::Accepted(accepted) => return Ok((accepted, request.commands)),
                    Asked::Unknown => return Err(ForwardError::Unknown { commands: request.commands }),
                    Asked::Refused(heard) => heard,
                };
            } else {
                heard = self.who_leads(server, deadline);
                if heard == Heard::Leader(server) {
                    continue;
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ForwardError::Offline { commands: request.commands });
            }
            if let Some(pause) = route.next(heard) {
                thread::sleep(pause.min(left));
            }
        }
    }

    /// What a server says of who leads.
    fn who_leads(&self, server: ServerId, deadline: Instant) -> Heard {
        let leader = if server == self.peers.me() {
            self.on_leader()
        } else {
            self.peers.ask(server, LEADER, (), deadline).flatten()
        };
        leader.map_or(Heard::Nothing, Heard::Leader)
    }

    /// Handles [`LEADER`].
    pub(crate) fn on_leader(&self) -> Option<ServerId> {
        let raft = self.rsm.raft();
        // Also where the Raft below gives no hints, it knows of itself.
        if raft.get_state().1 { Some(self.peers.me()) } else { raft.leader_hint() }
    }

    /// Sends the commands to who is believed to lead, which may be this server.
    fn send(&self, server: ServerId, request: &ForwardArgs, deadline: Instant) -> Asked {
        let answer = if server == self.peers.me() {
            Some(self.on_forward(request))
        } else {
            self.peers.ask(server, FORWARD, request.clone(), deadline)
        };
        match answer {
            Some(Ok(accepted)) => Asked::Accepted(accepted),
            Some(Err(refusal)) if !refusal.may_take_effect() => Asked::Refused(refusal.into()),
            // Not asked again, not even the same server: it may have restarted since, and then it does not recognise the request.
            Some(Err(_)) | None => Asked::Unknown,
        }
    }

    /// Handles [`FORWARD`].
    pub(crate) fn on_forward(&self, request: &ForwardArgs) -> Result<Accepted, Refusal> {
        if request.commands.is_empty() {
            return Err(Refusal::NoCommands);
        }
        // Held while the commands are started: two copies of a message may be handled at once, and the second must find what the
        // first was told.
        let mut recent = self.recent.lock();
        if let Some(answer) = recent.find(request.request_id) {
            return answer;
        }
        let started = self.rsm.start_all(&request.commands);
        let answer = started.map_err(|error| match error {
            // Nothing was started, and this server will start nothing any more.
            SubmitError::ShuttingDown => Refusal::NotLeader { leader: None },
            error => Refusal::of_submit(error, self.rsm.raft().leader_hint()),
        });
        // Also if only some were started. Who has refused may be asked again: it may lead by then.
        if answer.map_or_else(Refusal::may_take_effect, |_| true) {
            recent.remember(request.request_id, answer);
        }
        answer
    }
}

impl Recent {
    fn find(&self, request_id: u64) -> Option<Result<Accepted, Refusal>> {
        // From the end: a copy comes soon, or not at all.
        self.0.iter().rev().find(|(known, _)| *known == request_id).map(|&(_, answer)| answer)
    }

    fn remember(&mut self, request_id: u64, answer: Result<Accepted, Refusal>) {
        if self.0.len() == REQUESTS_MAX {
            self.0.pop_front();
        }
        self.0.push_back((request_id, answer));
    }
}

impl<R: Clone, M: StateMachine> Clone for Forwarder<R, M> {
    fn clone(&self) -> Self {
        let (rsm, peers, recent) = (self.rsm.clone(), self.peers.clone(), self.recent.clone());
        Self { rsm, peers, wait_max: self.wait_max, recent }
    }
}

impl<R, M: StateMachine> std::fmt::Debug for Forwarder<R, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, {} requests remembered", self.rsm, self.recent.lock().0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_requests_are_recognised_and_no_more() {
        let mut recent = Recent::default();
        let at = |first| Ok(Accepted { term: 1, first, last: first });
        (0..=REQUESTS_MAX as u64).for_each(|id| recent.remember(id, at(id + 1)));
        assert_eq!(recent.0.len(), REQUESTS_MAX);
        assert_eq!((recent.find(0), recent.find(1)), (None, Some(at(2))));
        assert_eq!(recent.find(REQUESTS_MAX as u64), Some(at(REQUESTS_MAX as u64 + 1)));
    }
}
