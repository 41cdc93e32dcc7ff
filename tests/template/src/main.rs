//! The program `lab` for this Raft: `cargo lab grade 3A`, `cargo lab replay figure8_3c 0x1`, `cargo lab --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::main(lab::Implementation::of::<my_raft::Raft>())
}
