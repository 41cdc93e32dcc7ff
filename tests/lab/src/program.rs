//! The program: its arguments, its subcommands, and its exit codes.
//!
//! Exit codes are Jepsen's: 0 all is well, 1 something failed, 2 it could not be told.

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};
use lab_harness::Implementation;
use lab_hunt::program::process;
pub use lab_hunt::program::process::Verdict;
use lab_runs::{commands, eprintln, println};

use crate::cli::Command;
use crate::cli::next::Next;
use crate::course::Course;

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
    pub(crate) course: Course,
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
        let course = Course::default();
        Self { graded: Implementations { implementation, reference: None, course }, subcommands: Vec::new() }
    }

    /// An implementation that is known to be right. When a failed expectation is shrunk, what is left must be passed by this
    /// one, so that it stays a fair demand.
    #[must_use]
    pub fn reference(mut self, reference: Implementation) -> Self {
        self.graded.reference = Some(reference);
        self
    }

    /// For a student of these parts of the course, `3A` and so on: without arguments, the program says which milestone is next. Without
    /// this it shows its subcommands; `next`, `hint` and `watch` are of 3A to 3D.
    #[must_use]
    pub fn course(mut self, parts: &'static [&'static str]) -> Self {
        self.graded.course = Course { parts, is_of_student: true };
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
        process::run(|| self.run())
    }

    fn run(&self) -> ExitCode {
        let added = self.subcommands.iter().map(|subcommand| subcommand.command.clone());
        // Parsed by hand in two steps, because clap's derive knows only the subcommands that were there when it
        // was compiled.
        let matches = match Arguments::command().subcommands(added).try_get_matches() {
            Ok(matches) => matches,
            Err(error) => return process::usage(&error),
        };
        if let Err(error) = process::check_threads(matches.subcommand_name()) {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
        let verdict = match matches.subcommand() {
            None if self.graded.course.is_of_student => Next::default().run(self.graded.course),
            None => {
                println!("{}", friendly());
                return ExitCode::SUCCESS;
            }
            // Added ones first: the derived enum would refuse their names.
            Some((name, matches)) if let Some(added) = self.added(name) => (added.run)(matches),
            Some(_) => match Arguments::from_arg_matches(&matches) {
                Ok(Arguments { command: Some(command) }) => command.run(self.graded),
                Ok(Arguments { command: None }) => Ok(Verdict::Ok),
                Err(error) => return process::usage(&error),
            },
        };
        process::exit_code(verdict)
    }

    fn added(&self, name: &str) -> Option<&Subcommand> {
        self.subcommands.iter().find(|subcommand| subcommand.command.get_name() == name)
    }
}

fn friendly() -> String {
    let lab = commands::program();
    let rows = [
        ("grade", "grade everything"),
        ("grade 3A", "grade one part: 2K, 2L, 3A to 3D, 4A to 4C, E1 to E7"),
        ("grade figure8_3c", "grade one test"),
        ("list", "show all tests"),
        ("replay figure8_3c 0x1", "run one seed again and read what happened"),
        ("sweep 3A -n 1000", "run very many seeds, on all cores"),
        ("shrink figure8_3c 0x1", "find the few faults and commands that a failure needs"),
    ];
    let rows: String = rows.iter().map(|(words, what)| format!("  {lab} {words:<22} {what}\n")).collect();
    format!("This is a laboratory for Raft. Type one of these next:\n\n{rows}\n{lab} --help tells more.")
}
