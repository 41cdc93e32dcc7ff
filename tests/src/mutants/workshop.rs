//! A copy of the workspace in which bugs are planted.
//!
//! Bugs of the Raft and of the service are planted in doubles of these crates (`planted`), bugs of the lab where they belong.
//!
//! The copy stays under `target/mutants/` with a target directory of its own, so that the next mutant, and the next call of the
//! command, only build what differs. A file is written when its text differs from what is there, and not otherwise:
//! cargo goes by the time of writing.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::catalogue::{Catalogue, Mutant, Suites};
use super::child;
use super::plant::{self, Texts};
use super::planted;

/// What of the workspace is copied.
const COPIED: [&str; 6] = ["Cargo.toml", "Cargo.lock", "labrpc", "raft", "kvraft", "tests"];

/// Where cargo itself writes: it adds the doubles.
const LOCK_FILE: &str = "Cargo.lock";

/// A copy of the workspace.
#[derive(Debug)]
pub struct Workshop {
    path: PathBuf,
    /// What stands there when no bug is planted.
    clean: Texts,
    /// The files that differ from that at the moment.
    changed: Vec<String>,
    /// Held as long as the copy is in use.
    _lock: File,
}

/// The texts of a workspace that matter for building and testing it.
///
/// # Errors
///
/// Those of the file system.
pub fn sources(root: &Path) -> io::Result<Texts> {
    let mut texts = Texts::new();
    for name in COPIED {
        read_into(root, Path::new(name), &mut texts)?;
    }
    Ok(texts)
}

fn read_into(root: &Path, path: &Path, texts: &mut Texts) -> io::Result<()> {
    let full = root.join(path);
    if full.is_dir() {
        for entry in fs::read_dir(&full)? {
            let name = entry?.file_name();
            let is_source = name != "target" && !name.to_string_lossy().starts_with('.');
            if is_source {
                read_into(root, &path.join(name), texts)?;
            }
        }
    } else if let Ok(text) = fs::read_to_string(&full) {
        // What is no text is no source.
        texts.insert(path.to_string_lossy().replace('\\', "/"), text);
    }
    Ok(())
}

/// Takes the workshop at this path for this process; the system takes it back when the process ends.
fn lock(path: &Path) -> Result<File> {
    let in_it = || format!("setting up {}", path.display());
    fs::create_dir_all(path).with_context(in_it)?;
    let lock = File::create(path.join(".lock")).with_context(in_it)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => bail!(
            "another `cargo lab mutants` is at work in {}. Let it come to its end, or end it, and start again",
            path.display()
        ),
        Err(fs::TryLockError::Error(error)) => Err(error).with_context(in_it),
    }
}

impl Workshop {
    /// Sets the workshop of this name up, or brings it up to date: a copy of the workspace at `root`, with the doubles.
    ///
    /// # Errors
    ///
    /// When it cannot be written, another process is at work in it, or the reference cannot be disarmed.
    pub fn open(root: &Path, name: &str, catalogue: &Catalogue) -> Result<Self> {
        let mut clean = sources(root).context("reading the workspace")?;
        clean.extend(planted::texts(&clean, catalogue)?);
        let members = format!("members = [{}", planted::MEMBERS);
        planted::substitute(&mut clean, "Cargo.toml", &[("members = [", &members)])?;
        let path = root.join("target/mutants").join(name);
        let lock = lock(&path)?;
        let workshop = Self { path, clean, changed: Vec::new(), _lock: lock };
        workshop.tidy().with_context(|| format!("setting up {}", workshop.path.display()))?;
        Ok(workshop)
    }

    /// Writes what differs, and removes what does not belong there.
    fn tidy(&self) -> io::Result<()> {
        let mut there = sources(&self.path)?;
        read_into(&self.path, Path::new(planted::FOLDER), &mut there)?;
        for file in there.keys().filter(|file| !self.clean.contains_key(*file)) {
            fs::remove_file(self.path.join(file))?;
        }
        for (file, text) in self.clean.iter().filter(|(file, text)| there.get(*file) != Some(text)) {
            let path = self.path.join(file);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(path, text)?;
        }
        Ok(())
    }

