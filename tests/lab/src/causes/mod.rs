//! Where a failing run was lost: how likely it is to fail from each of its moments on.
//!
//! # How it works
//!
//! A run is made again up to one of its moments and goes on from there with other chance, of the schedule, the network and the code
//! under test, many times. The share of these continuations that fail in the same way is low in the beginning and 1 at the end; where
//! it jumps, something happened that cannot be made good any more. The same way: the same rule, in the same words (servers, term and
//! entry), proven by the same messages. With the rule and its words alone the jump is often at what the test did long before: which
//! server was cut off, when it gave a command.
//!
//! Few moments are tried first. Then the jump is searched for: between two moments whose shares differ most, until a single event is
//! left between these. If it is small everywhere, the point of no return stands in for it: the last moment from which a continuation
//! may still go well, and the first from which none does. Both are tried more often in the end, so that chance does not name the wrong
//! one.
//!
//! # How good it is
//!
//! Measured on 94 failures of 47 planted bugs of the Raft, in the tests with whole clusters of 3A to 3D, two failures of each at most:
//! in 62 the event is one of the messages that the referee names (40), or is next to one of them at one of the two servers (22). In
//! the first 25 of these it was 17; with the rule and its words alone, and the point of no return first, 8. Elsewhere an earlier event
//! decides: a partition that begins, a server that stands for election while nobody hears it, a message that lets another leader be
//! elected. A test that leads straight to the bug has no such event, and that is said.
//!
//! # What it leaves out
//!
//! Several events that are lost only together: the last of them has the jump. And scheduling: with a policy that prefers some
//! schedules, "likely" is what it is under that policy.

mod search;

use anyhow::{Result, bail};
use lab_harness::Implementation;
use lab_harness::case::TestCase;
use lab_harness::run::{Failure, Outcome, run_case};
use lab_hunt::shrink::Signature;
use lab_hunt::workers::cores;
use lab_report::page::{Causes, Moment};
use lab_runs::Plan;
use lab_suites::signature;
use labrpc::printable;
use labrpc::sim::{Cause, Event, Mark, Policy, Tracing};
use labrpc::sync::atomic::{AtomicUsize, Ordering};
use labrpc::thread;
use search::search;

/// How many runs a search takes at most, if nobody says otherwise.
pub(crate) const RUNS_DEFAULT: usize = 1_500;

/// A moment of a run after which it can go on otherwise.
pub(crate) struct Candidate {
    event: u64,
    at: u64,
    /// The step from which on chance is another.
    pub(crate) step: u64,
    words: String,
}

/// Searches for the event after which a run that failed, and was traced, was lost.
///
/// # Errors
///
/// If the run cannot be continued: it did not fail, or its policy says what happens at each step.
pub(crate) fn find(
    case: &'static TestCase,
    implementation: Implementation,
    plan: Plan,
    run: &Outcome,
    runs_max: usize,
    progress: &mut dyn FnMut(usize),
) -> Result<Causes> {
    let (Some(failure), Some(trace)) = (&run.failure, &run.trace) else {
        bail!("the run passed: causes are those of a failure")
    };
    if !can_go_on(plan.policy) {
        bail!(
            "--policy {}: a run that is told what happens at each step cannot go on otherwise",
            plan.policy
        );
    }
    let wanted = Way::of(failure);
    let candidates = candidates(&trace.events);
    let mut runs = 0;
    let mut try_all = |jobs: &[(usize, u64, u64)]| {
        let each: Vec<(usize, Plan)> = jobs
            .iter()
            .enumerate()
            .flat_map(|(job, &(moment, before, more))| {
                let step = candidates[moment].step;
                (before..before + more).map(move |number| {
                    let policy = plan.policy.then(step, number + 1, plan.policy);
                    (job, Plan { policy, tracing: Tracing::Off, ..plan })
                })
            })
            .collect();
        let failed = in_parallel(&each, |&(_, plan)| {
            run_case(case, implementation, plan).failure.is_some_and(|failure| Way::of(&failure) == wanted)
        });
        runs += each.len();
        progress(runs);
        let mut counts = vec![0; jobs.len()];
        each.iter().zip(failed).for_each(|(&(job, _), failed)| counts[job] += u64::from(failed));
        counts
    };
    let (counts, jump) = search(candidates.len(), runs_max, &mut try_all);
    let moments = counts.iter().map(|(&moment, &(tried, failed))| {
        let Candidate { event, at, .. } = candidates[moment];
        Moment { event, at, tried, failed }
    });
    Ok(Causes {
        moments: moments.collect(),
        tries: counts.values().map(|&(tried, _)| tried).max().unwrap_or(0),
        jump: jump.and_then(|jump| counts.keys().position(|&moment| moment == jump)),
        words: jump.map(|jump| candidates[jump].words.clone()).unwrap_or_default(),
    })
}

