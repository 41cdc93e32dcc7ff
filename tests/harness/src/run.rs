//! Runs one test once, in either world, and says how it went.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

use kvraft_interface::Layer;
use labrpc::sim::{Cause, Covered, Divergence, Fingerprint, Sim, SystemCall, ThreadReport, Trace};
use labrpc::sync::Arc;
use labrpc::time::{Duration, Instant};

use crate::case::TestCase;
use crate::client_history::Operations;
use crate::conformance::before_first;
use crate::implementation::Implementation;
use crate::lab::Lab;
use crate::real;
pub use crate::real::RealCause;
use crate::record::{Record, Seen, Tally};
use crate::timeline::TimelineEvent;
use lab_referee::Violation;
use lab_runs::Plan;
use lab_runs::actions::{Action, ActionLog, Subset};
use lab_runs::settings::{self, World};

/// How a run went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What it came to.
    pub tally: Tally,
    /// The time that it took in its own world.
    pub elapsed: Duration,
    /// The real time that it took.
    pub wall: Duration,
    /// Proves that a replay is the same run; `None` in the real world.
    pub fingerprint: Option<Fingerprint>,
    /// The steps of the scheduler; 0 in the real world.
    pub steps: u64,
    /// The events that were kept; `None` in the real world.
    pub trace: Option<Trace>,
    /// Why it was skipped: the implementation cannot be put to this test. It has then neither passed nor failed.
    pub skipped: Option<String>,
    /// What must be known about the verdict: that the referee cannot read the messages.
    pub remark: Option<String>,
    /// Why it failed; `None` if it passed.
    pub failure: Option<Box<Failure>>,
    /// What the scenario did, if [`run_subset`] asked for it.
    pub actions: Vec<Action>,
    /// The preemptions that happened, if [`run_subset`] asked for them.
    pub preemptions: Vec<u64>,
    /// How many threads could run at each choice, under [`Policy::Preempted`](labrpc::sim::Policy::Preempted).
    pub choices: Vec<u32>,
    /// What the run covered, if [`run_covered`] asked for it.
    pub covered: Vec<Covered>,
    /// What clients of a service asked and were told; `None` if there was no service.
    pub operations: Option<Operations>,
    /// What stands on the Raft; `None` if there is no service.
    pub layer: Option<Layer>,
}

/// A failed run: everything that a report is made of.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    /// What went wrong, as the harness found it; `None` if something else ended the run.
    pub violation: Option<Violation>,
    /// What the scenario was about to look at, if something must not happen meanwhile: for a run that ended by something else.
    pub pending: Option<Violation>,
    /// What ended the simulation.
    pub cause: Option<Cause>,
    /// What ended a run of the real world.
    pub real_cause: Option<RealCause>,
    /// The servers as they were last seen, by id.
    pub servers: Vec<Seen>,
    /// What happened, oldest first.
    pub timeline: Vec<(Duration, TimelineEvent)>,
    /// What each thread did when the simulation ended, oldest first, but for the scenario itself.
    pub threads: Vec<ThreadReport>,
    /// The threads, or the clients with their locks, that waited for each other in a circle when the run ended, if any did.
    pub cycle: Vec<String>,
    /// What simulated threads asked the system for, though labrpc has its own.
    pub system_calls: Vec<SystemCall>,
    /// The index of the first entry in messages, where it is not 1 as everywhere else.
    pub first_index: Option<i64>,
}

impl Failure {
    /// Whether a thread did not give way. Such a run has no trace and no fingerprint, and leaves that thread behind.
    #[must_use]
    pub fn is_stall(&self) -> bool {
        matches!(self.cause, Some(Cause::Stall { .. }))
    }
}

/// How many happenings a failure keeps.
const TIMELINE_MAX: usize = 200;

