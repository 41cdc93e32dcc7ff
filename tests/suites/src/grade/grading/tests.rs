use super::*;
use lab_hunt::target::FailureKind;
use labrpc::sim::Tracing;

struct Nobody;

impl Watcher for Nobody {}

/// A test over so many seeds, of which all are run.
fn demand(seeds: u64) -> Demand {
    let plan =
        |seed| Plan { world: World::Simulated, seed, policy: Default::default(), tracing: Tracing::Off };
    Demand { case: &crate::TESTS[0], plans: (1..=seeds).map(plan).collect(), goes_on: true }
}

/// What is known of a test when its runs have ended so.
fn row_of(ends: Vec<RunEnd>) -> Row {
    let demands = [demand(ends.len() as u64)];
    let way = Way {
        workers: 1,
        launch: Launch::default(),
        budget: Budget { run: SIMULATION_MAX, memory: MEMORY_MAX, test: None, all: None },
        is_repeated: false,
        interrupts: None,
    };
    let mut watcher = Nobody;
    let mut under_way = UnderWay::new(&demands, &way, &mut watcher);
    for (place, end) in ends.into_iter().enumerate() {
        let plan = demands[0].plans[place];
        let (policy, world) = (plan.policy.to_string(), plan.world.to_string());
        let job = Job::new(0, demands[0].case.name, policy, world, plan.seed, Task::Run);
        let report = Some("a report".to_owned());
        under_way.on_outcome(Outcome::Ended(job, Cost::default(), end, RunFacts::default(), report));
    }
    assert!(under_way.is_over[0]);
    under_way.rows.remove(0)
}

#[test]
fn what_nobody_was_asked_for_costs_nothing() {
    let row = |name: &str, end| Row { end, ..Row::new(crate::find(name).expect("a test")) };
    let skipped = || RowEnd::Skipped("it cannot be put to this test".to_owned());
    let mut rows = [
        row("hint_names_a_leader_3a", skipped()),
        row("few_terms_3a", skipped()),
        row("re_election_3a", RowEnd::Passed),
    ];
    assert_eq!([0, 1].map(|place| rows[place].points_max(&rows)), [0, 0]);
    rows[2].end = row_of(vec![failed()]).end;
    assert_eq!([0, 1].map(|place| rows[place].points_max(&rows)), [0, rows[1].case.points]);
    for name in crate::NOT_ASKED_BY_THE_COURSE {
        assert!(crate::find(name).is_some(), "{name}");
    }
}

fn failed() -> RunEnd {
    RunEnd::Failed(RunFailure {
        kind: FailureKind::Expectation,
        headline: "no leader".to_owned(),
        signature: Signature::of_expectation("no leader"),
        report: None,
    })
}

#[test]
fn run_that_is_skipped_has_not_passed() {
    let skipped = || RunEnd::Skipped("its messages cannot be read".to_owned());
    let passed = |row: &Row| row.each.iter().map(|run| run.is_passed).collect::<Vec<_>>();
    let row = row_of(vec![failed(), skipped(), RunEnd::Passed]);
    assert_eq!(passed(&row), [false, false, true]);
    assert!(row.failure().is_some(), "{row:?}");
    let row = row_of(vec![skipped(), skipped()]);
    assert_eq!(passed(&row), [false, false]);
    assert!(matches!(row.end, RowEnd::Skipped(_)), "{row:?}");
}
