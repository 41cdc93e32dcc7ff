//! What the mutex of a server guards.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};

use labrpc::rand::{self, RngExt};
use labrpc::sync::Arc;
use labrpc::time::{Duration, Instant};
use raft_interface::{Index, Persister, SaveError, ServerId, Term};

use super::progress::Progress;
use super::storage::{Durable, Storage};

/// No server stands for election within this time of hearing from a leader, and none helps another one to do so.
pub(super) const ELECTION_TIMEOUT_MIN: Duration = Duration::from_millis(400);
/// The longest a server waits for a leader, and a leader for a majority.
pub(super) const ELECTION_TIMEOUT_MAX: Duration = Duration::from_millis(800);

/// A value that knows whether anybody may have changed it since it was saved.
pub(super) struct Tracked<T> {
    value: T,
    is_changed: bool,
}

impl<T> Deref for Tracked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Tracked<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.is_changed = true;
        &mut self.value
    }
}

/// What a server is at the moment, with what it needs for that only.
pub(super) enum Role {
    Follower,
    /// Asks whether an election could be won, in its old term (thesis §9.6). The set: who says yes.
    PreCandidate(BTreeSet<ServerId>),
    /// Stands for election. The set: whose votes it has.
    Candidate(BTreeSet<ServerId>),
    /// Leads. One progress for each server; its own is not used.
    Leader(Vec<Progress>),
}

/// Figure 2, State.
pub(super) struct State {
    pub(super) me: ServerId,
    pub(super) servers: usize,
    storage: Storage,
    pub(super) durable: Tracked<Durable>,
    pub(super) role: Role,
    /// The leader of the current term, if another server is known to be that, and when it was last heard of.
    pub(super) leader: Option<(ServerId, Instant)>,
    /// When to stand for election, unless something happens.
    pub(super) election_deadline: Instant,
    /// The number of the last pre-vote or election of this server: late answers to others do not count.
    pub(super) round: u64,
    pub(super) last_applied: Index,
    /// The service's bytes up to the base of the log.
    pub(super) snapshot: Tracked<Arc<[u8]>>,
    /// The server is no longer needed, or cannot save, and so does and says nothing any more.
    pub(super) is_dead: bool,
}

impl State {
    /// A follower with what the persister remembers.
    pub(super) fn restore(me: ServerId, servers: usize, persister: Arc<dyn Persister>) -> Self {
        let (storage, durable) = Storage::open(persister);
        // The service finds the snapshot in the persister by itself.
        let last_applied = durable.log.base_index();
        let mut state = Self {
            me,
            servers,
            durable: Tracked { value: durable, is_changed: false },
            role: Role::Follower,
            leader: None,
            election_deadline: Instant::now(),
            round: 0,
            last_applied,
            snapshot: Tracked { value: storage.snapshot(), is_changed: false },
            storage,
            is_dead: false,
        };
        state.reset_election_timer(Instant::now());
        state
    }

    /// Saves what has changed. It must be done before anybody hears of it (Fig. 2, State).
    ///
    /// # Errors
    ///
    /// As [`Persister::save`]: nothing has been stored.
    pub(super) fn save(&mut self) -> Result<(), SaveError> {
        if self.durable.is_changed || self.snapshot.is_changed {
            let snapshot = self.snapshot.is_changed.then_some(&*self.snapshot.value);
            self.storage.save(&mut self.durable.value, snapshot)?;
            self.durable.is_changed = false;
            self.snapshot.is_changed = false;
        }
        Ok(())
    }

    pub(super) fn majority(&self) -> usize {
        self.servers / 2 + 1
    }

    pub(super) fn reset_election_timer(&mut self, now: Instant) {
        let timeout = rand::rng().random_range(ELECTION_TIMEOUT_MIN..ELECTION_TIMEOUT_MAX);
        self.election_deadline = now + timeout;
    }

    pub(super) fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// Figure 2, all servers: a higher term makes everybody a follower in it.
    pub(super) fn adopt(&mut self, term: Term, now: Instant) {
        self.durable.current_term = term;
        self.durable.voted_for = None;
        self.leader = None;
        self.follow(now);
    }

    /// Becomes a follower, in the term in which it is.
    pub(super) fn follow(&mut self, now: Instant) {
        if self.is_leader() {
            // A leader lets its own timer run out.
            self.reset_election_timer(now);
        }
        self.role = Role::Follower;
    }

    /// A message of the leader of the current term has come (Fig. 2, Followers and Candidates).
    pub(super) fn hear_from_leader(&mut self, leader: ServerId, now: Instant) {
        self.follow(now);
        self.leader = Some((leader, now));
        self.reset_election_timer(now);
    }

    /// Whether there was a current leader within the minimum election timeout: then a candidate only disturbs
    /// (§6, thesis §4.2.3). A leader is one as long as a majority has answered within that time.
    pub(super) fn has_live_leader(&self, now: Instant) -> bool {
        let heard = match &self.role {
            Role::Leader(progress) => Some(self.majority_heard(progress, now)),
            _ => self.leader.map(|(_, heard)| heard),
        };
        heard.is_some_and(|heard| now < heard + ELECTION_TIMEOUT_MIN)
    }

    /// The latest moment since which a majority has been heard of, this server included.
    pub(super) fn majority_heard(&self, progress: &[Progress], now: Instant) -> Instant {
        let own = |id: usize| if id == self.me { now } else { progress[id].heard };
        let mut heard: Vec<Instant> = (0..self.servers).map(own).collect();
        heard.sort_unstable();
        heard[self.servers - self.majority()]
    }

    /// When the ticker has something to do, unless something happens before.
    pub(super) fn deadline(&self, now: Instant) -> Instant {
        match &self.role {
            Role::Leader(progress) => self.majority_heard(progress, now) + ELECTION_TIMEOUT_MAX,
            _ => self.election_deadline,
        }
    }

    pub(super) fn has_something_to_apply(&self) -> bool {
        self.last_applied < self.durable.commit_index
    }
}