/// In which way a run failed: what broke, in the words that name servers, term and entry, and by which messages. A bug that is there
/// for good breaks the same rule sooner or later whatever follows; that it breaks it here is what some event has decided.
#[derive(PartialEq, Eq)]
struct Way {
    signature: Signature,
    headline: Option<String>,
    /// The lines that prove it, without their times and the numbers of calls, which change with all that happened before.
    proof: Vec<String>,
    /// Of a panic.
    thread: Option<String>,
}

impl Way {
    fn of(failure: &Failure) -> Self {
        let violation = failure.violation.as_ref();
        let thread = match &failure.cause {
            Some(Cause::Panic(panic)) if violation.is_none() => Some(panic.thread.clone()),
            _ => None,
        };
        Self {
            signature: signature(failure),
            headline: violation.map(|violation| violation.headline.clone()),
            proof: violation.map_or_else(Vec::new, |violation| {
                violation.proof.iter().map(|line| what_a_line_says(line)).collect()
            }),
            thread,
        }
    }
}

/// A line of a proof, `0.454713 s  S2 -> S0 #1 vote granted, term 1`, without its time and its number.
fn what_a_line_says(line: &str) -> String {
    let line = line.trim_start();
    let untimed = match line.split_once(" s ") {
        Some((time, rest)) if time.parse::<f64>().is_ok() => rest,
        _ => line,
    };
    let words: Vec<&str> = untimed.split_whitespace().filter(|word| !is_number_of_call(word)).collect();
    words.join(" ")
}

fn is_number_of_call(word: &str) -> bool {
    word.strip_prefix('#').is_some_and(|number| number.parse::<u64>().is_ok())
}

/// Whether a run of this policy can go on otherwise from some step on.
pub(crate) fn can_go_on(policy: Policy) -> bool {
    !matches!(policy, Policy::Preempted(_) | Policy::Continued(_))
}

/// What happened to messages and servers, without what shows only afterwards.
pub(crate) fn candidates(events: &[Event]) -> Vec<Candidate> {
    let mut out: Vec<Candidate> = Vec::new();
    for event in events {
        let words = match (event.message(), event.mark()) {
            (Some(message), _) => {
                let direction = if message.is_reply { "reply" } else { "request" };
                let method = message.method.rsplit('.').next().unwrap_or_default();
                format!(
                    "{} -> {} {method} {direction} #{} is {}",
                    message.from, message.to, message.call, message.what
                )
            }
            (None, Some(mark)) if !matches!(&*mark.what, "state" | "committed" | "leads") => mark_words(mark),
            _ => continue,
        };
        let words = printable(&words).into_owned();
        // Of several in one step the last one stands for all: chance is the same for them.
        let step = event.step + 1;
        let candidate = Candidate { event: event.index, at: event.time_ns, step, words };
        match out.last_mut().filter(|last| last.step == step) {
            Some(last) => *last = candidate,
            None => out.push(candidate),
        }
    }
    out
}

/// What the harness has marked: `down: S2`.
fn mark_words(mark: &Mark) -> String {
    let field = |name| mark.fields.tree().and_then(|tree| tree.field(name));
    match (field("server"), field("text")) {
        (Some(server), _) if &*mark.what == "link" => {
            let is_up = field("up").is_some_and(|up| up.to_string() == "true");
            format!("S{server} is {}", if is_up { "connected" } else { "disconnected" })
        }
        (Some(server), _) => format!("{}: S{server}", mark.what),
        (None, Some(text)) => format!("{}: {text}", mark.what),
        _ => mark.what.to_string(),
    }
}

/// What `work` makes of each job, on all cores.
pub(crate) fn in_parallel<J: Sync>(jobs: &[J], work: impl Fn(&J) -> bool + Sync) -> Vec<bool> {
    let next = AtomicUsize::new(0);
    let of_one = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(place) else { return done };
            done.push((place, work(job)));
        }
    };
    let mut out = vec![false; jobs.len()];
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores()).map(|_| scope.spawn(of_one)).collect();
        for worker in workers {
            let done = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            done.into_iter().for_each(|(place, failed)| out[place] = failed);
        }
    });
    out
}
