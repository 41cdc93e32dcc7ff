//! The program `lab` for the Raft with pre-vote, with the key/value service of this workspace on it.

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::main(lab::Implementation::of_service::<kvraft::Reference<controls::pre_vote::Raft>>())
}
