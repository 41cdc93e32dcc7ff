//! What the environment says about a check.

use std::time::Duration;

use super::check::{Check, Seeds};
use crate::sim::{Policy, parse_seed};

impl Check {
    /// As the environment says, and else as [`Check::new`]; see [`Check::with_environment`].
    ///
    /// # Errors
    ///
    /// A sentence about a variable that is of no use.
    pub fn from_env() -> Result<Self, String> {
        Self::new().with_environment()
    }

    /// As the environment says, and else as it is. [`check`](Self::check) reads it by itself.
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `LAB_SEED` | one run with this seed, `42` or `0x2a` |
    /// | `LAB_SEEDS` | how many runs |
    /// | `LAB_POLICY` | the [policy](Policy) of all runs; or `exhaustive:2`, all schedules with up to two preemptions |
    /// | `LAB_TIME` | how long, in seconds: `90`, `0.5` |
    ///
    /// # Errors
    ///
    /// A sentence about a variable that is of no use.
    pub fn with_environment(self) -> Result<Self, String> {
        self.with_variables(|name| match std::env::var(name) {
            Ok(text) => Some(text),
            Err(std::env::VarError::NotPresent) => None,
            Err(std::env::VarError::NotUnicode(text)) => Some(text.to_string_lossy().into_owned()),
        })
    }

    fn with_variables(self, variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut check = self;
        if let Some(text) = variable("LAB_POLICY") {
            if let Some(preemptions) = preemptions(&text) {
                let wanted = format!("exhaustive:N with N from 0 to {}", Policy::PREEMPTIONS_MAX);
                check.exhaustive = Some(preemptions.ok_or_else(|| wrong("LAB_POLICY", &text, &wanted))?);
                (check.runs, check.time) = (u64::MAX, Duration::MAX);
            } else {
                check.policy = text.parse().map_err(|error| format!("LAB_POLICY: {error}"))?;
                check.exhaustive = None;
                check.is_policy_of_environment = true;
            }
        }
        check.limited(variable)
    }

    /// With the seeds and the budget that the environment names.
    fn limited(self, variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut check = self;
        if let Some(text) = variable("LAB_SEEDS") {
            let runs = text.parse().ok().filter(|&runs| runs > 0);
            check.runs = runs.ok_or_else(|| wrong("LAB_SEEDS", &text, "how many runs, from 1 on"))?;
            // Who says how many wants them all.
            check.time = Duration::MAX;
        }
        if let Some(text) = variable("LAB_TIME") {
            let secs =
                text.trim_end_matches('s').parse().ok().filter(|secs| (0.001..=TIME_MAX).contains(secs));
            let time = secs.map(Duration::from_secs_f64);
            check.time =
                time.ok_or_else(|| wrong("LAB_TIME", &text, "seconds, as 90 or 0.5, up to a year"))?;
            if variable("LAB_SEEDS").is_none() {
                check.runs = u64::MAX;
            }
        }
        if let Some(text) = variable("LAB_SEED") {
            let seed = parse_seed(&text).ok_or_else(|| wrong("LAB_SEED", &text, "a seed, as 42 or 0x2a"))?;
            check.seeds = Seeds::Only(seed);
        }
        Ok(check)
    }
}

/// The longest time, in seconds: a year.
const TIME_MAX: f64 = 365.0 * 24.0 * 3600.0;

fn wrong(name: &str, text: &str, wanted: &str) -> String {
    format!("{name}={text:?} is of no use: write {wanted}")
}

/// The number of `exhaustive:N`; the outer `None` is for a text that is none, the inner one for a number that is.
fn preemptions(text: &str) -> Option<Option<usize>> {
    let number = match text.strip_prefix("exhaustive")? {
        "" => Some(2),
        rest => rest.strip_prefix(':').and_then(|number| number.parse().ok()),
    };
    Some(number.filter(|&number| number <= Policy::PREEMPTIONS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Check, String> {
        Check::new().with_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn variables_are_read() {
        let check = read(&[("LAB_SEED", "0x2a"), ("LAB_POLICY", "pct:2")]).unwrap();
        assert!(matches!(check.seeds, Seeds::Only(42)));
        assert_eq!(check.policy, Policy::Pct { depth: 2 });
        let check = read(&[("LAB_SEEDS", "7")]).unwrap();
        assert_eq!((check.runs, check.time), (7, Duration::MAX));
        let check = read(&[("LAB_POLICY", "exhaustive:1"), ("LAB_SEEDS", "9")]).unwrap();
        assert_eq!((check.exhaustive, check.runs), (Some(1), 9));
        let check = read(&[("LAB_TIME", "0.5")]).unwrap();
        assert_eq!((check.runs, check.time), (u64::MAX, Duration::from_millis(500)));
    }

    #[test]
    fn policy_of_no_use_is_answered_with_all_that_may_be_written() {
        let error = read(&[("LAB_POLICY", "best")]).unwrap_err();
        assert!(error.contains("guided") && error.contains("exhaustive:N"), "{error}");
    }

    #[test]
    fn variable_of_no_use_is_named_and_no_default() {
        for (name, text) in [
            ("LAB_SEED", "x"),
            ("LAB_SEED", ""),
            ("LAB_SEEDS", "0"),
            ("LAB_SEEDS", "-1"),
            ("LAB_TIME", "soon"),
            ("LAB_TIME", "-1"),
            ("LAB_TIME", "NaN"),
            ("LAB_TIME", "0"),
            ("LAB_TIME", "1e19"),
            ("LAB_TIME", "1e300"),
            ("LAB_POLICY", "best"),
            ("LAB_POLICY", "exhaustive:9"),
            ("LAB_POLICY", "exhaustive:"),
        ] {
            let error = read(&[(name, text)]).unwrap_err();
            assert!(error.contains(name) && error.contains(text), "{error}");
        }
    }
}
