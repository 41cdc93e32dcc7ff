//! The results of a sweep as a file of JSON, for other programs and to be [merged](super::merge).
//!
//! ```json
//! {
//!   "format": 1,
//!   "build": "5e0a6d…",                 // hash of the executable
//!   "implementation": "raft::Raft",
//!   "world": "simulated",
//!   "seeds": {"from": 1, "count": 1000}, // of the whole sweep, all shards together
//!   "shards": {"of": 8, "numbers": [3]}, // null if it was not split
//!   "is_complete": true,                 // whether everything was run that belongs to these shards
//!   "wall_s": 61.2, "cpu_s": 119.8, "cores": 2,
//!   "rows": [{"test": "backup_3b", "policy": "random", "passed": [[1, 125]], "failures": [],
//!             "wall_us": 1890234, "cpu_us": 1874231, "slowest": {"wall_us": 40210, "seed": 17},
//!             "runs": 125, "failed": 0, "failure_rate": 0.0, "failure_rate_max": 0.0237}],
//!   "causes": [{"test": "…", "kind": "rule", "headline": "…", "count": 3, "first_seed": 17, "replay": "cargo lab …"}]
//! }
//! ```
//!
//! `passed` holds ranges of seeds, ends included. `failure_rate_max` is the upper bound with 95 % confidence.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};

use super::claims;
use super::driver::{Config, StopReason, Summary};
use super::results::{self, Row};
use super::scope::{Seeds, Shard};
use super::statistics::failure_rate_max;
use crate::target::FailureKind;
use lab_runs::input;

/// The version of the format.
const FORMAT: u32 = 1;
/// The longest file that is read. A sweep in which each of a million runs fails in its own way writes a quarter of it.
const BYTES_MAX: u64 = 1 << 30;

/// The results of a sweep, or of several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The version of the format; [`read`](Self::read) refuses others.
    pub format: u32,
    /// The hash of the executable that made the runs.
    pub build: String,
    /// The type that was tested: `raft::Raft`.
    pub implementation: String,
    /// `simulated` or `real`.
    pub world: String,
    /// The seeds of the whole, all shards together.
    pub seeds: Seeds,
    /// The shards that are in here; `None` if it was not split.
    pub shards: Option<Shards>,
    /// Whether everything was run that belongs to it.
    pub is_complete: bool,
    /// Real time in seconds.
    pub wall_s: f64,
    /// Processor time of the runs in seconds.
    pub cpu_s: f64,
    /// How many processors there were; the sum, if it was merged.
    pub cores: usize,
    /// What came of the runs, a row for each test and policy. In the file each has the numbers that follow from it, too.
    #[serde(serialize_with = "with_numbers")]
    pub rows: Vec<Row>,
    /// For readers; it follows from the rows.
    #[serde(default)]
    pub causes: Vec<Cause>,
}

/// Some of the shards of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shards {
    /// Into how many shards the sweep was split.
    pub of: u64,
    /// Which of them, from 1, in order.
    pub numbers: Vec<u64>,
}

/// Failures with the same cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The test.
    pub test: String,
    /// Under which policy it failed.
    pub policy: String,
    /// How it failed.
    pub kind: FailureKind,
    /// What the failure with the lowest seed says, in one line.
    pub headline: String,
    /// How many seeds failed so.
    pub count: u64,
    /// The lowest of them.
    pub first_seed: u64,
    /// The command that repeats that one.
    pub replay: String,
}

/// A row, and what a reader would compute from it.
#[derive(Serialize)]
struct Numbered<'a> {
    #[serde(flatten)]
    row: &'a Row,
    runs: u64,
    failed: u64,
    failure_rate: f64,
    failure_rate_max: f64,
}

fn with_numbers<S: serde::Serializer>(rows: &[Row], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(rows.iter().map(|row| Numbered {
        row,
        runs: row.runs(),
        failed: row.failed(),
        failure_rate: row.failure_rate(),
        failure_rate_max: failure_rate_max(row.failed(), row.runs()),
    }))
}

impl Results {
    /// What a sweep came to. `whole` are the seeds of all shards.
    pub fn of(
        config: &Config,
        summary: &Summary,
        implementation: &str,
        whole: Seeds,
        shard: Option<Shard>,
    ) -> Self {
        let mut results = Self {
            format: FORMAT,
            build: config.build.clone(),
            implementation: implementation.to_owned(),
            world: config.scope.world.to_string(),
            seeds: whole,
            shards: shard.map(|shard| Shards { of: shard.of, numbers: vec![shard.number] }),
            is_complete: summary.stop_reason == StopReason::Completed,
            wall_s: summary.wall.as_secs_f64(),
            cpu_s: summary.cost.cpu_us as f64 / 1e6,
            cores: summary.cores,
            rows: summary.rows.clone(),
            causes: Vec::new(),
        };
        results.find_causes();
        results
    }

