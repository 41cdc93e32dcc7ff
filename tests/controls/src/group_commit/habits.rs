//! What the variants of this Raft differ in.

use std::ops::Range;

use labrpc::time::Duration;

/// What a variant does in its own way.
#[derive(Clone, Debug)]
pub struct Habits {
    /// Who has heard of no chief for so long stands, in milliseconds.
    pub election_ms: Range<u64>,
    /// How long the saver waits for more to gather.
    pub gathering: Option<Duration>,
    /// How many entries that a snapshot covers stay in the log.
    pub trail: u64,
    /// Whether the service is shown a term that is not saved.
    pub shows_unsaved: bool,
    /// Whether replies have fields beyond those of the paper.
    pub has_own_fields: bool,
    /// Whether a server that has never heard of any term stands for election at once.
    pub stands_at_birth: bool,
    /// Whether a chief is one to its service only once a majority has answered it.
    pub is_modest: bool,
    /// For how long after its start a server gives no vote.
    pub withholding: Duration,
    /// Whether who has all that the chief has gets heartbeats of a method of their own.
    pub beats_apart: bool,
    /// A chief that no majority has answered for so long gives up.
    pub silence: Duration,
}

const PLAIN: Habits = Habits {
    election_ms: 350..700,
    gathering: None,
    trail: 0,
    shows_unsaved: false,
    has_own_fields: false,
    stands_at_birth: false,
    is_modest: false,
    withholding: Duration::ZERO,
    beats_apart: false,
    silence: Duration::from_millis(1600),
};

/// A type that stands for a variant.
pub trait Style: Clone + Send + Sync + 'static {
    /// What the variant does.
    const HABITS: Habits;
}

/// The plain one.
#[derive(Clone, Copy, Debug)]
pub enum AtOnce {}
/// The unhurried one.
#[derive(Clone, Copy, Debug)]
pub enum InTime {}
/// The one with fields of its own.
#[derive(Clone, Copy, Debug)]
pub enum InFull {}
/// The one that stands at birth.
#[derive(Clone, Copy, Debug)]
pub enum AtBirth {}
/// The one that gives up soon.
#[derive(Clone, Copy, Debug)]
pub enum InDoubt {}

/// The one that leads when a majority follows.
#[derive(Clone, Copy, Debug)]
pub enum InFact {}
/// The one that is wary at first.
#[derive(Clone, Copy, Debug)]
pub enum InCaution {}

/// The one whose heartbeats are no pushes.
#[derive(Clone, Copy, Debug)]
pub enum InPulses {}

impl Style for AtOnce {
    const HABITS: Habits = PLAIN;
}

impl Style for InTime {
    // Two saves go by before a rival's vote is taken, so the choice is wider: else too many elections end in split votes (§5.6).
    const HABITS: Habits = Habits {
        election_ms: 400..1100,
        gathering: Some(Duration::from_millis(80)),
        trail: 10,
        shows_unsaved: true,
        ..PLAIN
    };
}

impl Style for InFull {
    const HABITS: Habits = Habits { has_own_fields: true, ..PLAIN };
}

impl Style for AtBirth {
    const HABITS: Habits = Habits { stands_at_birth: true, ..PLAIN };
}

impl Style for InDoubt {
    const HABITS: Habits = Habits { silence: Duration::from_millis(600), ..PLAIN };
}

impl Style for InFact {
    const HABITS: Habits = Habits { is_modest: true, ..PLAIN };
}

impl Style for InCaution {
    const HABITS: Habits = Habits { withholding: Duration::from_millis(350), ..PLAIN };
}

impl Style for InPulses {
    const HABITS: Habits = Habits { beats_apart: true, ..PLAIN };
}
