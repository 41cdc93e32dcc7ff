//! Figure 2, State: what a server knows, and how it is stored.

use labrpc::sync::Arc;
use raft_interface::{Index, Persister, SaveError, ServerId, Term};

use super::log::Log;

/// What the main loop does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Follower,
    Candidate,
    Leader,
}

/// All that a lock guards.
#[derive(Debug)]
pub(super) struct State {
    persister: Arc<dyn Persister>,
    pub(super) role: Role,
    pub(super) current_term: Term,
    pub(super) voted_for: Option<ServerId>,
    pub(super) log: Log,
    /// The bytes that the base of the log stands for.
    pub(super) snapshot: Arc<[u8]>,
    pub(super) commit_index: Index,
    pub(super) last_applied: Index,
    /// Of use to a leader only; set when it is elected.
    pub(super) next_index: Vec<Index>,
    /// As `next_index`.
    pub(super) match_index: Vec<Index>,
}

impl State {
    /// What the disk has. Nothing is applied yet, the snapshot neither: the service gets that first.
    pub(super) fn restore(persister: Arc<dyn Persister>, servers: usize) -> Self {
        let mut state = Self {
            persister,
            role: Role::Follower,
            current_term: 0,
            voted_for: None,
            log: Log::default(),
            snapshot: Arc::default(),
            commit_index: 0,
            last_applied: 0,
            next_index: vec![1; servers],
            match_index: vec![0; servers],
        };
        state.load();
        state.commit_index = state.log.base().0;
        state
    }

    fn load(&mut self) {
        let bytes = self.persister.raft_state();
        if bytes.is_empty() {
            (self.current_term, self.voted_for, self.log) = (0, None, Log::default());
        } else {
            (self.current_term, self.voted_for, self.log) =
                postcard::from_bytes(&bytes).expect("what this server saved");
        }
        self.snapshot = self.persister.snapshot().into();
    }

    /// Stores what must survive a crash, and a new snapshot if there is one.
    ///
    /// If the disk refuses, what it has counts and what was to be stored has not happened; the server stands back, since
    /// its log may be shorter than it was a moment ago. The caller must not answer as if it had been stored.
    pub(super) fn save(&mut self, snapshot: Option<Arc<[u8]>>) -> Result<(), SaveError> {
        let state = (self.current_term, self.voted_for, &self.log);
        let bytes = postcard::to_stdvec(&state).expect("plain data can be encoded");
        let saved = self.persister.save(&bytes, snapshot.as_deref());
        match (&saved, snapshot) {
            (Ok(()), Some(snapshot)) => self.snapshot = snapshot,
            (Ok(()), None) => {}
            (Err(_), _) => {
                self.role = Role::Follower;
                self.load();
            }
        }
        saved
    }

    pub(super) fn is(&self, role: Role, term: Term) -> bool {
        self.role == role && self.current_term == term
    }

    /// RequestVote, receiver 2: whether a log that ends so is at least as up to date as this one (§5.4.1).
    pub(super) fn is_up_to_date(&self, last_log_index: Index, last_log_term: Term) -> bool {
        (last_log_term, last_log_index) >= (self.log.last_term(), self.log.last_index())
    }

    /// Becomes a follower of that term, which is not lower than the own one. Returns whether it is new, and has to be
    /// saved.
    pub(super) fn follow(&mut self, term: Term) -> bool {
        let is_new = term > self.current_term;
        if is_new {
            (self.current_term, self.voted_for) = (term, None);
        }
        self.role = Role::Follower;
        is_new
    }

    /// Commits what a majority has, if its last entry is of this term (§5.4.2). Returns whether that is more than
    /// before.
    pub(super) fn advance_commit(&mut self, me: ServerId) -> bool {
        let mut matched = self.match_index.clone();
        matched[me] = self.log.last_index();
        matched.sort_unstable();
        let index = matched[(matched.len() - 1) / 2];
        let is_more = index > self.commit_index && self.log.term_at(index) == Some(self.current_term);
        if is_more {
            self.commit_index = index;
        }
        is_more
    }

    /// AppendEntries was refused, sent with the entry before `next_index`: where to try next. By the lecture: at the
    /// own last entry of the term that conflicts, else where that term begins there, else at the end of the log there.
    pub(super) fn back_up(&self, x_term: Option<Term>, x_index: Index, x_len: Index) -> Index {
        match x_term {
            None => x_len,
            Some(term) => self.log.last_of_term(term).unwrap_or(x_index),
        }
    }
}
