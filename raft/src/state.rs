//! The state of one server: Figure 2's box "State", and the rules that hold for every role.
//!
//! A [`State`] knows no thread, no clock and no chance: time and a random timeout come in as a [`Moment`], and
//! what is to be sent or applied goes out as a value that somebody asks for. Its methods are spread over the
//! files that carry the names of the paper's sections: `election`, `replication`, `snapshot`, `apply`.
//!
//! Verbs go by role: `on_*` handles a message, `become_*` and `step_down` change the role, `*_args` builds a
//! message.

use std::time::Duration;

use labrpc::sync::Arc;
use labrpc::time::Instant;
use raft_interface::{Configuration, Index, ServerId, Servers, Term};

use crate::catch_up::Fetch;
use crate::chunks::Receiver;
use crate::config::Config;
use crate::election::{Asking, Candidacy};
use crate::log::Log;
use crate::persist::Restored;
use crate::replication::Progress;
use crate::rpc::{CallId, Ended, Exchange, Outgoing};
use crate::status::RoleName;
use crate::transfer::Handover;

/// What a step needs to know of time and chance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// The time at which the step runs.
    pub(crate) now: Instant,
    /// Draws how long the server waits for a leader. Asked each time the election timer is restarted (§5.2).
    pub(crate) election_timeout: fn(&Config) -> Duration,
}

/// What only grows while a server runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NeverBack {
    pub(crate) term: Term,
    commit_index: Index,
    last_applied: Index,
}

/// One server. See [`Self::assert_invariants`] for what always holds.
#[derive(Debug)]
pub(crate) struct State {
    /// This server. Never changes.
    pub(crate) me: ServerId,
    /// How many servers there are, this one included, members of the cluster or not. Never changes.
    pub(crate) servers: usize,
    /// Who counts until an entry says otherwise. Never changes.
    pub(crate) first_configuration: Configuration,
    /// The times to keep. Never changes.
    pub(crate) config: Config,

    /// Latest term this server has seen. Starts at 0 and only grows. Persistent.
    pub(crate) current_term: Term,
    /// Who got this server's vote in `current_term`, if anybody. Persistent.
    pub(crate) voted_for: Option<ServerId>,
    /// The entries, after those that the snapshot covers. Persistent.
    pub(crate) log: Log,
    /// The service's snapshot of everything up to the log's base; empty before the first. Persistent.
    pub(crate) snapshot: Arc<[u8]>,

    /// The snapshot that comes in pieces from the leader, if one does.
    pub(crate) receiver: Receiver,

    /// The highest index known to be committed. Starts at the log's base and only grows.
    pub(crate) commit_index: Index,
    /// The highest index handed to the applier. Starts at the log's base and only grows. Below the base while a
    /// snapshot from the leader waits to be applied.
    pub(crate) last_applied: Index,

    /// What this server fetches from others than its leader, or did last.
    pub(crate) fetch: Option<Fetch>,

    /// Follower, candidate or leader, with what belongs to that role alone.
    pub(crate) role: Role,
    /// The leader of `current_term`, once it has been heard of. Not whom this server has voted for.
    pub(crate) leader: Option<ServerId>,
    /// When another server was last heard of as the leader of some term, or when this server came up. Says something only while
    /// `leader` does, or with [leases](crate::lease).
    pub(crate) leader_heard_at: Instant,
    /// When this server stands for election, unless it leads by then.
    pub(crate) election_deadline: Instant,
    /// When the leader's commit index last moved; followers hear of it soon after.
    pub(crate) commit_advanced_at: Instant,
    /// The number of the last call. Only grows.
    pub(crate) last_call: CallId,
    /// How often this server has stood for election since it came up.
    pub(crate) elections: u64,
    /// How often it has heard of a leader that it did not know, or has become one.
    pub(crate) leader_changes: u64,

    /// Something persistent has changed and must be saved before the step ends.
    pub(crate) dirty: bool,
    /// The snapshot is part of that.
    pub(crate) snapshot_changed: bool,
    /// The server takes no more steps: it was killed, or it could not save.
    pub(crate) stopped: bool,
}

