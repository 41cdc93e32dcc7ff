//! The report of a run that failed: most important first, within 2,000 characters, and the way to replay it.
//!
//! It reads the same on a terminal and as Markdown in `report.md`. The order: test, what went wrong, seed and virtual time;
//! the broken rule or the expectation; the facts; the last things that happened before; what often causes it; the
//! command that replays it. Facts and timeline share the room that the rest leaves. A stack is shown only to those
//! who ask for one, after the end.

use std::fmt::Write;
use std::time::Duration;

use labrpc::printable;
use labrpc::sim::{Cause, Divergence, SystemCall, Tracing};

use crate::facts;
use crate::files::{self, Files};
use crate::hint;
use crate::page::{Causes, Moment};
use crate::truncate::{one_line, one_line_of, truncate, truncate_front};
use lab_harness::case::TestCase;
use lab_harness::implementation::Implementation;
use lab_harness::run::{Failure, Outcome, RealCause, divergence, run_case};
use lab_referee::Violation;
use lab_runs::Plan;
use lab_runs::settings::World;
use lab_runs::{artifacts, commands};

/// How long a report may be, in characters. A grader's view shows no more.
pub const REPORT_MAX: usize = 2_000;
/// How many of the last lines of the timeline a report shows.
const TIMELINE_SHOWN: usize = 8;
/// The room that is kept for them, in characters, when the facts are long.
const TIMELINE_ROOM: usize = 330;
/// The longest panic message, hint or event that a report shows, in characters.
const LINE_MAX: usize = 220;
/// How the message of a `todo!` begins, which names in a handout what a student is to write. Whoever reads it is not told of a panic.
const UNWRITTEN: &str = "not yet implemented: ";
/// The longest head: what went wrong, rule and expectation.
const HEAD_MAX: usize = 1_050;

/// The report of a failed run. A simulation is run again with a full trace, which is left with the report under
/// `target/lab/`; of one that stalled only the report.
#[must_use]
pub fn explain(case: &TestCase, implementation: Implementation, plan: Plan, outcome: &Outcome) -> String {
    let Some(failure) = &outcome.failure else { return String::new() };
    if plan.world == World::Real {
        return untraced(case, plan, failure);
    }
    let directory = artifacts::directory(case.name, plan.seed);
    if failure.is_stall() {
        // Another run would stall as well, and whoever does not give way keeps the trace.
        let report = untraced(case, plan, failure);
        return match artifacts::write_alone(&directory, &report) {
            Ok(()) => report,
            Err(error) => format!("{report}\nreport: could not be written: {error}"),
        };
    }
    // Only now, since a trace costs time and memory: of the thousands of runs that pass nobody reads one.
    let traced = run_case(case, implementation, Plan { tracing: artifacts::TRACING, ..plan });
    // The report is of the first run, the trace of the second. If they are not the same run, that is what the
    // reader must know first.
    let diverged = (traced.fingerprint != outcome.fingerprint).then(|| {
        let untraced = Plan { tracing: Tracing::Off, ..plan };
        shown_divergence(divergence(case, implementation, untraced).as_deref())
    });
    let ending = format!("\ntrace:  {}/", artifacts::shown(&directory));
    let report = assemble(case, plan, failure, diverged.as_deref(), &ending);
    match files::write(&directory, &Files { case, implementation, plan, report: &report, run: &traced }) {
        Ok(()) => report,
        Err(error) => {
            // A full disk must not hide why the test failed.
            let ending = format!("\ntrace:  could not be written: {error}");
            assemble(case, plan, failure, diverged.as_deref(), &ending)
        }
    }
}

/// The report of a run that is not made again: one of the real world, or one that would stall again. Writes nothing.
pub fn untraced(case: &TestCase, plan: Plan, failure: &Failure) -> String {
    assemble(case, plan, failure, None, "")
}

/// The report of a simulation that was run with a full trace already. Writes nothing.
pub fn of_traced(case: &TestCase, plan: Plan, failure: &Failure) -> String {
    with_cause(case, plan, failure, None)
}

/// The report of what is left of a failure, with the command that runs that again. Writes nothing.
pub fn of_shrunk(case: &TestCase, plan: Plan, failure: &Failure) -> String {
    let directory = artifacts::directory(case.name, plan.seed);
    // The ending goes on in the line of the command.
    assemble(case, plan, failure, None, &format!(" --shrunk\ntrace:  {}/", artifacts::shown(&directory)))
}

