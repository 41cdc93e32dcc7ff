//! What is left of a failure, told as a story.

use std::fmt::Write;
use std::time::Duration;

use super::Shrunk;
use crate::deeds::DeedKind;
use crate::report::failure::replay_command_of;

/// How many lines of a story are told.
const LINES_MAX: usize = 80;

/// The story of a shrunk failure, with how much of it is left.
#[must_use]
pub fn story(shrunk: &Shrunk) -> String {
    let (case, plan) = (shrunk.case, shrunk.plan);
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
    let lines = lines(shrunk);
    let left_out = lines.len().saturating_sub(LINES_MAX);
    if left_out > 0 {
        let _ = writeln!(out, "  ... {left_out} lines before");
    }
    for (at, words) in &lines[left_out..] {
        let _ = writeln!(out, "  {:>10.6} s  {words}", at.as_secs_f64());
    }
    let replay = replay_command_of(case, plan);
    let _ = write!(out, "\nreplay: {replay} --shrunk");
    out
}

fn headline(shrunk: &Shrunk) -> String {
    let defeat = shrunk.outcome.defeat.as_ref();
    let finding = defeat.and_then(|defeat| defeat.finding.as_ref());
    finding.map_or_else(|| shrunk.signature.to_string(), |finding| finding.headline.clone())
}

/// What happened in the run that is left, and how it ended, in the order of time.
fn lines(shrunk: &Shrunk) -> Vec<(Duration, String)> {
    let Some(defeat) = &shrunk.outcome.defeat else { return Vec::new() };
    let mut lines: Vec<(Duration, String)> =
        defeat.timeline.iter().map(|(at, what)| (*at, what.to_string())).collect();
    let asked = shrunk.outcome.deeds.iter().filter(|deed| {
        matches!(deed.kind, DeedKind::Command | DeedKind::Operation) && !deed.words.is_empty()
    });
    lines.extend(asked.map(|deed| (deed.at, deed.words.clone())));
    lines.sort_by_key(|(at, _)| *at);
    let end = defeat.finding.as_ref().map_or(shrunk.outcome.elapsed, |finding| finding.at);
    lines.push((end, format!("{}.", headline(shrunk))));
    if let Some(finding) = &defeat.finding {
        lines.push((end, format!("expected: {}; seen: {}", finding.expected, finding.seen)));
    }
    lines
}
