//! What the grading of a class comes to, and how it goes on if it was interrupted.

use anyhow::{Result, anyhow, bail};
use lab::Verdict;
use lab_runs::commands;

use super::list::Submission;
use super::roll::Roll;
use super::table;

/// Whether everybody who was asked for has a grade.
pub(super) fn verdict(
    roll: &Roll,
    asked: &[&Submission],
    graded: &[&str],
    is_fresh: bool,
) -> Result<Verdict> {
    // What was stored before counts, unless all were to be graded afresh.
    let is_done = |name: &str| graded.contains(&name) || !is_fresh && roll.is_settled(name);
    let done = asked.iter().filter(|submission| is_done(&submission.name)).count();
    if done < asked.len() {
        let goes_on = if is_fresh { "The same command begins again" } else { "The same command goes on" };
        bail!("interrupted: {done} of {} were graded. {goes_on}: {}", asked.len(), command());
    }
    let untold: Vec<&str> = roll
        .students()
        .filter(|student| asked.iter().any(|submission| submission.name == student.name))
        .filter(|student| table::is_untold(&student.grade))
        .map(|student| &*student.name)
        .collect();
    if untold.is_empty() {
        return Ok(Verdict::Ok);
    }
    Err(anyhow!("of these not everything could be told; look at them: {}", untold.join(", ")))
}

/// What was typed, to be typed again.
fn command() -> String {
    let words = std::env::args_os().skip(1).map(|word| commands::quoted(&word.to_string_lossy()));
    std::iter::once(commands::program()).chain(words).collect::<Vec<_>>().join(" ")
}
