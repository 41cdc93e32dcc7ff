//! Leader election (§5.2, §5.4.1).
//!
//! In the order in which it happens: a follower hears no leader for an election timeout and becomes a candidate;
//! it asks every peer for a vote; each grants at most one vote per term, and only to a candidate whose log is at
//! least as up to date as its own; with a majority the candidate leads and says so at once.
//!
//! With [`pre_vote`](crate::Config::features) a round of questions comes first: see `pre_vote`. A leader that gives up its office
//! sends a follower straight into its election: see `transfer`.
//!
//! A request whose call fails is repeated after a pause, so a candidate counts voters and not replies.

use labrpc::time::Instant;
use raft_interface::{OwnEntry, ServerId, Servers};

use crate::replication::Progress;
use crate::rpc::{CallId, Message, Outgoing, RequestVoteArgs, RequestVoteReply, Tag};
use crate::state::{Leadership, Moment, Role, State};

/// What a candidate does, and how far it has come.
#[derive(Debug)]
pub(crate) struct Candidacy {
    /// What it asks its peers for.
    pub(crate) asking: Asking,
    /// One per server, by id, its own included.
    pub(crate) ballots: Vec<Ballot>,
}

/// What is asked of the voters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// Whether they would vote for this server in the next term (thesis §9.6). Nobody's term or vote moves.
    PreVotes,
    /// Their votes in this term.
    Votes,
    /// The same, by order of the leader that gives up its office (thesis §3.10).
    VotesForTransfer,
}

impl Candidacy {
    /// One in which nobody has said anything but the candidate itself.
    pub(crate) fn new(asking: Asking, me: ServerId, servers: usize, now: Instant) -> Self {
        let mut ballots = vec![Ballot { granted: None, awaiting: None, ask_at: now }; servers];
        ballots[me].granted = Some(true);
        Self { asking, ballots }
    }
}

/// What a candidate knows of one voter.
#[derive(Clone, Debug)]
pub(crate) struct Ballot {
    /// The voter's answer, once there is one. Granted votes are never taken back.
    pub(crate) granted: Option<bool>,
    /// The call that is under way, if any.
    pub(crate) awaiting: Option<CallId>,
    /// When to ask, if no call is under way.
    pub(crate) ask_at: Instant,
}

impl Ballot {
    /// When this voter should be asked; `None` when it was, or has answered.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        (self.granted.is_none() && self.awaiting.is_none()).then_some(self.ask_at)
    }
}

impl State {
    /// Whether it stands for election when it has waited long enough. A leader does not: only a higher term ends its office. Nor
    /// who has no vote: it would drive up the term, and can win nothing (thesis §4.2.1).
    #[inline]
    pub(crate) fn may_stand(&self) -> bool {
        !self.is_leader() && (self.is_voter() || self.is_voter_while_undecided())
    }

    /// Whether it has a vote in a configuration that may be the last committed one: the last that it knows to be committed, or
    /// one after that. Of S0 and S1, S0 leads, appends its own removal, and crashes. S1 lacks that entry, so it gets no vote of
    /// S0, and needs it: only S0 can lead, without counting itself, until its removal is committed (thesis §4.2.2).
    fn is_voter_while_undecided(&self) -> bool {
        let known = self.log.configuration_at(self.commit_index).unwrap_or(self.first_configuration);
        // After a restart it knows of no more commits than its snapshot covers.
        known.is_voter(self.me)
            || self.log.configurations_after(self.commit_index).any(|later| later.is_voter(self.me))
    }

    /// Fig. 2, Rules for candidates: on conversion, increment the term, vote for self, reset the timer, ask.
    pub(crate) fn start_election(&mut self, asking: Asking, moment: &Moment) {
        // A term of its own for each candidacy: asking again in the old one would ask voters who have given
        // their vote away, and a split vote would stay split (§5.2).
        self.current_term += 1;
        self.elections += 1;
        self.voted_for = Some(self.me);
        // The own vote is saved like any other. Forgotten in a crash, it could be given again in the same term,
        // to another candidate: then both count it.
        self.leader = None;
        self.dirty = true;
        // The timer goes on with a fresh random wait. With the same wait for all, two candidates that split the
        // vote would stand again together, and split it again.
        self.role = Role::Candidate(Candidacy::new(asking, self.me, self.servers, moment.now));
        self.reset_election_timer(moment);
        log::info!(target: "VOTE", "S{} T{} stands for election", self.me, self.current_term);
        self.count_votes(moment);
    }

    /// The message that asks `peer` for its vote; marks it as asked.
    pub(crate) fn request_vote(&mut self, peer: ServerId, moment: &Moment) -> Outgoing {
        let call = self.next_call();
        let Role::Candidate(candidacy) = &mut self.role else {
            unreachable!("only candidates ask for votes")
        };
        candidacy.ballots[peer].awaiting = Some(call);
        let asking = candidacy.asking;
        let args = RequestVoteArgs {
            term: self.current_term + u64::from(asking == Asking::PreVotes),
            candidate_id: self.me,
            last_log_index: self.log.last_index(),
            last_log_term: self.log.last_term(),
            pre_vote: asking == Asking::PreVotes,
            leadership_transfer: asking == Asking::VotesForTransfer,
        };
        Outgoing {
            tag: Tag { peer, call, round: 0, sent_at: moment.now },
            message: Message::RequestVote(args),
        }
    }

    /// What a candidate is answered. Its request is the only one whose term does not always count, so that is decided first,
    /// and in the same step.
    pub(crate) fn answer_candidate(&mut self, args: &RequestVoteArgs, moment: &Moment) -> RequestVoteReply {
        if args.pre_vote {
            return self.on_pre_vote(args, moment);
        }
        if self.ignores(args, moment) {
            log::debug!(target: "VOTE", "S{} T{} has a leader and ignores S{}: {args}", self.me, self.current_term, args.candidate_id);
            return self.vote_reply(false);
        }
        self.observe_term(args.term, moment);
        self.on_request_vote(args, moment)
    }

