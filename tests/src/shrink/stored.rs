//! What is left of a failure, on disk: `shrunk.md` to read, `shrunk.json` to replay.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use labrpc::sim::Preemptions;
use labrpc::sync::Arc;
use serde::{Deserialize, Serialize};

use super::{Shrunk, story};
use crate::deeds::Cut;
use crate::implementation::Implementation;
use crate::report::artifacts::{write_block, write_text};
use crate::run::Plan;

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
    /// The names of the deeds that happen; `None`: all.
    pub kept: Option<BTreeSet<String>>,
    /// Whether deeds that mend happen in any case.
    pub mends_always: bool,
    /// The preemptions that happen; `None`: all of the policy's.
    pub preemptions: Option<Vec<u64>>,
    /// The fingerprint of the run, as 16 digits.
    pub fingerprint: String,
}

impl ShrunkRun {
    fn of(shrunk: &Shrunk, implementation: Implementation) -> Self {
        let Cut { kept, mends_always, preemptions } = &shrunk.cut;
        Self {
            test: shrunk.case.name.to_owned(),
            seed: shrunk.plan.seed,
            policy: shrunk.plan.policy.to_string(),
            implementation: implementation.name().to_owned(),
            kept: kept.as_ref().map(|kept| (**kept).clone()),
            mends_always: *mends_always,
            preemptions: match preemptions {
                Preemptions::Only(numbers) => Some(numbers.to_vec()),
                Preemptions::All | Preemptions::Record => None,
            },
            fingerprint: shrunk.outcome.fingerprint.map(|print| print.to_string()).unwrap_or_default(),
        }
    }

    /// What to run.
    #[must_use]
    pub fn cut(&self) -> Cut {
        Cut {
            kept: self.kept.clone().map(Arc::new),
            mends_always: self.mends_always,
            preemptions: match &self.preemptions {
                Some(numbers) => Preemptions::Only(numbers.as_slice().into()),
                None => Preemptions::Record,
            },
        }
    }
}

/// Writes the story and the choices.
///
/// # Errors
///
/// Those of the file system.
pub fn write(directory: &Path, shrunk: &Shrunk, implementation: Implementation) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    write_block(&directory.join("shrunk.md"), &story(shrunk))?;
    let run = serde_json::to_string_pretty(&ShrunkRun::of(shrunk, implementation))?;
    write_text(&directory.join("shrunk.json"), &(run + "\n"))
}

/// Reads the choices for this plan.
///
/// # Errors
///
/// A sentence that says why there are none.
pub fn read(directory: &Path, plan: Plan, implementation: Implementation) -> Result<ShrunkRun, String> {
    let file = directory.join("shrunk.json");
    let text = fs::read_to_string(&file)
        .map_err(|error| format!("{}: {error}. cargo lab shrink SEED TEST writes it", file.display()))?;
    let run: ShrunkRun =
        serde_json::from_str(&text).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let wanted = (plan.seed, plan.policy.to_string(), implementation.name());
    if (run.seed, run.policy.clone(), run.implementation.as_str()) != wanted {
        return Err(format!(
            "{} is of seed {:#x}, policy {} and {}: run cargo lab shrink again",
            file.display(),
            run.seed,
            run.policy,
            run.implementation
        ));
    }
    Ok(run)
}
