//! The program `lab`: one file per subcommand.
//!
//! Exit codes are Jepsen's: 0 all is well, 1 something failed, 2 it could not be told.

mod arguments;
mod check;
mod export;
mod grade;
mod list;
mod merge;
mod mutants;
mod names;
mod probe;
mod quantity;
mod repeat;
mod replay;
mod shrink;
mod sweep;

use std::process::ExitCode;

use anstream::{eprintln, println};
use clap::{Parser, Subcommand};

use crate::implementation::Implementation;

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
struct Program {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Runs parts or tests over their seeds and shows what they are worth.
    Grade(grade::Grade),
    /// Shows all tests, with their points.
    List(list::List),
    /// Runs one test with one seed again and shows what happened.
    Replay(replay::Replay),
    /// Plants bugs in copies of the reference and shows which tests find them.
    Mutants(mutants::Mutants),
    /// Runs tests and prints a line of JSON for each run.
    #[command(hide = true)]
    Probe(probe::Probe),
    /// Writes a run for other tools.
    Export(export::Export),
    /// Finds a smaller run that still fails, and tells it as a story.
    Shrink(shrink::Shrink),
    /// Checks a history of operations in a file for linearizability.
    Check(check::Check),
    /// Runs tests over very many seeds, on all cores, and says how often and why they fail.
    Sweep(sweep::Sweep),
    /// Puts the results of shards of a sweep together.
    Merge(merge::Merge),
    /// Repeats cargo test, on real threads, until it fails.
    Repeat(repeat::Repeat),
    /// What a sweep runs in its worker processes.
    #[command(hide = true, name = crate::sweep::WORKER)]
    Work,
}

const FRIENDLY: &str = "\
This is a laboratory for Raft. Type one of these next:

  cargo lab grade                 grade everything
  cargo lab grade 3A              grade one part, 3A to 3D and 4A to 4C
  cargo lab grade figure8_3c      grade one test
  cargo lab list                  show all tests
  cargo lab replay 0x1 figure8_3c run one seed again and read what happened
  cargo lab sweep 3A -n 1000      run very many seeds, on all cores
  cargo lab shrink 0x1 figure8_3c find the few faults and commands that a failure needs

cargo lab --help tells more. cargo test 3a runs the same tests as cargo tests.";

/// Runs the program on the process's arguments, for this implementation.
#[must_use]
pub fn main(implementation: Implementation) -> ExitCode {
    labrpc::logging::init_quiet();
    let program = match Program::try_parse() {
        Ok(program) => program,
        Err(error) => {
            // Printing fails when nobody reads; then there is nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    let Some(command) = program.command else {
        println!("{FRIENDLY}");
        return ExitCode::SUCCESS;
    };
    let verdict = match command {
        Command::Grade(grade) => grade.run(implementation),
        Command::List(list) => list.run(),
        Command::Replay(replay) => replay.run(implementation),
        Command::Mutants(mutants) => mutants.run(),
        Command::Probe(probe) => probe.run(implementation),
        Command::Export(export) => export.run(implementation),
        Command::Shrink(shrink) => shrink.run(implementation),
        Command::Check(check) => check.run(),
        Command::Sweep(sweep) => sweep.run(implementation),
        Command::Merge(merge) => merge.run(),
        Command::Repeat(repeat) => repeat.run(),
        Command::Work => crate::sweep::work(implementation).map(|()| Verdict::Ok),
    };
    match verdict {
        Ok(Verdict::Ok) => ExitCode::SUCCESS,
        Ok(Verdict::Failed) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}
