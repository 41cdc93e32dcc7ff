//! Leaders that lose their majority (thesis §6.2), and followers that protect those who have one (§6; thesis §4.2.3).
//!
//! A leader that reaches no majority can commit nothing, and may not know that the others have a new one: its clients wait for
//! what never comes. So it steps down when no majority has answered for an election timeout. It keeps its term, for nobody has
//! said that there is a later one, and forgets that anybody leads.
//!
//! The other half: whoever has heard from a leader within the minimum election timeout does not vote, and does not even take
//! over the candidate's term, unless the leader itself has sent the candidate (`transfer`). A server that cannot hear the leader,
//! or has been removed, then deposes nobody. It is not stuck either: the leader's next message is refused with its higher term,
//! and that is a term like any other.

use std::time::Duration;

use labrpc::time::Instant;
use raft_interface::ServerId;

use crate::rpc::RequestVoteArgs;
use crate::state::{Leadership, Moment, Role, State};

impl State {
    /// Until when a majority was heard from, this server included; `None` if it is a majority by itself.
    pub(crate) fn majority_heard_at(&self, leadership: &Leadership) -> Option<Instant> {
        // As nanoseconds of this leadership, since what a majority has reached is asked of numbers.
        let heard = |server: ServerId| match server == self.me {
            true => u64::MAX,
            false => (leadership.progress[server].heard_at - leadership.began_at).as_nanos() as u64,
        };
        let reached = self.configuration().reached(heard);
        (reached < u64::MAX).then(|| leadership.began_at + Duration::from_nanos(reached))
    }

    /// When a leader that hears nothing more from its majority steps down.
    #[inline]
    pub(crate) fn quorum_deadline(&self, leadership: &Leadership) -> Option<Instant> {
        if !self.config.features.check_quorum {
            return None;
        }
        // The longest timeout: by then every follower that cannot hear this leader has stood for election.
        Some(self.majority_heard_at(leadership)? + self.config.election_timeout_max)
    }

    /// Steps down if no majority has answered for an election timeout.
    pub(crate) fn check_quorum(&mut self, moment: &Moment) {
        let Role::Leader(leadership) = &self.role else { return };
        if self.quorum_deadline(leadership).is_some_and(|at| at <= moment.now) {
            log::info!(target: "LEAD", "S{} T{} hears from no majority", self.me, self.current_term);
            // Its reads end with its role.
            self.give_up_office(moment);
        }
    }

    /// Whether a candidate is left alone, and its term as well. Decided before the term is taken over: taken over, it would
    /// depose the leader that was to be protected.
    pub(crate) fn ignores(&self, args: &RequestVoteArgs, moment: &Moment) -> bool {
        let features = &self.config.features;
        // Where membership changes, too: a server that was removed does not know, hears nothing, and stands (§6).
        let is_asked_for = features.check_quorum || features.first_configuration.is_some();
        // A request of this term or an older one cannot depose anybody, and is answered as ever. But a lease is of an older term,
        // where this server has moved on by an answer that was late.
        let may_depose = args.term > self.current_term || features.leases.is_some();
        is_asked_for && may_depose && !args.leadership_transfer && self.hears_leader(moment.now)
    }
}
