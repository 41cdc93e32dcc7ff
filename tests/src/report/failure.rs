//! The report of a run that failed: most important first, within 2,000 characters, and the way to replay it.
//!
//! It reads the same on a terminal and as Markdown in `report.md`. The order: test, what went wrong, seed and virtual time;
//! the broken rule or the expectation; the facts; the last things that happened before; what often causes it; the
//! command that replays it. Facts and happenings share the room that the rest leaves. A stack is shown only to those
//! who ask for one, after the end.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use labrpc::sim::{Cause, Divergence, Tracing};

use super::artifacts::{self, Files};
use super::facts;
use super::layout::{cut, cut_front, cut_line, cut_line_to};
use crate::case::TestCase;
use crate::finding::Finding;
use crate::implementation::Implementation;
use crate::run::{Defeat, Outcome, Plan, divergence, run_case};
use crate::settings::World;

/// How long a report may be, in characters. What follows in a grader's view is cut.
pub const REPORT_MAX: usize = 2_000;
/// How many of the last happenings a report shows.
const TIMELINE_SHOWN: usize = 8;
/// The room that is kept for them, in characters, when the facts are long.
const TIMELINE_ROOM: usize = 330;
/// The longest panic message, hint or event that a report shows, in characters.
const LINE_MAX: usize = 220;
/// The longest head: what went wrong, rule and expectation.
const HEAD_MAX: usize = 1_050;

/// The report of a failed run. A simulation is run again with a full trace, which is left with the report under
/// `target/lab/`; of one that stalled only the report.
#[must_use]
pub fn failure(case: &TestCase, implementation: Implementation, plan: Plan, outcome: &Outcome) -> String {
    let Some(defeat) = &outcome.defeat else { return String::new() };
    if plan.world == World::Real {
        return untraced(case, plan, defeat);
    }
    let directory = artifacts::directory(case.name, plan.seed);
    if defeat.is_stall() {
        // Another run would stall as well, and whoever does not give way keeps the trace.
        let report = untraced(case, plan, defeat);
        return match artifacts::write_alone(&directory, &report) {
            Ok(()) => report,
            Err(error) => format!("{report}\nreport: could not be written: {error}"),
        };
    }
    let traced = run_case(case, implementation, Plan { tracing: artifacts::TRACING, ..plan });
    let parted = (traced.fingerprint != outcome.fingerprint).then(|| {
        let untraced = Plan { tracing: Tracing::Off, ..plan };
        shown_divergence(divergence(case, implementation, untraced).as_deref())
    });
    let ending = format!("\ntrace:  {}", shown(&directory));
    let report = words(case, plan, defeat, parted.as_deref(), &ending);
    match artifacts::write(&directory, &Files { case, implementation, plan, report: &report, run: &traced }) {
        Ok(()) => report,
        Err(error) => {
            let ending = format!("\ntrace:  could not be written: {error}");
            words(case, plan, defeat, parted.as_deref(), &ending)
        }
    }
}

/// The report of a run that is not made again: one of the real world, or one that would stall again. Writes nothing.
pub(crate) fn untraced(case: &TestCase, plan: Plan, defeat: &Defeat) -> String {
    words(case, plan, defeat, None, "")
}

/// The report of a simulation that was run with a full trace already. Writes nothing.
pub(crate) fn of_traced(case: &TestCase, plan: Plan, defeat: &Defeat) -> String {
    let directory = artifacts::directory(case.name, plan.seed);
    words(case, plan, defeat, None, &format!("\ntrace:  {}", shown(&directory)))
}

/// A path as seen from the root of the workspace.
pub(crate) fn shown(directory: &Path) -> String {
    let text = directory.display().to_string();
    text.strip_prefix("../").map(str::to_owned).unwrap_or(text) + "/"
}

/// Puts the parts together. What went wrong and the way to replay it are always there; what is between is cut if it
/// must be.
fn words(case: &TestCase, plan: Plan, defeat: &Defeat, parted: Option<&str>, ending: &str) -> String {
    let parted = parted.unwrap_or_default();
    let head = cut(&head(case, plan, defeat), HEAD_MAX.saturating_sub(parted.chars().count())) + parted;
    let tail = hint(defeat) + &replay(case, plan) + ending;
    let room = REPORT_MAX.saturating_sub(head.chars().count() + tail.chars().count());
    let happened = happened(defeat);
    let kept_free = happened.chars().count().min(TIMELINE_ROOM);
    let facts = cut(&(proof(defeat) + &facts::of(defeat)), room.saturating_sub(kept_free));
    let happened = cut_front(&happened, room.saturating_sub(facts.chars().count()));
    head + &facts + &happened + &tail + &backtrace(defeat)
}

/// What went wrong, in a line.
#[must_use]
pub fn headline(defeat: &Defeat) -> String {
    match (&defeat.finding, &defeat.cause, &defeat.message) {
        (Some(finding), _, _) => cut_line(&finding.headline),
        (None, Some(cause), _) => headline_of(defeat, cause).0,
        (None, None, message) => cut_line(message.as_deref().unwrap_or("it failed")),
    }
}

fn head(case: &TestCase, plan: Plan, defeat: &Defeat) -> String {
    let mut out = String::new();
    match (&defeat.finding, &defeat.cause, &defeat.message) {
        (Some(finding), _, _) => write_finding(&mut out, case, plan, finding),
        (None, Some(cause), _) => write_cause(&mut out, case, plan, defeat, cause),
        (None, None, message) => {
            let _ = writeln!(out, "{}: {}", case.name, cut_line(message.as_deref().unwrap_or("it failed")));
            let _ = writeln!(out, "  the test: {}", case.about);
        }
    }
    out
}

