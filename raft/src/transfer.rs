//! Leadership transfer (thesis §3.10): a leader hands its office to another server.
//!
//! In the order in which it happens: somebody asks the leader; it refuses commands from now on, so that there is an end to what
//! the other server lacks; it brings that server up to date as it does always; it tells it to stand for election at once
//! (`TimeoutNow`), and that server does so without waiting for its timer, without asking first, and in the name of the leader, so
//! that nobody protects the leader from it. The higher term in its request ends the old leader's office.
//!
//! Nothing of this is needed for safety: the new leader is elected by the rules of Figure 2. So all of it may be lost, late or
//! repeated. A transfer that has come to nothing within the minimum election timeout is given up, and the leader goes on: whoever
//! was to take over is down or too far behind. If the order arrives all the same, there is one election too many.
//!
//! A leader that has lost its vote hands its office over in the same way, without being asked ([`crate::membership`]).

use labrpc::time::{Duration, Instant};
use raft_interface::{ServerId, TransferError};

use crate::election::Asking;
use crate::node::Raft;
use crate::rpc::{CallId, Message, Outgoing, Tag, TimeoutNowArgs, TimeoutNowReply};
use crate::state::{Leadership, Moment, Role, State};

/// An office on its way to another server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handover {
    /// Who is to lead.
    pub(crate) to: ServerId,
    /// When that comes to nothing.
    ends_at: Instant,
    /// The call by which it was told; `None` before, and after one that failed.
    told: Option<CallId>,
    /// Before this it is not told again: the last call has failed.
    tell_at: Instant,
}

impl Leadership {
    /// Begins to hand the office to a server, which has so much time to take over.
    fn hand_over(&mut self, to: ServerId, now: Instant, time: Duration) {
        self.may_lease = false;
        self.handover = Some(Handover { to, ends_at: now + time, told: None, tell_at: now });
    }

    /// When the transfer that is under way is given up.
    pub(crate) fn handover_deadline(&self) -> Option<Instant> {
        self.handover.as_ref().map(|handover| handover.ends_at)
    }
}

impl Raft {
    /// Hands this server's office to server `to`. Returns when that has begun; if it comes to nothing within the minimum
    /// election timeout, the server leads on.
    ///
    /// # Errors
    ///
    /// [`TransferError`] when this server does not lead, or `to` cannot.
    pub fn transfer_leadership(&self, to: ServerId) -> Result<(), TransferError> {
        self.node
            .step(|state, moment| state.begin_handover(to, moment))
            .unwrap_or(Err(TransferError::NotLeader))
    }
}

impl State {
    /// Whether a client's command is taken: by a leader that does not give up its office.
    pub(crate) fn may_accept(&self) -> bool {
        matches!(&self.role, Role::Leader(leadership) if leadership.handover.is_none())
    }

    /// Begins to hand the office to `to`.
    pub(crate) fn begin_handover(&mut self, to: ServerId, moment: &Moment) -> Result<(), TransferError> {
        if !self.config.features.leadership_transfer {
            return Err(TransferError::NotOffered);
        }
        let is_voter = self.configuration().is_voter(to);
        let Role::Leader(leadership) = &mut self.role else { return Err(TransferError::NotLeader) };
        if to == self.me || !is_voter {
            return Err(TransferError::NoOtherVoter(to));
        }
        if let Some(handover) = &leadership.handover {
            return Err(TransferError::InProgress(handover.to));
        }
        log::info!(target: "LEAD", "S{} T{} hands its office to S{to}", self.me, self.current_term);
        leadership.hand_over(to, moment.now, self.config.election_timeout_min);
        Ok(())
    }

