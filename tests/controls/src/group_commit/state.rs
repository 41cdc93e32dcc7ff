//! All that the lock guards.

use std::collections::VecDeque;
use std::ops::Range;

use labrpc::rand::{self, RngExt};
use labrpc::sync::Arc;
use labrpc::time::{Duration, Instant};
use raft_interface::{Index, ServerId, Term};

use super::book::Book;
use super::wire::{AskVote, Image, Push};

/// A chief that has nothing to say says so after that time.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(110);
/// After which time a push or an image is sent again: the bound of what doubles each time.
const PATIENCE_MAX: Duration = Duration::from_millis(260);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Follower,
    Suitor,
    Chief,
}

/// A request that waits for a lane, with the number of its flight.
#[derive(Clone)]
pub(super) enum Job {
    Push(u64, Arc<Push>),
    Image(u64, Arc<Image>),
}

/// A request that is not answered yet, however often it was sent.
pub(super) struct Flight<T> {
    pub(super) number: u64,
    pub(super) message: Arc<T>,
    pub(super) sent: Instant,
    pub(super) tries: u32,
}

impl<T> Flight<T> {
    pub(super) fn new(number: u64, message: T, sent: Instant) -> Self {
        Self { number, message: Arc::new(message), sent, tries: 0 }
    }

    /// When to send it again.
    pub(super) fn due(&self, patience: Duration) -> Instant {
        self.sent + (patience * (1 << self.tries.min(5))).min(PATIENCE_MAX.max(patience))
    }

    /// It is sent again.
    pub(super) fn again(&mut self, now: Instant) {
        self.tries += 1;
        self.sent = now;
    }

    /// A call has ended without an answer: the same again, with the next heartbeat.
    pub(super) fn failed(&mut self, patience: Duration) {
        let now = Instant::now();
        let wait = self.due(patience).duration_since(self.sent);
        self.sent = now.checked_sub(wait).map_or(self.sent, |begin| begin + HEARTBEAT.min(wait));
    }
}

/// What a server knows of another one.
pub(super) struct Peer {
    pub(super) next: Index,
    pub(super) matched: Index,
    pub(super) push: Option<Flight<Push>>,
    pub(super) image: Option<Flight<Image>>,
    /// Entries behind an image under way have been refused.
    pub(super) is_early: bool,
    pub(super) heard: Instant,
    /// Has answered this chief.
    pub(super) follows: bool,
    pub(super) last_sent: Instant,
    pub(super) outbox: VecDeque<Job>,
    /// How many lanes are in a call.
    pub(super) busy: usize,
    pub(super) ballot_box: Option<Arc<AskVote>>,
    pub(super) busy_votes: usize,
    /// Has answered in this ballot.
    pub(super) has_answered: bool,
    /// Where its log ended then.
    pub(super) tip: Index,
}

impl Peer {
    fn new(now: Instant) -> Self {
        Self {
            next: 1,
            matched: 0,
            push: None,
            image: None,
            is_early: false,
            heard: now,
            follows: false,
            last_sent: now,
            outbox: VecDeque::new(),
            busy: 0,
            ballot_box: None,
            busy_votes: 0,
            has_answered: false,
            tip: 0,
        }
    }

    /// A leadership begins. Whoever has voted has told where its log ends.
    pub(super) fn welcome(&mut self, next: Index, now: Instant) {
        self.next = if self.has_answered { next.min(self.tip + 1) } else { next };
        self.matched = 0;
        self.push = None;
        self.image = None;
        self.is_early = false;
        self.heard = now;
        self.follows = false;
        self.last_sent = now.checked_sub(HEARTBEAT).unwrap_or(now);
        self.outbox.clear();
        self.ballot_box = None;
    }
}

/// A snapshot for the service.
pub(super) struct Pending {
    pub(super) index: Index,
    pub(super) epoch: Term,
    pub(super) blob: Arc<[u8]>,
}

pub(super) struct State {
    pub(super) epoch: Term,
    pub(super) vote: Option<ServerId>,
    pub(super) book: Book,
    pub(super) blob: Arc<[u8]>,
    pub(super) role: Role,
    pub(super) chief: Option<ServerId>,
    /// How long after the last word of a chief, in milliseconds.
    election_ms: Range<u64>,
    /// When to stand.
    pub(super) deadline: Instant,
    pub(super) commit: Index,
    /// The applier has taken everything up to here.
    pub(super) taken: Index,
    pub(super) pending: Option<Pending>,
    pub(super) peers: Vec<Peer>,
    pub(super) votes: Vec<bool>,
    /// What a suitor asks, once this version is saved.
    pub(super) ballot: Option<(u64, Arc<AskVote>)>,
    pub(super) ballot_count: u64,
    /// The number of the last flight.
    pub(super) flights: u64,
    // What the saver has to do.
    /// Counts the changes of what is to be saved.
    pub(super) version: u64,
    /// All changes up to this one are saved.
    pub(super) saved: u64,
    /// The log is saved up to here.
    pub(super) saved_index: Index,
    pub(super) saved_epoch: Term,
    pub(super) dirty_head: bool,
    pub(super) dirty_blob: bool,
    pub(super) dirty_from: Option<Index>,
    pub(super) is_killed: bool,
}

impl State {
    /// The state of a server that starts with what is stored.
    pub(super) fn new(
        epoch: Term,
        vote: Option<ServerId>,
        book: Book,
        blob: Arc<[u8]>,
        servers: usize,
        election_ms: Range<u64>,
    ) -> Self {
        let now = Instant::now();
        let (index, snap_epoch) = book.snap;
        let pending = (index > 0).then(|| Pending { index, epoch: snap_epoch, blob: Arc::clone(&blob) });
        let mut state = Self {
            epoch,
            vote,
            blob,
            role: Role::Follower,
            chief: None,
            election_ms,
            deadline: now,
            commit: index,
            taken: index,
            pending,
            peers: (0..servers).map(|_| Peer::new(now)).collect(),
            votes: vec![false; servers],
            ballot: None,
            ballot_count: 0,
            flights: 0,
            version: 0,
            saved: 0,
            saved_index: book.last(),
            saved_epoch: epoch,
            book,
            dirty_head: false,
            dirty_blob: false,
            dirty_from: None,
            is_killed: false,
        };
        state.redraw();
        state
    }

    /// Term, vote, or what the snapshot covers.
    pub(super) fn head_changed(&mut self) {
        self.version += 1;
        self.dirty_head = true;
    }

    /// The log, at this index and behind it.
    pub(super) fn log_changed(&mut self, from: Index) {
        self.version += 1;
        self.dirty_from = Some(self.dirty_from.map_or(from, |old| old.min(from)));
        self.saved_index = self.saved_index.min(from - 1);
    }

    pub(super) fn redraw(&mut self) {
        self.deadline =
            Instant::now() + Duration::from_millis(rand::rng().random_range(self.election_ms.clone()));
    }

    /// The number of a new flight.
    pub(super) fn next_flight(&mut self) -> u64 {
        self.flights += 1;
        self.flights
    }
}