/// What a server does at the moment (§5.1), with the state that belongs to the role and vanishes with it.
#[derive(Debug)]
pub(crate) enum Role {
    /// Answers candidates and leaders.
    Follower,
    /// Gathers votes, or asks first whether it would get them.
    Candidate(Candidacy),
    /// Replicates its log: one record of progress per server; its own is not used.
    Leader(Leadership),
}

/// What a leader keeps (Fig. 2, Volatile state on leaders), reinitialised after each election.
#[derive(Debug)]
pub(crate) struct Leadership {
    /// One per server, by id.
    pub(crate) progress: Vec<Progress>,
    /// When it was elected.
    pub(crate) began_at: Instant,
    /// The office is on its way to another server.
    pub(crate) handover: Option<Handover>,
    /// No transfer has been begun in this term; see [`crate::lease`].
    pub(crate) may_lease: bool,
    /// The number of the last round of messages that a read has asked for. Starts at 0 and only grows.
    pub(crate) read_round: u64,
    /// The number of the last round of which a message has left. Starts at 0 and only grows.
    pub(crate) round_begun: u64,
    /// How many transfers of a snapshot have begun.
    pub(crate) transfers: u64,
}

impl State {
    /// A server as it comes up: a follower that remembers what it saved and knows no leader.
    pub(crate) fn new(
        me: ServerId,
        servers: usize,
        config: Config,
        restored: Restored,
        moment: &Moment,
    ) -> Self {
        let base = restored.log.base_index();
        let everybody = Configuration::of(Servers::first(servers));
        let first_configuration = config.features.first_configuration.unwrap_or(everybody);
        let election_deadline = moment.now + (moment.election_timeout)(&config);
        Self {
            me,
            servers,
            first_configuration,
            config,
            current_term: restored.current_term,
            voted_for: restored.voted_for,
            log: restored.log,
            snapshot: restored.snapshot,
            receiver: Receiver::default(),
            fetch: None,
            commit_index: base,
            last_applied: base,
            role: Role::Follower,
            leader: None,
            leader_heard_at: moment.now,
            election_deadline,
            commit_advanced_at: moment.now,
            last_call: 0,
            elections: 0,
            leader_changes: 0,
            dirty: false,
            snapshot_changed: false,
            stopped: false,
        }
    }

    /// Who counts now: the last configuration in the log, committed or not (§6).
    pub(crate) fn configuration(&self) -> &Configuration {
        self.log.configuration().unwrap_or(&self.first_configuration)
    }

    /// Whether a message says something of the configuration that no leader does: it names nobody, or who is not there.
    pub(crate) fn refuses(&self, configuration: Option<Configuration>) -> bool {
        let is_impossible =
            configuration.is_some_and(|configuration| !configuration.is_possible(self.servers));
        if is_impossible {
            log::error!(target: "CONF", "S{} T{} refuses a configuration that cannot be", self.me, self.current_term);
        }
        is_impossible
    }

    /// All other servers.
    pub(crate) fn peers(&self) -> impl Iterator<Item = ServerId> + use<> {
        let me = self.me;
        (0..self.servers).filter(move |&peer| peer != me)
    }

    /// Fig. 2, Rules for all servers: a term beyond our own, in a request or in a reply, becomes ours, and we
    /// follow. Runs before anything else is read from a message.
    pub(crate) fn observe_term(&mut self, term: Term, moment: &Moment) {
        if term > self.current_term {
            log::debug!(target: "TERM", "S{} T{} moves on to T{term}", self.me, self.current_term);
            // The vote belongs to the term. Kept, it would make this server refuse all later candidates but
            // that one, and a cluster in which each has voted once could never elect again. Cleared without a
            // new term, it would allow a second vote in the same one.
            self.current_term = term;
            self.voted_for = None;
            self.leader = None;
            self.dirty = true;
            self.step_down(moment);
        }
    }

