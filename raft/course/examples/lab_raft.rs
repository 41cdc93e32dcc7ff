//! The program `lab` for the master of the handout: `cargo run -p course-raft --example lab_raft -- sweep 3A -n 1000`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::main(lab::Implementation::of::<course_raft::Raft>())
}
