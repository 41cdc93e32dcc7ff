//! The way of a student through the course: which milestone comes next, and what is remembered of the way.
//!
//! The texts say which tests belong to which milestone (`lab-course`). A milestone is reached when all of its tests have passed once.
//! [`walk`](walk::walk) looks whether that still holds, and goes on from the first that is not reached; [`Memory`](memory::Memory) keeps
//! that, and how many hints were shown, in `target/lab/course.json`.

pub(crate) mod memory;
pub(crate) mod walk;

use anyhow::{Context, Result, bail};
use lab_course::{Milestone, Part};
use lab_harness::case::TestCase;
use lab_runs::commands;
use lab_runs::similarity::nearest;

use memory::Memory;

/// What of the course a program is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    /// The names of its parts.
    pub(crate) parts: &'static [&'static str],
    /// Whether the program says what comes next when it is asked for nothing.
    pub(crate) is_of_student: bool,
}

impl Default for Course {
    fn default() -> Self {
        Self { parts: &["3A", "3B", "3C", "3D"], is_of_student: false }
    }
}

/// A milestone with its part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) part: &'static Part,
    pub(crate) milestone: &'static Milestone,
}

impl Step {
    /// The tests that show that it is reached.
    pub(crate) fn cases(self) -> Vec<&'static TestCase> {
        self.milestone.tests.iter().filter_map(|name| lab_suites::find(name)).collect()
    }

    /// `3A.2 Votes are given once in a term, and counted`.
    pub(crate) fn title(self) -> String {
        format!("{} {}", self.milestone.id, self.milestone.title)
    }
}

impl Course {
    /// All milestones, in the order of the course.
    ///
    /// # Errors
    ///
    /// If a part is not one of the course.
    pub(crate) fn steps(self) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        for name in self.parts {
            let part = lab_course::part(name).with_context(|| {
                format!("the program names part {name:?}, and the course has no such part")
            })?;
            steps.extend(part.milestones.iter().map(|milestone| Step { part, milestone }));
        }
        Ok(steps)
    }

    /// The milestones of one part only, if one is named.
    ///
    /// # Errors
    ///
    /// If that is no part of this program.
    pub(crate) fn steps_of(self, part: Option<&str>) -> Result<Vec<Step>> {
        let steps = self.steps()?;
        let Some(name) = part else { return Ok(steps) };
        let of_part: Vec<Step> =
            steps.into_iter().filter(|step| step.part.name.eq_ignore_ascii_case(name)).collect();
        if of_part.is_empty() {
            bail!("there is no part {name:?} here: {}", self.parts.join(", "));
        }
        Ok(of_part)
    }

    /// The milestone of that name.
    ///
    /// # Errors
    ///
    /// With the nearest one, if there is none.
    pub(crate) fn find(self, id: &str) -> Result<Step> {
        let steps = self.steps()?;
        if let Some(step) = steps.iter().find(|step| step.milestone.id.eq_ignore_ascii_case(id)) {
            return Ok(*step);
        }
        let ids = steps.iter().map(|step| step.milestone.id);
        match nearest(ids.map(|other| (strsim::jaro(id, other), other)), 0.7).first() {
            Some(near) => bail!("there is no milestone {id:?}. Did you mean {near}?"),
            None => bail!("there is no milestone {id:?}: they are called 3A.1, 3A.2 and so on"),
        }
    }
}

/// The milestones of each part that are reached, in a line: `3A 2/4   3B 0/5`.
pub(crate) fn progress_line(steps: &[Step], is_reached: impl Fn(&Step) -> bool) -> String {
    let mut words: Vec<String> = Vec::new();
    for of_part in steps.chunk_by(|a, b| a.part.name == b.part.name) {
        let reached = of_part.iter().filter(|step| is_reached(step)).count();
        words.push(format!("{} {reached}/{}", of_part[0].part.name, of_part.len()));
    }
    words.join("   ")
}

/// The first milestone that is remembered neither as reached nor as left out.
pub(crate) fn first_open(steps: &[Step], memory: &Memory) -> Option<Step> {
    steps.iter().find(|step| memory.is_open(step.milestone.id)).copied()
}

/// A table of commands and what they do.
pub(crate) fn commands_table(rows: &[(String, String)]) -> String {
    let lab = commands::program();
    let width = rows.iter().map(|(words, _)| words.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(words, what)| format!("  {lab} {words:<width$}   {what}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_milestone_has_tests_of_the_suites() {
        for step in Course::default().steps().unwrap() {
            assert_eq!(step.cases().len(), step.milestone.tests.len(), "{}", step.title());
        }
    }

    #[test]
    fn progress_is_a_line_with_a_count_for_each_part() {
        let course = Course { parts: &["3A", "3B"], is_of_student: true };
        let steps = course.steps().unwrap();
        let line = progress_line(&steps, |step| ["3A.1", "3A.2"].contains(&step.milestone.id));
        assert_eq!(line, "3A 2/4   3B 0/5");
    }

    #[test]
    fn names_of_parts_and_milestones_are_checked() {
        let course = Course { parts: &["3B"], is_of_student: true };
        assert_eq!(course.find("3b.2").unwrap().milestone.id, "3B.2");
        for (words, error) in [
            ("Did you mean 3B.", course.find("3B.9").expect_err("no milestone")),
            ("no part \"3A\" here: 3B", course.steps_of(Some("3A")).expect_err("another part")),
            ("no such part", Course { parts: &["9Z"], is_of_student: true }.steps().expect_err("no part")),
        ] {
            let error = error.to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
