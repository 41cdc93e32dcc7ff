//! The program `lab` for another key/value service: `cargo run -p lab-controls --bin service_plain -- grade 4A,4B,4C`.

use std::process::ExitCode;

use controls::event_loop::EventLoop;
use controls::services::plain::Plain;

fn main() -> ExitCode {
    lab::main(lab::Implementation::of_service::<Plain<EventLoop>>())
}
