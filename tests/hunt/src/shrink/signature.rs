//! Whether two failures have the same cause.

use std::fmt;

use labrpc::sim::Cause;
use serde::{Deserialize, Serialize};

use lab_runs::similarity::without_numbers;

/// What a failure came of, without what changes from run to run: servers, terms, indexes, commands and times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The broken rule, or a text without numbers.
    text: String,
    /// Whether it is a rule that must hold whatever the scenario does, or does not do.
    is_rule: bool,
}

impl Signature {
    /// A rule that must hold whatever the scenario does, or does not do.
    #[must_use]
    pub fn of_rule(rule: &str) -> Self {
        Self { text: rule.to_owned(), is_rule: true }
    }

    /// The same, with a text that is cut off somewhere.
    pub(crate) fn map(self, cut: impl FnOnce(String) -> String) -> Self {
        Self { text: cut(self.text), ..self }
    }

    /// Something that the scenario expected, by a text that is the same whenever it is expected.
    #[must_use]
    pub fn of_expectation(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_rule: false }
    }

    /// The same, at a place of the scenario, such as `file:line`: there two expectations in the same words are two causes. A
    /// rule stays the same wherever it is broken.
    #[must_use]
    pub fn at(self, place: Option<&str>) -> Self {
        match place {
            Some(place) if !self.is_rule => Self { text: format!("{} at {place}", self.text), ..self },
            _ => self,
        }
    }

    /// Whether it is the same that went wrong, whoever has noticed it: a scenario may expect what an invariant watches as well.
    #[must_use]
    pub fn is_alike(&self, other: &Self) -> bool {
        self.text == other.text
    }

    /// What ended the simulation.
    #[must_use]
    pub fn of_cause(cause: &Cause) -> Self {
        let (text, is_rule) = match cause {
            Cause::Panic(panic) => {
                // With the line: two assertions with the same words are two bugs, and a shrunk run is of the
                // same build.
                let place = panic.location.clone().unwrap_or_default();
                (format!("panic at {place}: {}", normalised(&panic.message)), true)
            }
            Cause::Deadlock { cycle, .. } => (format!("deadlock: {}", normalised(&cycle.join(" "))), true),
            // No rule: who leaves out a restart or a command can make any correct program wait for ever.
            Cause::TimeLimit { .. } => ("time limit".to_owned(), false),
            Cause::StepLimit { .. } => ("step limit".to_owned(), false),
            // In which line it stalls is not known, so all stalls are alike.
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
#[must_use]
pub fn normalised(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => {
                // Commands and keys stand in quotes, and which of them it hits changes as soon as one is left
                // out.
                for inner in chars.by_ref() {
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

    #[test]
    fn signature_leaves_out_servers_terms_and_commands() {
        assert_eq!(
            normalised(r#"no agreement on "c12", which S0 accepted at index 7"#),
            normalised(r#"no agreement on "c3", which S14 accepted at index 10"#)
        );
        assert_ne!(normalised("no leader was elected within 5 s"), normalised("S0 leads without a majority"));
    }

    #[test]
    fn expectations_at_two_places_are_two_causes_and_rules_are_not() {
        let [expectation, rule] = [Signature::of_expectation("no leader"), Signature::of_rule("no leader")];
        assert_ne!(expectation.clone().at(Some("a.rs:1")), expectation.clone().at(Some("a.rs:2")));
        assert_eq!(expectation.clone().at(None), expectation);
        assert_eq!(rule.clone().at(Some("a.rs:1")), rule.clone().at(Some("a.rs:2")));
        assert!(rule.is_alike(&expectation) && rule != expectation);
    }
}