/// What a step may cost where the policy draws it. The demands of the suites are about milliseconds, and a server takes some
/// hundred steps for a message: with more, a correct Raft would be late.
const STEP_COSTS: RangeInclusive<Duration> = Duration::from_nanos(100)..=Duration::from_micros(4);

/// What a server may take to ask for its first votes, if nobody answers: a test's five seconds for an election, and its end.
const COUNTING_MAX: Duration = Duration::from_secs(10);
/// The same in steps.
const COUNTING_STEPS_MAX: u64 = 1_000_000;

/// How long a thread of it may not give way, in real time: it has little to do. Who hangs here does so in the test as well, and should
/// not be waited for twice as long.
const COUNTING_STALL: Duration = Duration::from_secs(2);

/// Runs a test once.
#[must_use]
pub fn run_case(case: &TestCase, implementation: Implementation, plan: Plan) -> Outcome {
    run_covered(case, implementation, plan, false)
}

/// Runs a test once, and tells what the run covered if `covers` says so, in the simulated world.
#[must_use]
pub fn run_covered(case: &TestCase, implementation: Implementation, plan: Plan, covers: bool) -> Outcome {
    learn_counting(implementation, plan.world);
    match plan.world {
        World::Simulated => {
            simulated(case, implementation, simulation(case, plan).coverage(covers), Record::default())
        }
        World::Real => in_the_real_world(case, implementation),
    }
}

/// Runs a part of a test once, in a simulation, and tells what the scenario did.
#[must_use]
pub fn run_subset(case: &TestCase, implementation: Implementation, plan: Plan, subset: &Subset) -> Outcome {
    learn_counting(implementation, World::Simulated);
    let record = Record::with_log(ActionLog::new(subset.clone()));
    simulated(case, implementation, simulation(case, plan).preemptions(subset.preemptions.clone()), record)
}

/// Runs a simulation twice, and shows the first event in which the two runs differ; `None` if they are the same run.
#[must_use]
pub fn divergence(case: &TestCase, implementation: Implementation, plan: Plan) -> Option<Box<Divergence>> {
    learn_counting(implementation, World::Simulated);
    let body = case.body;
    let again = move || {
        body(&Lab::new(implementation, World::Simulated, Arc::new(Record::default()), 0));
    };
    labrpc::sim::check_replay(&simulation(case, plan), again).err()
}

fn simulation(case: &TestCase, plan: Plan) -> Sim {
    Sim::new(plan.seed)
        .policy(plan.policy)
        .step_costs(STEP_COSTS)
        .time_max(case.time_max)
        .steps_max(case.steps_max)
        .stall(settings::stall())
        .tracing(plan.tracing)
}

fn simulated(case: &TestCase, implementation: Implementation, sim: Sim, record: Record) -> Outcome {
    let record = Arc::new(record);
    let told = Arc::clone(&record);
    let body = case.body;
    let began = Instant::now();
    let result = sim.run(move || to_the_end(body, &Lab::new(implementation, World::Simulated, told, 0)));
    let wall = began.elapsed();
    match result.as_ref().err().map(|failure| &failure.cause) {
        // Neither of these comes of what somebody answered.
        None | Some(Cause::Misuse { .. } | Cause::Stall { .. }) => {}
        Some(cause) => record.skip_if_pardoned(matches!(cause, Cause::Panic(_))),
    }
    let (report, ended_by) = match result {
        Ok(((), report)) => (report, None),
        // A body can end early only by a panic, also when it gives up on the implementation without blame.
        Err(failure) if record.skipped().is_some() => (failure.report, None),
        Err(failure) => (failure.report, Some((failure.cause, failure.system_calls))),
    };
    let failure = ended_by.map(|(cause, system_calls)| {
        let simulated = Failure {
            cause: Some(cause),
            system_calls,
            threads: report.threads_left,
            cycle: if report.cycle.is_empty() { record.cycle() } else { report.cycle },
            ..failure(&record, implementation, None)
        };
        Box::new(simulated)
    });
    Outcome {
        tally: record.tally(),
        elapsed: report.elapsed,
        wall,
        fingerprint: Some(report.trace.fingerprint),
        steps: report.steps,
        trace: Some(report.trace),
        skipped: record.skipped(),
        remark: record.remark(),
        failure,
        actions: record.actions().map_or_else(Vec::new, ActionLog::actions),
        preemptions: report.preemptions,
        choices: report.choices,
        covered: report.covered,
        operations: record.client_history().map(Operations::of),
        layer: record.layer(),
    }
}