    /// A leader whose [removal](Self::is_removed) is committed goes, when a voter has taken over or has had the time for that.
    pub(crate) fn hand_over_and_go(&mut self, moment: &Moment) {
        let voters = self.configuration().voters;
        let Role::Leader(leadership) = &mut self.role else { return };
        if leadership.handover.as_ref().is_some_and(|handover| voters.contains(handover.to)) {
            return; // it is under way
        }
        // Who has most of the log needs the fewest messages; of those, who is certainly not down.
        let progress = &leadership.progress;
        let readiest = |&voter: &ServerId| (progress[voter].match_index, progress[voter].heard_at);
        let to = voters.iter().max_by_key(readiest).expect("a configuration has voters");
        log::info!(target: "LEAD", "S{} T{} goes, and hands its office to S{to}", self.me, self.current_term);
        // Not for long: its heartbeats keep the voters waiting, and it is none of them.
        leadership.hand_over(to, moment.now, self.config.heartbeat_interval);
    }

    /// When `peer` should be told to stand for election; `None` if it should not, was already, or is not up to date yet.
    pub(crate) fn timeout_now_due_at(&self, leadership: &Leadership, peer: ServerId) -> Option<Instant> {
        let handover = leadership.handover.as_ref().filter(|handover| handover.to == peer)?;
        // With a shorter log it would lose its election, and the cluster would be without a leader for nothing.
        let is_up_to_date = leadership.progress[peer].match_index == self.log.last_index();
        (is_up_to_date && handover.told.is_none()).then_some(handover.tell_at)
    }

    /// The order to stand for election, if it is due to `peer`; marks it as sent.
    pub(crate) fn timeout_now(&mut self, peer: ServerId, moment: &Moment) -> Option<Outgoing> {
        let Role::Leader(leadership) = &self.role else { return None };
        if self.timeout_now_due_at(leadership, peer).is_none_or(|at| at > moment.now) {
            return None;
        }
        let call = self.next_call();
        let Role::Leader(Leadership { handover: Some(handover), .. }) = &mut self.role else { return None };
        handover.told = Some(call);
        let args = TimeoutNowArgs { term: self.current_term, leader_id: self.me };
        Some(Outgoing {
            tag: Tag { peer, call, round: 0, sent_at: moment.now },
            message: Message::TimeoutNow(args),
        })
    }

    /// The leader wants this server in its place. A late order, of an older term, is none.
    pub(crate) fn on_timeout_now(&mut self, args: &TimeoutNowArgs, moment: &Moment) -> TimeoutNowReply {
        if args.term == self.current_term {
            self.hear_leader(args.leader_id, moment);
        }
        // A late order may find a server that has lost its vote since.
        if args.term == self.current_term && self.may_stand() {
            log::info!(target: "VOTE", "S{} T{} is to stand, says S{}: {args}", self.me, self.current_term, args.leader_id);
            self.start_election(Asking::VotesForTransfer, moment);
        }
        TimeoutNowReply { term: self.current_term }
    }

    /// The call that told a server to stand for election has ended, with a reply or without one.
    pub(crate) fn on_timeout_now_reply(
        &mut self,
        tag: Tag,
        args: &TimeoutNowArgs,
        reply: Option<&TimeoutNowReply>,
        moment: &Moment,
    ) {
        if let Some(reply) = reply {
            self.observe_term(reply.term, moment);
        }
        let Role::Leader(Leadership { handover: Some(handover), .. }) = &mut self.role else { return };
        // Another call, or another term: the answer to a transfer that is over.
        if reply.is_none() && args.term == self.current_term && handover.told == Some(tag.call) {
            handover.told = None;
            handover.tell_at = moment.now + self.config.retry_pause;
        }
    }

    /// Leads on if the transfer has come to nothing in its time, or goes all the same if it has no vote any more.
    pub(crate) fn give_handover_up(&mut self, moment: &Moment) {
        let Role::Leader(leadership) = &mut self.role else { return };
        if let Some(handover) = leadership.handover.take_if(|handover| handover.ends_at <= moment.now) {
            log::info!(target: "LEAD", "S{} T{}: S{} has not taken over", self.me, self.current_term, handover.to);
            if self.is_removed() {
                self.give_up_office(moment);
            }
        }
    }
}
