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
pub mod services;

use std::process::ExitCode;

use lab::{Implementation, Program, Subcommand};
use raft_interface::RaftServer;

/// All of them and their variants, by name, with this workspace's key/value service on each.
#[must_use]
pub fn all() -> [(&'static str, Implementation); 15] {
    [
        ("event_loop", with_service::<event_loop::EventLoop>()),
        ("one_way", with_service::<event_loop::OneWay>()),
        ("polling", with_service::<polling::Raft>()),
        ("no_op", with_service::<no_op::Raft>()),
        ("pre_vote", with_service::<pre_vote::Raft>()),
        ("retrying", with_service::<retrying::Raft>().with_names(retrying::names)),
        ("own_names", with_service::<retrying::Raft>()),
        ("resettable_timer", with_service::<resettable_timer::Raft>()),
        ("group_commit", group_commit_as::<group_commit::GroupCommit>()),
        ("group_commit_unhurried", group_commit_as::<group_commit::Unhurried>()),
        ("group_commit_own_fields", group_commit_as::<group_commit::OwnFields>()),
        ("group_commit_hasty", group_commit_as::<group_commit::Hasty>()),
        ("group_commit_modest", group_commit_as::<group_commit::Modest>()),
        ("group_commit_wary", group_commit_as::<group_commit::Wary>()),
        ("group_commit_pulsing", group_commit_as::<group_commit::Pulsing>()),
    ]
}

fn group_commit_as<R: RaftServer>() -> Implementation {
    with_service::<R>().with_names(group_commit::names)
}

/// The program `lab` for a control in which bugs are planted, with the subcommand by which they are tried.
#[must_use]
pub fn main<R: RaftServer>() -> ExitCode {
    Program::new(with_service::<R>())
        .subcommand(Subcommand {
            command: lab_probe::probe_command(),
            run: |matches| lab_probe::run_probe(matches, with_service::<R>()),
        })
        .main()
}

/// A Raft under the key/value service of the reference.
#[must_use]
pub fn with_service<R: RaftServer>() -> Implementation {
    Implementation::of_service::<kvraft::Reference<R>>()
}