/// The report of a simulation, with the event after which the run was lost, if that was asked for.
pub fn with_cause(case: &TestCase, plan: Plan, failure: &Failure, causes: Option<&Causes>) -> String {
    let directory = artifacts::directory(case.name, plan.seed);
    let cause = causes.map_or_else(String::new, |causes| format!("\nlost:   {}", cause_text(causes)));
    assemble(case, plan, failure, None, &format!("{cause}\ntrace:  {}/", artifacts::shown(&directory)))
}

/// After which event a run was lost, in a sentence.
#[must_use]
pub fn cause_text(causes: &Causes) -> String {
    match causes.around_jump() {
        Some((before, after)) => format!(
            "at {:.6} s: {}. After it {} of the continuations fail in this way, before it {}",
            Duration::from_nanos(after.at).as_secs_f64(),
            one_line_of(&causes.words, LINE_MAX),
            share(after),
            share(before)
        ),
        None => undecided_text(causes),
    }
}

/// That no event decides, in a sentence; for causes [without a jump](Causes::around_jump).
pub(crate) fn undecided_text(causes: &Causes) -> String {
    let ends = causes.moments.first().zip(causes.moments.last());
    match ends.map(|(first, last)| (share(*first), share(*last))) {
        Some((first, _)) if causes.leads_there() => format!(
            "no event decides: {first} of the continuations fail in this way from the first moment on. The test leads \
             straight there, so the mistake is where the rule is broken"
        ),
        Some((first, last)) => format!(
            "no event changes by much how often the run fails in this way if it goes on otherwise: {first} from its first \
             moment on, {last} from its last"
        ),
        None => "the run has no event after which it could go on otherwise".to_owned(),
    }
}

/// How many of the continuations from a moment fail: `12 %`.
fn share(moment: Moment) -> String {
    match moment.tried {
        0 => "none".to_owned(),
        tried => format!("{:.0} %", moment.failed as f64 / tried as f64 * 100.0),
    }
}

/// Puts the parts together. What went wrong and the way to replay it are always there; what is between is truncated if it
/// must be.
fn assemble(case: &TestCase, plan: Plan, failure: &Failure, diverged: Option<&str>, ending: &str) -> String {
    // All that comes of the code under test is made printable before it is measured.
    let diverged = printable(diverged.unwrap_or_default());
    // The head and the tail are measured first: what went wrong and how to see it again are worth more than
    // all facts.
    let head =
        truncate(&head(case, plan, failure), HEAD_MAX.saturating_sub(diverged.chars().count())) + &diverged;
    let tail = printable(&notes(failure)).into_owned() + &hint(case, failure) + &replay(case, plan) + ending;
    let room = REPORT_MAX.saturating_sub(head.chars().count() + tail.chars().count());
    let timeline = timeline(failure);
    let timeline = printable(&timeline);
    // The timeline gets its room before the facts, and what the facts leave besides: of twenty servers that
    // wait, the first few tell as much as all.
    let kept_free = timeline.chars().count().min(TIMELINE_ROOM);
    let facts = proof(failure) + &facts::of(failure);
    let facts = truncate(&printable(&facts), room.saturating_sub(kept_free));
    // From the front, as the last thing that happened is nearest to the failure.
    let timeline = truncate_front(&timeline, room.saturating_sub(facts.chars().count()));
    head + &facts + &timeline + &tail + &printable(&backtrace(failure))
}

/// What went wrong, in a line.
#[must_use]
pub fn headline(failure: &Failure) -> String {
    let line = match (&failure.violation, &failure.cause, &failure.real_cause) {
        (Some(violation), _, _) => one_line(&violation.headline),
        (None, Some(cause), _) => headline_of(failure, cause).0,
        (None, None, cause) => one_line_of_real(cause.as_ref()),
    };
    printable(&line).into_owned()
}

fn one_line_of_real(cause: Option<&RealCause>) -> String {
    cause.map_or_else(|| "it failed".to_owned(), |cause| one_line(&cause.to_string()))
}

fn head(case: &TestCase, plan: Plan, failure: &Failure) -> String {
    let mut out = String::new();
    match (&failure.violation, &failure.cause, &failure.real_cause) {
        (Some(violation), _, _) => write_violation(&mut out, case, plan, violation),
        (None, Some(cause), _) => write_cause(&mut out, case, plan, failure, cause),
        (None, None, cause) => {
            let _ = writeln!(out, "{}: {}", case.name, one_line_of_real(cause.as_ref()));
            let _ = writeln!(out, "  the test: {}", case.about);
        }
    }
    printable(&out).into_owned()
}

/// `  seed 0x2a, 1.234567 s of virtual time`.
fn when(plan: Plan, at: Duration) -> String {
    let seconds = at.as_secs_f64();
    match plan.world {
        World::Simulated => format!("  when:     seed {:#x}, {seconds:.6} s of virtual time", plan.seed),
        World::Real => format!("  when:     {seconds:.3} s after the start, in the real world"),
    }
}