    /// Fig. 2, RequestVote, receiver.
    pub(crate) fn on_request_vote(&mut self, args: &RequestVoteArgs, moment: &Moment) -> RequestVoteReply {
        let is_current = args.term == self.current_term; // receiver 1; a later term is ours by now
        // The same candidate again is no second vote but a repeated question: its reply was lost, and refusing
        // now would cost it a vote that it has.
        let is_free = self.voted_for.is_none_or(|candidate| candidate == args.candidate_id);
        let is_up_to_date = self.log.is_covered_by(args.last_log_term, args.last_log_index); // §5.4.1
        // Why the log counts: S0 and S1 commit an entry while S2 is cut off. When S2 comes back with a higher
        // term, its log is shorter; with a vote of S1 it would lead and overwrite what is committed.
        let vote_granted = is_current && is_free && is_up_to_date; // receiver 2
        // The timer restarts for a granted vote only. Restarted by every request, a server that may win would
        // be kept waiting by one that cannot, for as long as that one goes on asking (Students' Guide,
        // Livelocks).
        if vote_granted {
            self.voted_for = Some(args.candidate_id);
            self.dirty = true;
            self.reset_election_timer(moment);
        }
        log::debug!(
            target: "VOTE", "S{} T{} {} S{}: {args}",
            self.me, self.current_term, if vote_granted { "votes for" } else { "refuses" }, args.candidate_id,
        );
        // Whether this server has a vote is no question here: a candidate may have a newer configuration, in which it has one
        // (thesis §4.1). Who counts looks that up; see `membership`.
        self.vote_reply(vote_granted)
    }

    /// The answer to a candidate.
    pub(crate) fn vote_reply(&self, vote_granted: bool) -> RequestVoteReply {
        RequestVoteReply { term: self.current_term, vote_granted, abstained: !self.is_voter() }
    }

    /// The call that asked a voter has ended, with a reply or without one.
    pub(crate) fn on_vote_reply(
        &mut self,
        tag: Tag,
        args: &RequestVoteArgs,
        reply: Option<&RequestVoteReply>,
        moment: &Moment,
    ) {
        if let Some(reply) = reply {
            self.observe_term(reply.term, moment);
        }
        // A reply can be seconds late, so the state that asked may be gone: the role first, then the term. A
        // vote of term 3 that is counted in term 5 makes a leader that nobody in term 5 has chosen.
        let Role::Candidate(candidacy) = &mut self.role else { return };
        let is_pre_vote = candidacy.asking == Asking::PreVotes;
        if args.term != self.current_term + u64::from(is_pre_vote) || args.pre_vote != is_pre_vote {
            return; // the answer to a candidacy that is over
        }
        let ballot = &mut candidacy.ballots[tag.peer];
        let is_latest = ballot.awaiting == Some(tag.call);
        if is_latest {
            ballot.awaiting = None;
        }
        // A vote lasts for its term, and a pre-vote does not last at all: the voter may have heard from a leader since.
        if is_pre_vote && !is_latest {
            return;
        }
        match reply {
            // A reply of an older term comes from a server that was killed while it was silent: it is no
            // answer. One of a later term has made this server a follower above.
            Some(reply) if reply.term == args.term || is_pre_vote => {
                ballot.granted = Some(reply.vote_granted);
                self.count_votes(moment);
            }
            // It has a leader and leaves candidates alone (`quorum_check`). That may end before this term does, but not at once.
            Some(reply) if reply.term > 0 => ballot.ask_at = moment.now + self.config.heartbeat_interval,
            _ => ballot.ask_at = moment.now + self.config.retry_pause,
        }
    }

    /// Fig. 2, Rules for candidates: votes from a majority of servers make a leader. Pre-votes make a candidate.
    pub(crate) fn count_votes(&mut self, moment: &Moment) {
        let Role::Candidate(Candidacy { asking, ballots }) = &self.role else { return };
        let granted = |server: &ServerId| ballots[*server].granted == Some(true);
        let votes: Servers = (0..self.servers).filter(granted).collect();
        if self.configuration().agree(votes) {
            match asking {
                Asking::PreVotes => self.start_election(Asking::Votes, moment),
                Asking::Votes | Asking::VotesForTransfer => {
                    log::info!(
                        target: "LEAD", "S{} T{} becomes leader with the votes of {votes}", self.me, self.current_term,
                    );
                    self.become_leader(moment);
                }
            }
        }
    }

    /// Fig. 2, Volatile state on leaders, and Rules for leaders 1: a message to every peer is due at once.
    fn become_leader(&mut self, moment: &Moment) {
        // Optimism about `next_index`, none about `match_index`: a first guess that is too high costs a
        // refusal, whereas an entry that is taken for stored would be committed with too few copies.
        let progress = vec![Progress::new(self.log.last_index() + 1, moment.now); self.servers];
        let leadership = Leadership {
            progress,
            began_at: moment.now,
            handover: None,
            may_lease: true,
            read_round: 0,
            round_begun: 0,
            transfers: 0,
        };
        self.role = Role::Leader(leadership);
        self.leader = Some(self.me);
        self.leader_changes += 1;
        if self.config.features.noop_on_election || self.config.features.first_configuration.is_some() {
            // §8: what its predecessors left behind is committed along with it (§5.4.2), and not only when a client comes with a
            // command; from then on it knows what is committed.
            self.append_own(OwnEntry::NoOp, moment);
        }
    }
}
