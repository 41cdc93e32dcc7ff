//! What a test expects of the answer to one request.

use std::time::Duration;

use labrpc::time::Instant;
use raft_interface::Term;

use super::bench::SERVER;
use super::needs::{STICKY, WITHHOLDS};
use super::peer::{Append, Appended, VoteRequest};
use super::steps::Owed;

impl VoteRequest<'_> {
    /// Sends it, and expects the vote.
    #[track_caller]
    pub fn is_granted(&self, why: &str) {
        self.gets_the_vote(None, why);
    }

    #[track_caller]
    pub(super) fn gets_the_vote(&self, owed: Option<Owed>, why: &str) {
        let bench = self.peer.bench;
        let may_ignore = bench.may_ignore_candidates();
        let reply = self.send();
        if may_ignore && matches!(reply, Some((_, false))) {
            bench.lab().skip(STICKY);
        }
        if matches!(reply, Some((_, false))) && bench.votes_later(self) {
            bench.lab().skip(WITHHOLDS);
        }
        bench.expect_owed(
            owed,
            matches!(reply, Some((_, true))),
            format!("S{SERVER} refused {}", self.describe()),
            format!("the vote is granted: {why}"),
            show_vote(reply),
        );
    }

    /// Sends it, and expects a refusal.
    #[track_caller]
    pub fn is_refused(&self, why: &str) {
        let reply = self.send();
        self.peer.bench.expect(
            matches!(reply, Some((_, false))),
            format!("S{SERVER} granted {}", self.describe()),
            format!("the vote is refused: {why}"),
            show_vote(reply),
        );
    }
}

impl Append<'_> {
    /// Sends it, and expects success.
    #[track_caller]
    pub fn succeeds(self, why: &str) {
        self.gets_success(None, why);
    }

    #[track_caller]
    pub(super) fn gets_success(self, owed: Option<Owed>, why: &str) {
        let reply = self.send();
        self.peer.bench.expect_owed(
            owed,
            matches!(reply, Some(Appended { success: true, .. })),
            format!("S{SERVER} refused {}", self.describe()),
            format!("success: {why}"),
            show_append(reply),
        );
    }

    /// Sends it, and expects no success.
    #[track_caller]
    pub fn fails(self, why: &str) {
        let reply = self.send();
        self.peer.bench.expect(
            matches!(reply, Some(Appended { success: false, .. })),
            format!("S{SERVER} accepted {}", self.describe()),
            format!("no success: {why}"),
            show_append(reply),
        );
    }

    /// Sends it, again and again, for this long.
    pub fn send_for(self, time: Duration, pause_ms: u64) {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            self.send();
            self.peer.bench.lab().sleep_ms(pause_ms);
        }
    }
}

/// What came of a request for a vote, for people.
fn show_vote(reply: Option<(Term, bool)>) -> String {
    match reply {
        None => "no reply".to_owned(),
        Some((term, true)) => format!("granted, in term {term}"),
        Some((term, false)) => format!("refused, in term {term}"),
    }
}

/// What came of an AppendEntries, for people.
fn show_append(reply: Option<Appended>) -> String {
    match reply {
        None => "no reply".to_owned(),
        Some(Appended { term, success: true, .. }) => format!("success, in term {term}"),
        Some(Appended { term, .. }) => format!("no success, in term {term}"),
    }
}