/// The line of the scenario, where no rule says more than it.
pub(crate) fn shown_place(violation: &Violation) -> Option<&str> {
    violation.place.as_deref().filter(|_| violation.rule.is_none())
}

fn write_violation(out: &mut String, case: &TestCase, plan: Plan, violation: &Violation) {
    let _ = writeln!(out, "{}: {}", case.name, one_line(&violation.headline));
    out.push_str(&when(plan, violation.at));
    if !violation.servers.is_empty() {
        let servers: Vec<String> = violation.servers.iter().map(|server| format!("S{server}")).collect();
        let _ = write!(out, ", on {}", servers.join(" and "));
    }
    if let Some(term) = violation.term {
        let _ = write!(out, ", term {term}");
    }
    if let Some(place) = shown_place(violation) {
        let _ = write!(out, ", at {place}");
    }
    out.push('\n');
    if let Some(rule) = violation.rule {
        let _ = writeln!(out, "  rule:     {rule}");
    }
    let _ = writeln!(out, "  expected: {}", one_line(&violation.expected));
    let _ = writeln!(out, "  seen:     {}", one_line(&violation.seen));
    let _ = writeln!(out, "  the test: {}", case.about);
}

fn write_cause(out: &mut String, case: &TestCase, plan: Plan, failure: &Failure, cause: &Cause) {
    let (headline, at_ns) = headline_of(failure, cause);
    let _ = writeln!(out, "{}: {headline}", case.name);
    let _ = match at_ns {
        Some(at) => writeln!(out, "{}", when(plan, Duration::from_nanos(at))),
        None => writeln!(out, "  when:     seed {:#x}", plan.seed),
    };
    if let Some(pending) = interrupted(failure) {
        // Whoever is told that a place is to be written writes it, and it was reached by a mistake made elsewhere.
        let _ = writeln!(out, "  reached:  by a mistake: it should not be, in this test");
        if let Some(rule) = pending.rule {
            let _ = writeln!(out, "  rule:     {rule}");
        }
        let _ = writeln!(out, "  expected: {}", one_line(&pending.expected));
    }
    let _ = writeln!(out, "  the test: {}", case.about);
}

/// What was expected when the run came to a place that is still to be written, if that place is for something that must not happen.
fn interrupted(failure: &Failure) -> Option<&Violation> {
    let Some(Cause::Panic(panic)) = &failure.cause else { return None };
    failure.pending.as_ref().filter(|_| failure.violation.is_none() && panic.message.starts_with(UNWRITTEN))
}

/// What ended a simulation in a line, and when, in nanoseconds of virtual time.
fn headline_of(failure: &Failure, cause: &Cause) -> (String, Option<u64>) {
    let seconds = |ns: u64| Duration::from_nanos(ns).as_secs();
    match cause {
        Cause::Panic(panic) => {
            let place = panic.location.as_deref().unwrap_or("an unknown place");
            let message = one_line(&panic.message);
            let headline = match message.strip_prefix(UNWRITTEN) {
                Some(what) => format!("\"{what}\" is still to be written (at {place})"),
                None => format!("{} panicked at {place}: {message}", panic.thread),
            };
            (headline, Some(panic.time_ns))
        }
        Cause::Deadlock { time_ns, .. } => {
            (format!("deadlock: {}", facts::cycle_text(failure)), Some(*time_ns))
        }
        Cause::TimeLimit { limit_ns, .. } => {
            let why = match facts::last_commit(failure) {
                Some(at) => {
                    format!(", though entries are committed, the last one at {:.1} s", at.as_secs_f64())
                }
                None => facts::stuck(failure),
            };
            let limit = seconds(*limit_ns);
            (format!("the test did not end within {limit} s of virtual time{why}"), Some(*limit_ns))
        }
        Cause::StepLimit { limit, .. } => {
            (format!("{limit} steps, and no end: a livelock, or a loop that polls"), None)
        }
        Cause::Stall { thread, time_ns, stalled } => {
            let seconds = stalled.as_secs();
            (format!("{thread} ran for {seconds} s of real time and did not give way"), Some(*time_ns))
        }
        Cause::Misuse { thread, time_ns, message } => {
            (format!("{thread}: {}", one_line(message)), Some(*time_ns))
        }
        other => (one_line(&other.to_string()), None),
    }
}

