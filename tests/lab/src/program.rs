//! The program: its arguments, its subcommands, and its exit codes.
//!
//! Exit codes are Jepsen's: 0 all is well, 1 something failed, 2 it could not be told.

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};
use lab_harness::Implementation;
use lab_hunt::workers;
use lab_runs::{artifacts, commands, eprintln, output, println, settings};
use labrpc::printable;

use crate::cli::Command;

/// How a subcommand ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is well.
    Ok,
    /// Something failed.
    Failed,
}

/// Grades a Raft and a key/value service on it: elections, replication, persistence, snapshots and clients, in simulations that replay from their seed.
#[derive(Parser, Debug)]
#[command(name = "lab", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

/// A subcommand that a program adds to those that all have.
#[derive(Clone)]
pub struct Subcommand {
    /// Its name, arguments and help.
    pub command: clap::Command,
    /// Runs it.
    pub run: fn(&ArgMatches) -> anyhow::Result<Verdict>,
}

impl std::fmt::Debug for Subcommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Subcommand({})", self.command.get_name())
    }
}

/// What a program grades, and by what it is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Implementations {
    pub(crate) implementation: Implementation,
    pub(crate) reference: Option<Implementation>,
}

/// A program of the lab for some implementation.
#[derive(Clone, Debug)]
pub struct Program {
    graded: Implementations,
    subcommands: Vec<Subcommand>,
}

/// The program for this implementation, with all subcommands. Runs it on the process's arguments.
#[must_use]
pub fn main(implementation: Implementation) -> ExitCode {
    Program::new(implementation).main()
}

impl Program {
    /// A program that grades this implementation.
    #[must_use]
    pub fn new(implementation: Implementation) -> Self {
        Self { graded: Implementations { implementation, reference: None }, subcommands: Vec::new() }
    }

    /// An implementation that is known to be right. When a failed expectation is shrunk, what is left must be passed by this
    /// one, so that it stays a fair demand.
    #[must_use]
    pub fn reference(mut self, reference: Implementation) -> Self {
        self.graded.reference = Some(reference);
        self
    }

    /// One more subcommand.
    #[must_use]
    pub fn subcommand(mut self, subcommand: Subcommand) -> Self {
        self.subcommands.push(subcommand);
        self
    }

    /// Runs the program on the process's arguments.
    #[must_use]
    pub fn main(self) -> ExitCode {
        // Both look at the process as it was started, before the code under test can change it.
        commands::init_program();
        let _ = artifacts::root();
        labrpc::logging::init_quiet();
        let code = self.run();
        // Whatever the verdict was: who reads the output would take its end for all there is.
        match output::finish() {
            Ok(()) => code,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::from(2)
            }
        }
    }

    fn run(&self) -> ExitCode {
        if let Err(error) = settings::check_environment() {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
        let added = self.subcommands.iter().map(|subcommand| subcommand.command.clone());
        // Parsed by hand in two steps, because clap's derive knows only the subcommands that were there when it
        // was compiled.
        let matches = match Arguments::command().subcommands(added).try_get_matches() {
            Ok(matches) => matches,
            Err(error) => return usage(&error),
        };
        // A worker starts few, and many workers at once would ask for very many.
        if matches.subcommand_name() != Some(workers::COMMAND)
            && let Err(error) = check_threads()
        {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
        let verdict = match matches.subcommand() {
            None => {
                println!("{}", friendly());
                return ExitCode::SUCCESS;
            }
            // Added ones first: the derived enum would refuse their names.
            Some((name, matches)) if let Some(added) = self.added(name) => (added.run)(matches),
            Some(_) => match Arguments::from_arg_matches(&matches) {
                Ok(Arguments { command: Some(command) }) => command.run(self.graded),
                Ok(Arguments { command: None }) => Ok(Verdict::Ok),
                Err(error) => return usage(&error),
            },
        };
        match verdict {
            Ok(Verdict::Ok) => ExitCode::SUCCESS,
            Ok(Verdict::Failed) => ExitCode::FAILURE,
            // Not 1 as well: to a script, a call that could not be made is other news than a test that failed.
            Err(error) => {
                eprintln!("{}", printable(&format!("{error:#}")));
                ExitCode::from(2)
            }
        }
    }

    fn added(&self, name: &str) -> Option<&Subcommand> {
        self.subcommands.iter().find(|subcommand| subcommand.command.get_name() == name)
    }
}

/// Shows help or what is wrong with the arguments.
fn usage(error: &clap::Error) -> ExitCode {
    // Help goes to standard output, what is wrong to standard error, which is not looked after.
    if let Err(lost) = error.print()
        && !error.use_stderr()
    {
        output::lost(lost);
    }
    if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
}

/// Whether the system starts as many threads as this program needs at the same time. Without them every run would fail, and
/// the code under test would be blamed.
fn check_threads() -> Result<(), String> {
    // For each worker those that read its two streams and show what it prints; Ctrl-C; and some for the workers' own.
    let needed = 3 * workers::cores() + 4;
    let (open, gate) = labrpc::channel::bounded::<()>(0);
    let started: Result<Vec<_>, _> = (0..needed)
        .map(|_| {
            let gate = gate.clone();
            labrpc::thread::Builder::new().spawn(move || {
                // It ends when the gate does.
                let _ = gate.recv();
            })
        })
        .collect();
    drop(open);
    // They have nothing to tell.
    started.map(|threads| threads.into_iter().for_each(|thread| drop(thread.join()))).map_err(|error| {
        format!(
            "cannot start {needed} threads: {error}. Raise the limit of processes and threads (ulimit -u), or end something else"
        )
    })
}

fn friendly() -> String {
    let lab = commands::program();
    let rows = [
        ("grade", "grade everything"),
        ("grade 3A", "grade one part, 3A to 3D and 4A to 4C"),
        ("grade figure8_3c", "grade one test"),
        ("list", "show all tests"),
        ("replay figure8_3c 0x1", "run one seed again and read what happened"),
        ("sweep 3A -n 1000", "run very many seeds, on all cores"),
        ("shrink figure8_3c 0x1", "find the few faults and commands that a failure needs"),
    ];
    let rows: String = rows.iter().map(|(words, what)| format!("  {lab} {words:<22} {what}\n")).collect();
    format!("This is a laboratory for Raft. Type one of these next:\n\n{rows}\n{lab} --help tells more.")
}
