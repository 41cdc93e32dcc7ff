//! Legal Rafts in other styles than the reference: what a false accusation shows on.
//!
//! Each is small, complete for parts 3A to 3D, and written as somebody else would: none shares code with the reference or
//! with another one. The gate runs all of them over all tests; whatever fails on them is either a bug of theirs, with
//! messages that prove it, or a bug of the judge. Bugs are planted in some of them as well as in the reference.

pub mod event_loop;
pub mod group_commit;
pub mod lab2;
pub mod no_op;
pub mod polling;
pub mod pre_vote;
pub mod resettable_timer;
pub mod retrying;

use std::process::ExitCode;

use lab::{Implementation, Program, Subcommand};
use raft_interface::RaftServer;

/// All of them and their variants, by name: as Rafts, without a service.
#[must_use]
pub fn all() -> [(&'static str, Implementation); 12] {
    [
        ("event_loop", Implementation::of::<event_loop::EventLoop>()),
        ("one_way", Implementation::of::<event_loop::OneWay>()),
        ("polling", Implementation::of::<polling::Raft>()),
        ("no_op", Implementation::of::<no_op::Raft>()),
        ("pre_vote", Implementation::of::<pre_vote::Raft>()),
        ("retrying", Implementation::of::<retrying::Raft>().with_names(retrying::names)),
        ("own_names", Implementation::of::<retrying::Raft>()),
        ("resettable_timer", Implementation::of::<resettable_timer::Raft>()),
        ("group_commit", group_commit_as::<group_commit::GroupCommit>()),
        ("group_commit_unhurried", group_commit_as::<group_commit::Unhurried>()),
        ("group_commit_own_fields", group_commit_as::<group_commit::OwnFields>()),
        ("group_commit_hasty", group_commit_as::<group_commit::Hasty>()),
    ]
}

fn group_commit_as<R: RaftServer>() -> Implementation {
    Implementation::of::<R>().with_names(group_commit::names)
}

/// The program `lab` for a control in which bugs are planted, with the subcommand by which they are tried.
#[must_use]
pub fn main<R: RaftServer>() -> ExitCode {
    Program::new(program::<R>())
        .subcommand(Subcommand {
            command: lab_probe::probe_command(),
            run: |matches| lab_probe::run_probe(matches, program::<R>()),
        })
        .main()
}

/// The control, with this workspace's key/value service on it.
fn program<R: RaftServer>() -> Implementation {
    Implementation::of_service::<kvraft::Reference<R>>()
}
