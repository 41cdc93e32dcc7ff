//! `cargo lab grade-tests`: which planted bugs the scenarios of a file find, and whether they accuse what is right.
//!
//! # How it works
//!
//! A copy of the workspace, as for mutants, gets a few more packages: one for each bug, which is `raft/src` with that bug in it; one with
//! the file, which sees of the lab what `lab-scenarios` offers; and a program of all of them. The bugs are built once and not again for the next
//! file, which costs its own build and a link. The program does the rest: see `lab-exam`.

mod made;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::{ArgMatches, Args, FromArgMatches};
use lab_hunt::program::process::Verdict;
use lab_runs::{eprintln, println};
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::catalogue::Catalogue;
use crate::child::{self, BuildResult};
use crate::working_copy::WorkingCopy;
use crate::workspace::{Files, Workspace, sources};
use made::{MADE, RIGHT, Rafts, add_bugs, add_student, extend_workspace, program_manifest, program_source};

/// The word on the command line.
pub const GRADE_TESTS: &str = "grade-tests";

/// Puts scenarios of your own before wrong Rafts and right ones: counts the bugs that they find, and the false alarms.
///
/// FILE is a Rust file that ends in `lab::scenarios! { first, second }`, or the folder of a crate whose src/lib.rs does. It is compiled with
/// the crate `lab-scenarios` under the name `lab`, and nothing else. The first call builds for some minutes and later ones for seconds. Exit codes: 0 no false
/// alarm, 1 a scenario fails on a Raft that is right, 2 the file does not compile or something else went wrong.
#[derive(Args, Debug)]
struct GradeTests {
    /// A Rust file, or the folder of a crate, of which src/ is taken and nothing else
    #[arg(required_unless_present = "measure")]
    file: Option<PathBuf>,
    /// How many seeds a scenario has to find a bug
    #[arg(long, default_value_t = 5, value_parser = lab_runs::settings::seed_count)]
    seeds: u64,
    /// How many seeds of each right Raft it must pass
    #[arg(long, default_value_t = 10, value_parser = lab_runs::settings::seed_count)]
    sound_seeds: u64,
    /// Only these bugs, with commas between: the table of a whole call has their names. What is not asked for is not built
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', conflicts_with = "measure")]
    bugs: Vec<String>,
    /// A first try, built in less time: five bugs that are easy to find, and of what is right the reference alone
    #[arg(long, conflicts_with_all = ["bugs", "measure"])]
    quick: bool,
    /// Write everything to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Forget what an earlier call has found out
    #[arg(long)]
    fresh: bool,
    /// Show what each scenario finds
    #[arg(long)]
    details: bool,
    /// Count which of the lab's own tests find each bug, and write the weights into tests/mutants/exam.toml
    #[arg(long, conflicts_with = "file")]
    measure: bool,
}

/// The bugs, as they stand in `tests/mutants/exam.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    tests: u32,
    bug: Vec<ChosenBug>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChosenBug {
    name: String,
    found_by: u32,
}

/// What `--measure` of the program prints.
#[derive(Debug, Deserialize)]
struct Measured {
    tests: u32,
    found_by: std::collections::BTreeMap<String, u32>,
}

/// How many bugs a quick try has.
const QUICK: usize = 5;
/// Where the chosen bugs stand, from the root.
const CHOSEN: &str = "tests/mutants/exam.toml";
/// The subcommand: its name, arguments and help.
#[must_use]
pub fn command() -> clap::Command {
    GradeTests::augment_args(clap::Command::new(GRADE_TESTS))
}

/// Runs the subcommand. Good if nothing that is right was accused.
///
/// # Errors
///
/// When the file does not compile, or something could not be run.
pub fn run(matches: &ArgMatches) -> Result<Verdict> {
    GradeTests::from_arg_matches(matches)?.run()
}

impl GradeTests {
    fn run(&self) -> Result<Verdict> {
        let workspace = Workspace::of_this_program();
        let catalogue = Catalogue::load(&workspace.root)?;
        let clean = sources(&workspace.root).context("reading the workspace")?;
        let chosen: Chosen =
            toml::from_str(clean.get(CHOSEN).context("there is no tests/mutants/exam.toml")?)
                .context("tests/mutants/exam.toml says which bugs there are")?;
        let student = match &self.file {
            Some(file) => student_sources(file)?,
            None => Files::from([("lib.rs".to_owned(), "lab::scenarios! {}\n".to_owned())]),
        };
        let rafts = self.rafts(&chosen)?;
        let mut files = clean.clone();
        add_bugs(&catalogue, &chosen, &clean, &mut files)?;
        let key = key(&files, &student);
        add_student(&student, &mut files);
        files.insert(format!("{MADE}/program/Cargo.toml"), program_manifest(&rafts));
        files.insert(format!("{MADE}/program/src/main.rs"), program_source(&catalogue, &chosen, &rafts));
        extend_workspace(&chosen, &mut files)?;
        let copy = WorkingCopy::with(&workspace, "grade-tests", files)?;
        self.build(&copy)?;
        self.start(&copy, &workspace, &key)
    }

