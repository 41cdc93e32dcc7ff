//! All tests of 3A to 4C on a Raft with pre-votes, and on one with check-quorum, that nobody has asked for: they are legal
//! everywhere (§6; thesis §9.6, §6.2), so a test that fails there is about something else than Raft, or says so below.

use std::fmt::Write as _;

use lab::suites::{MEASURE_THE_HEAP, TESTS};
use lab::{Implementation, Plan, TestCase, World, run_case};
use lab_report as report;
use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sim::{Policy, Tracing};
use labrpc::sync::Arc;
use labrpc::time::Instant;
use raft::Raft;
use raft_interface::{
    ApplyMsg, Command, Features, Index, NotOffered, Persister, RaftServer, ReadIndexError, ServerId, Started,
    Term,
};

/// The reference with one of the features, or both, always on.
#[derive(Clone)]
struct Forced<const PRE_VOTE: bool, const CHECK_QUORUM: bool>(Raft);

impl<const PRE_VOTE: bool, const CHECK_QUORUM: bool> RaftServer for Forced<PRE_VOTE, CHECK_QUORUM> {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let features = Features { pre_vote: PRE_VOTE, check_quorum: CHECK_QUORUM, ..Features::default() };
        Self(Raft::make_with_features(&features, peers, me, persister, apply))
    }

    fn service(&self) -> Service {
        self.0.service()
    }

    fn start(&self, command: Command) -> Started {
        self.0.start(command)
    }

    fn get_state(&self) -> (Term, bool) {
        self.0.get_state()
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        self.0.snapshot(index, data);
    }

    fn kill(&self) {
        self.0.kill();
    }

    fn leader_hint(&self) -> Option<ServerId> {
        self.0.leader_hint()
    }

    fn read_index_until(&self, deadline: Instant) -> Result<Index, ReadIndexError> {
        RaftServer::read_index_until(&self.0, deadline)
    }
}

/// Runs all tests of MIT's parts over one seed, or as many as `LAB_SEEDS` says. Those of `exceptions` must fail or stand aside, each for the reason
/// beside it: one that passes is none any more.
#[track_caller]
fn passes<R: RaftServer>(exceptions: &[(&str, &str)]) {
    let implementation = Implementation::of_service::<kvraft::Reference<R>>();
    let not_offered = NotOffered { feature: "catch_up_from_peers" }.to_string();
    let (mut wrong, mut seen) = (String::new(), Vec::new());
    let is_asked_for = |case: &&TestCase| {
        !case.part.needs_no_raft()
            && case.part.features() == [Features::default()]
            && !MEASURE_THE_HEAP.contains(&case.name)
    };
    for case in TESTS.iter().filter(is_asked_for) {
        for seed in 1..=super::seeds().unwrap_or(1) {
            let plan = Plan { world: World::Simulated, seed, policy: Policy::Random, tracing: Tracing::Off };
            let outcome = run_case(case, implementation, plan);
            let why = match (&outcome.failure, &outcome.skipped) {
                (Some(failure), _) => report::headline(failure),
                // Part E7 is for every Raft, but for those of its tests that ask for this.
                (None, Some(why)) if *why == not_offered => continue,
                (None, Some(why)) => format!("stands aside: {why}"),
                (None, None) => continue,
            };
            if !exceptions.iter().any(|(name, _)| *name == case.name) {
                writeln!(wrong, "{} with seed {seed}: {why}", case.name).expect("room");
            } else if !seen.contains(&case.name) {
                seen.push(case.name);
            }
        }
    }
    for (name, why) in exceptions.iter().filter(|(name, _)| !seen.contains(name)) {
        writeln!(wrong, "{name} passes, and is listed as an exception: {why}").expect("room");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Why scripts cannot ask for votes.
const STICKY: &str =
    "a candidate under a leader is left alone (§6), so a vote that the test is about cannot be asked for";

#[test]
fn all_tests_pass_with_pre_votes() {
    passes::<Forced<true, false>>(&[]);
}

#[test]
fn all_tests_pass_with_check_quorum() {
    passes::<Forced<false, true>>(&[
        ("leader_steps_down_for_candidate_3a", STICKY),
        ("up_to_date_3b", STICKY),
        ("refusal_leaves_the_vote_3b", STICKY),
        ("snapshot_keeps_its_last_term_3d", STICKY),
        (
            "late_answers_confirm_no_read_4b",
            "the leader that is to confirm a read has heard from no majority, and leads no more (thesis §6.2)",
        ),
    ]);
}
