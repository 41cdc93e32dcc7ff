//! The master of the handout passes what it is to teach: all tests of its parts, one seed each; and it runs on another Raft (without
//! 4B, which takes longest, and whose demands are those of 4C, too). More of them:
//! `cargo run -p course-kvraft --example lab_kvraft -- sweep 4A,4B,4C -n 1000`.
//!
//! It does what the hints of the course say, and no more: so the hints suffice.

use course_kvraft::CourseService;
use lab::labrpc::sim::{Policy, Tracing};
use lab::{Implementation, Part, Plan, World, report, run_case, suites};

#[track_caller]
fn passes<R: lab::raft_interface::RaftServer>(part: Part) {
    let implementation = Implementation::of_service::<CourseService<R>>();
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
fn course_service_passes_4a() {
    passes::<course_raft::Raft>(Part::A4);
}

#[test]
fn course_service_passes_4b() {
    passes::<course_raft::Raft>(Part::B4);
}

#[test]
fn course_service_passes_4c() {
    passes::<course_raft::Raft>(Part::C4);
}

#[test]
fn course_service_passes_4a_on_another_raft() {
    passes::<raft::Raft>(Part::A4);
}

#[test]
fn course_service_passes_4c_on_another_raft() {
    passes::<raft::Raft>(Part::C4);
}
