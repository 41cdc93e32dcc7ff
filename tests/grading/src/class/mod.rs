//! `grade-class`: many submissions, each built and graded apart.
//!
//! # How it works
//!
//! A submission is a folder (a clone of a repository is one) or an archive (`.zip`, `.tar`, `.tar.gz`, `.tgz`) in the folder of
//! submissions. Of it only the Rust sources below its `src/` are taken (`sources`): not its `main.rs`, manifest, lock file, build
//! script, cargo's settings, tests or dependencies. They are put into a copy of the handout and built (`workshop`), with everything
//! that was built before but the sources themselves. Then the [grading](crate::run) of one program begins, whose workers are that
//! program.
//!
//! # What is kept apart
//!
//! - One that does not compile, hangs, crashes or attacks costs its own points. A build has a limit of time and memory.
//! - Sources may not say `unsafe` (unless the rubric allows it), nor read files while they are compiled.
//! - As another user (`--as-user`), code under test can write nothing but a folder of its own, which is emptied before the next
//!   one; so it cannot change what others are built from, or kill who grades. Root is asked for one. Who is not root can
//!   go without, and then trusts his students that far.
//! - Who kills the grader all the same is passed over when the command is given again.
//!
//! The same command goes on where it was stopped: a submission whose sources, rubric, seeds and harness are the same is not graded
//! again. Who is not graded now, but was with this rubric, stays in the table (`roll`). One call at a time has the folder (`lock`).

mod check;
mod copies;
mod folder;
mod kit;
mod list;
mod lock;
mod names;
mod roll;
mod sources;
mod table;
mod verdict;
mod workshop;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use lab::Verdict;
use lab_hunt::workers::{self, Interrupts};
use lab_runs::{eprintln, println};
use labrpc::time::Instant;

use crate::files::Extra;
use crate::formats::{Telling, classroom50};
use crate::launch;
use crate::moment::Moment;
use crate::one::read_rubric;
use crate::record::{End, Grade, MadeWith};
use crate::rubric::Rubric;
use crate::run::{Grading, not_graded};
use crate::seeds::{self, Secret};
use crate::versions;
use folder::{Begun, StudentFolder};
use kit::Kit;
pub use kit::{Check, Prepare};
use list::Submission;
use lock::Lock;
use roll::{Roll, Student};
pub(crate) use sources::Sources;
#[cfg(test)]
#[cfg(test)]
pub(crate) use sources::archive::{read_tar, read_zip};
use workshop::{Built, Workshop};

/// Grades a class: each submission built and graded apart, with a rubric.
///
/// A submission is a folder, or an archive (.zip, .tar, .tar.gz, .tgz). Of each, the Rust sources below its src/ are taken, but for
/// main.rs, and nothing else: no manifest, lock file, build script or dependency. The same command goes on where it was stopped.
#[derive(Args, Debug)]
pub struct Class {
    /// The folder with the submissions: a folder or an archive each
    submissions: PathBuf,
    /// The rubric
    #[arg(long, value_name = "FILE")]
    rubric: PathBuf,
    /// The folder for the results
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What students were given: a folder that cargo builds, as scripts/new-raft or cargo lab handout makes one
    #[arg(long, value_name = "DIR")]
    handout: PathBuf,
    /// Run the code under test as this user, who is not you (needs root): see `lab::trust`
    #[arg(long, value_name = "USER")]
    as_user: Option<String>,
    /// Run the code under test as yourself, although you are root: for public seeds, and where nothing can be lost
    #[arg(long, conflicts_with = "as_user")]
    same_user: bool,
    /// When each was handed in: lines of a name, a comma and a moment, as ann,2026-10-01T23:59:00-04:00
    #[arg(long, value_name = "FILE")]
    times: Option<PathBuf>,
    /// The file with the course's secret [default: the environment's LAB_COURSE_SECRET]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Grade these alone, by name, with commas between; the others stay in the table
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    #[command(flatten)]
    kit: Kit,
    /// Grade again what was graded before
    #[arg(long)]
    fresh: bool,
}

impl Class {
    /// Grades.
    ///
    /// # Errors
    ///
    /// A sentence about what is wrong with the arguments or the handout, or that some could not be graded.
    pub fn run(&self) -> Result<Verdict> {
        let began = Instant::now();
        let rubric = read_rubric(&self.rubric)?;
        let secret = Secret::find(self.secret_file.as_deref())?;
        seeds::close_process();
        self.check_user(rubric.seeds.hidden > 0)?;
        let seeds = seeds::of_rubric(&rubric, secret.as_ref())?;
        drop(secret);
        let missing = classroom50::Context::missing();
        if self.kit.classroom50.is_some() && !missing.is_empty() {
            bail!(
                "--classroom50 writes the result that Classroom 50's runner asks for, and it has not set {}",
                missing.join(", ")
            );
        }
        let list::Listed { submissions, strays } = list::list(&self.submissions)?;
        list::tell_strays(&strays);
        let asked = self.asked(&submissions)?;
        let times = self.times(&submissions, &asked)?;
        Workshop::check(&self.handout)?;
        fs::create_dir_all(&self.out).with_context(|| format!("cannot make {}", self.out.display()))?;
        let out = self.out.canonicalize()?;
        let _lock = Lock::take(&out)?;
        let roll = Roll::read(&out, &rubric)?;
        eprintln!("building the handout ...");
        let workshop =
            Workshop::open(&self.handout, &out.join("work"), rubric.budget.build, rubric.allows_unsafe)?;
        let room = Room {
            class: self,
            rubric: &rubric,
            seeds: &seeds,
            out: &out,
            times: &times,
            commit: versions::commit(),
            toolchain: versions::toolchain(&self.handout),
            interrupts: Interrupts::listen()?,
            count: asked.len(),
            strays: &strays,
            began,
        };
        room.grade_all(&submissions, &asked, workshop, roll)
    }

