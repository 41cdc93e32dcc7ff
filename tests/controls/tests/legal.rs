//! The controls pass what they are asked, in both worlds: whatever fails here is a bug of theirs, or a false accusation.
//!
//! A few seeds of two policies; `cargo run -p lab-controls --bin NAME -- sweep 3A,3B,3C,3D` makes more.

use std::sync::atomic::{AtomicUsize, Ordering};

use lab_harness::case::{Part, TestCase};
use lab_harness::implementation::Implementation;
use lab_harness::run::run_case;
use lab_report as report;
use lab_runs::Plan;
use lab_runs::settings::World;
use labrpc::sim::{Policy, Tracing};
use labrpc::sync::Mutex;
use labrpc::thread;

/// Schedules: by chance, and with few changes of who runs.
const RUNS: [(&str, u64); 2] = [("random", 1), ("pct:3", 2)];
/// Tests that are made on real threads as well: seconds each.
const REAL: [&str; 3] = ["initial_election_3a", "basic_agree_3b", "persist1_3c"];

fn plan(world: World, policy: &str, seed: u64) -> Plan {
    let policy: Policy = policy.parse().expect("a policy of the lab");
    Plan { world, seed, policy, tracing: Tracing::Off }
}

/// Half of all the time goes into these: one schedule each, of the two by turns.
const LONG: [&str; 6] = [
    "backlog_3b",
    "backup_3b",
    "far_apart_3b",
    "figure8_unreliable_3c",
    "reliable_churn_3c",
    "thousand_elections_e1",
];

/// Variants of `group_commit` that have no program: to replay, its program must name them for a while.
const VARIANTS: [&str; 6] = [
    "group_commit_unhurried",
    "group_commit_own_fields",
    "group_commit_hasty",
    "group_commit_modest",
    "group_commit_wary",
    "group_commit_pulsing",
];

/// Runs all of 3A to 3D, and of E1 and E5 what the Raft offers. `skipped_max` tests may stand aside: were it more, the judge would be
/// right by saying nothing.
#[track_caller]
fn passes(program: &str, skipped_max: usize) {
    let (_, implementation) =
        controls::all().into_iter().find(|(name, _)| *name == program).expect("a control");
    let is_offered =
        |part: &Part| part.features().iter().any(|features| implementation.offers(features).is_ok());
    let cases = [Part::A3, Part::B3, Part::C3, Part::D3, Part::E1, Part::E5]
        .into_iter()
        .filter(is_offered)
        .flat_map(lab_suites::of_part)
        // See `memory.rs`.
        .filter(|case| !lab_suites::MEASURE_THE_HEAP.contains(&case.name));
    let bin = if VARIANTS.contains(&program) { "group_commit" } else { program };
    let (mut failures, mut skipped) = (Vec::new(), Vec::new());
    for case in cases {
        let mut is_skipped = false;
        let runs = match LONG.iter().position(|name| *name == case.name) {
            Some(place) => &RUNS[(place + program.len()) % 2..][..1],
            None => &RUNS[..],
        };
        for &(policy, seed) in runs {
            let plan = plan(World::Simulated, policy, seed);
            let outcome = run_case(case, implementation, plan);
            // In E5 most is about reads that go another way than through the log: who has none stands aside.
            is_skipped |=
                case.part != Part::E5 && outcome.skipped.is_some_and(|why| !why.contains("does not offer"));
            if let Some(failure) = outcome.failure.as_deref() {
                failures.push(format!(
                    "{}\n  cargo run -p lab-controls --bin {bin} -- replay {} {seed} --policy {policy}",
                    report::headline(failure),
                    case.name
                ));
            }
        }
        if is_skipped {
            skipped.push(case.name);
        }
    }
    assert!(failures.is_empty(), "{program}:\n{}", failures.join("\n"));
    assert!(skipped.len() <= skipped_max, "{program}: {} tests stand aside: {skipped:?}", skipped.len());
}

/// How many runs on real threads are made at a time: they wait more than they work, and a sweep of them does the same.
const REAL_JOBS: usize = 24;

/// Makes one run on real threads of each test with each Raft or service beside it. Returns the tests that stood aside, with the
/// control's name.
#[track_caller]
fn pass_on_real_threads(
    runs: &[(&'static TestCase, &'static str, Implementation)],
) -> Vec<(&'static str, &'static str)> {
    let next = AtomicUsize::new(0);
    let (failures, skipped) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let work = || {
        while let Some(&(case, program, implementation)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = run_case(case, implementation, plan(World::Real, "random", 1));
            if outcome.skipped.is_some() {
                skipped.lock().push((program, case.name));
            }
            if let Some(failure) = outcome.failure.as_deref() {
                failures.lock().push(format!("{program}, {}: {}", case.name, report::headline(failure)));
            }
        }
    };
    thread::scope(|scope| (0..REAL_JOBS).for_each(|_| drop(scope.spawn(work))));
    let failures = failures.into_inner();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    skipped.into_inner()
}

