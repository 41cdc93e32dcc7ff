//! The report of a run that failed: most important first, within 2,000 characters, and the way to replay it.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use labrpc::sim::{Cause, Policy, ThreadReport, Tracing};

use super::artifacts;
use crate::case::TestCase;
use crate::finding::Finding;
use crate::implementation::Implementation;
use crate::record::Seen;
use crate::run::{Defeat, Outcome, Plan, run_case};
use crate::settings::World;

/// How many of the last events are kept when a failed seed is run again.
const TRACE_EVENTS: usize = 20_000;
/// How long a report may be, in characters; the file has all of it.
const REPORT_MAX: usize = 2_000;
/// How many of the last happenings a report shows.
const TIMELINE_SHOWN: usize = 8;
/// How many waiting threads a report shows.
const THREADS_SHOWN: usize = 6;
/// The longest panic message or value that a report shows, in characters.
const TEXT_MAX: usize = 400;

/// The report of a failed run. A simulation is run again with a full trace, which is left with the report under
/// `target/lab/`.
#[must_use]
pub fn failure(case: &TestCase, implementation: Implementation, plan: Plan, outcome: &Outcome) -> String {
    let Some(defeat) = &outcome.defeat else { return String::new() };
    if plan.world == World::Real {
        return words(case, plan, defeat, "");
    }
    let traced = run_case(case, implementation, Plan { tracing: Tracing::Last(TRACE_EVENTS), ..plan });
    let is_same = traced.fingerprint == outcome.fingerprint;
    let directory = artifacts::directory(case.name, plan.seed);
    let mut ending = String::new();
    let _ = match artifacts::write(&directory, &words(case, plan, defeat, ""), &traced) {
        Ok(()) => write!(ending, "\ntrace:  {}", shown(&directory)),
        Err(error) => write!(ending, "\ntrace:  could not be written: {error}"),
    };
    if !is_same {
        ending.push_str(
            "\nThe replay was another run: something is not under the seed's control. Usual culprits: iteration over \
             a HashMap, std's clock, threads or locks.",
        );
    }
    words(case, plan, defeat, &ending)
}

fn shown(directory: &Path) -> String {
    let text = directory.display().to_string();
    text.strip_prefix("../").map(str::to_owned).unwrap_or(text) + "/"
}

/// Puts the parts together. The head and the way to replay are always there; what is between is cut if it must be.
fn words(case: &TestCase, plan: Plan, defeat: &Defeat, ending: &str) -> String {
    let mut head = String::new();
    let mut middle = String::new();
    match (&defeat.finding, &defeat.cause, &defeat.message) {
        (Some(finding), _, _) => write_finding(&mut head, case, finding),
        (None, Some(cause), _) => write_cause(&mut head, &mut middle, case, cause),
        (None, None, message) => {
            let _ = writeln!(head, "{}: {}", case.name, message.as_deref().unwrap_or("it failed"));
        }
    }
    write_proof(&mut middle, defeat.finding.as_ref());
    write_servers(&mut middle, &defeat.servers);
    write_timeline(&mut middle, defeat);
    let replay = replay(case, plan) + ending;
    let room = REPORT_MAX.saturating_sub(head.chars().count() + replay.chars().count());
    head + &cut(&middle, room) + &replay
}

/// What went wrong, in a line.
#[must_use]
pub fn headline(defeat: &Defeat) -> String {
    match (&defeat.finding, &defeat.cause, &defeat.message) {
        (Some(finding), _, _) => cut_line(&finding.headline),
        (None, Some(cause), _) => cause_headline(cause),
        (None, None, message) => message.clone().unwrap_or_else(|| "it failed".to_owned()),
    }
}

fn write_finding(out: &mut String, case: &TestCase, finding: &Finding) {
    let _ = writeln!(out, "{}: {}", case.name, cut_line(&finding.headline));
    if let Some(rule) = finding.rule {
        let _ = writeln!(out, "  rule:     {rule}");
    }
    let _ = writeln!(out, "  expected: {}", cut_line(&finding.expected));
    let _ = writeln!(out, "  seen:     {}", cut_line(&finding.seen));
    let _ = write!(out, "  when:     {:.6} s", finding.at.as_secs_f64());
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
    if let Some(hint) = finding.hint {
        let _ = writeln!(out, "  often:    {hint}");
    }
    let _ = writeln!(out, "  the test: {}", case.about);
}

fn write_proof(out: &mut String, finding: Option<&Finding>) {
    let proof = finding.map_or(&[][..], |finding| &finding.proof);
    if !proof.is_empty() {
        let _ = writeln!(out, "messages that prove it:");
    }
    for line in proof {
        let _ = writeln!(out, "  {line}");
    }
}

