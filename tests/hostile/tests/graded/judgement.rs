//! What a grading must come to.

use std::fmt::Write;

use hostile::{Kind, Submission};

use crate::grading::Graded;

/// Submissions that do not get what they deserve, and what happens instead.
const KNOWN: &[(&str, &str)] = &[
    // What `lab::trust` says is not defended against: a process may signal whatever runs as the same user, and write to its files.
    ("writes-to-its-graders-output", "the last line of the file is another one; the exit code is right"),
    ("interrupts-its-grader", "the grading ends with exit code 2 and without a table"),
    ("kills-its-grader", "the grading is killed"),
];

pub(crate) fn name(submission: &Submission) -> String {
    let kind = match submission.kind {
        Kind::Hostile => "hostile",
        Kind::Partly(_) => "partly",
        Kind::Awkward => "awkward",
    };
    format!("{kind}::{}", submission.name)
}

/// What is wrong; nothing if all is as it should be.
pub(crate) fn judge(submission: &Submission, graded: &Graded) -> Vec<String> {
    let wrong = wrong(submission, graded);
    let Some((_, known)) = KNOWN.iter().find(|(name, _)| *name == submission.name) else { return wrong };
    if wrong.is_empty() {
        return vec![format!("it gets what it deserves, so it should not be in the list KNOWN: {known}")];
    }
    eprintln!("{}: {known}: {}", submission.name, wrong.join("; "));
    Vec::new()
}

fn wrong(submission: &Submission, graded: &Graded) -> Vec<String> {
    let mut wrong = Vec::new();
    if graded.is_too_long {
        wrong.push(format!("it did not end within {:.0} s", graded.elapsed.as_secs_f64()));
    }
    if !graded.left.is_empty() {
        wrong.push(format!("processes are left: {:?}", graded.left));
    }
    if !graded.open.is_empty() {
        wrong.push("it has written to a file that the grader's parent had open".to_owned());
    }
    let codes: &[i32] = match submission.kind {
        Kind::Awkward => &[0],
        _ if submission.is_untold => &[1, 2],
        _ => &[1],
    };
    if !graded.code.is_some_and(|code| codes.contains(&code)) {
        wrong.push(format!("the exit code is {:?}, not one of {codes:?}", graded.code));
    }
    let mut words = submission.command.split_whitespace();
    let is_sweep = words.next() == Some("sweep");
    let expected = if is_sweep { swept(submission, graded) } else { points(submission, words, graded) };
    wrong.extend(expected.err());
    let all = format!("{}{}", graded.out, graded.err);
    let missing = submission.says.iter().filter(|words| !all.contains(**words));
    wrong.extend(missing.map(|words| format!("{words:?} is not said")));
    wrong
}

/// The sum line says how many points were gained, and that no test was forgotten.
fn points<'a>(
    submission: &Submission,
    words: impl Iterator<Item = &'a str>,
    graded: &Graded,
) -> Result<(), String> {
    let all: u32 = words.filter_map(lab::suites::find).map(|case| case.points).sum();
    let deserved = match submission.kind {
        Kind::Hostile => 0,
        Kind::Partly(points) => points,
        Kind::Awkward => all,
    };
    // The last line of standard output is the grader's; what submissions print goes elsewhere.
    let line = graded.out.lines().last().unwrap_or_default();
    let begin = format!("{deserved} of {all} points: ");
    // What cannot be judged is not in the sum.
    let is_skipped = submission.is_untold && line.starts_with("0 of 0 points: nothing was judged");
    if line.starts_with(&begin) || is_skipped {
        Ok(())
    } else {
        Err(format!("the last line is {line:?}, not {begin:?}"))
    }
}

/// A sweep ends in a line that says how many runs have failed; no run may pass.
fn swept(submission: &Submission, graded: &Graded) -> Result<(), String> {
    assert_eq!(submission.kind, Kind::Hostile, "a sweep knows no points");
    let is_untold = submission.is_untold && graded.out.contains("was not run");
    let failed = graded.out.lines().rev().find_map(|line| line.strip_prefix("FAILED: "));
    let mut numbers =
        failed.into_iter().flat_map(|line| line.split(' ')).filter_map(|word| word.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(failed), Some(runs)) if failed == runs => Ok(()),
        _ if is_untold => Ok(()),
        _ => Err(format!("the sweep does not say that all runs failed: {:?}", graded.out.lines().last())),
    }
}

/// So much of the output is shown, in bytes of each stream.
const SHOWN_MAX: usize = 4_000;

pub(crate) fn told(submission: &Submission, graded: &Graded, wrong: &[String]) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}", submission.story);
    for wrong in wrong {
        let _ = writeln!(text, "- {wrong}");
    }
    for (name, stream) in [("output", &graded.out), ("errors", &graded.err)] {
        let characters = stream.chars().count();
        let end: String = stream.chars().skip(characters.saturating_sub(SHOWN_MAX)).collect();
        let _ = writeln!(text, "{name}:\n{}", end.escape_debug().to_string().replace("\\n", "\n"));
    }
    text
}