/// In the first run of a process, learns [from where on](before_first) messages of this implementation count entries. A server that
/// breaks here does so in the test as well, where it is told.
fn learn_counting(implementation: Implementation, world: World) {
    implementation.learn_counting(|| {
        let record = Arc::new(Record::default());
        let told = Arc::clone(&record);
        match world {
            World::Simulated => {
                let sim = Sim::new(1).time_max(COUNTING_MAX).steps_max(COUNTING_STEPS_MAX);
                let sim = sim.stall(settings::stall().min(COUNTING_STALL));
                let ran = sim.run(move || before_first(&Lab::new(implementation, world, told, 0)));
                ran.ok().and_then(|(told, _)| told)
            }
            World::Real => {
                let (sender, receiver) = crossbeam_channel::bounded(1);
                let run = next_run();
                // The run is over when it returns, and nobody listens if it was given up.
                let _ = real::run(run, &record, move || {
                    let _ = sender.send(before_first(&Lab::new(implementation, world, told, run)));
                });
                receiver.try_recv().ok().flatten()
            }
        }
    });
}

/// The number of a run of the real world. Tests of cargo run side by side in one process: it tells their threads apart.
fn next_run() -> u64 {
    static RUNS: AtomicU64 = AtomicU64::new(1);
    RUNS.fetch_add(1, Ordering::Relaxed)
}

/// Runs a test, and then asks what could not be judged before.
fn to_the_end(body: fn(&Lab), lab: &Lab) {
    body(lab);
    if let Some(unheard) = lab.record().unheard() {
        lab.violated(unheard);
    }
}

fn in_the_real_world(case: &TestCase, implementation: Implementation) -> Outcome {
    let run = next_run();
    let record = Arc::new(Record::default());
    let told = Arc::clone(&record);
    let body = case.body;
    let began = Instant::now();
    let result = real::run(run, &record, move || {
        to_the_end(body, &Lab::new(implementation, World::Real, told, run));
    });
    let elapsed = began.elapsed();
    let cause = result.err();
    if cause.is_some() || record.violation().is_some() {
        record.skip_if_pardoned(matches!(cause, Some(RealCause::Panic(_))));
    }
    let skipped = record.skipped();
    // The scenario may end well although some other thread has broken an invariant in the last moment.
    let has_failed = skipped.is_none() && (cause.is_some() || record.violation().is_some());
    Outcome {
        tally: record.tally(),
        elapsed,
        wall: elapsed,
        fingerprint: None,
        steps: 0,
        trace: None,
        skipped,
        remark: record.remark(),
        failure: has_failed.then(|| Box::new(failure(&record, implementation, cause))),
        actions: Vec::new(),
        preemptions: Vec::new(),
        choices: Vec::new(),
        covered: Vec::new(),
        operations: record.client_history().map(Operations::of),
        layer: record.layer(),
    }
}

fn failure(record: &Record, implementation: Implementation, real_cause: Option<RealCause>) -> Failure {
    let before_first = implementation.names().before_first;
    Failure {
        system_calls: Vec::new(),
        violation: record.violation(),
        pending: record.pending(),
        cause: None,
        real_cause,
        servers: record.all_seen(),
        timeline: record.timeline(TIMELINE_MAX),
        threads: Vec::new(),
        cycle: record.cycle(),
        first_index: before_first.index.filter(|&index| index != 0).map(|index| index + 1),
    }
}
