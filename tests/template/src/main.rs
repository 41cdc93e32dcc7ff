//! The program `lab` for this Raft: `cargo lab grade 3A`, `cargo lab replay figure8_3c 0x1`, `cargo lab --help`.
//!
//! Messages with other names than the paper's (`AskVote` for `RequestVote`) are told to the referee and to scripted peers:
//!
//! ```text
//! fn names() -> lab::Names {
//!     lab::Names { request_vote: vec!["AskVote"], term: vec!["epoch"], ..lab::Names::default() }
//! }
//! lab::Program::new(lab::Implementation::of::<my_raft::Raft>().with_names(names)).main()
//! ```

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::Program::new(lab::Implementation::of::<my_raft::Raft>()).course(&["3A", "3B", "3C", "3D"]).main()
}