    /// When each was handed in, as far as that was told.
    fn times(&self, submissions: &[Submission], asked: &[&Submission]) -> Result<BTreeMap<String, Moment>> {
        let times = match (&self.times, &self.kit.metadata) {
            (Some(file), _) => names::read_times(file)?,
            (None, Some(file)) => names::of_gradescope(file, &asked[0].name)?,
            (None, None) => BTreeMap::new(),
        };
        names::check_times(&times, asked)?;
        let strangers = names::without_submission(&times, submissions);
        if !strangers.is_empty() {
            eprintln!("the file of times names some who have no submission: {}", strangers.join(", "));
        }
        Ok(times)
    }

    fn check_user(&self, has_hidden_seeds: bool) -> Result<()> {
        #[cfg(unix)]
        if rustix::process::geteuid().is_root() && self.as_user.is_none() && !self.same_user {
            bail!(
                "code that was handed in would run as root, who may do everything here: name another user, as with --as-user nobody, \
                 or say --same-user where nothing can be lost"
            );
        }
        // Who is root gets here with another user, or with --same-user. All of it before anything is built.
        launch::check_secrecy(has_hidden_seeds, self.as_user.as_deref())
            .map_err(|error| anyhow!("{error}; --same-user is for public seeds"))?;
        launch::check_secret_file(self.secret_file.as_deref(), self.as_user.as_deref())
    }

    /// The submissions that are to be graded now.
    fn asked<'a>(&self, submissions: &'a [Submission]) -> Result<Vec<&'a Submission>> {
        let is_there = |name: &&String| submissions.iter().any(|submission| submission.name == **name);
        if let Some(missing) = self.only.iter().find(|name| !is_there(name)) {
            bail!("there is no submission {missing} in {}", self.submissions.display());
        }
        let is_asked =
            |submission: &&Submission| self.only.is_empty() || self.only.contains(&submission.name);
        let asked: Vec<&Submission> = submissions.iter().filter(is_asked).collect();
        if asked.is_empty() {
            bail!(
                "there is nothing in {}: put a folder or an archive there for each submission",
                self.submissions.display()
            );
        }
        if self.kit.is_used() && asked.len() > 1 {
            bail!(
                "--gradescope, --classroom50, --metadata and --time are for one submission, and there are {}",
                asked.len()
            );
        }
        Ok(asked)
    }
}

/// What all gradings of a class have in common.
struct Room<'a> {
    class: &'a Class,
    rubric: &'a Rubric,
    seeds: &'a [Vec<u64>],
    out: &'a Path,
    times: &'a BTreeMap<String, Moment>,
    commit: String,
    toolchain: String,
    interrupts: Interrupts,
    count: usize,
    /// What lies among the submissions, and is none.
    strays: &'a [String],
    /// When all of it began.
    began: Instant,
}

