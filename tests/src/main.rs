//! The program `lab` of this workspace: it grades the reference, plants bugs in it, and makes handouts.

mod mutants;

use std::process::ExitCode;

use lab::{Implementation, Program, Subcommand, Verdict};

fn main() -> ExitCode {
    Program::new(reference())
        .reference(reference())
        .subcommand(mutants::subcommand())
        .subcommand(mutants::grade_tests())
        .subcommand(Subcommand {
            command: lab_handout::command(),
            run: |matches| {
                println!("{}", lab_handout::run(matches)?);
                Ok(Verdict::Ok)
            },
        })
        .subcommand(Subcommand {
            command: lab_probe::probe_command(),
            run: |matches| lab_probe::run_probe(matches, reference()),
        })
        .main()
}

/// The Raft of this workspace, with the key/value service on it, and what lab 2 asks for.
fn reference() -> Implementation {
    Implementation::of_service::<kvraft::Reference<raft::Raft>>().with_locks::<kv_lock::Reference>()
}
