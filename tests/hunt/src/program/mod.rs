//! A program that hunts: the tools for tests of any threaded program, and what programs with subcommands share.
//!
//! # A program of your own
//!
//! ```no_run
//! fn two_threads_count() {
//!     // threads, locks and channels of labrpc; fails by a panic, a deadlock, or a limit
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     lab_hunt::main(&[lab_hunt::test!(two_threads_count)])
//! }
//! ```
//!
//! It has the subcommands `list`, `sweep` (many seeds in worker processes, with results as text, JSON and JUnit), `merge`, `replay`
//! (what the threads did, in columns), `shrink` (the fewest preemptions, as a story) and `export` (the events as JSON lines).
//! `scripts/flaky PATH` sweeps the crate at a path.

mod arguments;
mod columns;
mod export;
mod merge;
pub mod process;
pub mod quantity;
mod replay;
mod result_files;
mod shrink;
mod simulated_test;
mod sweep;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Parser, Subcommand};
use lab_runs::{commands, eprintln, println};

pub use arguments::seed;
pub use merge::Merge;
pub use process::{Verdict, launch};
pub use simulated_test::Test;
pub use sweep::{SweepArguments, Swept};

use self::simulated_test::{Tests, run_max};
use crate::workers;

/// Hunts failures that depend on the schedule: many seeds, replays, smaller failures.
#[derive(Parser, Debug)]
#[command(name = "hunt", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Shows all tests.
    List,
    /// Runs tests over very many seeds, on all cores, and says how often and why they fail.
    Sweep(Sweep),
    /// Puts the results of shards of a sweep together.
    Merge(Merge),
    /// Runs one test with one seed again and shows what its threads did.
    Replay(replay::Replay),
    /// Finds the fewest preemptions with which a failure still happens, and tells the run as a story.
    Shrink(shrink::Shrink),
    /// Writes all events of a run, a JSON object a line.
    Export(export::Export),
    /// What the worker processes of a sweep run.
    #[command(hide = true, name = workers::COMMAND)]
    Work,
}

#[derive(Args, Debug)]
struct Sweep {
    /// Tests, or patterns as `pool_*`; all if none is given
    names: Vec<String>,
    #[command(flatten)]
    sweep: SweepArguments,
}

/// The program of these tests. Runs it on the process's arguments.
#[must_use]
pub fn main(tests: &'static [Test]) -> ExitCode {
    process::run(|| run(Tests(tests)))
}

fn run(tests: Tests) -> ExitCode {
    if let Err(error) = check_names(tests) {
        eprintln!("{error}");
        return ExitCode::from(2);
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return process::usage(&error),
    };
    let Some(command) = arguments.command else {
        println!("{}", friendly(tests));
        return ExitCode::SUCCESS;
    };
    let name = matches!(command, Command::Work).then_some(workers::COMMAND);
    if let Err(error) = process::check_threads(name) {
        eprintln!("{error}");
        return ExitCode::from(2);
    }
    process::exit_code(match command {
        Command::List => {
            tests.0.iter().for_each(|test| println!("{}", test.name));
            Ok(Verdict::Ok)
        }
        Command::Sweep(sweep) => sweep.run(tests),
        Command::Merge(merge) => merge.run(),
        Command::Replay(replay) => replay.run(tests),
        Command::Shrink(shrink) => shrink.run(tests),
        Command::Export(export) => export.run(tests),
        Command::Work => workers::work(&tests).map(|()| Verdict::Ok),
    })
}

/// Workers are told names, folders bear them, and a seed beside one must not look like it.
fn check_names(tests: Tests) -> Result<(), String> {
    for (place, test) in tests.0.iter().enumerate() {
        let name = test.name;
        let is_plain = |letter: char| letter.is_alphanumeric() || "_:-".contains(letter);
        if name.is_empty() || !name.chars().all(is_plain) || seed(name).is_ok() {
            return Err(format!(
                "{name:?} is no name for a test: write letters, digits, _, : and -, and not only digits"
            ));
        }
        if tests.0[..place].iter().any(|other| other.name == name) {
            return Err(format!("two tests are called {name}: give each a name of its own"));
        }
    }
    Ok(())
}

impl Sweep {
    fn run(&self, tests: Tests) -> Result<Verdict> {
        let infos = tests.infos();
        let mut chosen = Vec::new();
        for name in &self.names {
            let matching = infos.iter().filter(|info| is_match(name, info.name)).copied().collect::<Vec<_>>();
            if matching.is_empty() {
                // Says what is near.
                arguments::find(name, &tests, &infos)?;
            }
            chosen.extend(matching);
        }
        let mut tests = infos;
        if !self.names.is_empty() {
            tests.retain(|info| chosen.iter().any(|chosen| chosen.name == info.name));
        }
        if tests.is_empty() {
            bail!("there are no tests: give hunt::main some");
        }
        self.sweep.run(Swept { tests, name: "", run_max, launch: launch() })
    }
}

/// Whether a name is what a word means, in which `*` stands for anything.
fn is_match(word: &str, name: &str) -> bool {
    match word.split_once('*') {
        None => word == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            (0..=name.len()).filter(|&at| name.is_char_boundary(at)).any(|at| is_match(rest, &name[at..]))
        }),
    }
}

fn friendly(tests: Tests) -> String {
    let words = commands::program();
    let name = tests.0.first().map_or("TEST", |test| test.name);
    let rows = [
        ("list".to_owned(), "show all tests"),
        (format!("sweep -n 10000 {name}"), "run very many seeds, on all cores"),
        (format!("replay {name} 0x1"), "run one seed again and see what the threads did"),
        (format!("shrink {name} 0x1"), "find the few preemptions that a failure needs"),
    ];
    let width = rows.iter().map(|(words, _)| words.len()).max().unwrap_or(0);
    let rows: String = rows.iter().map(|(row, what)| format!("  {words} {row:<width$} {what}\n")).collect();
    format!(
        "This hunts failures that depend on the schedule. Type one of these next:\n\n{rows}\n{words} --help tells more."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_must_tell_tests_apart() {
        fn nothing() {}
        const fn test(name: &'static str) -> Test {
            Test { name, body: nothing }
        }
        static GOOD: [Test; 2] = [test("a::pool"), test("pool-2")];
        static TWICE: [Test; 2] = [test("pool"), test("pool")];
        static BAD: [Test; 3] = [test("../x"), test("0x2a"), test("")];
        assert_eq!(check_names(Tests(&GOOD)), Ok(()));
        assert!(check_names(Tests(&TWICE)).unwrap_err().contains("two tests are called pool"));
        for bad in &BAD {
            assert!(
                check_names(Tests(std::slice::from_ref(bad))).unwrap_err().contains("is no name for a test")
            );
        }
    }

    #[test]
    fn star_stands_for_anything() {
        for (word, name, is) in [
            ("pool", "pool", true),
            ("pool", "pools", false),
            ("pool_*", "pool_is_fair", true),
            ("*fair", "pool_is_fair", true),
            ("*is*", "pool_is_fair", true),
            ("*", "ü", true),
            ("a*b", "a", false),
        ] {
            assert_eq!(is_match(word, name), is, "{word} {name}");
        }
    }
}
