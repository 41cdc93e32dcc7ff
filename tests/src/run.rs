//! Runs one test once, in either world, and says how it went.

use std::sync::atomic::{AtomicU64, Ordering};

use labrpc::sim::{Cause, Failure, Fingerprint, Policy, Sim, Trace, Tracing};
use labrpc::sync::Arc;
use labrpc::time::{Duration, Instant};

use crate::case::TestCase;
use crate::finding::Finding;
use crate::implementation::Implementation;
use crate::lab::Lab;
use crate::real;
use crate::record::{Record, Seen, Tally};
use crate::settings::{self, World};
use crate::timeline::Happened;

/// How one run is done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// In which world.
    pub world: World,
    /// What all chance comes from, in the simulated world.
    pub seed: u64,
    /// Who runs next, in the simulated world.
    pub policy: Policy,
    /// How many of the last events are kept.
    pub tracing: Tracing,
}

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
    pub defeat: Option<Box<Defeat>>,
}

/// A failed run: everything that a report is made of.
#[derive(Clone, Debug)]
pub struct Defeat {
    /// What went wrong, as the harness found it; `None` if something else ended the run.
    pub finding: Option<Finding>,
    /// What ended the simulation.
    pub cause: Option<Cause>,
    /// What ended a run of the real world, if not a finding.
    pub message: Option<String>,
    /// The servers as they were last seen, by id.
    pub servers: Vec<Seen>,
    /// What happened, oldest first.
    pub timeline: Vec<(Duration, Happened)>,
}

/// How many happenings a failure keeps.
const TIMELINE_MAX: usize = 200;

/// Runs a test once.
#[must_use]
pub fn run_case(case: &TestCase, implementation: Implementation, plan: Plan) -> Outcome {
    match plan.world {
        World::Simulated => simulated(case, implementation, plan),
        World::Real => in_the_real_world(case, implementation),
    }
}

fn simulated(case: &TestCase, implementation: Implementation, plan: Plan) -> Outcome {
    let record = Arc::new(Record::default());
    let told = Arc::clone(&record);
    let body = case.body;
    let began = Instant::now();
    let sim = Sim::new(plan.seed)
        .policy(plan.policy)
        .time_max(case.time_max)
        .steps_max(case.steps_max)
        .stall(settings::stall())
        .tracing(plan.tracing);
    let result = sim.run(move || body(&Lab::new(implementation, World::Simulated, told, 0)));
    let wall = began.elapsed();
    let (report, defeat) = match result {
        Ok(((), report)) => (report, None),
        Err(failure) if record.skipped().is_some() => (failure.report, None),
        Err(failure) => {
            let Failure { cause, report } = *failure;
            let defeat = defeat(&record, Some(cause), None);
            (report, Some(Box::new(defeat)))
        }
    };
    Outcome {
        tally: record.tally(),
        elapsed: report.elapsed,
        wall,
        fingerprint: Some(report.trace.fingerprint),
        steps: report.steps,
        trace: Some(report.trace),
        skipped: record.skipped(),
        remark: record.remarked(),
        defeat,
    }
}

fn in_the_real_world(case: &TestCase, implementation: Implementation) -> Outcome {
    static RUNS: AtomicU64 = AtomicU64::new(1);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let record = Arc::new(Record::default());
    let told = Arc::clone(&record);
    let body = case.body;
    let began = Instant::now();
    let result = real::run(run, &record, move || {
        body(&Lab::new(implementation, World::Real, told, run));
    });
    let elapsed = began.elapsed();
    let message = result.err();
    let skipped = record.skipped();
    let is_defeat = skipped.is_none() && (message.is_some() || record.finding().is_some());
    Outcome {
        tally: record.tally(),
        elapsed,
        wall: elapsed,
        fingerprint: None,
        steps: 0,
        trace: None,
        skipped,
        remark: record.remarked(),
        defeat: is_defeat.then(|| Box::new(defeat(&record, None, message))),
    }
}

fn defeat(record: &Record, cause: Option<Cause>, message: Option<String>) -> Defeat {
    Defeat {
        finding: record.finding(),
        cause,
        message,
        servers: record.all_seen(),
        timeline: record.timeline(TIMELINE_MAX),
    }
}