/// The messages that prove that a rule was broken, oldest first.
fn proof(failure: &Failure) -> String {
    let lines = failure.violation.as_ref().map_or(&[][..], |violation| &violation.proof);
    let mut out = String::new();
    if !lines.is_empty() {
        out.push_str("messages that prove it:\n");
    }
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
    out
}

/// In what the numbers above differ from those in messages; and what the code under test asked the system for. That may be all that is
/// wrong, so it stands before what often is.
fn notes(failure: &Failure) -> String {
    let counted = failure.first_index.map(|first| {
        format!("note:   entries are counted from 1 here, as on the apply channel, and from {first} in this Raft's messages\n")
    });
    let note = |call: &SystemCall| format!("note:   {}\n", one_line_of(&call.to_string(), 2 * LINE_MAX));
    counted.into_iter().chain(failure.system_calls.iter().map(note)).collect()
}

/// What often leads here.
fn hint(case: &TestCase, failure: &Failure) -> String {
    let of_violation = hint::of(case, failure);
    let of_pending = interrupted(failure).and_then(|pending| pending.hint);
    let hint = match (&failure.violation, &failure.cause) {
        // A scenario notices a deadlock as something else, such as no leader. The circle is the cause, so its
        // hint comes first.
        (Some(_), _) if !failure.cycle.is_empty() => Some(
            "two locks that are taken in two orders: take them in one, or give the first back before the second",
        ),
        (Some(_), _) => of_violation.as_deref(),
        (None, Some(Cause::TimeLimit { .. })) if facts::last_commit(failure).is_some() => Some(
            "nothing hangs, and it is slow: election timeouts or heartbeat intervals of more than MIT's, or a command at a time",
        ),
        (None, Some(Cause::Deadlock { .. } | Cause::TimeLimit { .. })) => Some(
            "a lock that is held across a call, a send or a wait; or a notification that comes too early",
        ),
        // Without a violation: the hint is for the way in which the run ended.
        (None, Some(Cause::StepLimit { .. })) => {
            Some("a loop that does not sleep or wait; two servers that answer each other for ever")
        }
        (None, Some(Cause::Stall { .. })) => Some(
            "an endless loop, or something real: a std::sync lock, a real channel, socket or sleep. Use labrpc's",
        ),
        _ => of_pending,
    };
    hint.map_or_else(String::new, |hint| format!("often:  {}\n", one_line_of(hint, LINE_MAX)))
}

fn timeline(failure: &Failure) -> String {
    // The harness keeps more than a report can show; log.txt has all.
    let skipped = failure.timeline.len().saturating_sub(TIMELINE_SHOWN);
    let mut out = String::new();
    if !failure.timeline.is_empty() {
        out.push_str("what happened before:\n");
    }
    for (at, what) in &failure.timeline[skipped..] {
        let what = one_line_of(&what.to_string(), LINE_MAX / 2);
        let _ = writeln!(out, "  {:>10.6} s  {what}", at.as_secs_f64());
    }
    out
}

/// Two runs of the seed were not the same run.
fn shown_divergence(divergence: Option<&Divergence>) -> String {
    let mut out = String::from("  not replayable: another run of this seed went another way\n");
    match divergence {
        Some(Divergence { index, first, second, .. }) => {
            let shown = |event: &Option<labrpc::sim::Event>| match event {
                Some(event) => one_line_of(&event.to_string(), LINE_MAX / 2),
                None => "(it had ended, or went elsewhere)".to_owned(),
            };
            let _ = writeln!(out, "  they differ first at event {index}:");
            let _ = writeln!(out, "    one run: {}\n    another: {}", shown(first), shown(second));
        }
        None => out.push_str("  two later runs were the same: a static or thread-local outlives a run\n"),
    }
    out + "  culprits: iteration over a HashMap, Instant::now(), thread::spawn or rand::rng() of the real world,\n    a \
           static that outlives a run, an address that is printed or compared\n"
}

fn replay(case: &TestCase, plan: Plan) -> String {
    let label = if plan.world == World::Real { "again: " } else { "replay:" };
    format!("{label} {}", replay_command_of(case, plan))
}

/// The command that makes a run happen again.
#[must_use]
pub fn replay_command_of(case: &TestCase, plan: Plan) -> String {
    commands::replay(case.name, &plan.policy.to_string(), &plan.world.to_string(), plan.seed)
}

/// The stack of a panic, if somebody asked for stacks. That of a violation would only show the harness.
fn backtrace(failure: &Failure) -> String {
    match &failure.cause {
        Some(Cause::Panic(panic)) if failure.violation.is_none() => {
            panic.backtrace.as_ref().map_or_else(String::new, |stack| format!("\nstack:\n{stack}"))
        }
        _ => String::new(),
    }
}
