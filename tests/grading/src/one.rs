//! `grade --rubric`: one program, one grade. And `grade --repeat`: the same grade once more.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use lab::{RubricArguments, Verdict};
use lab_hunt::program::quantity;
use lab_hunt::workers::{self, Interrupts};
use lab_runs::artifacts::{self, write_text};
use lab_runs::{commands, eprintln, input, println};
use labrpc::printable;

use crate::files::Extra;
use crate::formats::{self, Telling, classroom50};
use crate::launch;
use crate::moment::Moment;
use crate::record::{End, Grade, MadeWith, Status};
use crate::rubric::{EXAMPLE, Rubric};
use crate::run::Grading;
use crate::seeds::{self, Secret};
use crate::versions;

/// A longer file is no rubric.
const RUBRIC_MAX: u64 = 1 << 20;
/// A longer file is no grade.
const GRADE_MAX: u64 = 1 << 30;

/// Grades one program with a rubric.
#[derive(Args, Debug)]
pub struct One {
    /// The program that is graded: one that `lab::main` is the main function of
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// Run the code under test as this user, who is not you (needs root): see `lab::trust`
    #[arg(long, value_name = "USER")]
    as_user: Option<String>,
    #[command(flatten)]
    arguments: RubricArguments,
}

impl One {
    /// Grades.
    ///
    /// # Errors
    ///
    /// A sentence about what is wrong with rubric, secret or program, or that not everything could be told.
    pub fn run(&self) -> Result<Verdict> {
        if let Some(path) = &self.arguments.write_rubric {
            return write_rubric(path);
        }
        let earlier = self.arguments.repeat.as_deref().map(read_grade).transpose()?;
        let (rubric, seeds) = match &earlier {
            Some(earlier) => of_earlier(earlier)?,
            None => self.of_rubric()?,
        };
        let submitted = match (&self.arguments.submitted, &earlier) {
            (Some(text), None) => Some(Moment::read(text).map_err(|error| anyhow!("--submitted: {error}"))?),
            (Some(_), Some(_)) => {
                bail!("a grade that is repeated was handed in when it was: leave out --submitted")
            }
            (None, earlier) => earlier.as_ref().and_then(|earlier| earlier.made_with.submitted),
        };
        let out = self.out();
        let words = commands::program();
        let mut started = launch::start(&self.program, self.as_user.as_deref(), &artifacts::root(), &words)?;
        // Of one program it is seen; two hundred would print for an hour.
        started.launch.echo = Some(Arc::new(|line: &str| eprintln!("{}", printable(line))));
        let grading = Grading {
            rubric: &rubric,
            seeds: &seeds,
            launch: started.launch,
            workers: workers::cores(),
            left: started.left,
            time: self.time()?,
            interrupts: Some(Interrupts::listen()?),
            student: earlier.as_ref().map(|earlier| earlier.student.clone()).unwrap_or_default(),
            made_with: made_with(&rubric, &self.program, submitted)?,
            out: &out,
            extra: extra(&self.arguments),
            telling: Telling { words, is_seed_shown: rubric.seeds.is_shown },
        };
        let grade = grading.run(&mut Shown::default().told())?;
        let told = grading.telling.summary(&grade) + &formats::skipped(&grade);
        println!("{told}results: {}/", artifacts::shown(&out));
        match earlier {
            Some(earlier) => Ok(compared(&grade, &earlier)),
            None => verdict(&grade),
        }
    }

    fn of_rubric(&self) -> Result<(Rubric, Vec<Vec<u64>>)> {
        let path = self.arguments.rubric.as_deref().context("no rubric was named: --rubric FILE")?;
        let rubric = read_rubric(path)?;
        let secret = Secret::find(self.arguments.secret_file.as_deref())?;
        seeds::close_process();
        launch::check_secrecy(rubric.seeds.hidden > 0, self.as_user.as_deref())?;
        launch::check_secret_file(self.arguments.secret_file.as_deref(), self.as_user.as_deref())?;
        let seeds = seeds::of_rubric(&rubric, secret.as_ref())?;
        Ok((rubric, seeds))
    }

    /// Where the results go.
    fn out(&self) -> PathBuf {
        self.arguments.out.clone().unwrap_or_else(|| artifacts::root().join("repeated"))
    }

    fn time(&self) -> Result<Option<std::time::Duration>> {
        let time = self.arguments.time.as_deref().map(quantity::time).transpose();
        time.map_err(|error| anyhow!("--time: {error}"))
    }
}

