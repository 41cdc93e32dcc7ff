//! The program `lab` for the Raft that polls: `cargo run -p lab-controls --bin polling -- grade 3A`.

use std::process::ExitCode;

fn main() -> ExitCode {
    controls::main::<controls::polling::Raft>()
}
