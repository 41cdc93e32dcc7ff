//! A program as a process: how it begins and ends, and its exit codes.
//!
//! Exit codes are Jepsen's: 0 all is well, 1 something failed, 2 it could not be told.

use std::process::ExitCode;

use lab_runs::{artifacts, commands, eprintln, output, settings};
use labrpc::printable;

use crate::workers::{self, Launch};

/// How a subcommand ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is well.
    Ok,
    /// Something failed.
    Failed,
}

impl Verdict {
    /// That all is well, or that it is not.
    #[must_use]
    pub fn of(is_well: bool) -> Self {
        if is_well { Self::Ok } else { Self::Failed }
    }
}

/// Runs a program, with what each needs before and after.
#[must_use]
pub fn run(program: impl FnOnce() -> ExitCode) -> ExitCode {
    // Both look at the process as it was started, before the code under test can change it.
    commands::init_program();
    let _ = artifacts::root();
    labrpc::logging::init_quiet();
    if let Err(error) = settings::check_environment() {
        eprintln!("{error}");
        return ExitCode::from(2);
    }
    let code = program();
    // Whatever the verdict was: who reads the output would take its end for all there is.
    match output::finish() {
        Ok(()) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// The exit code of a subcommand, and on standard error why it could not be told.
#[must_use]
pub fn exit_code(verdict: anyhow::Result<Verdict>) -> ExitCode {
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

/// How this program's workers are started.
#[must_use]
pub fn launch() -> Launch {
    // This program has no other children.
    workers::adopt_orphans();
    Launch {
        arguments: vec![workers::COMMAND.to_owned()],
        // Their reports are to name what people have typed, and not how they were started themselves.
        environment: vec![(commands::COMMAND.to_owned(), commands::program())],
        ..Launch::default()
    }
}

/// Shows help or what is wrong with the arguments.
#[must_use]
pub fn usage(error: &clap::Error) -> ExitCode {
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
///
/// # Errors
///
/// A sentence that says what to do.
pub fn check_threads(subcommand: Option<&str>) -> Result<(), String> {
    // A worker starts few, and many workers at once would ask for very many.
    if subcommand == Some(workers::COMMAND) {
        return Ok(());
    }
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
