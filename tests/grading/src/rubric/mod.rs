//! A rubric: what an assignment is worth, when it is due, with which seeds it is graded, and what that may cost.
//!
//! It is a file that teachers write ([`EXAMPLE`]). What is wrong in it is told with its line.

mod file;
mod policy;
mod read;

use std::fmt::Write;
use std::time::Duration;

use lab_harness::case::{Part, TestCase};
use labrpc::sim::Policy as Schedule;
use sha2::{Digest, Sha256};

pub use policy::{Policy, Visibility};

use crate::moment::Moment;
use crate::points::Points;

/// A rubric with everything that one can say, to begin with.
pub const EXAMPLE: &str = include_str!("example.toml");

/// A rubric.
#[derive(Clone, Debug)]
pub struct Rubric {
    /// The file.
    pub text: String,
    /// What hidden seeds are derived from, beside the secret.
    pub assignment: String,
    /// With which seeds it is graded.
    pub seeds: SeedRule,
    /// What it may cost.
    pub budget: Budget,
    /// What a delay costs.
    pub late: Late,
    /// The parts, in their order.
    pub parts: Vec<PartRule>,
    /// Whether there is a table of all students.
    pub has_leaderboard: bool,
    /// Whether code under test may say `unsafe`.
    pub allows_unsafe: bool,
}

/// With which seeds each test is graded.
#[derive(Clone, Copy, Debug)]
pub struct SeedRule {
    /// Seeds from 1 to this.
    pub public: u64,
    /// How many nobody knows.
    pub hidden: u64,
    /// Who runs next.
    pub schedule: Schedule,
    /// Whether a failure tells its seed.
    pub is_shown: bool,
}

/// What grading may cost, in real time and memory.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// All tests together.
    pub time: Duration,
    /// All seeds of one test.
    pub test: Duration,
    /// One run.
    pub run: Duration,
    /// One worker, in bytes.
    pub memory: u64,
    /// The build of one submission.
    pub build: Duration,
}

/// What a delay costs.
#[derive(Clone, Copy, Debug)]
pub struct Late {
    /// Percent of a part's points for each day that has begun after the deadline.
    pub lost_per_day: u64,
    /// After so many days there is nothing.
    pub days: u64,
    /// So much later is not late.
    pub grace: Duration,
}

/// A part, and what it is worth.
#[derive(Clone, Debug)]
pub struct PartRule {
    /// Which.
    pub part: Part,
    /// What all its tests are worth together.
    pub points: Points,
    /// When it is due; `None` if it is never late.
    pub deadline: Option<Moment>,
    /// Its tests, in the suite's order.
    pub tests: Vec<TestRule>,
}

/// A test, and what it is worth.
#[derive(Clone, Debug)]
pub struct TestRule {
    /// Which.
    pub case: &'static TestCase,
    /// What it is worth, among the tests of its part.
    pub weight: u64,
    /// How its seeds make its points.
    pub policy: Policy,
    /// Who sees it.
    pub visibility: Visibility,
}

impl Rubric {
    /// Reads a rubric; `name` is what the file is called.
    ///
    /// # Errors
    ///
    /// A sentence about what is wrong, with its line.
    pub fn read(name: &str, text: &str) -> Result<Self, String> {
        read::read(name, text)
    }

    /// What identifies it: the SHA-256 of the file, in hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256(self.text.as_bytes())
    }

    /// All tests, with the part that they belong to.
    pub fn tests(&self) -> impl Iterator<Item = (&PartRule, &TestRule)> {
        self.parts.iter().flat_map(|part| part.tests.iter().map(move |test| (part, test)))
    }

    /// What all parts are worth.
    #[must_use]
    pub fn points(&self) -> Points {
        self.parts.iter().map(|part| part.points).sum()
    }
}

impl Late {
    /// Percent of the points that are lost, so many days after the deadline.
    #[must_use]
    pub fn lost(&self, days: u64) -> u64 {
        if days > self.days { 100 } else { (days * self.lost_per_day).min(100) }
    }
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
