//! What is remembered of a student's way: which milestones were reached, and how many hints were shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use lab_course::Milestone;
use lab_runs::{artifacts, eprintln};
use serde::{Deserialize, Serialize};

/// What `target/lab/course.json` holds. Whoever deletes it begins anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Memory {
    /// The names of the milestones that are reached.
    pub(crate) reached: BTreeSet<String>,
    /// The names of those whose tests were all skipped, so that nobody knows.
    pub(crate) left_out: BTreeSet<String>,
    /// How many hints of a milestone were shown.
    pub(crate) hints: BTreeMap<String, usize>,
    /// What failed last, if anything did.
    pub(crate) failed: Option<Failed>,
}

/// A test that has failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Failed {
    /// Its name.
    pub(crate) test: String,
    /// With which seed.
    pub(crate) seed: u64,
    /// How many tests of its milestone had passed by then.
    pub(crate) passed: usize,
}

impl Memory {
    /// Reads it. Nothing is remembered if there is no file, or one that cannot be read.
    pub(crate) fn read() -> Self {
        // Damage costs no more than a walk from the beginning.
        fs::read(path()).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// How many hints of a milestone were shown.
    pub(crate) fn hints_shown(&self, milestone: &Milestone) -> usize {
        // The text may have had more of them.
        self.hints.get(milestone.id).copied().unwrap_or(0).min(milestone.hints.len())
    }

    /// A milestone is reached.
    pub(crate) fn reach(&mut self, milestone: &str) {
        self.left_out.remove(milestone);
        self.reached.insert(milestone.to_owned());
        self.write();
    }

    /// The tests of a milestone that was not reached are all skipped.
    pub(crate) fn leave_out(&mut self, milestone: &str) {
        self.left_out.insert(milestone.to_owned());
        self.write();
    }

    /// A milestone that is not reached is left out no more, if it ever was.
    pub(crate) fn take_up(&mut self, milestone: &str) {
        if self.left_out.remove(milestone) {
            self.write();
        }
    }

    /// Whether a milestone is still to be reached.
    pub(crate) fn is_open(&self, milestone: &str) -> bool {
        !self.reached.contains(milestone) && !self.left_out.contains(milestone)
    }

    /// Writes it. What cannot be written is said, and costs no verdict.
    pub(crate) fn write(&self) {
        let path = path();
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        if let Err(error) = folder.and_then(|()| artifacts::write_text(&path, &(text + "\n"))) {
            eprintln!("{} cannot be written: {error}. The next call begins anew", path.display());
        }
    }
}

fn path() -> PathBuf {
    artifacts::root().join("course.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_program_writes_is_read_as_far_as_it_is_known() {
        let memory: Memory = serde_json::from_str(r#"{ "reached": ["3A.1"], "points": 7 }"#).unwrap();
        assert!(memory.reached.contains("3A.1") && memory.hints.is_empty());
    }
}
