//! `cargo lab mutants`: which tests catch which bugs.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::{ArgMatches, Args, FromArgMatches};
use indicatif::{ProgressBar, ProgressStyle};
use lab_runs::{OutputFile, eprintln, println};
use labrpc::sim::Policy;
use labrpc::time::Instant;

use crate::catalogue::{Catalogue, Mutant};
use crate::matrix::{Matrix, other_failures, trial_line};
use crate::queue::Queue;
use crate::readme;
use crate::trial::{Trial, TrialOptions};
use crate::workspace::Workspace;
use lab_hunt::program::process::Verdict;
use lab_hunt::workers;
use lab_runs::settings::seed_count;

/// Applies mutants (realistic bugs) to copies of the reference and of two other Rafts, one at a time, and shows which tests catch them.
///
/// The copies are kept in target/mutants/, so the first call builds for a minute or two and later ones do not. The exit code is 0
/// if every bug was caught and the code without bugs passed, 1 if not, and 2 if a mutant does not compile, ran out of
/// time or crashed, which says nothing about the tests.
#[derive(Args, Debug)]
struct Mutants {
    /// Mutants, groups of them or controls; all if none is given
    names: Vec<String>,
    /// How many are tried at a time, each in a copy of its own
    #[arg(short, long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
    /// How many seeds each test runs over
    #[arg(long, default_value_t = 5, value_parser = seed_count)]
    seeds: u64,
    /// Run every test, and show all that catch a mutant
    #[arg(long)]
    all: bool,
    /// Let the tests of chaos try each mutant once more, alone
    #[arg(long)]
    chaos: bool,
    /// Under which policies they do, with commas between: each of them apart
    #[arg(long, value_name = "POLICIES", value_delimiter = ',', default_value = "portfolio")]
    chaos_policy: Vec<Policy>,
    /// Over how many seeds they do
    #[arg(long, default_value_t = 5, value_parser = seed_count)]
    chaos_seeds: u64,
    /// A dozen mutants of all kinds, as continuous integration does
    #[arg(long, conflicts_with = "names")]
    fast: bool,
    /// The limit of processor time for one mutant, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    cpu_max: u64,
    /// Write everything to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Put the matrix into tests/README.md
    #[arg(long, conflicts_with_all = ["names", "fast", "all"])]
    readme: bool,
    /// Show the catalogue, and try nothing
    #[arg(long)]
    list: bool,
}

/// The subcommand: its name, arguments and help.
#[must_use]
pub fn command() -> clap::Command {
    Mutants::augment_args(clap::Command::new("mutants"))
}

/// Runs the subcommand. Good if every bug was caught.
///
/// # Errors
///
/// When something was not really tried, which says nothing about the tests.
pub fn run(matches: &ArgMatches) -> Result<Verdict> {
    Mutants::from_arg_matches(matches)?.run().map(Verdict::of)
}

impl Mutants {
    fn run(&self) -> Result<bool> {
        let workspace = Workspace::of_this_program();
        let catalogue = Catalogue::load(&workspace.root)?;
        let mut mutants = catalogue.select(&self.names)?;
        mutants.retain(|mutant| mutant.fast || !self.fast);
        // Before anything is built: to look at the catalogue costs nothing.
        if self.list {
            mutants
                .iter()
                .for_each(|mutant| println!("{:<48} {:<7} {}", mutant.name, mutant.part, mutant.story));
            return Ok(true);
        }
        let file =
            self.json.as_deref().map(OutputFile::reserve).transpose().map_err(|error| anyhow!(error))?;
        let (trials, totals) = self.run_all(&workspace, &catalogue, &mutants)?;
        // Also after an interruption: what was tried so far stays true.
        if let Some(file) = file {
            let text = serde_json::to_string_pretty(&trials).context("writing JSON")?;
            file.write(text.as_bytes()).map_err(|error| anyhow!(error))?;
        }
        let matrix = Matrix::new(&catalogue, &trials);
        println!();
        matrix.numbers().iter().for_each(|number| println!("{number}"));
        println!("{:.0} s altogether", totals.time.as_secs_f64());
        // From here on in the order of what would mislead most: a part that looks like the whole, then a
        // false alarm, by which nothing that was caught means anything.
        if totals.is_interrupted {
            bail!("interrupted: {} of {} trials are missing", totals.missing, totals.missing + trials.len());
        }
        if matrix.has_false_alarm() {
            bail!("the code as it is fails its tests, so that nothing else was tried");
        }
        if self.readme {
            readme::update(&workspace.root, &matrix, totals.time)?;
        }
        if matrix.is_inconclusive() {
            bail!("some mutants were not really tried: see above");
        }
        Ok(matrix.is_good())
    }