    /// Follows from now on. The term and the vote stay, and so does a timer that runs: a leader has none.
    pub(crate) fn step_down(&mut self, moment: &Moment) {
        if self.role_name() != RoleName::Follower {
            log::info!(target: "LEAD", "S{} T{} follows, was {:?}", self.me, self.current_term, self.role_name());
        }
        // Followers and candidates keep the timer they have. Restarted at each higher term, a server that may
        // win would be kept waiting by one that only drives the term up.
        if self.is_leader() {
            self.reset_election_timer(moment);
        }
        self.role = Role::Follower;
    }

    /// A leader follows from now on, in its own term, of which nobody leads the rest.
    pub(crate) fn give_up_office(&mut self, moment: &Moment) {
        self.step_down(moment);
        self.leader = None; // it was this server
    }

    /// A message of the current term's leader has come: follow it, and trust it for another timeout (§5.2).
    ///
    /// # Panics
    ///
    /// When this server leads that term itself, or knows another leader of it: election safety is broken.
    pub(crate) fn hear_leader(&mut self, leader: ServerId, moment: &Moment) {
        assert!(
            self.leader.is_none_or(|known| known == leader) && leader != self.me,
            "S{} hears S{leader} as leader of T{}, but knows {:?} as its leader",
            self.me,
            self.current_term,
            self.leader,
        );
        self.leader_changes += u64::from(self.leader.is_none());
        self.step_down(moment);
        self.leader = Some(leader);
        self.leader_heard_at = moment.now;
        self.reset_election_timer(moment);
    }

    /// When the ticker has to act of its own accord: to stand for election, or, as a leader, to give something up.
    pub(crate) fn alarm(&self) -> Option<Instant> {
        match &self.role {
            Role::Follower | Role::Candidate(_) => self.may_stand().then_some(self.election_deadline),
            // A leader does not stand for election: a higher term ends its office, or the silence of a majority.
            Role::Leader(leadership) => match leadership.handover_deadline() {
                Some(end) => Some(self.quorum_deadline(leadership).map_or(end, |silence| silence.min(end))),
                None => self.quorum_deadline(leadership),
            },
        }
    }

    /// The time of the [alarm](Self::alarm) has come.
    pub(crate) fn on_alarm(&mut self, moment: &Moment) {
        match &self.role {
            // Between the look at the clock and this step a message may have come from a leader.
            _ if self.alarm().is_none_or(|at| at > moment.now) => {}
            Role::Follower | Role::Candidate(_) if self.config.features.pre_vote => {
                self.start_pre_vote(moment)
            }
            Role::Follower | Role::Candidate(_) => self.start_election(Asking::Votes, moment),
            Role::Leader(_) => {
                self.give_handover_up(moment);
                self.check_quorum(moment);
            }
        }
    }

    /// Waits a fresh random time for a leader before standing for election (§5.2).
    pub(crate) fn reset_election_timer(&mut self, moment: &Moment) {
        let timeout = (moment.election_timeout)(&self.config);
        self.election_deadline = moment.now + timeout;
        log::trace!(target: "TIMR", "S{} T{} waits {timeout:?}", self.me, self.current_term);
    }

    /// The number of a new call.
    pub(crate) fn next_call(&mut self) -> CallId {
        self.last_call += 1;
        self.last_call
    }

    /// When the next message to `peer` should leave, if it is one of the [correspondents](Self::correspondents); `None` when only a
    /// change of state can make one due.
    pub(crate) fn due_at(&self, peer: ServerId) -> Option<Instant> {
        match &self.role {
            Role::Follower => self.fetch_due_at(peer),
            Role::Candidate(candidacy) => candidacy.ballots[peer].due_at(),
            Role::Leader(leadership) => Some(self.replication_due_at(leadership, peer)),
        }
    }

    /// Whether a message to `peer` should leave now.
    pub(crate) fn is_due(&self, peer: ServerId, now: Instant) -> bool {
        // In this order, for most of the time nothing is due.
        self.due_at(peer).is_some_and(|at| at <= now) && self.correspondents().contains(peer)
    }