/// Runs [`REAL`] with all of them, and lab 2 whole, in one test, because cargo makes no more tests at a time than there are
/// processors.
#[test]
fn all_pass_on_real_threads() {
    let find = |name| lab_suites::find(name).expect("a test of the lab");
    // The longest first.
    let lab2 =
        lab2::cases().flat_map(|case| controls::lab2::all().map(|(name, control)| (case, name, control)));
    let rafts =
        REAL.into_iter().flat_map(|test| controls::all().map(|(name, control)| (find(test), name, control)));
    let skipped = pass_on_real_threads(&lab2.chain(rafts).collect::<Vec<_>>());
    for (program, _) in controls::lab2::all() {
        let skipped: Vec<_> = skipped.iter().filter(|(name, _)| *name == program).collect();
        assert!(skipped.len() <= lab2::SKIPPED_MAX, "{program}: {skipped:?} stand aside");
    }
}

/// Other servers, clerks and locks of lab 2.
mod lab2 {
    use super::*;

    /// Its leases are not offered, or cannot be judged on real threads; nor can the memory of a server.
    pub(super) const SKIPPED_MAX: usize = 4;
    const SEEDS: u64 = 4;

    pub(super) fn cases() -> impl Iterator<Item = &'static TestCase> {
        [Part::K2, Part::L2].into_iter().flat_map(lab_suites::of_part)
    }

    #[test]
    fn passes_in_the_simulation() {
        for (program, implementation) in controls::lab2::all() {
            let mut skipped = 0;
            for case in cases() {
                for seed in 1..=SEEDS {
                    let policy = if seed % 2 == 0 { "pct:3" } else { "random" };
                    let outcome = run_case(case, implementation, plan(World::Simulated, policy, seed));
                    skipped += usize::from(seed == 1 && outcome.skipped.is_some());
                    if let Some(failure) = outcome.failure.as_deref() {
                        panic!("{program}, {}, seed {seed}: {}", case.name, report::headline(failure));
                    }
                }
            }
            assert!(skipped <= SKIPPED_MAX, "{program}: {skipped} tests stand aside");
        }
    }
}

/// Other key/value services.
mod services {
    use super::*;

    /// What asks for writes that they have not, and a leader that waits longer than most.
    const SKIPPED_MAX: usize = 8;
    /// One test for all, on real threads as well.
    const REAL: [&str; 3] = ["concurrent_4a", "unreliable_4b", "snapshot_recover_4c"];

