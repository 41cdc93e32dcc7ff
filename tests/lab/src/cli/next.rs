//! `cargo lab next`, and `cargo lab` alone in a student's workspace: what comes next, and what to type.

use anyhow::Result;
use clap::Args;
use lab_report::explain::replay_command_of;
use lab_runs::{commands, println};
use lab_suites::grade::grading::{Row, RowEnd};
use labrpc::printable;

use crate::course::memory::Memory;
use crate::course::walk::{Next as NextStep, Stand, walk};
use crate::course::{Course, Step, commands_table, first_open, progress_line};
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
            println!("{}", status_line(course, self.part.as_deref(), &memory, &stand)?);
            return Ok(Verdict::Ok);
        }
        println!("{}\n", progress(course, &memory)?);
        match stand {
            Stand::Done => println!("{}", done(course, self.part.as_deref(), &memory)?),
            Stand::Next(next) => self.print_next(course, &next, &memory)?,
        }
        // The question was what comes next, and that is told.
        Ok(Verdict::Ok)
    }

    fn print_next(&self, course: Course, next: &NextStep, memory: &Memory) -> Result<()> {
        let step = next.step;
        println!("{}: {}\n", next.verb(), step.title());
        println!("{}\n", step.milestone.about);
        println!("{} of {} tests pass, and then this one does not:", next.passed, step.milestone.tests.len());
        println!("  {}: {}", next.failed.case.name, headline(&next.failed));
        if let RowEnd::Failed(failed) = &next.failed.end {
            println!("  see it: {}", replay_command_of(next.failed.case, failed.plan));
        }
        let rows = self.what_to_type(course, step, next.failed.case.name, memory)?;
        println!("\nType one of these next:\n\n{}", commands_table(&rows).trim_end());
        Ok(())
    }

    /// Commands for this milestone: where a command alone would be for another one, it names what it is for.
    fn what_to_type(
        &self,
        course: Course,
        step: Step,
        failed: &str,
        memory: &Memory,
    ) -> Result<Vec<(String, String)>> {
        let id = step.milestone.id;
        let (hints, shown) = (step.milestone.hints.len(), memory.hints_shown(step.milestone));
        let watch = self.part.as_ref().map_or_else(String::new, |_| format!(" {}", step.part.name));
        let is_first = first_open(&course.steps()?, memory).is_some_and(|first| first.milestone.id == id);
        let hint = if is_first { String::new() } else { format!(" {id}") };
        Ok(vec![
            (format!("watch{watch}"), "a verdict each time you save".to_owned()),
            (format!("hint{hint}"), format!("a hint for {id}: {shown} of {hints} were shown")),
            (format!("grade {failed}"), "the whole report of that test".to_owned()),
            (format!("list {}", step.part.name), "what the tests are about".to_owned()),
            ("--help".to_owned(), "everything else".to_owned()),
        ])
    }
}

/// All parts in a line.
fn progress(course: Course, memory: &Memory) -> Result<String> {
    Ok(progress_line(&course.steps()?, |step| memory.reached.contains(step.milestone.id)))
}

/// All parts and what is next in a line.
fn status_line(course: Course, part: Option<&str>, memory: &Memory, stand: &Stand) -> Result<String> {
    let progress = progress(course, memory)?;
    Ok(match stand {
        Stand::Done => match (part, next_part(course, part, memory)?) {
            (Some(part), Some(next)) => {
                let (lab, part) = (commands::program(), part.to_uppercase());
                format!("{progress}   all of {part} is reached; {next} comes next: {lab} watch {next}")
            }
            _ => format!("{progress}   all reached{}", but_for(memory)),
        },
        Stand::Next(next) => {
            let tests = next.step.milestone.tests.len();
            format!("{progress}   {}: {}, {} of {tests} tests", next.verb(), next.step.title(), next.passed)
        }
    })
}

/// What is said when all milestones that were asked for are reached.
fn done(course: Course, part: Option<&str>, memory: &Memory) -> Result<String> {
    let lab = commands::program();
    let parts = part.map_or_else(|| course.parts.join(","), str::to_uppercase);
    let sweep = format!("Many more seeds find what five do not:\n\n  {lab} sweep {parts} -n 100");
    Ok(match next_part(course, part, memory)? {
        Some(next) => format!(
            "All milestones of {parts} are reached. {next} comes next:\n\n  {lab} next {next}\n\n{sweep}"
        ),
        None => format!("All milestones are reached{}. {sweep}", but_for(memory)),
    })
}

