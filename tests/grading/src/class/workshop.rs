//! Where submissions are built: a copy of the handout, into which the sources of one after the other are put.
//!
//! What the handout depends on is built once. The copy is the grader's: manifest, lock file, program and cargo's settings are
//! those of the handout, whatever was handed in.

mod cargo;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::sources::Sources;
use crate::similarity::{Files, sources_of};
use crate::versions;
use cargo::Cargo;

/// What stands before the first line of a library: in that line, so that the lines of errors are right. Code that says
/// `unsafe` could take the place of functions that the harness calls, or run before the program begins.
const FORBID: &str = "#![forbid(unsafe_code)] ";
/// The handout is built once, with all that it depends on.
const HANDOUT_TIME_MAX: Duration = Duration::from_secs(3600);
/// A longer file of a handout is none that cargo needs.
const FILE_MAX: u64 = 16 << 20;

/// Where submissions are built.
#[derive(Debug)]
pub(super) struct Workshop {
    /// The copy of the handout.
    copy: PathBuf,
    /// The handout's sources.
    handout: Files,
    cargo: Cargo,
    /// What identifies the program of the handout itself: harness, dependencies, profile.
    program: String,
    allows_unsafe: bool,
    left: PathBuf,
    /// What the build of a submission may take.
    time: Duration,
}

/// What came of a build.
pub(super) enum Built {
    /// The program.
    Program(PathBuf),
    /// The first error.
    Error(String),
}

impl Workshop {
    /// The whole path of a handout, in which everything is that it needs.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub(super) fn check(handout: &Path) -> Result<PathBuf> {
        let whole = handout.canonicalize().with_context(|| format!("{} is no handout", handout.display()))?;
        for needed in ["Cargo.toml", "src/lib.rs", "src/main.rs"] {
            if !whole.join(needed).is_file() {
                bail!("{} is no handout: it has no {needed}", handout.display());
            }
        }
        Ok(whole)
    }

    /// Copies the handout and builds it.
    ///
    /// # Errors
    ///
    /// If it is none, or does not compile.
    pub(super) fn open(handout: &Path, work: &Path, time: Duration, allows_unsafe: bool) -> Result<Self> {
        let problem = || format!("{} is no handout", handout.display());
        let handout = Self::check(handout)?;
        let manifest = fs::read_to_string(handout.join("Cargo.toml")).with_context(problem)?;
        let sources = sources_of(&handout.join("src"))?;
        let copy = work.join("handout");
        let mut workshop = Self {
            cargo: Cargo::new(&copy, &work.join("target")),
            handout: sources,
            copy,
            program: String::new(),
            allows_unsafe,
            left: work.join("left"),
            time,
        };
        let stamp = workshop.stamp(&handout, &manifest);
        let prepared = fs::read_to_string(work.join("prepared")).unwrap_or_default();
        let is_changing = versions::commit().ends_with('+');
        if let Some(program) = prepared.strip_prefix(&stamp).filter(|_| !is_changing) {
            // It was built with the same before; what has been built since needs nothing else.
            workshop.cargo.go_offline();
            workshop.program = program.trim().to_owned();
            return Ok(workshop);
        }
        fs::create_dir_all(work).with_context(|| format!("cannot make {}", work.display()))?;
        if workshop.copy.exists() {
            fs::remove_dir_all(&workshop.copy)
                .with_context(|| format!("cannot empty {}", workshop.copy.display()))?;
        }
        copy_folder(&handout, &workshop.copy)
            .with_context(|| format!("cannot copy {}", handout.display()))?;
        fs::write(workshop.copy.join("Cargo.toml"), with_whole_paths(&manifest, &handout))?;
        // What it says of each error is the teacher's to read, all of it.
        match workshop.cargo.build(HANDOUT_TIME_MAX)? {
            Built::Program(program) => workshop.program = versions::program(&program)?,
            Built::Error(error) => bail!("the handout {} does not compile: {error}", handout.display()),
        }
        fs::write(work.join("prepared"), format!("{stamp} {}", workshop.program))?;
        Ok(workshop)
    }

    /// What identifies all that is built but for the sources of the lab, of which the time of their last change is in cargo's
    /// hands; a commit of them is here.
    fn stamp(&self, handout: &Path, manifest: &str) -> String {
        let read = |name: &str| fs::read_to_string(handout.join(name)).unwrap_or_default();
        let commit = versions::commit();
        let main = self.handout.get("main.rs").map_or("", String::as_str);
        let lib = self.handout.get("lib.rs").map_or("", String::as_str);
        let parts = [manifest, &read("Cargo.lock"), &read(".cargo/config.toml"), &commit, main, lib];
        let parts = parts.map(|part| crate::rubric::sha256(part.as_bytes()));
        crate::rubric::sha256(format!("{} {}", parts.join(" "), versions::toolchain(handout)).as_bytes())
    }

    /// The handout's sources, which are nobody's own.
    pub(super) fn handout(&self) -> &Files {
        &self.handout
    }

    /// What identifies the handout and all that it is built with.
    pub(super) fn program(&self) -> &str {
        &self.program
    }

    /// Where workers leave what they leave.
    pub(super) fn left(&self) -> PathBuf {
        self.left.clone()
    }

    /// Builds a submission.
    ///
    /// # Errors
    ///
    /// If something of the grader is wrong: the disk is full, or cargo is gone.
    pub(super) fn build(&mut self, sources: &Sources) -> Result<Built> {
        let src = self.copy.join("src");
        // It is not there if somebody was killed here.
        if src.exists() {
            fs::remove_dir_all(&src).with_context(|| format!("cannot empty {}", src.display()))?;
        }
        fs::create_dir_all(&src)?;
        for (name, text) in &sources.files {
            let path = src.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&src))?;
            let text = if name == "lib.rs" && !self.allows_unsafe { forbidding(text) } else { text.clone() };
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let program = self.handout.get("main.rs").map_or("", String::as_str);
        fs::write(src.join("main.rs"), program)?;
        self.cargo.build(self.time)
    }
}

