//! The program `lab` for the Raft with resettable timers, with this workspace's key/value service on it.

use std::process::ExitCode;

use lab::Implementation;

fn main() -> ExitCode {
    lab::main(Implementation::of_service::<kvraft::Reference<controls::resettable_timer::Raft>>())
}