/// What is left out, in words that follow "all milestones are reached".
fn but_for(memory: &Memory) -> String {
    let left_out: Vec<&str> = memory.left_out.iter().map(String::as_str).collect();
    if left_out.is_empty() { String::new() } else { format!(" but {}", left_out.join(" and ")) }
}

/// The first part after this one that is not all reached; if there is none, the first before it. `None` if no part is named, for then
/// all were looked at.
fn next_part(course: Course, part: Option<&str>, memory: &Memory) -> Result<Option<&'static str>> {
    let Some(part) = part else { return Ok(None) };
    let steps = course.steps()?;
    let end =
        steps.iter().rposition(|step| step.part.name.eq_ignore_ascii_case(part)).map_or(0, |last| last + 1);
    let (before, after) = steps.split_at(end);
    Ok(first_open(after, memory).or_else(|| first_open(before, memory)).map(|step| step.part.name))
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

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: Course = Course { parts: &["2L", "3A", "3B"], is_of_student: true };

    fn memory(reached: &[&str]) -> Memory {
        let all = COURSE.steps().unwrap().into_iter().map(|step| step.milestone.id);
        let is_reached = |id: &&str| reached.iter().any(|start| id.starts_with(start));
        Memory { reached: all.filter(is_reached).map(str::to_owned).collect(), ..Memory::default() }
    }

    fn typed(part: Option<&str>, id: &str, memory: &Memory) -> [String; 2] {
        let next = Next { part: part.map(str::to_owned), watching: false };
        let rows = next.what_to_type(COURSE, COURSE.find(id).unwrap(), "a_test_3a", memory).unwrap();
        [0, 1].map(|row| rows[row].0.clone())
    }

    #[test]
    fn commands_are_for_the_milestone_that_is_shown() {
        assert_eq!(typed(Some("3a"), "3A.1", &memory(&[])), ["watch 3A", "hint 3A.1"]);
        assert_eq!(typed(Some("3A"), "3A.2", &memory(&["2L", "3A.1"])), ["watch 3A", "hint"]);
        assert_eq!(typed(None, "2L.1", &memory(&[])), ["watch", "hint"]);
        // One that was reached is broken, and an earlier one is not reached.
        assert_eq!(typed(None, "3A.1", &memory(&["2L.1"])), ["watch", "hint 3A.1"]);
    }

    #[test]
    fn part_that_is_done_is_not_all() {
        let status = |part, memory: &Memory| status_line(COURSE, part, memory, &Stand::Done).unwrap();
        let memory_of_3a = memory(&["3A"]);
        let line = status(Some("3a"), &memory_of_3a);
        assert!(line.contains("2L 0/") && line.contains("all of 3A is reached; 3B comes next: "), "{line}");
        assert!(line.ends_with(" watch 3B") && !line.contains("all reached"), "{line}");
        let text = done(COURSE, Some("3A"), &memory_of_3a).unwrap();
        assert!(text.starts_with("All milestones of 3A are reached. 3B comes next:\n\n"), "{text}");
        assert!(text.contains(" next 3B\n") && text.contains(" sweep 3A -n 100"), "{text}");
        // What comes after is reached, too, and what comes before is not.
        assert_eq!(next_part(COURSE, Some("3B"), &memory(&["3"])).unwrap(), Some("2L"));
        let mut but_for_one = memory(&["2L.1", "2L.2", "2L.3", "3"]);
        but_for_one.left_out.insert("2L.4".to_owned());
        assert_eq!(typed(None, "2L.4", &but_for_one)[1], "hint 2L.4", "it is not what comes next");
        let text = done(COURSE, Some("2L"), &but_for_one).unwrap();
        assert!(text.starts_with("All milestones are reached but 2L.4. Many more"), "{text}");
        assert!(status(None, &but_for_one).ends_with("   all reached but 2L.4"));
        for part in [None, Some("3A")] {
            let all = memory(&["2", "3"]);
            assert!(status(part, &all).ends_with("   all reached"));
            assert!(done(COURSE, part, &all).unwrap().starts_with("All milestones are reached."));
        }
    }
}
