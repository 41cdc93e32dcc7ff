//! What a submission is: a Raft to stand on, and what it does besides, at each call of the interface.

use std::any::Any;

use raft_interface::{Command, Started, Term};

use crate::server::Server;

/// What a submission deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It attacks the grader, and must not get a point.
    Hostile,
    /// It spoils some of its tests, and gets these points for the others: what it does costs nobody else.
    Partly(u32),
    /// It is right, and must get all points.
    Awkward,
}

/// What a submission keeps from its start to its end.
pub(crate) type Kept = Box<dyn Any + Send + Sync>;

/// Keeps a value as long as the server is there.
pub(crate) fn keep(value: impl Any + Send + Sync) -> Kept {
    Box::new(value)
}

/// A submission: a row of the table.
#[derive(Debug)]
pub struct Submission {
    /// Words joined by hyphens.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub story: &'static str,
    /// What it deserves.
    pub kind: Kind,
    /// What is run: `grade` or `sweep`, with arguments.
    pub command: &'static str,
    /// What must be said of it.
    pub says: Vec<&'static str>,
    /// Whether it may be that it cannot be told what it is worth: it ends its process as somebody else would.
    pub is_untold: bool,
    pub(crate) calls: Calls,
}

/// What a submission does besides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calls {
    pub(crate) make: fn(&Server),
    pub(crate) keeps: fn(&Server) -> Kept,
    pub(crate) start: fn(&Server, &Command) -> Option<Started>,
    pub(crate) get_state: fn(&Server) -> Option<(Term, bool)>,
    pub(crate) kill: fn(&Server),
    pub(crate) dropped: fn(&Server),
}

/// What is graded if nothing else is said: 25 points.
const USUAL: &str = "grade initial_election_3a re_election_3a basic_agree_3b --seeds 2";
/// The same with tests in which servers are crashed and made again: 25 points.
const WITH_RESTARTS: &str =
    "grade initial_election_3a basic_agree_3b persist1_3c snapshot_basic_3d --seeds 2";
/// For what ends by a limit, and takes the time of that limit.
pub(crate) const ONE: &str = "grade initial_election_3a --seeds 2";

impl Submission {
    fn new(name: &'static str, kind: Kind, story: &'static str) -> Self {
        Self { name, story, kind, command: USUAL, says: Vec::new(), is_untold: false, calls: Calls::NOTHING }
    }

    /// One that attacks, and stands on a Raft that does nothing.
    pub(crate) fn hostile(name: &'static str, story: &'static str) -> Self {
        Self::new(name, Kind::Hostile, story)
    }

    /// One that stands on the reference, and attacks in some of its tests.
    pub(crate) fn partly(name: &'static str, points: u32, story: &'static str) -> Self {
        Self::new(name, Kind::Partly(points), story)
    }

    /// One that stands on the reference.
    pub(crate) fn awkward(name: &'static str, story: &'static str) -> Self {
        Self::new(name, Kind::Awkward, story).command(WITH_RESTARTS)
    }

    pub(crate) fn command(mut self, command: &'static str) -> Self {
        self.command = command;
        self
    }

    pub(crate) fn says(mut self, words: &'static str) -> Self {
        self.says.push(words);
        self
    }

    pub(crate) fn untold(mut self) -> Self {
        self.is_untold = true;
        self
    }

    /// What it does before its Raft is made.
    pub(crate) fn make(mut self, make: fn(&Server)) -> Self {
        self.calls.make = make;
        self
    }

    /// What it keeps until its server is dropped: after [`make`](Self::make), and before its Raft is made.
    pub(crate) fn keeps(mut self, keeps: fn(&Server) -> Kept) -> Self {
        self.calls.keeps = keeps;
        self
    }

    /// What it does when it is given a command; the answer, if its Raft is not asked.
    pub(crate) fn start(mut self, start: fn(&Server, &Command) -> Option<Started>) -> Self {
        self.calls.start = start;
        self
    }

    /// What it does when it is asked for its state; the answer, if its Raft is not asked.
    pub(crate) fn get_state(mut self, get_state: fn(&Server) -> Option<(Term, bool)>) -> Self {
        self.calls.get_state = get_state;
        self
    }

    /// What it does when it is killed, before its Raft is.
    pub(crate) fn kill(mut self, kill: fn(&Server)) -> Self {
        self.calls.kill = kill;
        self
    }

    /// What it does when the last handle to a server is dropped.
    pub(crate) fn dropped(mut self, dropped: fn(&Server)) -> Self {
        self.calls.dropped = dropped;
        self
    }
}

impl Calls {
    const NOTHING: Self = Self {
        make: |_| {},
        keeps: |_| keep(()),
        start: |_, _| None,
        get_state: |_| None,
        kill: |_| {},
        dropped: |_| {},
    };
}