    /// What the scenarios are put before.
    fn rafts(&self, chosen: &Chosen) -> Result<Rafts> {
        let known = |name: &String| chosen.bug.iter().any(|bug| bug.name == *name);
        if let Some(name) = self.bugs.iter().find(|name| !known(name)) {
            let names: Vec<&str> = chosen.bug.iter().map(|bug| &*bug.name).collect();
            bail!("there is no bug {name:?} here: {}", names.join(", "));
        }
        let mut places: Vec<usize> = (0..chosen.bug.len()).collect();
        if self.quick {
            // Those first that most tests find.
            places.sort_by_key(|&place| std::cmp::Reverse(chosen.bug[place].found_by));
            places.truncate(QUICK);
            places.sort_unstable();
            eprintln!("a quick try, with {QUICK} bugs and the reference: its points are no grade");
        } else if !self.bugs.is_empty() {
            places.retain(|&place| self.bugs.contains(&chosen.bug[place].name));
        }
        Ok(Rafts { right: if self.quick { &[] } else { &RIGHT }, bugs: places })
    }

    /// Where the file was put, and where its author has it.
    fn places(&self) -> (String, String) {
        let file = self.file.as_deref().unwrap_or(Path::new("the file"));
        let made = format!("{MADE}/scenarios/src");
        if file.is_dir() {
            (made, file.join("src").display().to_string())
        } else {
            (format!("{made}/lib.rs"), file.display().to_string())
        }
    }

    /// Builds first the file alone, so that what is wrong with it is told before anything else is built.
    fn build(&self, copy: &WorkingCopy) -> Result<()> {
        let mut check = copy.cargo();
        check.args(["build", "--quiet", "-p", "exam-scenarios"]);
        if let BuildResult::CompileError(error) = child::build(check)? {
            let (made, shown) = self.places();
            let error = error.replace(&made, &shown);
            let file = self.file.as_deref().unwrap_or(Path::new("the file")).display();
            bail!("{file} does not compile:\n{}", labrpc::printable(&error));
        }
        eprintln!("building the Rafts; the first time it takes some minutes");
        let mut build = copy.cargo();
        build.args(["build", "--quiet", "-p", "exam-program"]);
        let built = build.stdout(Stdio::null()).status().context("cargo cannot be started")?;
        ensure!(
            built.success(),
            "the program was not built: see above. Does the file list its scenarios in `lab::scenarios!`?"
        );
        Ok(())
    }

    fn start(&self, copy: &WorkingCopy, workspace: &Workspace, key: &str) -> Result<Verdict> {
        let path =
            copy.path().join("target/debug/exam-program").with_extension(std::env::consts::EXE_EXTENSION);
        let mut program = Command::new(path);
        // One seed tells easy bugs from hard ones; with five, luck finds more of the hard ones.
        let seeds = if self.measure { 1 } else { self.seeds };
        program.args([
            "--seeds",
            &seeds.to_string(),
            "--sound-seeds",
            &self.sound_seeds.to_string(),
            "--key",
            key,
        ]);
        let (made, shown) = self.places();
        program.args([format!("--made={made}"), format!("--shown={shown}")]);
        for (is_wanted, word) in
            [(self.fresh, "--fresh"), (self.details, "--details"), (self.measure, "--measure")]
        {
            program.args(is_wanted.then_some(word));
        }
        if let Some(json) = &self.json {
            program.arg("--json").arg(std::path::absolute(json).context("where the JSON should go")?);
        }
        if self.measure {
            let output = program.stderr(Stdio::inherit()).output().context("starting the program")?;
            ensure!(output.status.success(), "the bugs were not measured");
            let measured: Measured =
                serde_json::from_slice(&output.stdout).context("what it prints is no JSON")?;
            return write_weights(&workspace.root, &measured);
        }
        let status = program.status().context("starting the program")?;
        match status.code() {
            Some(0) => Ok(Verdict::Ok),
            Some(1) => Ok(Verdict::Failed),
            _ => bail!("not everything was run"),
        }
    }
}

/// The sources of a file or of a crate, by their path from its `src`.
fn student_sources(file: &Path) -> Result<Files> {
    if !file.is_dir() {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        return Ok(Files::from([("lib.rs".to_owned(), text)]));
    }
    let folder = file.join("src");
    ensure!(folder.join("lib.rs").is_file(), "{} has no src/lib.rs", file.display());
    let mut files = Files::new();
    read_sources(&folder, &folder, &mut files)?;
    Ok(files)
}

fn read_sources(root: &Path, folder: &Path, files: &mut Files) -> Result<()> {
    let reading = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        let path = entry.path();
        // What a link leads to is not of the crate.
        let kind = entry.file_type().with_context(reading)?;
        if kind.is_dir() {
            read_sources(root, &path, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(name, text);
        }
    }
    Ok(())
}