    /// The files that a mutant changes, in the place where it belongs, with the bug in them.
    ///
    /// # Errors
    ///
    /// When it cannot be planted.
    pub fn plant(&self, mutant: &Mutant) -> Result<Texts> {
        if mutant.suites() == Suites::Cargo {
            return plant::plant(mutant, &self.clean);
        }
        let double = |(file, text): (&String, &String)| {
            Some((file.strip_prefix(planted::FOLDER)?.to_owned(), text.clone()))
        };
        let doubles: Texts = self.clean.iter().filter_map(double).collect();
        let changed = plant::plant(mutant, &doubles)?;
        Ok(changed.into_iter().map(|(file, text)| (planted::FOLDER.to_owned() + &file, text)).collect())
    }

    /// Puts these files in the place of the clean ones, and makes everything else clean.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn set(&mut self, files: &Texts) -> io::Result<()> {
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
    pub fn check(&self, planted: &Texts) -> Result<()> {
        for (file, clean) in self.clean.iter().filter(|(file, _)| *file != LOCK_FILE) {
            let text = planted.get(file).unwrap_or(clean);
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

    /// Cargo, to be run in the copy.
    #[must_use]
    pub fn cargo(&self) -> Command {
        self.prepared(Command::new(cargo()))
    }

    /// Cargo, where each program that it starts may use so much processor time.
    #[must_use]
    pub fn limited_cargo(&self, cpu_max: Duration) -> Command {
        self.prepared(child::limited(&cargo(), cpu_max))
    }

    fn prepared(&self, mut cargo: Command) -> Command {
        cargo.current_dir(&self.path).stdin(Stdio::null());
        cargo.env("CARGO_TARGET_DIR", self.path.join("target")).env("CARGO_PROFILE_DEV_DEBUG", "0");
        cargo.env("CARGO_TERM_COLOR", "never");
        for name in ["LAB_SEED", "LAB_SEEDS", "LAB_WORLD", "LAB_POLICY", "RUST_LOG"] {
            cargo.env_remove(name);
        }
        cargo
    }

    /// What is built to try a mutant that these suites are for: cargo's arguments and the program.
    #[must_use]
    pub fn program(&self, suites: Suites) -> ([&'static str; 4], PathBuf) {
        let name = planted::program(suites);
        let program = self.path.join("target/debug").join(name);
        (["-p", name, "--bin", name], program.with_extension(std::env::consts::EXE_EXTENSION))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

impl Drop for Workshop {
    /// No bug stays planted, not even in a copy. What cannot be written now is written when the copy is next opened.
    fn drop(&mut self) {
        let _ = self.set(&Texts::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::catalogue;

    /// A small tree with everything that a workshop needs of the workspace.
    fn workshop(root: &Path, name: &str) -> Result<Workshop> {
        let real = catalogue::root();
        for (file, text) in sources(&real).expect("the sources") {
            let path = root.join(&file);
            fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        Workshop::open(root, name, &Catalogue::load(&real).expect("the catalogue"))
    }

    #[test]
    fn a_copy_that_changes_under_a_trial_is_noticed() {
        let root = tempfile::tempdir().expect("a folder");
        let mut workshop = workshop(root.path(), "w").expect("a workshop");
        let file = "planted/raft/src/election.rs";
        let planted = Texts::from([(file.to_owned(), "// a bug".to_owned())]);
        workshop.set(&planted).expect("planting");
        workshop.check(&planted).expect("nothing has changed");
        fs::write(workshop.path().join(LOCK_FILE), "cargo was here").expect("the file is there");
        workshop.check(&planted).expect("only cargo was at work");
        let error = workshop.check(&Texts::new()).expect_err("a bug is planted").to_string();
        assert!(error.contains(file) && error.contains("another text"), "{error}");
        workshop.set(&Texts::new()).expect("taking it out");
        workshop.check(&Texts::new()).expect("it is clean again");
        fs::remove_dir_all(workshop.path()).expect("somebody cleans");
        let error = workshop.check(&Texts::new()).expect_err("it is gone").to_string();
        assert!(error.contains("is gone") && error.contains("start again"), "{error}");
        assert!(workshop.set(&planted).is_err(), "nothing is made anew in the middle");
    }

    #[test]
    fn two_do_not_work_in_one_copy() {
        let root = tempfile::tempdir().expect("a folder");
        let first = workshop(root.path(), "w").expect("a workshop");
        let error = workshop(root.path(), "w").expect_err("it is in use").to_string();
        assert!(error.contains("another"), "{error}");
        workshop(root.path(), "x").expect("another copy");
        drop(first);
        workshop(root.path(), "w").expect("it is free again");
    }
}
