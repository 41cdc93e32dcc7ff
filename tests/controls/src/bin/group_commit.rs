//! The program `lab` for the Raft that saves for many at once, with its names told.

use std::process::ExitCode;

use controls::group_commit::{GroupCommit, names};

fn main() -> ExitCode {
    lab::main(lab::Implementation::of_service::<kvraft::Reference<GroupCommit>>().with_names(names))
}
