//! How a test's seeds make its points, and who sees it.

use std::fmt;
use std::str::FromStr;

use lab_suites::grade::demands::OneRun;
use serde::{Deserialize, Serialize};

use crate::points::Points;

/// How a test's seeds make its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Policy {
    /// All points if all seeds pass, none otherwise.
    All,
    /// The share of the seeds that pass.
    Share,
    /// The seeds are dealt into so many rounds, and the best round counts by its share.
    BestOf(u64),
}

impl Policy {
    /// Whether runs are made after one has failed.
    #[must_use]
    pub fn goes_on(self) -> bool {
        self != Self::All
    }

    /// What the runs of a test are worth that should have been `planned`. What did not run has not passed.
    #[must_use]
    pub fn points(self, max: Points, runs: &[OneRun], planned: u64) -> Points {
        let passed = |runs: &[OneRun]| runs.iter().filter(|run| run.is_passed).count() as u64;
        match self {
            Self::All if planned > 0 && passed(runs) == planned => max,
            Self::All => Points::default(),
            Self::Share => max.share(passed(runs), planned),
            Self::BestOf(rounds) => {
                let round = planned.div_ceil(rounds).max(1);
                let of = |place: u64| round.min(planned - place * round);
                let best = runs.chunks(round as usize).enumerate();
                best.map(|(place, runs)| max.share(passed(runs), of(place as u64))).max().unwrap_or_default()
            }
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Share => f.write_str("share"),
            Self::BestOf(rounds) => write!(f, "best of {rounds}"),
        }
    }
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rounds =
            || text.strip_prefix("best of ")?.parse().ok().filter(|rounds| (1..=100).contains(rounds));
        match text {
            "all" => Ok(Self::All),
            "share" => Ok(Self::Share),
            _ => rounds()
                .map(Self::BestOf)
                .ok_or_else(|| format!("{text:?} is no policy: write \"all\", \"share\" or \"best of 3\"")),
        }
    }
}

/// Who sees a test, in Gradescope's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Students do, at once.
    #[default]
    Visible,
    /// Students never do.
    Hidden,
    /// Students do when nobody may hand in any more.
    AfterDueDate,
    /// Students do when the teacher publishes the grades.
    AfterPublished,
}

impl FromStr for Visibility {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "visible" => Ok(Self::Visible),
            "hidden" => Ok(Self::Hidden),
            "after_due_date" => Ok(Self::AfterDueDate),
            "after_published" => Ok(Self::AfterPublished),
            _ => Err(format!(
                "{text:?} is no visibility: write \"visible\", \"hidden\", \"after_due_date\" or \"after_published\""
            )),
        }
    }
}

/// As text, for serde.
impl TryFrom<String> for Policy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Policy> for String {
    fn from(policy: Policy) -> Self {
        policy.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(text: &str) -> Vec<OneRun> {
        text.chars().map(|c| OneRun { is_passed: c == '+', fingerprint: None }).collect()
    }

    #[test]
    fn seeds_make_points_as_the_policy_says() {
        let max = Points::whole(10);
        for (policy, ran, planned, points) in [
            ("all", "+++++", 5, "10"),
            ("all", "++++", 5, "0"), // one did not run
            ("all", "++++-", 5, "0"),
            ("all", "", 0, "0"),
            ("share", "++++-", 5, "8"),
            ("share", "++", 5, "4"),
            ("share", "", 5, "0"),
            ("best of 3", "--+--+", 6, "5"),
            ("best of 3", "-+++--", 6, "10"),
            ("best of 3", "+", 6, "5"), // the round has two seeds, and one of them ran
            ("best of 3", "----+", 5, "10"), // rounds of 2, 2 and 1
            ("best of 3", "", 6, "0"),
            ("best of 1", "++-", 3, "6.66"),
        ] {
            let policy: Policy = policy.parse().unwrap();
            assert_eq!(policy.points(max, &runs(ran), planned).to_string(), points, "{policy}: {ran:?}");
        }
    }

    #[test]
    fn policies_are_read_as_they_are_shown() {
        for text in ["all", "share", "best of 3"] {
            assert_eq!(text.parse::<Policy>().unwrap().to_string(), text);
        }
        for text in ["", "most", "best of 0", "best of", "best of three", "best of 101"] {
            assert!(text.parse::<Policy>().unwrap_err().contains("best of 3"), "{text}");
        }
    }
}