    /// To be called when the rows have changed.
    pub(super) fn find_causes(&mut self) {
        // Computed, never merged: two files can have the same cause, and the lowest seed of both is its
        // first.
        let groups = results::groups(&self.rows).into_iter();
        self.causes = groups
            .map(|group| Cause {
                test: group.test.to_owned(),
                policy: group.policy.to_owned(),
                kind: group.first.kind,
                headline: group.first.headline.clone(),
                count: group.count,
                first_seed: group.first.seed,
                replay: group.replay(&self.world),
            })
            .collect();
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is none of this kind.
    pub fn read(path: &Path) -> Result<Self> {
        let text = input::read(path, BYTES_MAX).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not to be used", path.display()))
    }

    /// Reads the content of a file.
    pub(super) fn parse(text: &[u8]) -> Result<Self> {
        let results: Self = serde_json::from_slice(text)
            .context("it holds no results of a sweep: it should come from cargo lab sweep --json")?;
        // Refused, not tried: a field with another meaning would be worse than no answer.
        if results.format != FORMAT {
            bail!("it has format {}, and this program reads format {FORMAT}", results.format);
        }
        claims::check(&results).map_err(|error| {
            anyhow!("it contradicts itself: {error}. Write it again with cargo lab sweep --json")
        })?;
        Ok(results)
    }

    /// The content of a file.
    ///
    /// # Errors
    ///
    /// None that is known.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        Ok((serde_json::to_string_pretty(self)? + "\n").into_bytes())
    }

    /// How many runs failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.rows.iter().map(Row::failed).sum()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;

    use super::super::results::Ended;
    use super::*;
    use crate::FailedRun;
    use crate::workers::Cost;
    use lab_runs::TestInfo;

    /// Shard `number` of `of` of a sweep of 40 seeds; seed 7 fails.
    pub(crate) fn shard(number: u64, of: u64) -> Results {
        let whole = Seeds { from: 1, count: Some(40) };
        let part = whole.of_shard(Shard { number, of });
        let mut row = Row::new(TestInfo { name: "basic_agree_3b", group: "3B", about: "" }, "random");
        for seed in part.from..=part.last() {
            let failed =
                (seed == 7).then(|| FailedRun::new(seed, FailureKind::Rule, "two leaders in term 3"));
            row.add(seed, Cost { wall_us: seed, cpu_us: seed }, Ended::from_parts(None, failed));
        }
        let mut results = Results {
            format: FORMAT,
            build: "b".into(),
            implementation: "raft::Raft".into(),
            world: "simulated".into(),
            seeds: whole,
            shards: (of > 1).then(|| Shards { of, numbers: vec![number] }),
            is_complete: true,
            wall_s: 1.0,
            cpu_s: 2.0,
            cores: 2,
            rows: vec![row],
            causes: Vec::new(),
        };
        results.find_causes();
        results
    }

    #[test]
    fn results_survive_their_file_and_tell_readers_what_follows() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("results.json");
        let results = shard(1, 1);
        fs::write(&path, results.to_json().unwrap()).unwrap();
        assert_eq!(Results::read(&path).unwrap(), results);
        let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let row = &json["rows"][0];
        assert_eq!((row["runs"].as_u64(), row["failed"].as_u64()), (Some(40), Some(1)));
        assert!(row["failure_rate_max"].as_f64().unwrap() > 0.1);
        assert_eq!(json["causes"][0]["replay"], "cargo lab replay basic_agree_3b 0x7");
    }

    #[test]
    fn file_of_another_kind_is_refused_by_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("other.json");
        for (text, word) in [("{}", "no results of a sweep"), ("hello", "no results of a sweep")] {
            fs::write(&path, text).unwrap();
            let error = format!("{:#}", Results::read(&path).unwrap_err());
            assert!(error.contains("other.json") && error.contains(word), "{error}");
        }
        let newer = Results { format: 99, ..shard(1, 1) };
        fs::write(&path, newer.to_json().unwrap()).unwrap();
        let error = format!("{:#}", Results::read(&path).unwrap_err());
        assert!(error.contains("format 99"), "{error}");
        let error = format!("{:#}", Results::read(Path::new("nowhere.json")).unwrap_err());
        assert!(error.contains("cannot read nowhere.json"), "{error}");
    }
}
