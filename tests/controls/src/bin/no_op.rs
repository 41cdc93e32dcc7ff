//! The program `lab` for the Raft with a no-op at the start of each term.

use std::process::ExitCode;

fn main() -> ExitCode {
    controls::main::<controls::no_op::Raft>()
}
