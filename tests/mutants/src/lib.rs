//! Mutation testing: the test of the tests.
//!
//! # How it works
//!
//! The `catalogue` holds realistic mistakes as data, in `tests/mutants/catalogue/`: which text of which file is replaced by
//! which, and what should catch it. In the order in which it happens, for each of them:
//!
//! 1. It is applied in memory (`apply`). A text that is not there exactly once is an error, so the catalogue cannot rot.
//! 2. The `runner` writes it into a `working_copy` of the workspace under `target/mutants/`, with a target directory of its
//!    own, which is kept. What changes is rebuilt, and nothing else: the harness stands on no Raft.
//! 3. The program of that copy runs the suites in a process of its own (`suite_tests`, and the crate `lab-probe`), within a limit of processor
//!    time. A mutant of the lab itself is for cargo's own tests to catch (`cargo_tests`).
//! 4. The copy must still be what it was, or the `trial` counts for nothing and the command ends. The mutant is taken out,
//!    and the `matrix` gets a row.
//!
//! The `queue` hands the trials out to the copies. The unmutated code goes the same way first. If it fails a test,
//! nothing else is tried.
//!
//! Bugs of a Raft are planted a second and a third time, in Rafts of other styles (`program`, `controls`): a test that
//! finds a bug by a habit of the reference shows there. An entry of a control's file names the mutant of the reference and
//! gives the edits; test, seeds and the words that explain it are the same.
//!
//! [`grade_tests`](run_grade_tests) turns it round: it puts somebody else's scenarios before some of the bugs.
//!
//! # Rules
//!
//! - No mutant is ever applied to the tree, only to the copies. One process works in a copy at a time.
//! - Only a test that failed catches a mutant. What happened to a compiler or to a program says nothing about the suites.
//! - The reference checks itself at every step, which would find many bugs before a suite does. In the copies that is
//!   switched off (`disarm.toml`): a student's Raft does not do so.
//! - The order of runs is by seed: every test with the first seed, the expected one before the others, then every
//!   test with the second. So a bug that a test finds with some seed is not found sooner by luck in the order of tests.
//!
//! # Read in this order
//!
//! `catalogue`, `apply`, `working_copy`, `trial`, `runner`, `matrix`.
//!
//! # What it leaves out
//!
//! Mutants of somebody else's Raft: an edit is a text of this workspace.

mod apply;
mod cargo_tests;
mod catalogue;
mod child;
mod command;
mod controls;
mod copy_build;
mod counts;
mod grade_tests;
mod matrix;
mod program;
mod queue;
mod readme;
mod runner;
mod subject;
mod suite_tests;
mod trial;
mod working_copy;
mod workspace;

pub use command::{command, run};
pub use grade_tests::{GRADE_TESTS, command as grade_tests_command, run as run_grade_tests};
