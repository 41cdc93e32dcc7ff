//! Grades one program with a rubric. What is known is written after each test, so that whoever ends it loses nothing: what has
//! not run by then gives no points, and says so.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use lab_hunt::target::RunFacts;
use lab_hunt::workers::{Interrupts, Launch};
use lab_runs::{Plan, World, commands, eprintln};
use lab_suites::grade::demands::{Budget, Demand, Way};
use lab_suites::grade::grading::{self, Row, Watcher};
use labrpc::printable;
use labrpc::sim::Tracing;
use labrpc::time::Instant;

use crate::files::{Extra, Folder};
use crate::formats::Telling;
use crate::progress::Progress;
use crate::record::{End, Failure, Grade, MadeWith, SCHEMA};
use crate::rubric::Rubric;
use crate::score::score;

/// What is to be graded, and how.
#[derive(Debug)]
pub struct Grading<'a> {
    /// By what it is measured.
    pub rubric: &'a Rubric,
    /// The seeds of each of its tests, in its order.
    pub seeds: &'a [Vec<u64>],
    /// How workers are started.
    pub launch: Launch,
    /// How many there are.
    pub workers: usize,
    /// Into which folder they leave what they leave.
    pub left: PathBuf,
    /// The time that there is, if it is less than the rubric's.
    pub time: Option<Duration>,
    /// Who listens to Ctrl-C.
    pub interrupts: Option<Interrupts>,
    /// Whose it is; empty if it is not one of a class.
    pub student: String,
    /// What it is made with.
    pub made_with: MadeWith,
    /// Where the results go.
    pub out: &'a Path,
    /// Files beside those that are always written.
    pub extra: Extra,
    /// What is told about failures.
    pub telling: Telling,
}

impl Grading<'_> {
    /// Grades. Calls `ended` with what is known, after each test.
    ///
    /// # Errors
    ///
    /// If no workers can be started, or the files cannot be written.
    pub fn run(&self, ended: &mut dyn FnMut(&Grade)) -> Result<Grade> {
        let demands = self.demands();
        let folder = Folder::new(self.out, self.extra.clone(), self.telling.clone())
            .with_context(|| format!("cannot write to {}", self.out.display()))?;
        let mut recorder = Recorder {
            grading: self,
            folder,
            rows: vec![None; demands.len()],
            failures: vec![None; demands.len()],
            began: Instant::now(),
            problem: None,
            progress: Progress::default(),
            ended,
        };
        // Before the first test: whoever looks now finds a grade, without points.
        recorder.write(End::UnderWay)?;
        let graded = grading::meet(&demands, &self.way(), &mut recorder)?;
        if let Some(problem) = recorder.problem.take() {
            return Err(problem);
        }
        for row in graded.unfinished {
            recorder.keep(&row);
        }
        let is_complete = recorder.rows.iter().flatten().count() == demands.len()
            && recorder.rows.iter().flatten().zip(&demands).all(|(row, demand)| is_over(row, demand));
        let end = match (graded.is_interrupted, is_complete) {
            (true, _) => End::Interrupted,
            (false, true) => End::Complete,
            (false, false) => End::OutOfTime,
        };
        recorder.write(end)
    }

    /// The grade of what is known of each test, without its first failure.
    fn grade(&self, rows: &[Option<Row>], end: End) -> Grade {
        let (parts, tests) = score(self.rubric, self.seeds, rows, self.made_with.submitted);
        Grade {
            schema: SCHEMA.to_owned(),
            assignment: self.rubric.assignment.clone(),
            student: self.student.clone(),
            score: parts.iter().map(|part| part.score).sum(),
            max_score: parts.iter().map(|part| part.max_score).sum(),
            end,
            error: None,
            parts,
            tests,
            made_with: self.made_with.clone(),
            seconds: 0.0,
        }
    }

    fn demands(&self) -> Vec<Demand> {
        let plan = |&seed: &u64| Plan {
            world: World::Simulated,
            seed,
            policy: self.rubric.seeds.schedule,
            tracing: Tracing::Off,
        };
        let demands = self.rubric.tests().zip(self.seeds).map(|((_, test), seeds)| Demand {
            case: test.case,
            plans: seeds.iter().map(plan).collect(),
            goes_on: test.policy.goes_on(),
        });
        demands.collect()
    }

    fn way(&self) -> Way {
        let budget = self.rubric.budget;
        Way {
            workers: self.workers,
            launch: self.launch.clone(),
            budget: Budget {
                run: budget.run,
                memory: budget.memory,
                test: Some(budget.test),
                all: Some(self.time.map_or(budget.time, |time| time.min(budget.time))),
            },
            is_repeated: false,
            interrupts: self.interrupts.clone(),
        }
    }
}

/// Whether all of a test was run that was to be run.
fn is_over(row: &Row, demand: &Demand) -> bool {
    row.each.len() == demand.plans.len()
        || !matches!(row.end, grading::RowEnd::Passed) && !demand.goes_on
        || matches!(row.end, grading::RowEnd::Interrupted(_))
}