impl Room<'_> {
    /// Grades those who are asked for. Everybody else who has a result stays in the table.
    fn grade_all(
        &self,
        submissions: &[Submission],
        asked: &[&Submission],
        mut workshop: Workshop,
        mut roll: Roll,
    ) -> Result<Verdict> {
        let handout = workshop.handout().clone();
        for submission in submissions {
            let sources = submission.sources();
            let key = self.key(submission, &sources, &workshop);
            roll.compare(&submission.name, &key, sources.map(|sources| sources.files).unwrap_or_default());
        }
        let mut graded = Vec::new();
        for (number, submission) in asked.iter().enumerate() {
            if self.interrupts.has_come() {
                break;
            }
            let student = self.grade(number, submission, &mut workshop)?;
            if student.grade.end != End::Interrupted {
                graded.push(&*submission.name);
            }
            roll.enter(student);
            // After each, so that whoever looks, or ends it, has what is known.
            table::write(self.out, self.rubric, &roll)?;
        }
        table::write(self.out, self.rubric, &roll)?;
        println!("{}", table::text(self.rubric, &roll));
        if !roll.others().is_empty() {
            let others = roll.others().join(", ");
            println!("not in the table, since they were graded with another rubric: {others}\n");
        }
        list::tell_strays(self.strays);
        copies::tell(self.out, &roll, &handout)?;
        println!("results: {}/", lab_runs::artifacts::shown(self.out));
        verdict::verdict(&roll, asked, &graded, self.class.fresh)
    }

    /// Grades one submission, or takes the grade that it had.
    fn grade(&self, number: usize, submission: &Submission, workshop: &mut Workshop) -> Result<Student> {
        let sources = submission.sources();
        let folder = StudentFolder::open(self.out, &submission.name)?;
        let key = self.key(submission, &sources, workshop);
        let student = |grade: Grade, key: &str| Student {
            name: submission.name.clone(),
            grade,
            key: key.to_owned(),
            sources: sources.as_ref().map(|sources| sources.files.clone()).unwrap_or_default(),
            remark: "",
        };
        let shown = |what: &str| eprintln!("[{}/{}] {}: {what}", number + 1, self.count, submission.name);
        let begun = folder.begin(&key, self.class.fresh)?;
        if let Begun::Graded(grade) = begun {
            shown(&format!("{} of {} points, as before", grade.score, grade.max_score));
            return Ok(student(*grade, &key));
        }
        let mut grading = self.grading(submission, hash(&sources), &folder.path, workshop.left());
        let error = match (begun, &sources) {
            (Begun::KilledBefore, _) => Some(folder::KILLED.to_owned()),
            (_, Err(error)) => Some(error.clone()),
            (_, Ok(sources)) => match workshop.build(sources)? {
                Built::Program(program) => {
                    self.let_in(&program, &mut grading)?;
                    None
                }
                Built::Error(error) => Some(error),
            },
        };
        let grade = match error {
            Some(error) => not_graded(&grading, &error)?,
            None => match grading.run(&mut |_| {}) {
                Ok(grade) => grade,
                // Its workers end before they run anything, for example. The others are graded all the same.
                Err(error) => not_graded(&grading, &format!("could not be graded: {error:#}"))?,
            },
        };
        empty(&grading.left)?;
        shown(&table::line(&grade));
        if grade.end == End::Interrupted {
            return Ok(student(grade, ""));
        }
        folder.end(&key)?;
        Ok(student(grade, &key))
    }

    /// The grading of a submission whose program is not known yet.
    fn grading<'b>(
        &'b self,
        submission: &Submission,
        sources: String,
        out: &'b Path,
        left: PathBuf,
    ) -> Grading<'b> {
        Grading {
            rubric: self.rubric,
            seeds: self.seeds,
            launch: workers::Launch::default(),
            workers: workers::cores(),
            left,
            time: None,
            interrupts: Some(self.interrupts.clone()),
            student: submission.name.clone(),
            made_with: MadeWith {
                harness: versions::HARNESS.to_owned(),
                commit: self.commit.clone(),
                toolchain: self.toolchain.clone(),
                program: String::new(),
                sources,
                rubric_sha256: self.rubric.hash(),
                rubric: self.rubric.text.clone(),
                submitted: self.submitted(submission),
            },
            out,
            extra: Extra {
                gradescope: self.class.kit.gradescope.clone(),
                classroom50: self.class.kit.classroom50.clone(),
                context: classroom50::Context::find(),
            },
            telling: Telling { words: "cargo lab".to_owned(), is_seed_shown: self.rubric.seeds.is_shown },
        }
    }

    /// Its workers are this program, in a folder that is empty.
    fn let_in(&self, program: &Path, grading: &mut Grading<'_>) -> Result<()> {
        let words = grading.telling.words.clone();
        let started = launch::start(program, self.class.as_user.as_deref(), &grading.left, &words)?;
        empty(&started.left)?;
        grading.made_with.program = versions::program(program)?;
        grading.time = self.class.kit.time.map(|time| time.saturating_sub(self.began.elapsed()));
        (grading.launch, grading.left) = (started.launch, started.left);
        Ok(())
    }

    /// When it was handed in, if that was told.
    fn submitted(&self, submission: &Submission) -> Option<Moment> {
        self.times.get(&submission.name).copied()
    }

    /// What identifies a grade: who has the same need not be graded again.
    fn key(&self, submission: &Submission, sources: &Result<Sources, String>, workshop: &Workshop) -> String {
        let seeds = format!("{:?}", self.seeds);
        let submitted = self.submitted(submission).map(|moment| moment.to_string()).unwrap_or_default();
        let parts = [
            &hash(sources),
            &self.rubric.hash(),
            &crate::rubric::sha256(seeds.as_bytes()),
            &self.commit,
            &self.toolchain,
            workshop.program(),
            &submitted,
        ];
        crate::rubric::sha256(parts.join("\n").as_bytes())
    }
}

/// What identifies what was handed in, or what is wrong with it.
fn hash(sources: &Result<Sources, String>) -> String {
    sources.as_ref().map_or_else(|error| crate::rubric::sha256(error.as_bytes()), Sources::hash)
}

/// Empties the folder into which workers write.
fn empty(folder: &Path) -> Result<()> {
    let problem = || format!("cannot empty {}", folder.display());
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry.with_context(problem)?.path();
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|data| data.is_dir());
        // What is gone already is gone.
        let _ = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    }
    Ok(())
}
