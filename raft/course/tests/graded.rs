//! The master of the handout passes what it is to teach: all tests of its parts, one seed each. More of them:
//! `cargo run -p course-raft --example lab_raft -- sweep 3A,3B,3C,3D -n 1000`.

use lab::labrpc::sim::{Policy, Tracing};
use lab::{Implementation, Part, Plan, World, report, run_case, suites};

#[track_caller]
fn passes(part: Part) {
    let implementation = Implementation::of::<course_raft::Raft>();
    let plan = Plan { world: World::Simulated, seed: 1, policy: Policy::default(), tracing: Tracing::Off };
    let mut failures = Vec::new();
    for case in suites::of_part(part).filter(|case| !suites::MEASURE_THE_HEAP.contains(&case.name)) {
        let outcome = run_case(case, implementation, plan);
        if let Some(failure) = outcome.failure.as_deref() {
            failures.push(format!("{}: {}", case.name, report::headline(failure)));
        }
        // Whoever does what the course asks for is skipped in these, and no others.
        if outcome.skipped.is_some() != suites::NOT_ASKED_BY_THE_COURSE.contains(&case.name) {
            failures.push(format!("{}: skipped: {:?}", case.name, outcome.skipped));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn course_raft_passes_3a() {
    passes(Part::A3);
}

#[test]
fn course_raft_passes_3b() {
    passes(Part::B3);
}

#[test]
fn course_raft_passes_3c() {
    passes(Part::C3);
}

#[test]
fn course_raft_passes_3d() {
    passes(Part::D3);
}
