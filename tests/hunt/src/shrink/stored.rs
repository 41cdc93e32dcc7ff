//! What is left of a failure, on disk: `shrunk.md` to read, `shrunk.json` to replay.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use labrpc::sim::Preemptions;
use labrpc::sync::Arc;
use serde::{Deserialize, Serialize};

use super::search::{PartialRun, Shrunk};
use lab_runs::actions::Subset;
use lab_runs::artifacts::{write_block, write_text};
use lab_runs::{Plan, commands, input, read_kept};

/// The longest file of choices: ten million preemptions.
const BYTES_MAX: u64 = 128 << 20;

/// The choices that are left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShrunkRun {
    /// The test.
    pub test: String,
    /// The seed.
    pub seed: u64,
    /// Who runs next.
    pub policy: String,
    /// The type that was graded.
    pub implementation: String,
    /// The names of the actions that happen; `None`: all.
    pub kept: Option<BTreeSet<String>>,
    /// Whether actions that mend happen in any case.
    pub repairs_always: bool,
    /// The preemptions that happen; `None`: all of the policy's.
    pub preemptions: Option<Vec<u64>>,
    /// The fingerprint of the run, as 16 digits.
    pub fingerprint: String,
}

impl ShrunkRun {
    /// What was left of a failure of this test.
    #[must_use]
    pub fn of<R: PartialRun>(test: &str, plan: Plan, implementation: &str, shrunk: &Shrunk<R>) -> Self {
        let Subset { kept, repairs_always, preemptions } = &shrunk.subset;
        Self {
            test: test.to_owned(),
            seed: plan.seed,
            policy: plan.policy.to_string(),
            implementation: implementation.to_owned(),
            kept: kept.as_ref().map(|kept| (**kept).clone()),
            repairs_always: *repairs_always,
            preemptions: match preemptions {
                Preemptions::Only(numbers) => Some(numbers.to_vec()),
                // None were taken away, so there is no list to follow: the policy decides as in the whole
                // run.
                Preemptions::All | Preemptions::Record => None,
            },
            fingerprint: shrunk.run.fingerprint().map(|print| print.to_string()).unwrap_or_default(),
        }
    }

    /// What to run.
    #[must_use]
    pub fn subset(&self) -> Subset {
        Subset {
            kept: self.kept.clone().map(Arc::new),
            repairs_always: self.repairs_always,
            preemptions: match &self.preemptions {
                Some(numbers) => Preemptions::Only(numbers.as_slice().into()),
                // As it was run when it was shrunk.
                None => Preemptions::Record,
            },
        }
    }
}

/// Writes the choices, and the story for people.
///
/// # Errors
///
/// Those of the file system.
pub fn write(directory: &Path, run: &ShrunkRun, story: &str) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    write_block(&directory.join("shrunk.md"), story)?;
    let file = directory.join("shrunk.json");
    let _: Option<ShrunkRun> = read_kept(&file);
    write_text(&file, &(serde_json::to_string_pretty(run)? + "\n"))
}

/// Reads the choices for this plan.
///
/// # Errors
///
/// A sentence that says why there are none.
pub fn read(directory: &Path, plan: Plan, implementation: &str) -> Result<ShrunkRun, String> {
    let file = directory.join("shrunk.json");
    let text = input::read_text(&file, BYTES_MAX).map_err(|error| {
        format!("{}: {error}. {} shrink TEST SEED writes it", file.display(), commands::program())
    })?;
    let run: ShrunkRun = serde_json::from_str(&text).map_err(|error| {
        format!(
            "{} cannot be read: {error}. {} shrink TEST SEED writes it again",
            file.display(),
            commands::program()
        )
    })?;
    let wanted = (plan.seed, plan.policy.to_string(), implementation);
    // The choices are names and numbers within one run. Of another they would pick something else without a
    // word.
    if (run.seed, run.policy.clone(), run.implementation.as_str()) != wanted {
        return Err(format!(
            "{} is of seed {:#x}, policy {} and {}: run {} shrink again",
            file.display(),
            run.seed,
            run.policy,
            run.implementation,
            commands::program()
        ));
    }
    Ok(run)
}
