//! A key/value service as the hints of the course describe it, and no more: parts 4A, 4B and 4C in the order of their milestones.
//!
//! ```text
//! cargo run -p reference-lab --example plain_service -- grade 4A,4B,4C
//! ```
//!
//! The service of `kvraft/` does more: sessions that end, reads without the log, commands that any server takes. This one shows that
//! the hints suffice. Students should not see it.

mod service;

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::main(lab::Implementation::of_service::<service::Plain<raft::Raft>>())
}
