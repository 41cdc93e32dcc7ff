//! What a test needs of a server that the paper leaves open: one that does not have it is skipped, not failed.

use std::time::Duration;

use raft_interface::Term;

use super::bench::Bench;
use super::peer::VoteRequest;
use super::slot::no_method;

/// Why votes of a server cannot be asked for.
pub(super) const STICKY: &str =
    "it leaves candidates alone while it hears of a leader (§6), so its votes cannot be asked for";
/// The same of one that has just started.
pub(super) const WITHHOLDS: &str =
    "it gives no vote for a while after it has started, so it cannot be asked for one (thesis §6.4.1)";
/// Longer than any useful election timeout: for so long a server may leave candidates alone after a leader's message.
const STICKY_MAX: Duration = Duration::from_secs(2);

impl Bench {
    /// Skips the test, if it fails, where nobody but its author knows what the server's refusals say. They come without that: a
    /// leader that finds nothing there, as with an `Option`, may well go on.
    pub fn needs_refusals(&self) {
        if let Some(name) = self.0.state.lock().unknown_hint {
            self.0.lab.record().pardon_failures(format!(
                "replies to AppendEntries have a field {name}, of which the scripted peers do not know what to say"
            ));
        }
    }

    /// Skips the test if scripts cannot talk of snapshots with this server.
    pub fn needs_snapshots(&self) {
        let why = self.0.slot.lock().methods.without_snapshots.clone();
        if let Some(why) = why {
            self.0.lab.skip(&why);
        }
    }

    /// Skips the test if snapshots cannot come to the server in pieces.
    pub fn needs_pieces(&self) {
        self.needs_snapshots();
        if !self.0.slot.lock().methods.has_pieces {
            self.0.lab.skip("the arguments of InstallSnapshot have no fields offset and done (Fig. 13)");
        }
    }

    /// Skips the test if nobody but its author knows how the server refuses a piece of a snapshot.
    pub fn needs_refusals_of_pieces(&self) {
        if self.0.state.lock().can_refuse_pieces == Some(false) {
            self.0.lab.skip(
                "replies to InstallSnapshot have no field expected { snapshot_id, offset }, so nobody can tell which piece the \
                 server would take",
            );
        }
    }

    /// Skips the test if scripts cannot ask the server for a vote that does not count.
    pub fn needs_pre_votes(&self) {
        if self.0.slot.lock().methods.pre_votes.is_none() {
            self.0
                .lab
                .skip("RequestVote has no field pre_vote, and there is no method PreVote (thesis §9.6)");
        }
    }

    /// Skips the test if a request for a vote cannot say that the leader wants it.
    pub fn needs_votes_for_transfer(&self) {
        if !self.0.slot.lock().methods.has_transfer_flag {
            self.0.lab.skip("RequestVote has no field leadership_transfer (thesis §4.2.3)");
        }
    }

    /// Skips the test if the server has no TimeoutNow: how it hands over its office is its own affair then.
    pub fn needs_timeout_now(&self) {
        let methods = &self.0.names.timeout_now;
        if self.0.slot.lock().methods.full_name(methods).is_none() {
            self.0.lab.skip(&no_method(methods));
        }
    }

    /// Whether the server may leave candidates alone: it leads, or has just heard from a leader (§6; thesis §4.2.3).
    pub(super) fn may_ignore_candidates(&self) -> bool {
        let led_at = self.0.state.lock().led_at;
        let is_led = led_at.is_some_and(|at| self.0.lab.now().saturating_sub(at) < STICKY_MAX);
        is_led || self.state().1
    }

    /// Whether a server that has just started, and has refused this, gives the candidate its vote later: it does not know what it has
    /// promised to a leader in the life before, and keeps it (thesis §6.4.1).
    pub(super) fn votes_later(&self, request: &VoteRequest<'_>) -> bool {
        let (until, has_voted) = {
            let state = self.0.state.lock();
            (state.started_at + STICKY_MAX, state.has_voted)
        };
        let Some(wait) = until.checked_sub(self.0.lab.now()).filter(|_| !has_voted) else { return false };
        self.0.lab.sleep(wait);
        // It may stand itself meanwhile.
        (0..3).any(|_| matches!(request.again_in(self.term() + 1).send(), Some((_, true))))
    }

    /// Skips the test if the server has left the candidate of a term alone because it hears of a leader.
    pub fn needs_ears_for_candidates(&self, term: Term) {
        if self.term() < term && self.may_ignore_candidates() {
            self.0.lab.skip(STICKY);
        }
    }
}
