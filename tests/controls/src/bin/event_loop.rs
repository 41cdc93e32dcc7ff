//! The program `lab` for the Raft with an event loop.

use std::process::ExitCode;

fn main() -> ExitCode {
    controls::main::<controls::event_loop::EventLoop>()
}
