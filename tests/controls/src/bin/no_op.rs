//! The program `lab` for the Raft with a no-op at the start of each term.

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::main(lab::Implementation::of_service::<kvraft::Reference<controls::no_op::Raft>>())
}
