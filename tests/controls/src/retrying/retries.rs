//! Requests that are repeated until they are answered, and how many there can be.
//!
//! Each server has [`SLOTS`] places for requests to each other one, and a request keeps its place until it is answered. Who
//! needs a place and finds none takes that of the oldest request if this is of an older term, whose answer can only say
//! that its term is over. In its own term it does not: the requests that have the places are repeated and so are signs of
//! life as good as a new one. Only if all of them hang in the network, which may hold a call for seconds, does the oldest
//! have to go.

use labrpc::rand::{self, RngExt};
use labrpc::sync::Arc;
use labrpc::time::{Duration, Instant};
use raft_interface::{Index, ServerId, Term};

use super::Node;
use super::leading::BEAT;
use super::state::{Role, State};
use super::wire::Request;

/// How many requests to one server can wait for their answers.
const SLOTS: usize = 8;
/// The pause before the second try is between half of this and all of it; each further one is up to twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A snapshot that was sent so long ago, and is not answered, may hang in the network.
const HANGING_SNAPSHOT: Duration = Duration::from_millis(500);

/// What is done with an answer, under the lock; with it come whose answer it is, and the number of the request.
type OnReply<Q> = fn(&Arc<Node>, &mut State, (ServerId, u64), &Q, &<Q as Request>::Reply);

/// The requests to one server that wait for their answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    /// In the order of their numbers, and so of their terms.
    waiting: Vec<Waiting>,
}

/// A request that waits for its answer.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) number: u64,
    pub(super) term: Term,
    /// The first entry that it brings or would bring; as far off as can be for a question that is not about entries.
    pub(super) first: Index,
    pub(super) is_snapshot: bool,
    /// When it was last sent.
    tried: Instant,
}

impl Slots {
    /// Whether a snapshot is under way that was sent in this term. One that hangs in the network, while the follower can
    /// be reached again, counts as none: it can hang for seconds.
    pub(super) fn has_snapshot(&self, term: Term) -> bool {
        self.waiting.iter().any(|request| {
            request.is_snapshot && request.term == term && request.tried.elapsed() < HANGING_SNAPSHOT
        })
    }

    fn all_hang(&self) -> bool {
        self.waiting.iter().all(|request| request.tried.elapsed() > BEAT * 3 / 2)
    }
}

impl State {
    /// Makes a place for a request to `to`, if there can be one.
    pub(super) fn make_room(&mut self, to: ServerId) -> bool {
        let term = self.durable.term;
        let slots = &mut self.slots[to];
        if slots.waiting.len() < SLOTS {
            return true;
        }
        if slots.waiting[0].term == term && !slots.all_hang() {
            return false;
        }
        let given_up = slots.waiting.remove(0);
        if given_up.term == term
            && let Role::Leader(progress) = &mut self.role
        {
            // Nobody sees to these entries any more.
            progress[to].next = progress[to].next.min(given_up.first).max(progress[to].matched + 1);
        }
        true
    }

    /// Puts a request into its place and gives it a number.
    pub(super) fn occupy(&mut self, to: ServerId, first: Index, is_snapshot: bool) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        let term = self.durable.term;
        self.slots[to].waiting.push(Waiting { number, term, first, is_snapshot, tried: Instant::now() });
        number
    }

    /// A request was answered.
    pub(super) fn vacate(&mut self, to: ServerId, number: u64) {
        self.slots[to].waiting.retain(|request| request.number != number);
    }
}

impl Node {
    /// Sends a request that has a place, in a thread of its own, until it is answered.
    pub(super) fn send<Q: Request>(
        self: &Arc<Self>,
        to: ServerId,
        number: u64,
        request: Q,
        on_reply: OnReply<Q>,
    ) {
        self.spawn(format!("{} to S{to}", Q::METHOD), move |node| {
            let Some(reply) = node.repeat(to, number, &request) else { return };
            let mut state = node.state.lock();
            state.vacate(to, number);
            if !state.is_halted {
                on_reply(node, &mut state, (to, number), &request, &reply);
            }
        });
    }

    /// Sends a request until it is answered. `None` if it has lost its place, or the server was killed.
    fn repeat<Q: Request>(&self, to: ServerId, number: u64, request: &Q) -> Option<Q::Reply> {
        let mut pause = FIRST_PAUSE;
        while self.is_to_be_sent(to, number) {
            let reply = self.peers[to].call(Q::METHOD, request);
            if reply.is_some() {
                return reply;
            }
            if !self.pause(rand::rng().random_range(pause / 2..=pause)) {
                return None;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        None
    }

    fn is_to_be_sent(&self, to: ServerId, number: u64) -> bool {
        let mut state = self.state.lock();
        let is_halted = state.is_halted;
        let request = state.slots[to].waiting.iter_mut().find(|request| request.number == number);
        let Some(request) = request.filter(|_| !is_halted) else { return false };
        request.tried = Instant::now();
        true
    }

    /// Whether a reply still matters to the one who asked in `asked_in`. A later term ends whatever this server is.
    pub(super) fn is_current(&self, state: &mut State, asked_in: Term, answered_in: Term) -> bool {
        if answered_in > state.durable.term {
            state.follow(answered_in);
            self.save(state, None);
        }
        asked_in == state.durable.term
    }
}
