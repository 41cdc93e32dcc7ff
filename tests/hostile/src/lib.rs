//! Submissions that attack the grader, and ordinary ones that are awkward for it.
//!
//! A grader must not only tell right Rafts from wrong ones. Code that is handed in shares a process with the harness, and may do
//! to it whatever a process can do. So there are submissions of two kinds:
//!
//! - **Hostile** ones deserve nothing: their Raft never leads. They try to gain points even so, or to destroy the table of points.
//!   None may gain a point, and the table must be printed with its sum. Some stand on the reference and attack in one test only:
//!   what they do must not cost the others.
//! - **Awkward** ones stand on the reference, and do what people do in ordinary code: destructors that join threads, hooks,
//!   counters in statics, locks of std, prints in hot paths. They must get all points.
//!
//! Each is a row of a table ([`Submission`]) in the file of its theme. `tests/graded` grades each from outside: that test
//! executable is the program as well, and a variable of the environment ([`VARIABLE`]) names the submission. What a submission
//! leaves behind (processes, files) is looked for, too.
//!
//! # Adding one
//!
//! A row in the file of its theme: `Submission::hostile(name, story)` or `Submission::awkward(name, story)`, and what it does at
//! the calls of the interface. Before you trust it, see that it does what it says: `says` names words that must be in the output.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "what people do although the lints of the template say no"
)]

mod awkward;
mod hostile;
mod server;
mod submission;
mod system;

pub use server::{Submitted, VARIABLE};
pub use submission::{Kind, Submission};

/// All submissions.
#[must_use]
pub fn submissions() -> Vec<Submission> {
    [hostile::submissions(), awkward::submissions()].into_iter().flatten().collect()
}
