//! The program `lab` for another key/value service: `cargo run -p lab-controls --bin service_by_version -- grade 4A,4B,4C`.

use std::process::ExitCode;

use controls::event_loop::EventLoop;
use controls::services::by_version::ByVersion;

fn main() -> ExitCode {
    lab::main(lab::Implementation::of_service::<ByVersion<EventLoop>>())
}
