//! A failed run in two lines: what kind of failure, and its headline. Failures with the same cause are counted together.

use labrpc::printable;
use serde::{Deserialize, Serialize};

use crate::target::FailureKind;
use lab_runs::similarity::without_numbers;

/// A run that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRun {
    /// Its seed.
    pub seed: u64,
    /// How it failed.
    pub kind: FailureKind,
    /// What went wrong, in one line.
    pub headline: String,
    /// The run that failed, if its seed and the policy of its row do not say it: a search has gone on from another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<SearchedRun>,
}

/// A run that a search has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchedRun {
    /// Its seed.
    pub seed: u64,
    /// Its policy, as it is written: `random@1200:0x7:pct:3`.
    pub policy: String,
}

/// The longest headline, in characters.
const HEADLINE_MAX: usize = 300;

impl FailedRun {
    /// A failure with a headline, which is made one line.
    #[must_use]
    pub fn new(seed: u64, kind: FailureKind, headline: &str) -> Self {
        // One line of a table and of a terminal. A panic message can have hundreds.
        let line = headline.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = printable(&line);
        let headline = match line.char_indices().nth(HEADLINE_MAX) {
            Some((end, _)) => format!("{}...", &line[..end]),
            None => line.into_owned(),
        };
        Self { seed, kind, headline, run: None }
    }

    /// What failures with the same cause have in common: the kind, and the headline without its numbers. Places in the
    /// source keep theirs, since another line is another cause.
    pub(crate) fn cause(&self) -> (FailureKind, String) {
        // Server, term and index differ from seed to seed and are no other bug; the line of a panic is one.
        let cause = |word: &str| if word.contains(".rs:") { word.to_owned() } else { without_numbers(word) };
        let words: Vec<String> = self.headline.split(' ').map(cause).collect();
        (self.kind, words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(headline: &str) -> String {
        FailedRun::new(1, FailureKind::Rule, headline).cause().1
    }

    #[test]
    fn cause_is_the_same_with_other_numbers() {
        assert_eq!(
            cause("S4 voted twice in term 12: for S2 and for S5"),
            "S# voted twice in term #: for S# and for S#"
        );
        assert_eq!(cause("at 0x1f2e, 1.5 s"), "at #, #.# s");
        assert_eq!(cause("no number, Ünïcode ß"), "no number, Ünïcode ß");
        assert_eq!(cause(""), "");
    }

    #[test]
    fn cause_is_another_at_another_line_of_the_source() {
        let at = |line| cause(&format!("S1/ticker panicked at raft/src/log.rs:{line}:9: index 7"));
        assert_ne!(at(10), at(11));
        assert_eq!(at(10), "S#/ticker panicked at raft/src/log.rs:10:9: index #");
    }

    #[test]
    fn cause_is_another_for_another_kind() {
        assert_ne!(
            FailedRun::new(1, FailureKind::Rule, "x").cause(),
            FailedRun::new(1, FailureKind::Panic, "x").cause()
        );
    }

    #[test]
    fn headline_is_one_line_and_not_too_long() {
        let failed = FailedRun::new(1, FailureKind::Panic, &format!("a\n  b {}", "x".repeat(1000)));
        assert!(failed.headline.starts_with("a b xxx") && failed.headline.len() < 310, "{}", failed.headline);
    }
}