/// The source of a library that may not say `unsafe`.
fn forbidding(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // A line for a shell stays the first one.
    match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("#!") && !first.starts_with("#![") => {
            format!("{first}\n{FORBID}{rest}")
        }
        _ => format!("{FORBID}{text}"),
    }
}

/// A manifest whose dependencies are found from anywhere.
fn with_whole_paths(manifest: &str, handout: &Path) -> String {
    const PATH: &str = "{ path = \"";
    let line = |line: &str| match line.split_once(PATH) {
        Some((before, rest)) if !rest.starts_with('/') => {
            format!("{before}{PATH}{}/{rest}", handout.display().to_string().escape_default())
        }
        _ => line.to_owned(),
    };
    manifest.lines().map(|text| line(text) + "\n").collect()
}

/// The files of a folder, but for what cargo and git have made.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let kind = entry.file_type()?;
        if kind.is_dir() && name != "target" && name != ".git" {
            copy_folder(&entry.path(), &to.join(name))?;
        } else if kind.is_file() && entry.metadata()?.len() <= FILE_MAX {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_where_they_are() {
        for (text, wanted) in [
            ("//! Doc.\nfn f() {}", "#![forbid(unsafe_code)] //! Doc.\nfn f() {}"),
            ("#![allow(unsafe_code)]", "#![forbid(unsafe_code)] #![allow(unsafe_code)]"),
            ("#!/bin/sh\nfn f() {}", "#!/bin/sh\n#![forbid(unsafe_code)] fn f() {}"),
            ("\u{feff}x", "#![forbid(unsafe_code)] x"),
        ] {
            assert_eq!(forbidding(text), wanted);
        }
    }

    #[test]
    fn dependencies_are_found_from_elsewhere() {
        let manifest = "[[bin]]\npath = \"src/main.rs\"\n[dependencies]\nlab = { path = \"../lab\" }\nx = { path = \"/abs\" }\n";
        let whole = with_whole_paths(manifest, Path::new("/course/handout"));
        assert_eq!(whole, manifest.replace("../lab", "/course/handout/../lab"));
    }
}
