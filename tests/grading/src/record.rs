//! A grade, as it is kept: `grade.json`. It says what was graded by what, with which seeds, and what came of it, so that it can
//! be made again. It is the teacher's: it has the hidden seeds in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::moment::Moment;
use crate::points::Points;
use crate::rubric::{Policy, Visibility};

/// What a file of this form begins with.
pub const SCHEMA: &str = "lab/grade/v1";

/// A grade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grade {
    /// [`SCHEMA`].
    pub schema: String,
    /// The name of the assignment.
    pub assignment: String,
    /// Whose it is; empty if it is not one of a class.
    pub student: String,
    /// What was gained.
    pub score: Points,
    /// What there was to gain.
    pub max_score: Points,
    /// Whether all was run that was to be run.
    pub end: End,
    /// Why nothing could be graded: the first error of the compiler, for example.
    pub error: Option<String>,
    /// The parts, in the rubric's order.
    pub parts: Vec<PartGrade>,
    /// The tests, in the rubric's order.
    pub tests: Vec<TestGrade>,
    /// What it was made with.
    pub made_with: MadeWith,
    /// The real time that it took, in seconds. Differs from time to time.
    pub seconds: f64,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It is under way, or was killed.
    UnderWay,
    /// All was run.
    Complete,
    /// The budget of time was used up.
    OutOfTime,
    /// Somebody pressed Ctrl-C.
    Interrupted,
    /// There was nothing to run: see `error`.
    NotGraded,
}

/// A part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartGrade {
    /// `3A`.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// What was gained, after what a delay costs.
    pub score: Points,
    /// What there was to gain.
    pub max_score: Points,
    /// Days by which it came too late.
    pub days_late: u64,
    /// Percent of the points that this costs.
    pub lost: u64,
}

/// A test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestGrade {
    /// Its name.
    pub name: String,
    /// Its part.
    pub part: String,
    /// What is graded, in one line.
    pub about: String,
    /// What was gained, after what a delay costs.
    pub score: Points,
    /// What there was to gain.
    pub max_score: Points,
    /// What came of it.
    pub status: Status,
    /// How seeds make points.
    pub policy: Policy,
    /// Who sees it.
    pub visibility: Visibility,
    /// Its seeds, in their order.
    #[serde(with = "hexadecimal")]
    pub seeds: Vec<u64>,
    /// How many of them were run.
    pub runs: u64,
    /// How many of those passed.
    pub passed: u64,
    /// With 95 % certainty no larger share of all seeds fails.
    pub failure_rate_max: f64,
    /// A hash over the fingerprints of all runs: who has the same has made the same runs.
    pub runs_hash: String,
    /// The first seed that failed.
    pub failure: Option<Failure>,
    /// Why it was skipped, or could not be told.
    pub reason: Option<String>,
    /// The real time of its runs, in seconds. Differs from time to time.
    pub seconds: f64,
}

impl TestGrade {
    /// Whether nothing is missing: it has passed, or was skipped and there was nothing to gain by it.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.status == Status::Passed || self.is_left_out()
    }

    /// Whether it was skipped and there was nothing to gain by it.
    #[must_use]
    pub fn is_left_out(&self) -> bool {
        self.status == Status::Skipped && self.max_score == Points::default()
    }
}

/// What came of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All seeds passed.
    Passed,
    /// A seed failed.
    Failed,
    /// Nothing was judged. It is worth nothing, and what it would have been worth is dealt out to the others of its part; unless
    /// another of them has failed, and the course asks for what would have been judged.
    Skipped,
    /// Not all was run, and what was run has passed.
    NotRun,
    /// Somebody ended its process from outside each time.
    Unknown,
}

/// A seed that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Which.
    #[serde(with = "hexadecimal_one")]
    pub seed: u64,
    /// What went wrong, in one line.
    pub headline: String,
    /// All that there is to read: up to 2,000 characters.
    pub report: String,
    /// The command that makes it again.
    pub replay: String,
    /// The page that shows it, below the folder of the grade; `None` if there is none.
    pub page: Option<String>,
}

/// What a grade was made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeWith {
    /// The version of the lab.
    pub harness: String,
    /// The commit of the lab, with `+` behind if files were changed; empty if nobody knows.
    pub commit: String,
    /// The compiler.
    pub toolchain: String,
    /// What identifies the program that was graded.
    pub program: String,
    /// What identifies the sources that were handed in; empty if it was not built here.
    pub sources: String,
    /// The SHA-256 of the rubric.
    pub rubric_sha256: String,
    /// The rubric.
    pub rubric: String,
    /// When it was handed in; `None` if nobody said, and then nothing is late.
    pub submitted: Option<Moment>,
}

impl Grade {
    /// What two grades have in common that are the same: all but times, and the words about the first failure.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, here: String, there: String| {
            if here != there {
                differences.push(format!("{what}: {here}, and it was {there}"));
            }
        };
        compare("score", self.score.to_string(), other.score.to_string());
        compare("end", format!("{:?}", self.end), format!("{:?}", other.end));
        let (here, there) = (&self.made_with, &other.made_with);
        compare("toolchain", here.toolchain.clone(), there.toolchain.clone());
        compare("harness", here.harness.clone(), there.harness.clone());
        compare("commit of the harness", here.commit.clone(), there.commit.clone());
        compare("program", here.program.clone(), there.program.clone());
        let before: BTreeMap<&str, &TestGrade> = other.tests.iter().map(|test| (&*test.name, test)).collect();
        for test in &self.tests {
            let Some(before) = before.get(&*test.name) else { continue };
            let told = |test: &TestGrade| {
                format!(
                    "{} points, {} of {} seeds, runs {}",
                    test.score, test.passed, test.runs, test.runs_hash
                )
            };
            compare(&test.name, told(test), told(before));
        }
        differences
    }
}

mod hexadecimal {
    use labrpc::sim::parse_seed;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(seeds: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(seeds.iter().map(|seed| format!("{seed:#x}")))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
        let texts: Vec<String> = Deserialize::deserialize(deserializer)?;
        texts.iter().map(|text| super::read_seed(text, parse_seed)).collect()
    }
}

mod hexadecimal_one {
    use labrpc::sim::parse_seed;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{seed:#x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        super::read_seed(&String::deserialize(deserializer)?, parse_seed)
    }
}

/// A seed as it is written. A number of JSON is none: many readers keep 53 bits of one.
fn read_seed<E: serde::de::Error>(text: &str, parse: impl Fn(&str) -> Option<u64>) -> Result<u64, E> {
    parse(text).ok_or_else(|| E::custom(format_args!("{text:?} is not a seed")))
}
