//! Whether two failures have the same cause.

use std::fmt;

use labrpc::sim::Cause;

use crate::likeness::without_numbers;
use crate::run::Defeat;

/// What a failure came of, without what changes from run to run: servers, terms, indexes, commands and times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The broken rule, or a text without numbers.
    text: String,
    /// Whether it is a rule that must hold whatever the scenario does, or does not do.
    is_rule: bool,
}

impl Signature {
    /// The signature of a failure.
    #[must_use]
    pub fn of(defeat: &Defeat) -> Self {
        match (&defeat.finding, &defeat.cause) {
            (Some(finding), _) => match finding.rule {
                // A scenario's expectation may cite a rule as well; it says where it stands.
                Some(rule) => Self { text: rule.to_owned(), is_rule: finding.place.is_none() },
                None => Self { text: normalised(&finding.headline), is_rule: false },
            },
            (None, Some(cause)) => Self::of_cause(cause),
            (None, None) => {
                Self { text: normalised(defeat.message.as_deref().unwrap_or_default()), is_rule: false }
            }
        }
    }

    fn of_cause(cause: &Cause) -> Self {
        let (text, is_rule) = match cause {
            Cause::Panic(panic) => {
                let place = panic.location.clone().unwrap_or_default();
                (format!("panic at {place}: {}", normalised(&panic.message)), true)
            }
            Cause::Deadlock { cycle, .. } => (format!("deadlock: {}", normalised(&cycle.join(" "))), true),
            Cause::TimeLimit { .. } => ("time limit".to_owned(), false),
            Cause::StepLimit { .. } => ("step limit".to_owned(), false),
            Cause::Stall { .. } => ("stall".to_owned(), true),
            other => (normalised(&other.to_string()), true),
        };
        Self { text, is_rule }
    }

    /// Whether the failure is one whatever the scenario leaves out. If not, a part of the scenario must also be fair:
    /// a correct implementation must pass it.
    #[must_use]
    pub fn is_rule(&self) -> bool {
        self.is_rule
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A text with `#` for each number and `"..."` for each quoted part.
fn normalised(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                for inner in letters.by_ref() {
                    if inner == '"' {
                        break;
                    }
                }
                out.push_str("\"...\"");
            }
            other => out.push(other),
        }
    }
    without_numbers(&out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;

    fn defeat(finding: Finding) -> Defeat {
        Defeat {
            finding: Some(finding),
            cause: None,
            message: None,
            servers: Vec::new(),
            timeline: Vec::new(),
            threads: Vec::new(),
            cycle: Vec::new(),
        }
    }

    #[test]
    fn servers_terms_and_commands_do_not_matter() {
        let of = |headline: &str| Signature::of(&defeat(Finding::new(headline, "", "")));
        assert_eq!(
            of(r#"no agreement on "c12", which S0 accepted at index 7"#),
            of(r#"no agreement on "c3", which S14 accepted at index 10"#)
        );
        assert_ne!(of("no leader was elected within 5 s"), of("S0 leads without a majority"));
        assert!(!of("no leader").is_rule());
    }

    #[test]
    fn a_rule_is_the_same_whoever_breaks_it() {
        let of = |headline: &str| {
            Signature::of(&defeat(Finding::new(headline, "", "").rule("Election Safety (Fig. 3)")))
        };
        assert_eq!(of("two leaders in term 3: S0 and S1"), of("two leaders in term 1: S2 and S1"));
        assert!(of("two leaders").is_rule());
    }
}
