//! The referee in a run: what it finds fails the test with the messages that prove it, and that it cannot read them is
//! known afterwards.

use lab::{Implementation, Outcome, Plan, World, report, run_case, suites};
use lab_referee::Names;
use labrpc::sim::{Policy, Tracing};

const PLAN: Plan = Plan { world: World::Simulated, seed: 1, policy: Policy::Random, tracing: Tracing::Off };

/// Runs the reference with a referee that reads its messages under these names.
fn read_as(names: fn() -> Names) -> (Outcome, String) {
    let case = suites::find("initial_election_3a").expect("a test");
    let implementation = Implementation::of::<raft::Raft>().with_names(names);
    let outcome = run_case(case, implementation, PLAN);
    let text = report::explain(case, implementation, PLAN, &outcome);
    (outcome, text)
}

#[test]
fn broken_rule_fails_the_run_at_once_and_is_shown_with_its_messages() {
    // The term where the commit index should be: a leader commits entry 1 before there is one.
    let (outcome, text) = read_as(|| Names { leader_commit: vec!["term"], ..Names::default() });
    let violation = outcome.failure.and_then(|failure| failure.violation).expect("a violation");
    assert!(violation.rule.is_some_and(|rule| rule.contains("Leaders 4")), "{violation:?}");
    assert_eq!(violation.at, outcome.elapsed, "the run ends at the message");
    let proof = violation.proof.last().expect("a message that proves it");
    assert!(proof.contains("AppendEntries term 1, after 0 of term 0: 0 entries, commit 1"), "{proof}");
    assert!(text.contains(&format!("messages that prove it:\n  {}", violation.proof[0])), "{text}");
    assert!(text.contains(proof.as_str()), "{text}");
}

#[test]
fn unreadable_messages_are_a_remark_and_no_failure() {
    let others: [fn() -> Names; 2] = [
        || Names { term: vec!["epoch"], ..Names::default() },
        || Names {
            request_vote: vec!["Ask"],
            append_entries: vec!["Tell"],
            install_snapshot: vec!["Give"],
            ..Names::default()
        },
    ];
    for names in others {
        let (outcome, _) = read_as(names);
        assert!(outcome.failure.is_none());
        let remark = outcome.remark.expect("a remark");
        assert!(remark.contains("stands aside"), "{remark}");
    }
    assert_eq!(read_as(Names::default).0.remark, None);
}
