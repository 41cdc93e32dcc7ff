//! `cargo lab mutants`: planted bugs, and which tests find them.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use anstream::println;
use anyhow::{Context, Result, anyhow};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use labrpc::channel;
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::Instant;

use super::Verdict;
use crate::mutants::catalogue::{Catalogue, Mutant, Suites, root};
use crate::mutants::matrix::{Matrix, line, other_finds};
use crate::mutants::readme;
use crate::mutants::trial::{self, Defendant, Terms, Trial};
use crate::mutants::workshop::Workshop;

/// Plants bugs in copies of the reference, one at a time, and shows which tests find them.
///
/// The copies are kept in target/mutants/, so the first call builds for a minute or two and later ones do not. The exit code is 0
/// if every bug was caught and the code without bugs passed, 1 if not, and 2 if a mutant does not compile, ran out of
/// time or crashed, which says nothing about the tests.
#[derive(Args, Debug)]
pub(super) struct Mutants {
    /// Mutants or groups of them; all if none is given
    names: Vec<String>,
    /// How many are tried at a time, each in a copy of its own
    #[arg(short, long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
    /// How many seeds each test runs over
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Run every test, and show all that find a mutant
    #[arg(long)]
    all: bool,
    /// A dozen mutants of all kinds, as the gate does
    #[arg(long, conflicts_with = "names")]
    fast: bool,
    /// The limit of processor time for one mutant, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
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

impl Mutants {
    pub(super) fn run(&self) -> Result<Verdict> {
        let root = root();
        let catalogue = Catalogue::load(&root)?;
        let mut mutants = catalogue.select(&self.names)?;
        mutants.retain(|mutant| mutant.fast || !self.fast);
        if self.list {
            mutants
                .iter()
                .for_each(|mutant| println!("{:<40} {:<7} {}", mutant.name, mutant.part, mutant.story));
            return Ok(Verdict::Ok);
        }
        let began = Instant::now();
        let trials = self.hold_all(&catalogue, &mutants)?;
        if let Some(path) = &self.json {
            let text = serde_json::to_string_pretty(&trials).context("writing JSON")?;
            std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let matrix = Matrix::new(&catalogue, &trials);
        println!();
        matrix.numbers().iter().for_each(|number| println!("{number}"));
        println!("{:.0} s altogether", began.elapsed().as_secs_f64());
        if self.readme {
            readme::update(&root, &matrix)?;
        }
        if matrix.is_unclear() {
            return Err(anyhow!("some mutants were not really tried: see above"));
        }
        Ok(if matrix.is_good() { Verdict::Ok } else { Verdict::Failed })
    }

    /// Tries the unmutated code and all mutants, so many at a time, and prints what comes of each.
    fn hold_all(&self, catalogue: &Catalogue, mutants: &[&Mutant]) -> Result<Vec<Trial>> {
        let all = docket(mutants);
        let progress = Progress::new(all.len());
        let queue = Arc::new(Mutex::new((0..all.len()).collect::<std::collections::VecDeque<_>>()));
        let (told, trials) = channel::unbounded::<Result<Trial>>();
        let terms = |what: Defendant<'_>| Terms {
            seeds: self.seeds,
            is_thorough: self.all || matches!(what, Defendant::Unmutated(_)),
            cpu_max: Duration::from_secs(self.cpu_max),
        };
        thread::scope(|scope| {
            for number in 1..=usize::from(self.jobs).min(all.len()) {
                let (told, queue, all) = (told.clone(), Arc::clone(&queue), &all);
                scope.spawn(move || {
                    let mut workshop = match Workshop::open(&root(), number, catalogue) {
                        Ok(workshop) => workshop,
                        Err(error) => return drop(told.send(Err(error))),
                    };
                    loop {
                        let Some(next) = queue.lock().pop_front() else { return };
                        let trial = trial::hold(&mut workshop, all[next], terms(all[next]));
                        let is_broken = trial.is_err();
                        if told.send(trial).is_err() || is_broken {
                            return; // the command has ended, or nothing works here
                        }
                    }
                });
            }
            drop(told);
            let mut results = Vec::new();
            for trial in trials.iter() {
                if trial.is_err() {
                    queue.lock().clear();
                }
                let trial = trial?;
                progress.tell(catalogue, &trial);
                if trial.is_false_alarm() {
                    queue.lock().clear(); // what follows would mean nothing
                }
                results.push(trial);
            }
            progress.finish();
            Ok(results)
        })
    }
}

/// The unmutated code before the suites that are needed, then the mutants.
fn docket<'a>(mutants: &[&'a Mutant]) -> Vec<Defendant<'a>> {
    let needed = |suites: &Suites| mutants.iter().any(|mutant| mutant.suites() == *suites);
    let clean = [Suites::Raft, Suites::Service].into_iter().filter(needed).map(Defendant::Unmutated);
    clean.chain(mutants.iter().map(|mutant| Defendant::Mutant(mutant))).collect()
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

    fn tell(&self, catalogue: &Catalogue, trial: &Trial) {
        let mutant = catalogue.mutants.iter().find(|mutant| mutant.name == trial.name);
        self.bar.suspend(|| {
            println!("{}", line(mutant, trial));
            other_finds(trial).iter().for_each(|find| println!("{find}"));
        });
        self.bar.set_message(trial.name.clone());
        self.bar.inc(1);
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
