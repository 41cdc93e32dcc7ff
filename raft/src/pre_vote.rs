//! Pre-votes (thesis §9.6): a server asks whether it would win before it stands for election.
//!
//! A server that is cut off moves on to a new term at each timeout. When it comes back, its term deposes a leader that is well,
//! and often it cannot even win: its log is behind. With pre-votes it keeps its term until it can win. In the order in which it
//! happens: the election timer runs out and the server becomes a pre-candidate; it asks every peer, in the name of the *next*
//! term, for a vote that moves neither a term nor a vote at either end; a peer says yes if it would vote so and hears of no
//! leader; with a majority the election begins as in §5.2, and without one the next timeout begins the next round.
//!
//! A refusal carries the voter's term like any reply, and a higher one is adopted. So a server that has the better log and the
//! older term catches up and stands, where a voter that dropped its request would leave both waiting for ever.

use labrpc::time::Instant;

use crate::election::{Asking, Candidacy};
use crate::rpc::{RequestVoteArgs, RequestVoteReply};
use crate::state::{Moment, Role, State};

impl State {
    /// The timer has run out: ask who would vote for this server in the next term.
    pub(crate) fn start_pre_vote(&mut self, moment: &Moment) {
        // Neither the term nor the vote, and so nothing to save: this is no candidacy yet.
        self.leader = None;
        self.role = Role::Candidate(Candidacy::new(Asking::PreVotes, self.me, self.servers, moment.now));
        self.reset_election_timer(moment);
        log::info!(target: "VOTE", "S{} T{} asks for pre-votes", self.me, self.current_term);
        self.count_votes(moment); // a cluster of one needs nobody else
    }

    /// Whether this server would vote so if the election were held. Nothing changes, hence `&self`: the voter may say yes to
    /// several, and is bound by none of it.
    pub(crate) fn on_pre_vote(&self, args: &RequestVoteArgs, moment: &Moment) -> RequestVoteReply {
        let is_free = self.voted_for.is_none_or(|candidate| candidate == args.candidate_id);
        let is_votable = args.term > self.current_term || args.term == self.current_term && is_free;
        let is_up_to_date = self.log.is_covered_by(args.last_log_term, args.last_log_index); // §5.4.1
        // Whoever cannot hear the leader is not to take it from those who can.
        let vote_granted = is_votable && is_up_to_date && !self.hears_leader(moment.now);
        log::debug!(
            target: "VOTE", "S{} T{} {} S{}: {args}",
            self.me, self.current_term, if vote_granted { "would vote for" } else { "would refuse" }, args.candidate_id,
        );
        self.vote_reply(vote_granted)
    }

    /// Whether a leader was heard of within the minimum election timeout. A leader is one as long as it hears from a majority.
    pub(crate) fn hears_leader(&self, now: Instant) -> bool {
        let heard_at = match &self.role {
            Role::Leader(leadership) => match self.majority_heard_at(leadership) {
                None => return true, // it needs nobody else
                Some(at) => at,
            },
            Role::Follower | Role::Candidate(_) if self.leader.is_none() => {
                return self.keeps_promise(now);
            }
            Role::Follower | Role::Candidate(_) => self.leader_heard_at,
        };
        now < heard_at + self.config.election_timeout_min
    }
}