/// `  seed 0x2a, 1.234567 s of virtual time`.
fn when(plan: Plan, at: Duration) -> String {
    let seconds = at.as_secs_f64();
    match plan.world {
        World::Simulated => format!("  when:     seed {:#x}, {seconds:.6} s of virtual time", plan.seed),
        World::Real => format!("  when:     {seconds:.3} s after the start, in the real world"),
    }
}

fn write_finding(out: &mut String, case: &TestCase, plan: Plan, finding: &Finding) {
    let _ = writeln!(out, "{}: {}", case.name, cut_line(&finding.headline));
    out.push_str(&when(plan, finding.at));
    if !finding.servers.is_empty() {
        let servers: Vec<String> = finding.servers.iter().map(|server| format!("S{server}")).collect();
        let _ = write!(out, ", on {}", servers.join(" and "));
    }
    if let Some(term) = finding.term {
        let _ = write!(out, ", term {term}");
    }
    if let Some(place) = &finding.place {
        let _ = write!(out, ", at {place}");
    }
    out.push('\n');
    if let Some(rule) = finding.rule {
        let _ = writeln!(out, "  rule:     {rule}");
    }
    let _ = writeln!(out, "  expected: {}", cut_line(&finding.expected));
    let _ = writeln!(out, "  seen:     {}", cut_line(&finding.seen));
    let _ = writeln!(out, "  the test: {}", case.about);
}

fn write_cause(out: &mut String, case: &TestCase, plan: Plan, defeat: &Defeat, cause: &Cause) {
    let (headline, at_ns) = headline_of(defeat, cause);
    let _ = writeln!(out, "{}: {headline}", case.name);
    let _ = match at_ns {
        Some(at) => writeln!(out, "{}", when(plan, Duration::from_nanos(at))),
        None => writeln!(out, "  when:     seed {:#x}", plan.seed),
    };
    let _ = writeln!(out, "  the test: {}", case.about);
}

/// What ended a simulation in a line, and when, in nanoseconds of virtual time.
fn headline_of(defeat: &Defeat, cause: &Cause) -> (String, Option<u64>) {
    let seconds = |ns: u64| Duration::from_nanos(ns).as_secs();
    match cause {
        Cause::Panic(panic) => {
            let place = panic.location.as_deref().unwrap_or("an unknown place");
            let message = cut_line(&panic.message);
            (format!("{} panicked at {place}: {message}", panic.thread), Some(panic.time_ns))
        }
        Cause::Deadlock { time_ns, .. } => {
            (format!("deadlock: {}", facts::circle_or_all(defeat)), Some(*time_ns))
        }
        Cause::TimeLimit { limit_ns, .. } => {
            let why = facts::stuck(defeat);
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
            (format!("{thread}: {}", cut_line(message)), Some(*time_ns))
        }
        other => (cut_line(&other.to_string()), None),
    }
}

/// The messages that prove that a rule was broken, oldest first.
fn proof(defeat: &Defeat) -> String {
    let lines = defeat.finding.as_ref().map_or(&[][..], |finding| &finding.proof);
    let mut out = String::new();
    if !lines.is_empty() {
        out.push_str("messages that prove it:\n");
    }
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
    out
}

/// What often leads here.
fn hint(defeat: &Defeat) -> String {
    let of_finding = defeat.finding.as_ref().and_then(|finding| finding.hint);
    let hint = match (&defeat.finding, &defeat.cause) {
        (Some(_), _) if !defeat.cycle.is_empty() => Some(
            "two locks that are taken in two orders: take them in one, or give the first back before the second",
        ),
        (Some(_), _) => of_finding,
        (None, Some(Cause::Deadlock { .. } | Cause::TimeLimit { .. })) => Some(
            "a lock that is held across a call, a send or a wait; or a notification that comes too early",
        ),
        (None, Some(Cause::StepLimit { .. })) => {
            Some("a loop that does not sleep or wait; two servers that answer each other for ever")
        }
        (None, Some(Cause::Stall { .. })) => Some(
            "an endless loop, or something real: a std::sync lock, a real channel, socket or sleep. Use labrpc's",
        ),
        _ => None,
    };
    hint.map_or_else(String::new, |hint| format!("often:  {}\n", cut_line_to(hint, LINE_MAX)))
}

fn happened(defeat: &Defeat) -> String {
    let skipped = defeat.timeline.len().saturating_sub(TIMELINE_SHOWN);
    let mut out = String::new();
    if !defeat.timeline.is_empty() {
        out.push_str("what happened before:\n");
    }
    for (at, what) in &defeat.timeline[skipped..] {
        let what = cut_line_to(&what.to_string(), LINE_MAX / 2);
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
                Some(event) => cut_line_to(&event.to_string(), LINE_MAX / 2),
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

/// The command that makes a run happen again; policy and world as they are written.
pub(crate) fn replay_command(test: &str, policy: &str, world: &str, seed: u64) -> String {
    match (world, policy) {
        ("real", _) => format!("LAB_WORLD=real cargo test -p lab {test} (the real world cannot be replayed)"),
        (_, "random") => format!("cargo lab replay {seed:#x} {test}"),
        _ => format!("cargo lab replay {seed:#x} {test} --policy {policy}"),
    }
}

/// The same of a plan.
pub(crate) fn replay_command_of(case: &TestCase, plan: Plan) -> String {
    replay_command(case.name, &plan.policy.to_string(), &plan.world.to_string(), plan.seed)
}

/// The stack of a panic, if somebody asked for stacks. That of a finding would only show the harness.
fn backtrace(defeat: &Defeat) -> String {
    match &defeat.cause {
        Some(Cause::Panic(panic)) if defeat.finding.is_none() => {
            panic.backtrace.as_ref().map_or_else(String::new, |stack| format!("\nstack:\n{stack}"))
        }
        _ => String::new(),
    }
}
