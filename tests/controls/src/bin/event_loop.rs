//! The program `lab` for the Raft with an event loop.

use std::process::ExitCode;

fn main() -> ExitCode {
    let raft = lab::Implementation::of_service::<kvraft::Reference<controls::event_loop::EventLoop>>();
    lab::main(raft)
}