/// What ended a simulation, in a line.
fn cause_headline(cause: &Cause) -> String {
    match cause {
        Cause::Panic(panic) => {
            let place = panic.location.as_deref().unwrap_or("an unknown place");
            format!("{} panicked at {place}: {}", panic.thread, cut_line(&panic.message))
        }
        Cause::Deadlock { cycle, .. } if !cycle.is_empty() => {
            format!("deadlock: {} wait for each other in a circle", cycle.join(", "))
        }
        Cause::Deadlock { .. } => "deadlock: all threads wait for ever".to_owned(),
        Cause::TimeLimit { limit_ns, threads } => {
            let seconds = Duration::from_nanos(*limit_ns).as_secs();
            format!("the test did not end within {seconds} s of virtual time{}", stuck(threads))
        }
        other => cut_line(&other.to_string()),
    }
}

fn write_cause(head: &mut String, middle: &mut String, case: &TestCase, cause: &Cause) {
    let headline = cause_headline(cause);
    let threads: &[ThreadReport] = match cause {
        Cause::Deadlock { threads, .. } | Cause::TimeLimit { threads, .. } => threads,
        _ => &[],
    };
    let _ = writeln!(head, "{}: {headline}", case.name);
    if let Cause::Panic(panic) = cause {
        let _ = writeln!(head, "  when:     {:.6} s", Duration::from_nanos(panic.time_ns).as_secs_f64());
    }
    let _ = writeln!(head, "  the test: {}", case.about);
    if threads.is_empty() {
        return;
    }
    // Who waits for a lock, or holds one, tells more than who sleeps.
    let (telling, others): (Vec<_>, Vec<_>) =
        threads.iter().partition(|thread| thread.waits_for.is_some() || !thread.holds.is_empty());
    let _ = writeln!(middle, "threads:");
    for thread in telling.iter().chain(&others).take(THREADS_SHOWN) {
        let _ = writeln!(middle, "  {thread}");
    }
    if threads.len() > THREADS_SHOWN {
        let _ = writeln!(middle, "  and {} more", threads.len() - THREADS_SHOWN);
    }
}

/// What the scenario itself waits for, if it waits for a thread of the code under test.
fn stuck(threads: &[ThreadReport]) -> String {
    let waiting = threads.iter().find(|thread| thread.thread == "tester/main");
    match waiting.and_then(|thread| thread.waits_for.as_ref()) {
        Some(holder) => format!(": the scenario waits for a lock that {holder} holds"),
        None => String::new(),
    }
}

fn write_servers(out: &mut String, servers: &[Seen]) {
    if servers.is_empty() {
        return;
    }
    let _ = writeln!(out, "servers, as last seen:");
    for (id, seen) in servers.iter().enumerate() {
        let role = match (seen.is_up, seen.is_leader) {
            (false, _) => "down",
            (true, true) => "leader",
            (true, false) => "no leader",
        };
        let _ = write!(out, "  S{id} {role:<9} term {:<3} applied {}", seen.term, seen.applied);
        if !seen.is_connected {
            out.push_str(", disconnected");
        }
        if seen.is_paused {
            out.push_str(", paused");
        }
        if seen.starts > 1 {
            let _ = write!(out, ", started {} times", seen.starts);
        }
        out.push('\n');
    }
}

fn write_timeline(out: &mut String, defeat: &Defeat) {
    let skipped = defeat.timeline.len().saturating_sub(TIMELINE_SHOWN);
    if defeat.timeline.is_empty() {
        return;
    }
    let _ = writeln!(out, "what happened last:");
    for (at, what) in &defeat.timeline[skipped..] {
        let _ = writeln!(out, "  {:>10.6} s  {}", at.as_secs_f64(), cut_line(&what.to_string()));
    }
}

fn replay(case: &TestCase, plan: Plan) -> String {
    if plan.world == World::Real {
        return format!(
            "again:  LAB_WORLD=real cargo test -p lab {} (the real world cannot be replayed)",
            case.name
        );
    }
    let policy = match plan.policy {
        Policy::Random => String::new(),
        other => format!(" --policy {other}"),
    };
    format!("replay: cargo lab replay {:#x} {}{policy}", plan.seed, case.name)
}

/// At most `room` characters, whole lines.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    for line in text.lines() {
        if out.chars().count() + line.chars().count() + 5 > room {
            break;
        }
        out.push_str(line);
        out.push('\n');
    }
    out + "...\n"
}

/// A text in one line and not too long.
fn cut_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