/// Writes a rubric to begin with. One that is there stays.
fn write_rubric(path: &Path) -> Result<Verdict> {
    if path.exists() {
        bail!("{} is there already: choose another name", path.display());
    }
    write_text(path, EXAMPLE).with_context(|| format!("cannot write {}", path.display()))?;
    println!(
        "{} is a rubric with everything that one can say. Change what you like, and grade with it:",
        path.display()
    );
    println!("  {} grade --rubric {} --out grade", commands::program(), path.display());
    Ok(Verdict::Ok)
}

/// Reads a rubric.
///
/// # Errors
///
/// A sentence about what is wrong, with its line.
pub fn read_rubric(path: &Path) -> Result<Rubric> {
    let text = input::read_text(path, RUBRIC_MAX)
        .with_context(|| format!("cannot read the rubric {}", path.display()))?;
    Rubric::read(&path.display().to_string(), &text).map_err(|error| anyhow!(error))
}

/// Reads a grade.
///
/// # Errors
///
/// A sentence about what is wrong.
pub fn read_grade(path: &Path) -> Result<Grade> {
    let problem = || format!("{} is no grade", path.display());
    let text = input::read_text(path, GRADE_MAX).with_context(problem)?;
    serde_json::from_str(&text).with_context(problem)
}

/// The rubric and the seeds of a grade that is made again: what it says itself, so that no secret is needed.
fn of_earlier(earlier: &Grade) -> Result<(Rubric, Vec<Vec<u64>>)> {
    let rubric =
        Rubric::read("the rubric in the grade", &earlier.made_with.rubric).map_err(|error| anyhow!(error))?;
    let seeds: Vec<Vec<u64>> = earlier.tests.iter().map(|test| test.seeds.clone()).collect();
    let is_same =
        rubric.tests().map(|(_, test)| test.case.name).eq(earlier.tests.iter().map(|test| &*test.name));
    if !is_same {
        bail!(
            "the suites have other tests now than when this was graded: take the lab's version {}, commit {}",
            earlier.made_with.harness,
            earlier.made_with.commit
        );
    }
    Ok((rubric, seeds))
}

fn made_with(rubric: &Rubric, program: &Path, submitted: Option<Moment>) -> Result<MadeWith> {
    Ok(MadeWith {
        harness: versions::HARNESS.to_owned(),
        commit: versions::commit(),
        toolchain: versions::toolchain(Path::new(".")),
        program: versions::program(program)?,
        sources: String::new(),
        rubric_sha256: rubric.hash(),
        rubric: rubric.text.clone(),
        submitted,
    })
}

/// The files that are wanted besides. That of Classroom 50 needs what its runner says.
fn extra(arguments: &RubricArguments) -> Extra {
    let context = classroom50::Context::find();
    if arguments.classroom50.is_some() && context.is_none() {
        eprintln!(
            "no result.json for Classroom 50: its runner sets CLASSROOM, ASSIGNMENT, SUBMISSION_TAG, COMMIT_URL and RELEASE_URL"
        );
    }
    Extra { gradescope: arguments.gradescope.clone(), classroom50: arguments.classroom50.clone(), context }
}

/// Shows failures as they come.
#[derive(Default)]
struct Shown {
    known: std::collections::BTreeSet<String>,
}

impl Shown {
    fn told(mut self) -> impl FnMut(&Grade) {
        move |grade| {
            for test in &grade.tests {
                let Some(failure) = &test.failure else { continue };
                if self.known.insert(test.name.clone()) {
                    eprintln!("FAILED {}: {}", test.name, failure.headline);
                }
            }
        }
    }
}

/// What it comes to: the exit code says if that is not the whole.
fn verdict(grade: &Grade) -> Result<Verdict> {
    if grade.end != End::Complete {
        bail!("not everything was run");
    }
    let count = |status| grade.tests.iter().filter(|test| test.status == status).count();
    match (count(Status::Failed) + count(Status::NotRun), count(Status::Unknown)) {
        (0, 0) if count(Status::Passed) == 0 => bail!("nothing was judged: all tests were skipped"),
        (0, 0) => Ok(Verdict::Ok),
        (0, unknown) => bail!("{unknown} tests could not be told: somebody ended their processes each time"),
        _ => Ok(Verdict::Failed),
    }
}

/// Whether it is the same grade.
fn compared(grade: &Grade, earlier: &Grade) -> Verdict {
    let differences = grade.differences(earlier);
    if differences.is_empty() {
        let runs: u64 = grade.tests.iter().map(|test| test.runs).sum();
        println!("the same grade: the same points of each test, and {runs} runs with the same fingerprints");
        return Verdict::Ok;
    }
    println!("not the same grade:");
    for difference in &differences {
        println!("  {difference}");
    }
    Verdict::Failed
}
