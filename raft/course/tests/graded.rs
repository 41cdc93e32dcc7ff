//! The master of the handout passes what it is to teach: all tests of its parts, one seed each. More of them:
//! `cargo run -p course-raft --example lab -- sweep 3A,3B,3C,3D -n 1000`.

use lab::labrpc::sim::{Policy, Tracing};
use lab::{Implementation, Part, Plan, World, report, run_case, suites};

#[test]
fn course_raft_passes_every_test_of_its_parts() {
    let implementation = Implementation::of::<course_raft::Raft>();
    let plan = Plan { world: World::Simulated, seed: 1, policy: Policy::default(), tracing: Tracing::Off };
    let cases = [Part::A3, Part::B3, Part::C3, Part::D3].into_iter().flat_map(suites::of_part);
    let mut failures = Vec::new();
    for case in cases.filter(|case| !suites::MEASURE_THE_HEAP.contains(&case.name)) {
        if let Some(failure) = run_case(case, implementation, plan).failure.as_deref() {
            failures.push(format!("{}: {}", case.name, report::headline(failure)));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