    /// Tries the unmutated code and all mutants, so many at a time, and prints each result.
    fn run_all(
        &self,
        workspace: &Workspace,
        catalogue: &Catalogue,
        mutants: &[&Mutant],
    ) -> Result<(Vec<Trial>, Totals)> {
        let began = Instant::now();
        let queue = Queue::new(mutants);
        let all = queue.len();
        let progress = Progress::new(all);
        let is_interrupted = listen_for_interrupts()?;
        let options = TrialOptions {
            seeds: self.seeds,
            is_thorough: self.all,
            // The table has a column for it.
            chaos: if self.chaos || self.readme { self.chaos_policy.clone() } else { Vec::new() },
            chaos_seeds: self.chaos_seeds,
            cpu_max: Duration::from_secs(self.cpu_max),
        };
        let mut trials = Vec::new();
        let ended = queue.run((workspace, catalogue), usize::from(self.jobs), &options, |trial| {
            if is_interrupted.load(Ordering::Relaxed) {
                return queue.clear(); // its programs may have been interrupted as well
            }
            progress.show(catalogue, &trial);
            // The suites fail correct code as well, so that a failure of a mutant would show nothing.
            if trial.is_false_alarm() {
                queue.clear(); // what follows would mean nothing
            }
            trials.push(trial);
        });
        progress.finish();
        let is_interrupted = is_interrupted.load(Ordering::Relaxed);
        // An error after Ctrl-C most likely comes of it: a compiler was killed, a file was half written.
        if !is_interrupted {
            ended?;
        }
        let missing = all - trials.len();
        Ok((trials, Totals { time: began.elapsed(), is_interrupted, missing }))
    }
}

/// How the trials went, altogether.
struct Totals {
    time: Duration,
    is_interrupted: bool,
    /// Trials that were not made, or do not count.
    missing: usize,
}

/// Ctrl-C ends the command after the trials that are under way, which do not count. Pressed again, it ends at once.
fn listen_for_interrupts() -> Result<Arc<AtomicBool>> {
    let is_interrupted = Arc::new(AtomicBool::new(false));
    let pressed = Arc::clone(&is_interrupted);
    workers::on_interrupt(move || {
        pressed.store(true, Ordering::Relaxed);
        eprintln!("Waiting for what is under way. Once more ends it at once.");
    })?;
    Ok(is_interrupted)
}

/// A bar on a terminal, and a line per mutant everywhere.
struct Progress {
    bar: ProgressBar,
}

impl Progress {
    fn new(trials: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden() };
        }
        let bar = ProgressBar::new(trials as u64);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")
            .unwrap_or(ProgressStyle::default_bar());
        bar.set_style(style);
        bar.set_message("building the copies");
        Self { bar }
    }

    fn show(&self, catalogue: &Catalogue, trial: &Trial) {
        let mutant = catalogue.mutants.iter().find(|mutant| mutant.name == trial.name);
        self.bar.suspend(|| {
            println!("{}", labrpc::printable(&trial_line(mutant, trial)));
            other_failures(trial).iter().for_each(|failure| println!("{}", labrpc::printable(failure)));
        });
        self.bar.set_message(trial.name.clone());
        self.bar.inc(1);
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
