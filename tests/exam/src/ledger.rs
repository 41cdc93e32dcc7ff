//! What came of each pair of a scenario and a Raft, kept as it becomes known.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use lab_runs::artifacts;
use labrpc::sync::Mutex;
use serde::{Deserialize, Serialize};

/// What came of a scenario on a Raft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum End {
    /// All seeds passed.
    Passed,
    /// It cannot be run on this Raft, and why.
    Skipped(String),
    /// A seed failed.
    Failed {
        /// The first that did.
        seed: u64,
        /// What it says, in a line.
        headline: String,
        /// All that it says.
        report: String,
    },
}

impl End {
    /// Names the scenarios' own file as its author does, `shown`, and not by where it was compiled. What is kept does not, for the next
    /// call may have it elsewhere.
    pub(crate) fn tell_as(&mut self, made: &str, shown: &str) {
        let texts = match self {
            Self::Failed { headline, report, .. } => [headline, report],
            Self::Passed | Self::Skipped(_) => return,
        };
        if !made.is_empty() {
            texts.into_iter().for_each(|text| *text = text.replace(made, shown));
        }
    }
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) subject: String,
    pub(crate) scenario: String,
    pub(crate) end: End,
}

/// What is known, by Raft and scenario.
pub(crate) type Results = BTreeMap<(String, String), End>;

/// The file of one set of scenarios, Rafts and seeds. A change in any of them is another file.
#[derive(Debug)]
pub(crate) struct Ledger {
    path: PathBuf,
    known: Results,
    file: Mutex<File>,
}

impl Ledger {
    /// Reads what an earlier call has left.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub(crate) fn open(key: &str, is_fresh: bool) -> Result<Self> {
        Self::at(artifacts::root().join("grade-tests").join(format!("{key}.jsonl")), is_fresh)
    }

    fn at(path: PathBuf, is_fresh: bool) -> Result<Self> {
        let writing = || format!("cannot write {}", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(writing)?;
        }
        let text = if is_fresh { String::new() } else { fs::read_to_string(&path).unwrap_or_default() };
        // The last line may be half of one: who wrote it was interrupted.
        let entries: Vec<Entry> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let mut file = File::create(&path).with_context(writing)?;
        for entry in &entries {
            writeln!(file, "{}", serde_json::to_string(entry)?).with_context(writing)?;
        }
        let known = entries.into_iter().map(|entry| ((entry.subject, entry.scenario), entry.end)).collect();
        Ok(Self { path, known, file: Mutex::new(file) })
    }

    /// What is known of a pair.
    pub(crate) fn known(&self, subject: &str, scenario: &str) -> Option<&End> {
        self.known.get(&(subject.to_owned(), scenario.to_owned()))
    }

    /// Keeps what came of a pair.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(crate) fn keep(&self, entry: &Entry) -> Result<()> {
        let line = serde_json::to_string(entry)?;
        writeln!(self.file.lock(), "{line}").with_context(|| format!("cannot write {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_names_the_file_of_its_author() {
        let mut failed = End::Failed {
            seed: 1,
            headline: "a panic at made/src/lib.rs:3:5".into(),
            report: "when: at made/src/lib.rs:26\nthread at raft/src/lib.rs:1".into(),
        };
        failed.tell_as("made/src/lib.rs", "../mine.rs");
        let End::Failed { headline, report, .. } = failed else { unreachable!("it has failed") };
        assert_eq!(headline, "a panic at ../mine.rs:3:5");
        assert_eq!(report, "when: at ../mine.rs:26\nthread at raft/src/lib.rs:1");
    }

    #[test]
    fn half_a_line_is_no_line_and_the_rest_is_known() {
        let folder = std::env::temp_dir().join(format!("lab-exam-ledger-{}", std::process::id()));
        let path = folder.join("x.jsonl");
        let entry = |scenario: &str, end| Entry { subject: "s".into(), scenario: scenario.into(), end };
        let failed = End::Failed { seed: 3, headline: "two leaders".into(), report: "long\n".into() };
        let ledger = Ledger::at(path.clone(), true).expect("a file");
        ledger.keep(&entry("a", End::Passed)).expect("written");
        ledger.keep(&entry("b", failed.clone())).expect("written");
        drop(ledger);
        let text = fs::read_to_string(&path).expect("it is there");
        fs::write(&path, format!("{text}{{\"subject\":\"s\",\"scen")).expect("written");
        let again = Ledger::at(path.clone(), false).expect("a file");
        assert_eq!(again.known("s", "a"), Some(&End::Passed));
        assert_eq!(again.known("s", "b"), Some(&failed));
        assert_eq!(again.known("s", "c"), None);
        drop(again);
        assert_eq!(Ledger::at(path, true).expect("a file").known("s", "a"), None, "forgotten");
        let _ = fs::remove_dir_all(folder);
    }
}
