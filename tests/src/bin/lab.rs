//! The program `lab`, which grades the reference Raft of this workspace: `cargo lab`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::cli::main(lab::Implementation::of_service::<lab::kv::Reference<raft::Raft>>())
}
