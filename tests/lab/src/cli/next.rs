//! `cargo lab next`, and `cargo lab` alone in a student's workspace: what comes next, and what to type.

use anyhow::Result;
use clap::Args;
use lab_report::explain::replay_command_of;
use lab_runs::{commands, println};
use lab_suites::grade::grading::{Row, RowEnd};
use labrpc::printable;

use crate::course::memory::Memory;
use crate::course::walk::{Next as NextStep, Stand, walk};
use crate::course::{Course, commands_table, progress_line};
use crate::program::Verdict;

/// Shows the next milestone of the course: the first with a test that fails.
///
/// Milestones that were reached are run again, with one seed. Those of their tests that take seconds wait until another is reached.
#[derive(Args, Debug, Default)]
pub(crate) struct Next {
    /// One part only: 3A
    part: Option<String>,
    /// The failure in full, and the progress in one line: what `watch` shows
    #[arg(long, hide = true)]
    watching: bool,
}

impl Next {
    pub(crate) fn run(&self, course: Course) -> Result<Verdict> {
        let steps = course.steps_of(self.part.as_deref())?;
        let mut memory = Memory::read();
        let on_failure = if self.watching { |row: &Row| println!("{}\n", report(row)) } else { |_: &Row| {} };
        let stand = walk(&steps, &mut memory, on_failure)?;
        if self.watching {
            println!("{}", status_line(course, &memory, &stand)?);
            return Ok(Verdict::Ok);
        }
        println!("{}\n", progress(course, &memory)?);
        match stand {
            Stand::Done => print_done(course, self.part.as_deref()),
            Stand::Next(next) => print_next(&next, &memory),
        }
        // The question was what comes next, and that is told.
        Ok(Verdict::Ok)
    }
}

/// All parts in a line.
fn progress(course: Course, memory: &Memory) -> Result<String> {
    Ok(progress_line(&course.steps()?, |step| memory.reached.contains(step.milestone.id)))
}

/// All parts and what is next in a line.
fn status_line(course: Course, memory: &Memory, stand: &Stand) -> Result<String> {
    let progress = progress(course, memory)?;
    Ok(match stand {
        Stand::Done => format!("{progress}   all reached"),
        Stand::Next(next) => {
            let tests = next.step.milestone.tests.len();
            format!("{progress}   {}: {}, {} of {tests} tests", next.verb(), next.step.title(), next.passed)
        }
    })
}

fn print_next(next: &NextStep, memory: &Memory) {
    let (step, id) = (next.step, next.step.milestone.id);
    println!("{}: {}\n", next.verb(), step.title());
    println!("{}\n", step.milestone.about);
    println!("{} of {} tests pass, and then this one does not:", next.passed, step.milestone.tests.len());
    println!("  {}: {}", next.failed.case.name, headline(&next.failed));
    if let RowEnd::Failed(failed) = &next.failed.end {
        println!("  see it: {}", replay_command_of(next.failed.case, failed.plan));
    }
    let hints = step.milestone.hints.len();
    let shown = memory.hints_shown(step.milestone);
    let about_hints = format!("a hint for {id}: {shown} of {hints} were shown");
    let rows = [
        ("watch".to_owned(), "a verdict each time you save"),
        ("hint".to_owned(), about_hints.as_str()),
        (format!("grade {}", next.failed.case.name), "the whole report of that test"),
        (format!("list {}", step.part.name), "what the tests are about"),
        ("--help".to_owned(), "everything else"),
    ];
    println!("\nType one of these next:\n\n{}", commands_table(&rows).trim_end());
}

fn print_done(course: Course, part: Option<&str>) {
    let lab = commands::program();
    let parts = part.map_or_else(|| course.parts.join(","), str::to_uppercase);
    println!(
        "All milestones are reached. Many more seeds find what five do not:\n\n  {lab} sweep {parts} -n 100"
    );
}

/// What went wrong, in a line.
fn headline(row: &Row) -> String {
    match &row.end {
        RowEnd::Failed(failed) => printable(&failed.headline).into_owned(),
        RowEnd::Interrupted(how) => format!("could not be told: {}", printable(how)),
        RowEnd::Passed | RowEnd::Skipped(_) => "passed".to_owned(),
    }
}

/// All that there is to read about a failure.
fn report(row: &Row) -> String {
    match &row.end {
        RowEnd::Failed(failed) => failed.report.clone(),
        _ => format!("{}: {}", row.case.name, headline(row)),
    }
}
