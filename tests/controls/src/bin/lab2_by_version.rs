//! The program `lab` for another lab 2: `cargo run -p lab-controls --bin lab2_by_version -- grade 2K,2L`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::main(lab::Implementation::of_locks::<controls::lab2::by_version::ByVersion>())
}
