//! The program `lab` of this workspace: it grades the reference, and plants bugs in it.

use std::process::ExitCode;

use lab::{Implementation, Program, Subcommand, Verdict};

fn main() -> ExitCode {
    Program::new(reference())
        .reference(reference())
        .subcommand(Subcommand {
            command: lab_mutants::command(),
            run: |matches| lab_mutants::run(matches).map(verdict),
        })
        .subcommand(Subcommand {
            command: lab_mutants::probe_command(),
            run: |matches| lab_mutants::run_probe(matches, reference()).map(verdict),
        })
        .main()
}

/// The Raft of this workspace, with the key/value service on it.
fn reference() -> Implementation {
    Implementation::of_service::<kvraft::Reference<raft::Raft>>()
}

fn verdict(is_good: bool) -> Verdict {
    if is_good { Verdict::Ok } else { Verdict::Failed }
}