/// Tells these Rafts, this harness and this file from all others.
fn key(files: &Files, student: &Files) -> String {
    let mut bytes = Vec::new();
    for (file, text) in files.iter().chain(student) {
        // Lengths keep a border between two texts.
        bytes.extend_from_slice(&(file.len() as u64).to_le_bytes());
        bytes.extend_from_slice(file.as_bytes());
        bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    format!("{:016x}", xxh3_64(&bytes))
}

/// Writes what was counted, in the order of the file.
fn write_weights(root: &Path, measured: &Measured) -> Result<Verdict> {
    let path = root.join(CHOSEN);
    let text = fs::read_to_string(&path)?;
    let chosen: Chosen = toml::from_str(&text)?;
    let comment: String =
        text.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let mut out = format!("{comment}\ntests = {}\n", measured.tests);
    for bug in &chosen.bug {
        let found_by = measured.found_by.get(&bug.name).copied().unwrap_or(0);
        let _ = write!(out, "\n[[bug]]\nname = {:?}\nfound_by = {found_by}\n", bug.name);
        println!("{:<40} {found_by:>4} of {}", bug.name, measured.tests);
    }
    fs::write(&path, out)?;
    Ok(Verdict::Ok)
}

#[cfg(test)]
mod tests {
    use super::made::package;
    use super::*;
    use crate::workspace::root;

    #[test]
    fn chosen_bugs_can_be_planted_and_are_enough() {
        let root = root();
        let catalogue = Catalogue::load(&root).expect("a catalogue");
        let clean = sources(&root).expect("the sources");
        let chosen: Chosen = toml::from_str(&clean[CHOSEN]).expect("a list");
        assert!((20..=30).contains(&chosen.bug.len()), "{} bugs", chosen.bug.len());
        assert!(chosen.bug.iter().all(|bug| bug.found_by > 0), "one that nobody finds can have no weight");
        let mut files = clean.clone();
        add_bugs(&catalogue, &chosen, &clean, &mut files).expect("they are planted");
        extend_workspace(&chosen, &mut files).expect("they are members");
        let made = |file: &str| &files[&format!("{MADE}/{file}")];
        assert_ne!(made("exam-raft-00/src/election.rs"), &clean["raft/src/election.rs"]);
        assert!(made("exam-raft-00/Cargo.toml").contains("exam-raft-00"));
        assert!(!made("exam-raft-00/Cargo.toml").contains("dev-dependencies"));
    }

    fn asked(arguments: &[&str]) -> GradeTests {
        let words = ["grade-tests", "mine.rs"].iter().chain(arguments);
        GradeTests::from_arg_matches(&command().get_matches_from(words)).expect("arguments")
    }

    #[test]
    fn only_what_is_asked_for_is_built() {
        let root = root();
        let catalogue = Catalogue::load(&root).expect("a catalogue");
        let text = fs::read_to_string(root.join(CHOSEN)).expect("a list");
        let chosen: Chosen = toml::from_str(&text).expect("a list");
        let made = |arguments: &[&str]| {
            let rafts = asked(arguments).rafts(&chosen).expect("they are known");
            let source = program_source(&catalogue, &chosen, &rafts);
            let manifest = program_manifest(&rafts);
            assert_eq!(source.matches("Some(Bug").count(), rafts.bugs.len());
            assert_eq!(manifest.matches("exam-raft-").count(), 2 * rafts.bugs.len(), "{manifest}");
            assert_eq!(manifest.contains("lab-controls"), source.contains("controls::"), "{manifest}");
            (source, rafts.bugs.len())
        };
        assert_eq!(made(&[]).1, chosen.bug.len());
        let (source, bugs) = made(&["--quick"]);
        assert_eq!((bugs, source.matches("bug: None").count()), (QUICK, 1));
        // Those behind the first keep their packages, which are built already.
        let (source, bugs) = made(&["--bugs", "log-not-persisted,vote-no-log-check"]);
        assert_eq!((bugs, source.matches("bug: None").count()), (2, 1 + RIGHT.len()));
        let place = chosen.bug.iter().position(|bug| bug.name == "log-not-persisted").expect("a place");
        assert!(source.contains(&package(place).replace('-', "_")), "{source}");
        let error = asked(&["--bugs", "log-not-persistet"]).rafts(&chosen).map(drop).expect_err("no bug");
        assert!(error.to_string().contains("log-not-persisted"), "{error}");
    }

    #[test]
    fn another_file_is_another_key() {
        let files = |text: &str| Files::from([("lib.rs".to_owned(), text.to_owned())]);
        assert_ne!(key(&files("a"), &files("b")), key(&files("a"), &files("c")));
        assert_eq!(key(&files("a"), &files("b")), key(&files("a"), &files("b")));
    }
}
