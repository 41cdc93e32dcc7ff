//! The program `lab` for the Raft with an event loop and one-way messages.

use std::process::ExitCode;

fn main() -> ExitCode {
    let raft = lab::Implementation::of_service::<kvraft::Reference<controls::event_loop::OneWay>>();
    lab::main(raft)
}
