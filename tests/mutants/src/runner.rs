//! Runs one trial: applies the mutant to a working copy, builds, runs the tests, and takes the mutant out again.

use anyhow::{Context, Result};

use crate::catalogue::{Catalogue, Suites};
use crate::subject::Subject;
use crate::trial::{Trial, TrialOptions};
use crate::working_copy::WorkingCopy;
use crate::workspace::Files;
use crate::{cargo_tests, suite_tests};

/// Tries a mutant, or the code as it is.
///
/// # Errors
///
/// When it cannot be tried: the mutant cannot be applied, a program cannot be started, the copy changed meanwhile. Then
/// nothing is known of the mutant.
pub(crate) fn run(
    copy: &mut WorkingCopy,
    catalogue: &Catalogue,
    subject: Subject<'_>,
    options: &TrialOptions,
) -> Result<Trial> {
    let files = match subject {
        Subject::Mutant(mutant) => copy.apply(mutant)?,
        Subject::Baseline(..) => Files::new(),
    };
    // An error is held back until the copy was looked at: a copy that somebody has removed fails in many
    // ways, and none of them names the reason.
    let tried = copy.set(&files).context("applying the mutant").and_then(|()| match subject.suites() {
        Suites::Cargo => cargo_tests::run(copy, subject, &subject.checks(catalogue), options),
        Suites::Raft | Suites::Beyond | Suites::Service | Suites::Lab2 => {
            suite_tests::run(copy, subject, options)
        }
    });
    // If the copy is gone, that is why, whatever the programs in it printed.
    copy.check(&files).with_context(|| format!("{} was not tried", subject.name()))?;
    let trial = tried.with_context(|| subject.name().to_owned())?;
    // Taken out at once, not by the next one: if there is no next one, the copy must not keep it.
    copy.set(&Files::new()).context("taking the mutant out")?;
    Ok(trial)
}
