//! A copy of the workspace in which bugs are planted.
//!
//! Bugs of the Raft and of the service are planted in doubles of these crates (`planted`), bugs of the lab where they belong.
//!
//! The copy stays under `target/mutants/` with a target directory of its own, so that the next mutant, and the next call of the
//! command, only build what differs. A file is written when its text differs from what is there, and not otherwise:
//! cargo goes by the time of writing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::catalogue::{Catalogue, Mutant, Suites};
use super::plant::{self, Texts};
use super::planted;

/// What of the workspace is copied.
const COPIED: [&str; 6] = ["Cargo.toml", "Cargo.lock", "labrpc", "raft", "kvraft", "tests"];

/// A copy of the workspace.
#[derive(Debug)]
pub struct Workshop {
    path: PathBuf,
    /// What stands there when no bug is planted.
    clean: Texts,
    /// The files that differ from that at the moment.
    changed: Vec<String>,
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

impl Workshop {
    /// Sets workshop `number` up, or brings it up to date: a disarmed copy of the workspace at `root`.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or the reference cannot be disarmed.
    pub fn open(root: &Path, number: usize, catalogue: &Catalogue) -> Result<Self> {
        let mut clean = sources(root).context("reading the workspace")?;
        clean.extend(planted::texts(&clean, catalogue)?);
        let members = format!("members = [{}", planted::MEMBERS);
        planted::substitute(&mut clean, "Cargo.toml", &[("members = [", &members)])?;
        let path = root.join("target/mutants").join(number.to_string());
        let workshop = Self { path, clean, changed: Vec::new() };
        workshop.tidy().with_context(|| format!("setting up {}", workshop.path.display()))?;
        Ok(workshop)
    }

    /// Writes what differs, and removes what does not belong there.
    fn tidy(&self) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        let mut there = sources(&self.path)?;
        read_into(&self.path, Path::new(planted::FOLDER), &mut there)?;
        for file in there.keys().filter(|file| !self.clean.contains_key(*file)) {
            fs::remove_file(self.path.join(file))?;
        }
        for (file, text) in self.clean.iter().filter(|(file, text)| there.get(*file) != Some(text)) {
            self.write(file, text)?;
        }
        Ok(())
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        let path = self.path.join(file);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)
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
                self.write(&file, &self.clean[&file])?;
            }
        }
        for (file, text) in files {
            self.write(file, text)?;
            self.changed.push(file.clone());
        }
        Ok(())
    }

    /// Cargo, to be run in the copy. It uses what has been downloaded and nothing else.
    #[must_use]
    pub fn cargo(&self) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
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

impl Drop for Workshop {
    /// No bug stays planted, not even in a copy. What cannot be written now is written when the copy is next opened.
    fn drop(&mut self) {
        let _ = self.set(&Texts::new());
    }
}