    #[test]
    fn pass_in_the_simulation() {
        let cases = [Part::A4, Part::B4, Part::C4].into_iter().flat_map(lab_suites::of_part);
        let (mut failures, mut skipped) = (Vec::new(), Vec::new());
        for case in cases {
            for (program, implementation) in controls::services::all() {
                for (policy, seed) in RUNS {
                    let outcome = run_case(case, implementation, plan(World::Simulated, policy, seed));
                    skipped
                        .extend(outcome.skipped.filter(|_| seed == 1).map(|why| (program, case.name, why)));
                    if let Some(failure) = outcome.failure.as_deref() {
                        let headline = report::headline(failure);
                        failures.push(format!("{program}, {}, {policy}, seed {seed}: {headline}", case.name));
                    }
                }
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
        for (program, _) in controls::services::all() {
            let skipped: Vec<_> = skipped.iter().filter(|(name, ..)| *name == program).collect();
            assert!(skipped.len() <= SKIPPED_MAX, "{program}: {skipped:#?} stand aside");
        }
    }

    /// The network brings a request twice, and the copy is answered first: who has no sessions cannot know that it was a copy.
    #[test]
    fn copies_of_requests_without_sessions() {
        let [(_, by_version), _] = controls::services::all();
        is_judged_and_passes(by_version, "duplicated_requests_4b", "random", 0x2c);
        is_judged_and_passes(by_version, "chaos_4c", "random", 0x18);
    }

    #[test]
    fn pass_on_real_threads() {
        let find = |name| lab_suites::find(name).expect("a test of the lab");
        let runs = REAL
            .into_iter()
            .flat_map(|test| controls::services::all().map(|(name, control)| (find(test), name, control)));
        super::pass_on_real_threads(&runs.collect::<Vec<_>>());
    }
}

/// A key/value service on each of them. The service is always the same, so each test is for a few of them by turns.
#[test]
fn all_carry_a_service() {
    /// A command takes them two heartbeats, or a save that waits for others. That two tests find it slow is no false accusation.
    const SLOW: [&str; 2] = ["polling", "group_commit_unhurried"];
    const SPEED: [&str; 2] = ["speed_4b", "speed_4c"];
    const TURNS: usize = 4;

    let cases = [Part::A4, Part::B4, Part::C4, Part::E6].into_iter().flat_map(lab_suites::of_part);
    let mut failures = Vec::new();
    for (number, case) in cases.enumerate() {
        for (place, (program, implementation)) in controls::all().into_iter().enumerate() {
            if (number + place) % TURNS != 0 || (SLOW.contains(&program) && SPEED.contains(&case.name)) {
                continue;
            }
            let (policy, seed) = RUNS[place / TURNS % RUNS.len()];
            let outcome = run_case(case, implementation, plan(World::Simulated, policy, seed));
            if let Some(failure) = outcome.failure.as_deref() {
                let headline = report::headline(failure);
                failures.push(format!("{program}, {}, {policy}, seed {seed}: {headline}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// One run, which is neither skipped nor fails.
#[track_caller]
fn is_judged_and_passes(implementation: Implementation, test: &str, policy: &str, seed: u64) {
    let case = lab_suites::find(test).expect("a test of the lab");
    let outcome = run_case(case, implementation, plan(World::Simulated, policy, seed));
    assert!(outcome.skipped.is_none(), "{test}: {outcome:?}");
    if let Some(failure) = outcome.failure.as_deref() {
        panic!("{test}, {policy}, seed {seed}: {}", report::headline(failure));
    }
}

/// Runs in which a snapshot covers an entry with which a later leader began its term, and which no service sees: its last term is
/// then not that of the last command in it, nor its last index on the wire.
#[test]
fn snapshots_that_end_with_a_no_op() {
    let (_, no_op) = controls::all().into_iter().find(|(name, _)| *name == "no_op").expect("a control");
    let runs = [
        ("staggered_snapshots_3d", "random", 0xa),
        ("late_snapshots_3d", "random", 0x8),
        ("chaos_3d", "random", 0xc),
        ("label_and_bytes_of_a_snapshot_3d", "pct:3", 0x1),
        // Its service gives the commands, and what index they get is not told.
        ("retry_after_restart_4c", "pct:3", 0x19),
    ];
    for (test, policy, seed) in runs {
        is_judged_and_passes(no_op, test, policy, seed);
    }
}

/// Whoever was cut off comes back with a higher term and deposes the leader, while a command is under way there: its caller is told
/// nothing, and it may be executed all the same, besides the second try.
#[test]
fn commands_under_a_leader_that_is_deposed_4a() {
    /// So many schedules make it likely that a command is under way just then.
    const SEEDS: u64 = 10;
    let doubtful = controls::with_service::<controls::group_commit::Doubtful>()
        .with_names(controls::group_commit::names);
    for test in ["leader_failure_4a", "leader_partition_4a", "snapshot_4a"] {
        for seed in 1..=SEEDS {
            is_judged_and_passes(doubtful, test, "random", seed);
        }
    }
}

/// After a thousand leaders who were cut off at once the logs differ in hundreds of terms, because each has begun its term with an
/// entry. Who asks at one term after the other, with each heartbeat, needs a minute until they agree.
#[test]
fn logs_of_a_thousand_leaders_who_ask_with_each_heartbeat() {
    let patient = Implementation::of::<controls::no_op::Patient>();
    is_judged_and_passes(patient, "thousand_elections_e1", "random", 1);
}

/// Heartbeats whose method was not told: what a test misses may have been in them.
#[test]
fn heartbeats_that_nobody_knows_are_pardoned() {
    let names = || lab::Names { heartbeat: Vec::new(), ..controls::group_commit::names() };
    let pulsing = Implementation::of::<controls::group_commit::Pulsing>().with_names(names);
    for test in ["leader_says_so_at_once_3a", "commit_is_told_3b", "many_entries_in_a_message_3b"] {
        let case = lab_suites::find(test).expect("a test of the lab");
        let outcome = run_case(case, pulsing, plan(World::Simulated, "random", 1));
        assert!(outcome.failure.is_none(), "{test}: {outcome:?}");
        let why = outcome.skipped.expect("it is skipped");
        assert!(why.contains("also speaks to its peers by Raft.Pulse"), "{test}: {why}");
    }
}

/// A test for each control, and one for all: `NAME, tests that stand aside`.
macro_rules! controls {
    ($($name:ident, $skipped:expr;)*) => {
        $(
            mod $name {
                use super::*;

                #[test]
                fn passes_in_the_simulation() {
                    passes(stringify!($name), $skipped);
                }
            }
        )*

        #[test]
        fn each_control_has_a_test() {
            assert_eq!(controls::all().map(|(name, _)| name), [$(stringify!($name)),*]);
        }
    };
}

controls! {
    event_loop, 1;
    one_way, 108;
    polling, 3;
    no_op, 17;
    pre_vote, 10;
    retrying, 1;
    own_names, 108;
    resettable_timer, 3;
    group_commit, 1;
    group_commit_unhurried, 8;
    group_commit_own_fields, 22;
    group_commit_hasty, 3;
    group_commit_modest, 1;
    group_commit_wary, 17;
    group_commit_pulsing, 1;
}
