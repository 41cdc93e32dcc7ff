//! A test, as data: what the wrappers for `cargo test` and the program need to know of it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use raft_interface::{Configuration, Features, Servers};

use crate::lab::Lab;

/// A part of the lab: MIT's, in its numbering since 2024, where lab 2 has two parts that MIT does not name; and E for what goes
/// beyond Figure 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Lab 2: a key/value server on one machine, without a Raft.
    K2,
    /// Lab 2: locks on it.
    L2,
    /// Leader election.
    A3,
    /// Log replication.
    B3,
    /// Persistence.
    C3,
    /// Snapshots.
    D3,
    /// The replicated state machine layer.
    A4,
    /// A key/value service without snapshots.
    B4,
    /// A key/value service with snapshots.
    C4,
    /// Beyond Figure 2: calm elections.
    E1,
    /// Beyond Figure 2: who counts.
    E2,
    /// Beyond Figure 2: membership.
    E3,
    /// Beyond Figure 2: snapshots in pieces.
    E4,
    /// Beyond Figure 2: reads without the log.
    E5,
    /// Beyond Figure 2: commands that any server takes.
    E6,
    /// Beyond Figure 2: storage on a disk that fails.
    E7,
}

impl Part {
    /// All parts, in order.
    pub const ALL: [Self; 16] = [
        Self::K2,
        Self::L2,
        Self::A3,
        Self::B3,
        Self::C3,
        Self::D3,
        Self::A4,
        Self::B4,
        Self::C4,
        Self::E1,
        Self::E2,
        Self::E3,
        Self::E4,
        Self::E5,
        Self::E6,
        Self::E7,
    ];

    /// How it is written: `3A`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::K2 => "2K",
            Self::L2 => "2L",
            Self::A3 => "3A",
            Self::B3 => "3B",
            Self::C3 => "3C",
            Self::D3 => "3D",
            Self::A4 => "4A",
            Self::B4 => "4B",
            Self::C4 => "4C",
            Self::E1 => "E1",
            Self::E2 => "E2",
            Self::E3 => "E3",
            Self::E4 => "E4",
            Self::E5 => "E5",
            Self::E6 => "E6",
            Self::E7 => "E7",
        }
    }

    /// Whether it grades a service on a Raft.
    #[must_use]
    pub fn needs_service(self) -> bool {
        matches!(self, Self::A4 | Self::B4 | Self::C4 | Self::E6)
    }

    /// Whether it grades what stands on no Raft.
    #[must_use]
    pub fn needs_no_raft(self) -> bool {
        matches!(self, Self::K2 | Self::L2)
    }

    /// What a Raft must offer for the part to be graded although nobody asks for it by name: one of these. Every Raft can be put to E7,
    /// and none was told to bear it; to E5, and only one with leases was told.
    #[must_use]
    pub fn features_unasked(self) -> Vec<Features> {
        match self {
            Self::E7 => Vec::new(),
            Self::E5 => vec![Features::with_leases(Duration::from_millis(1))],
            _ => self.features(),
        }
    }

    /// What a Raft must offer to be graded in this part: one of these. Each test then asks for what it needs itself. In MIT's
    /// parts that is nothing beyond Figure 2.
    #[must_use]
    pub fn features(self) -> Vec<Features> {
        let none = Features::default();
        match self {
            Self::K2
            | Self::L2
            | Self::A3
            | Self::B3
            | Self::C3
            | Self::D3
            | Self::A4
            | Self::B4
            | Self::C4
            | Self::E6
            | Self::E7 => {
                vec![none]
            }
            Self::E1 => vec![
                Features { noop_on_election: true, ..none },
                Features { pre_vote: true, ..none },
                Features { check_quorum: true, ..none },
                Features { leadership_transfer: true, ..none },
            ],
            Self::E2 | Self::E3 => vec![Features::beginning_with(Configuration::of(Servers::first(1)))],
            Self::E4 => vec![Features::snapshots_in_pieces(1)],
            // ReadIndex is no feature, and who has none skips what asks for it.
            Self::E5 => vec![none, Features::with_leases(Duration::from_millis(1))],
        }
    }

    /// What the part is about.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::K2 => "key/value server on one machine",
            Self::L2 => "locks",
            Self::A3 => "leader election",
            Self::B3 => "log replication",
            Self::C3 => "persistence",
            Self::D3 => "snapshots",
            Self::A4 => "replicated state machine",
            Self::B4 => "key/value service",
            Self::C4 => "key/value service with snapshots",
            Self::E1 => "calm elections",
            Self::E2 => "who counts",
            Self::E3 => "membership",
            Self::E4 => "snapshots in pieces",
            Self::E5 => "reads without the log",
            Self::E6 => "forwarding",
            Self::E7 => "storage that fails",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Part {
    type Err = String;

    /// Reads `3A` or `3a`, and `2A`, as the lab was numbered before 2024.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "2k" => Ok(Self::K2),
            "2l" => Ok(Self::L2),
            "3a" | "2a" => Ok(Self::A3),
            "3b" | "2b" => Ok(Self::B3),
            "3c" | "2c" => Ok(Self::C3),
            "3d" | "2d" => Ok(Self::D3),
            "4a" => Ok(Self::A4),
            "4b" => Ok(Self::B4),
            "4c" => Ok(Self::C4),
            "e1" => Ok(Self::E1),
            "e2" => Ok(Self::E2),
            "e3" => Ok(Self::E3),
            "e4" => Ok(Self::E4),
            "e5" => Ok(Self::E5),
            "e6" => Ok(Self::E6),
            "e7" => Ok(Self::E7),
            _ => Err(format!(
                "{text:?} is not a part: write 2K or 2L, 3A to 3D (2A to 2D mean the same), 4A to 4C, or E1 to E7"
            )),
        }
    }
}

/// Where a test comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// MIT's suite.
    Mit {
        /// Its name there, without `Test` and the part: `InitialElection`.
        name: &'static str,
        /// The RPCs that a plain Raft used under MIT's harness, to compare with.
        rpcs: u32,
    },
    /// This lab's own: what MIT's suite does not see.
    Lab,
}

/// A test: a scenario, and what it is worth.
#[derive(Clone, Copy)]
pub struct TestCase {
    /// The name of its function, which ends in its part: `initial_election_3a`.
    pub name: &'static str,
    /// Its part.
    pub part: Part,
    /// What it is worth.
    pub points: u32,
    /// What is graded, in one line.
    pub about: &'static str,
    /// Where it comes from.
    pub origin: Origin,
    /// The limit of virtual time.
    pub time_max: Duration,
    /// The limit of steps of the scheduler: more is a loop that polls.
    pub steps_max: u64,
    /// The scenario.
    pub body: fn(&Lab),
}

impl fmt::Debug for TestCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {} points): {}", self.name, self.part, self.points, self.about)
    }
}
