//! The program `lab` for the Raft that retries without end, with its names told as far as they can be.

use std::process::ExitCode;

use controls::retrying::{Raft, names};

fn main() -> ExitCode {
    lab::main(lab::Implementation::of_service::<kvraft::Reference<Raft>>().with_names(names))
}