struct Recorder<'a> {
    grading: &'a Grading<'a>,
    folder: Folder,
    /// What is known of each test.
    rows: Vec<Option<Row>>,
    /// Its first failure.
    failures: Vec<Option<Failure>>,
    began: Instant,
    /// Why nothing could be written.
    problem: Option<anyhow::Error>,
    progress: Progress,
    ended: &'a mut dyn FnMut(&Grade),
}

impl Recorder<'_> {
    fn keep(&mut self, row: &Row) {
        let place = self.grading.rubric.tests().position(|(_, test)| test.case.name == row.case.name);
        let Some(place) = place else { return };
        if let (Some(failed), None) = (row.failure(), &self.failures[place]) {
            let page = self.folder.keep_run(&self.grading.left, row.case.name, failed.plan.seed);
            self.failures[place] = Some(Failure {
                seed: failed.plan.seed,
                headline: printable(&failed.headline).into_owned(),
                report: printable(&failed.report).into_owned(),
                replay: self.replay(row.case.name, failed.plan),
                page,
            });
        }
        self.rows[place] = Some(row.clone());
    }

    /// Says how far it is, if nothing was said for a while.
    fn tell(&mut self) {
        let news = self.progress.news(self.began.elapsed(), &self.grading.student, &self.rows);
        if let Some(news) = news {
            eprintln!("{news}");
        }
    }

    /// The command that makes it again, where students are.
    fn replay(&self, test: &str, plan: Plan) -> String {
        let whole = commands::replay(test, &plan.policy.to_string(), &plan.world.to_string(), plan.seed);
        // This program is another one, and its own words are no help to them.
        whole.replacen(&commands::program(), &self.grading.telling.words, 1)
    }

    fn grade(&self, end: End) -> Grade {
        let mut grade = self.grading.grade(&self.rows, end);
        for (test, failure) in grade.tests.iter_mut().zip(&self.failures) {
            test.failure.clone_from(failure);
        }
        grade.seconds = (self.began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        grade
    }

    fn write(&mut self, end: End) -> Result<Grade> {
        let grade = self.grade(end);
        let problem = || format!("cannot write the grade to {}", self.grading.out.display());
        self.folder.write(&grade, self.grading.rubric.has_leaderboard).with_context(problem)?;
        (self.ended)(&grade);
        Ok(grade)
    }
}

impl Watcher for Recorder<'_> {
    fn ran(&mut self, _plan: Plan, _facts: &RunFacts) {
        self.tell();
    }

    fn ended(&mut self, row: &Row) {
        self.keep(row);
        self.tell();
        if self.problem.is_none() {
            self.problem = self.write(End::UnderWay).err();
        }
    }
}

/// What the compiler says, and that it says so because of a rule of the course: by itself it names a line that nobody has written.
fn with_rule(error: &str, rubric: &Rubric) -> String {
    let is_of_unsafe = error.lines().next().is_some_and(|first| first.contains("unsafe"));
    if rubric.allows_unsafe || !is_of_unsafe || !error.contains("forbid(unsafe_code)") {
        return error.to_owned();
    }
    format!(
        "`unsafe` is not allowed in this assignment: the grader forbids it in the first line of the crate\n\n{error}"
    )
}

/// A grade of something that could not be run at all: no points, and why.
///
/// # Errors
///
/// If the files cannot be written.
pub fn not_graded(grading: &Grading<'_>, error: &str) -> Result<Grade> {
    let mut grade = grading.grade(&vec![None; grading.seeds.len()], End::NotGraded);
    grade.error = Some(with_rule(&printable(error), grading.rubric));
    let problem = || format!("cannot write the grade to {}", grading.out.display());
    let mut folder =
        Folder::new(grading.out, grading.extra.clone(), grading.telling.clone()).with_context(problem)?;
    folder.write(&grade, grading.rubric.has_leaderboard).with_context(problem)?;
    Ok(grade)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_unsafe_reads_that_the_course_forbids_it() {
        let read = |allowed: &str| {
            Rubric::read("rubric.toml", &format!("assignment = 'x'\n{allowed}[[part]]\nname = '3A'\n"))
                .unwrap()
        };
        let error = "error: usage of an `unsafe` block\n  --> src/raft.rs:92:18\n 1 | #![forbid(unsafe_code)] //! A Raft.\n";
        let told = with_rule(error, &read(""));
        let first = told.lines().next().unwrap();
        assert!(first.contains("not allowed in this assignment") && told.ends_with(error), "{told}");
        assert_eq!(with_rule(error, &read("allow_unsafe = true\n")), error);
        // What is wrong in the first line is shown with what the grader has put there.
        let other = "error: expected item\n --> src/lib.rs:1:1\n 1 | #![forbid(unsafe_code)] fun\n";
        assert_eq!(with_rule(other, &read("")), other);
    }
}
