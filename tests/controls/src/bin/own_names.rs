//! The program `lab` for the Raft that retries without end, with nothing told about its names.

use std::process::ExitCode;

use controls::retrying::Raft;

fn main() -> ExitCode {
    lab::main(lab::Implementation::of_service::<kvraft::Reference<Raft>>())
}
