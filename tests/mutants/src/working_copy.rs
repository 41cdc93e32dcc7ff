//! A copy of the workspace to which mutants are applied.
//!
//! The copy stays under `target/mutants/` with a target directory of its own, so that the next mutant, and the next call of the
//! command, only build what differs. A file is written when its text differs from what is there, and not otherwise:
//! cargo goes by the time of writing.
//!
//! A copy that is new takes over what the workspace has built already, files and their times: to cargo it is the same
//! workspace in another place. So nothing is built twice but what a bug changes.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::catalogue::{Catalogue, Mutant};
use crate::copy_build::copy_build;
use crate::program::Program;
use crate::workspace::{Files, Workspace, sources};
use crate::{apply, child};

/// Where cargo itself may write.
const LOCK_FILE: &str = "Cargo.lock";

/// A copy of the workspace.
#[derive(Debug)]
pub(crate) struct WorkingCopy {
    path: PathBuf,
    /// What stands there when no mutant is applied.
    clean: Files,
    /// The files that differ from that at the moment.
    changed: Vec<String>,
    /// Held as long as the copy is in use.
    _lock: File,
}

/// Takes the copy at this path for this process; the system takes it back when the process ends.
fn lock(path: &Path) -> Result<File> {
    let in_it = || format!("setting up {}", path.display());
    fs::create_dir_all(path).with_context(in_it)?;
    let lock = File::create(path.join(".lock")).with_context(in_it)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => bail!(
            "another `cargo lab mutants` or `cargo lab grade-tests` is at work in {}. Let it come to its end, or end it, and start again",
            path.display()
        ),
        Err(fs::TryLockError::Error(error)) => Err(error).with_context(in_it),
    }
}

impl WorkingCopy {
    /// Sets the copy of this name up, or brings it up to date: a copy of the workspace whose Raft does not check itself.
    ///
    /// # Errors
    ///
    /// When it cannot be written, another process is at work in it, or the reference cannot be disarmed.
    pub(crate) fn open(workspace: &Workspace, name: &str, catalogue: &Catalogue) -> Result<Self> {
        // Read once: who edits the tree meanwhile changes nothing here, and all mutants of a copy are tried
        // on the same code.
        let mut clean = sources(&workspace.root).context("reading the workspace")?;
        apply::apply_edits("disarm.toml", &catalogue.disarm, &mut clean)?;
        Self::with(workspace, name, clean)
    }

    /// The same with these files.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or another process is at work in it.
    pub(crate) fn with(workspace: &Workspace, name: &str, clean: Files) -> Result<Self> {
        let path = workspace.target.join("mutants").join(name);
        // Before the first file is written. Two commands in one copy would try each other's mutants.
        let lock = lock(&path)?;
        let copy = Self { path, clean, changed: Vec::new(), _lock: lock };
        let setting_up = || format!("setting up {}", copy.path.display());
        copy_build(workspace, &copy.path).with_context(setting_up)?;
        // Also for a copy that is new: the edits that disarm the reference are not in the workspace.
        copy.sync().with_context(setting_up)?;
        Ok(copy)
    }

    /// Writes what differs, and removes what does not belong there.
    fn sync(&self) -> io::Result<()> {
        let there = sources(&self.path)?;
        for file in there.keys().filter(|file| !self.clean.contains_key(*file)) {
            fs::remove_file(self.path.join(file))?;
        }
        // Only what differs. To write the same text again is a change to cargo, which goes by the time, and
        // rebuilds all that stands on it.
        for (file, text) in self.clean.iter().filter(|(file, text)| there.get(*file) != Some(text)) {
            let path = self.path.join(file);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(path, text)?;
        }
        Ok(())
    }

    /// The files that a mutant changes, as they are with it.
    ///
    /// # Errors
    ///
    /// When it does not apply.
    pub(crate) fn apply(&self, mutant: &Mutant) -> Result<Files> {
        apply::apply(mutant, &self.clean)
    }

