//! What users of the lab name: the suites for any Raft, as tests of cargo and as a program.
//!
//! # Grading an implementation
//!
//! It implements [`RaftServer`](raft_interface::RaftServer). In a test file, one line makes the `#[test]` functions of a part:
//!
//! ```ignore
//! lab::suite_3a!(my_raft::Raft);
//! ```
//!
//! A program of one's own has all the subcommands: grade, sweep, replay, shrink, export.
//!
//! ```no_run
//! # use raft_interface::RaftServer;
//! # fn graded<MyRaft: RaftServer>() -> std::process::ExitCode {
//! lab::main(lab::Implementation::of::<MyRaft>())
//! # }
//! ```
//!
//! `cargo lab handout DIR` of the repository makes a workspace that has both, with a skeleton and the texts of the course. There the
//! program is told which parts it is for ([`Program::course`]), and says what comes next: `next`, `hint` and `watch`.
//!
//! The referee reads the messages by the names that the paper gives them and their fields, in the spelling of Rust:
//! `RequestVote`, `prev_log_index`. If yours differ, say so with [`Implementation::with_names`]. Messages that it cannot
//! read are not judged, and a line on standard error says so.
//!
//! # Scenarios of your own
//!
//! [`scenarios!`] makes a list of them and [`try_scenarios`] runs it; `cargo lab grade-tests FILE` puts them before wrong Rafts. Begin with
//! [`lab_scenarios`].
//!
//! # Who goes on where
//!
//! | you are | read |
//! |---|---|
//! | a student | [the first hour](lab_course::students), and [the text of each part](lab_course); [`raft_interface`]: what to implement; [`labrpc`]: threads, locks, time and RPC; [`suites`]: what is graded, and why |
//! | a teacher | [for teachers](lab_course::teachers): a handout, a rubric, a class, an exam; [`suites::TESTS`]: points and limits; [`trust`]: what grading trusts, and how to grade a class; [`Program`]: a program of your own; `tests/README.md`: which bugs are caught |
//! | somebody who has a Raft | [your own Raft](lab_course::your_own_raft) |
//! | a hunter of flakes | [for hunters](lab_course::hunters); [`hunt`]: many seeds, replays, smaller failures; [`labrpc::sim`]: the scheduler and its policies |
//! | a contributor | `tests/README.md`: the map of the crates; `.github/CONTRIBUTING.md`: how to add a rule, a test, a fault, a subcommand or a bug |
//!
//! # How it works
//!
//! [`Program`] reads the command line; each subcommand is a file of `cli`. What knows Raft is done by the crates below:
//! `lab-harness` runs a test, `lab-report` explains it. `hunted` offers the tests to `lab-hunt`, which knows no Raft.

mod against;
mod causes;
mod cli;
mod course;
mod hunted;
mod program;
pub mod replay;
mod scenarios;
pub mod shrinking;
mod story;
mod style;
pub mod trust;

pub use cli::RubricArguments;
pub use cli::another::become_it;
pub use cli::user::run_as;
pub use program::{Program, Subcommand, Verdict, main};
pub use scenarios::try_scenarios;

pub use lab_harness::implementation::Services;
pub use lab_harness::{Cluster, Implementation, Lab, Origin, Outcome, Part, TestCase, run_case};
pub use lab_referee::{BeforeFirst, Names, Violation};
pub use lab_runs::{Plan, Settings, World};
pub use lab_scenarios::{cluster, kv, scenario, scenarios, single};
pub use lab_suites::{
    grade_test, suite_2k, suite_2l, suite_3a, suite_3b, suite_3c, suite_3d, suite_4a, suite_4b, suite_4c,
    suite_e1, suite_e2, suite_e3, suite_e4, suite_e5, suite_e6, suite_e7,
};

pub use {
    kvraft_interface, lab_harness as harness, lab_hunt as hunt, lab_linearizability as linearizability,
    lab_report as report, lab_suites as suites, labrpc, raft_interface,
};
