//! What is left of a failure, told as a story.

use std::fmt::Write;
use std::time::Duration;

use lab_harness::case::TestCase;
use lab_hunt::shrink::Shrunk;
use lab_report::explain::replay_command_of;
use lab_runs::Plan;
use lab_runs::actions::ActionKind;

use crate::hunted::Part;

/// How many lines of a story are told.
const LINES_MAX: usize = 80;

/// The story of a shrunk failure, with how much of it is left.
#[must_use]
pub fn story(case: &TestCase, plan: Plan, shrunk: &Shrunk<Part>) -> String {
    let mut out = format!("What is left of {} with seed {:#x}: {}\n", case.name, plan.seed, headline(shrunk));
    let (before, after) = (&shrunk.before, &shrunk.after);
    let _ = writeln!(
        out,
        "{} of {} faults, {} of {} commands, {} of {} operations and {} of {} preemptions are enough ({} runs{}).\n",
        after.faults,
        before.faults,
        after.commands,
        before.commands,
        after.operations,
        before.operations,
        after.preemptions,
        before.preemptions,
        shrunk.runs,
        if shrunk.is_finished { "" } else { "; more runs might leave less: --runs" },
    );
    if shrunk.keeps_actions {
        out.push_str(
            "Faults, commands and operations all stay: the test counts on them, and here is no implementation that is known to be \
             right and could tell without which of them the test is still fair.\n\n",
        );
    }
    let lines = lines(shrunk);
    // The end is kept: a failure is explained by what came just before it.
    let left_out = lines.len().saturating_sub(LINES_MAX);
    if left_out > 0 {
        let _ = writeln!(out, "  ... {left_out} lines before");
    }
    for (at, words) in &lines[left_out..] {
        let _ = writeln!(out, "  {:>10.6} s  {words}", at.as_secs_f64());
    }
    let replay = replay_command_of(case, plan);
    let _ = write!(out, "\nreplay: {replay} --shrunk");
    labrpc::printable(&out).into_owned()
}

fn headline(shrunk: &Shrunk<Part>) -> String {
    let failure = shrunk.run.0.failure.as_ref();
    let violation = failure.and_then(|failure| failure.violation.as_ref());
    violation.map_or_else(|| shrunk.signature.to_string(), |violation| violation.headline.clone())
}

/// What happened in the run that is left, and how it ended, in the order of time.
fn lines(shrunk: &Shrunk<Part>) -> Vec<(Duration, String)> {
    let Some(failure) = &shrunk.run.0.failure else { return Vec::new() };
    let mut lines: Vec<(Duration, String)> =
        failure.timeline.iter().map(|(at, what)| (*at, what.to_string())).collect();
    let asked = shrunk.run.0.actions.iter().filter(|action| {
        matches!(action.kind, ActionKind::Command | ActionKind::Operation) && !action.words.is_empty()
    });
    lines.extend(asked.map(|action| (action.at, action.words.clone())));
    lines.sort_by_key(|(at, _)| *at);
    let end = failure.violation.as_ref().map_or(shrunk.run.0.elapsed, |violation| violation.at);
    lines.push((end, format!("{}.", headline(shrunk))));
    if let Some(violation) = &failure.violation {
        lines.push((end, format!("expected: {}; seen: {}", violation.expected, violation.seen)));
    }
    lines
}