    /// Handles the end of a call.
    pub(crate) fn on_end(&mut self, Ended { tag, exchange }: &Ended, moment: &Moment) {
        match exchange {
            Exchange::RequestVote(args, reply) => self.on_vote_reply(*tag, args, reply.as_ref(), moment),
            Exchange::AppendEntries(args, reply) => {
                self.on_append_entries_reply(*tag, args, reply.as_ref(), moment);
            }
            Exchange::InstallSnapshot(args, reply) => {
                self.on_install_snapshot_reply(*tag, args, reply.as_ref(), moment);
            }
            Exchange::TimeoutNow(args, reply) => {
                self.on_timeout_now_reply(*tag, args, reply.as_ref(), moment);
            }
            Exchange::FetchEntries(args, reply) => {
                self.on_fetch_entries_reply(*tag, args, reply.as_ref(), moment);
            }
        }
    }

    /// The message to `peer` that is due, if one is; marks it as sent.
    pub(crate) fn message_for(&mut self, peer: ServerId, moment: &Moment) -> Option<Outgoing> {
        // Looked at again, for between the wake-up and this step another sender may have taken the message, or
        // this server may have lost its office.
        if !self.is_due(peer, moment.now) {
            return None;
        }
        match &self.role {
            Role::Follower => self.fetch_entries(peer, moment),
            Role::Candidate(_) => Some(self.request_vote(peer, moment)),
            Role::Leader(_) => {
                Some(self.timeout_now(peer, moment).unwrap_or_else(|| self.replicate(peer, moment)))
            }
        }
    }

    /// Takes no more steps. `term` is the last one saved: a term that was never saved was never entered.
    pub(crate) fn stop(&mut self, term: Term) {
        self.stopped = true;
        // A term that was entered in memory only must not be shown: after a restart the server is back in the
        // older one, and to whoever watches its term would have gone back.
        self.current_term = term;
        self.role = Role::Follower;
        self.leader = None;
    }

    /// Whether this server leads its current term.
    pub(crate) fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// What no step may take back.
    pub(crate) fn never_back(&self) -> NeverBack {
        let (term, commit_index, last_applied) = (self.current_term, self.commit_index, self.last_applied);
        NeverBack { term, commit_index, last_applied }
    }

    /// Checks what holds between any two steps. `before` is what held before this one.
    ///
    /// # Panics
    ///
    /// With the broken fact.
    pub(crate) fn assert_invariants(&self, before: &NeverBack) {
        // Made for the message only: this runs at each step.
        let now = || self.status();
        let NeverBack { term, commit_index, last_applied } = *before;
        assert!(self.current_term >= term, "the term went back from {term}: {}", now());
        assert!(
            self.commit_index >= commit_index,
            "the commit index went back from {commit_index}: {}",
            now()
        );
        assert!(
            self.last_applied >= last_applied,
            "applied entries came back, up to {last_applied}: {}",
            now()
        );
        let (snapshot_index, last_log_index) = (self.log.base_index(), self.log.last_index());
        assert!(snapshot_index <= self.commit_index, "the snapshot covers more than is committed: {}", now());
        assert!(self.last_applied <= self.commit_index, "more is applied than committed: {}", now());
        assert!(self.commit_index <= last_log_index, "more is committed than there is: {}", now());
        assert!(self.log.last_term() <= self.current_term, "an entry comes from a later term: {}", now());
        if matches!(self.role_name(), RoleName::Candidate | RoleName::Leader) {
            assert_eq!(self.voted_for, Some(self.me), "who stands for election votes for itself: {}", now());
        }
        assert_eq!(self.is_leader(), self.leader == Some(self.me), "a leader knows that it leads: {}", now());
        if let Role::Leader(leadership) = &self.role {
            for peer in self.peers() {
                let Progress { match_index, next_index, .. } = leadership.progress[peer];
                assert!(match_index < next_index, "S{peer} would be sent what it has: {}", now());
                assert!(
                    next_index <= last_log_index + 1,
                    "S{peer} would be sent what is not there: {}",
                    now()
                );
            }
        }
    }
}