    /// Puts these files in the place of the clean ones, and makes everything else clean.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub(crate) fn set(&mut self, files: &Files) -> io::Result<()> {
        // A file that the next mutant changes as well is written once, with that mutant in it.
        for file in std::mem::take(&mut self.changed) {
            if !files.contains_key(&file) {
                fs::write(self.path.join(&file), &self.clean[&file])?;
            }
        }
        for (file, text) in files {
            fs::write(self.path.join(file), text)?;
            self.changed.push(file.clone());
        }
        Ok(())
    }

    /// Looks whether the copy is still what it should be with these files in it. What is done in a copy that somebody
    /// removes or changes meanwhile says nothing.
    ///
    /// # Errors
    ///
    /// When a file is missing or was changed; the message says which.
    pub(crate) fn check(&self, mutated: &Files) -> Result<()> {
        // Every file, since nobody knows what somebody else does; it takes some milliseconds.
        for (file, clean) in self.clean.iter().filter(|(file, _)| *file != LOCK_FILE) {
            let text = mutated.get(file).unwrap_or(clean);
            match fs::read_to_string(self.path.join(file)) {
                Ok(found) if found == *text => {}
                found => bail!(
                    "the copy {} changed under the trial: {file} {}. Does something else work in target/, or has \
                     cargo clean run? Leave it alone and start again",
                    self.path.display(),
                    if found.is_ok() { "has another text" } else { "is gone" },
                ),
            }
        }
        Ok(())
    }

    /// Cargo, to be run in the copy. Not offline: whoever has only built `cargo lab` has not fetched what the tests of the lab's
    /// own crates need, and cargo asks nobody when all is there.
    pub(crate) fn cargo(&self) -> Command {
        self.prepared(Command::new(cargo()))
    }

    /// Cargo, where each program that it starts may use so much processor time.
    pub(crate) fn limited_cargo(&self, cpu_max: Duration) -> Command {
        self.prepared(child::limited(&cargo(), cpu_max))
    }

    fn prepared(&self, mut cargo: Command) -> Command {
        cargo.current_dir(&self.path).stdin(Stdio::null());
        // The variable may be set, and then all copies would build in one place.
        cargo.env("CARGO_TARGET_DIR", self.path.join("target"));
        cargo.env("CARGO_TERM_COLOR", "never");
        // What the caller has set would make it another trial than everybody else's.
        for name in ["LAB_SEED", "LAB_SEEDS", "LAB_WORLD", "LAB_POLICY", "LAB_COMMAND", "RUST_LOG"] {
            cargo.env_remove(name);
        }
        cargo
    }

    /// What is built to try a mutant of the Raft or of the service: cargo's arguments and the program.
    pub(crate) fn program(&self, program: Program) -> ([&'static str; 4], PathBuf) {
        let (package, name) = program.package();
        let path = self.path.join("target/debug").join(name);
        (["-p", package, "--bin", name], path.with_extension(std::env::consts::EXE_EXTENSION))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

impl Drop for WorkingCopy {
    /// No mutant stays applied, not even in a copy. What cannot be written now is written when the copy is next opened.
    fn drop(&mut self) {
        let _ = self.set(&Files::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::root;

    /// A small tree with everything that a copy needs of the workspace.
    fn copy(at: &Path, name: &str) -> Result<WorkingCopy> {
        let real = root();
        for (file, text) in sources(&real).expect("the sources") {
            let path = at.join(&file);
            fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let workspace = Workspace { root: at.to_path_buf(), target: at.join("target") };
        WorkingCopy::open(&workspace, name, &Catalogue::load(&real).expect("the catalogue"))
    }

    #[test]
    fn copy_that_changes_under_a_trial_is_noticed() {
        let root = tempfile::tempdir().expect("a folder");
        let mut copy = copy(root.path(), "w").expect("a copy");
        let file = "raft/src/election.rs";
        let mutated = Files::from([(file.to_owned(), "// a bug".to_owned())]);
        copy.set(&mutated).expect("writing");
        copy.check(&mutated).expect("nothing has changed");
        fs::write(copy.path().join(LOCK_FILE), "cargo was here").expect("the file is there");
        copy.check(&mutated).expect("only cargo was at work");
        let error = copy.check(&Files::new()).expect_err("a mutant is applied").to_string();
        assert!(error.contains(file) && error.contains("another text"), "{error}");
        copy.set(&Files::new()).expect("taking it out");
        copy.check(&Files::new()).expect("it is clean again");
        fs::remove_dir_all(copy.path()).expect("somebody cleans");
        let error = copy.check(&Files::new()).expect_err("it is gone").to_string();
        assert!(error.contains("is gone") && error.contains("start again"), "{error}");
        assert!(copy.set(&mutated).is_err(), "nothing is made anew in the middle");
    }

    #[test]
    fn copy_is_used_by_one_process_at_a_time() {
        let root = tempfile::tempdir().expect("a folder");
        let first = copy(root.path(), "w").expect("a copy");
        let error = copy(root.path(), "w").expect_err("it is in use").to_string();
        assert!(error.contains("another"), "{error}");
        copy(root.path(), "x").expect("another copy");
        drop(first);
        copy(root.path(), "w").expect("it is free again");
    }
}
