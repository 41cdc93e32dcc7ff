//! `cargo lab watch`: builds and grades each time a file is saved.
//!
//! It looks at the files a few times a second. After a save it starts itself anew through cargo, which builds what has changed and
//! says what does not compile; the new program then looks how far the student is, as `next` does. What is under way when somebody
//! saves again runs to its end: that is a matter of a second.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use clap::Args;
use lab_hunt::workers;
use lab_runs::{commands, output, println};
use labrpc::thread;
use labrpc::time::Duration;

use crate::course::Course;
use crate::program::Verdict;

/// How often the files are looked at. A look at some twenty of them costs nothing.
const LOOK: Duration = Duration::from_millis(100);

/// Grades what comes next each time you save. Ctrl-C ends it.
#[derive(Args, Debug)]
pub(crate) struct Watch {
    /// One part only: 3A
    part: Option<String>,
    /// End after so many verdicts
    #[arg(long, value_name = "N", hide = true)]
    rounds: Option<usize>,
}

/// The files, when each was last changed, and how long it is.
type Stamps = Vec<(PathBuf, Option<SystemTime>, u64)>;

impl Watch {
    pub(crate) fn run(&self, course: Course) -> Result<Verdict> {
        course.steps_of(self.part.as_deref())?;
        let words = commands::program();
        ensure!(
            words.starts_with("cargo "),
            "watch builds what you save, and for that it must be started by cargo: cargo lab watch"
        );
        let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let package =
            package.context("cargo has not said where the package is: start it as cargo lab watch")?;
        workers::on_interrupt(|| {
            // At once, and not as a failure: the student has what was to be had.
            println!();
            let _ = output::finish();
            std::process::exit(0);
        })?;
        let mut rounds = 0;
        loop {
            // Before the build: what is saved while it builds is built again.
            let before = stamps(&package);
            self.grade(&words)?;
            rounds += 1;
            if self.rounds.is_some_and(|max| rounds >= max) {
                return Ok(Verdict::Ok);
            }
            println!("waiting for a save; Ctrl-C ends it\n");
            wait_for_change(&package, &before);
        }
    }

    /// Builds, and lets the new program say what comes next.
    fn grade(&self, words: &str) -> Result<()> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let words = words.split(' ').skip(1);
        let mut command = Command::new(cargo);
        command.arg("--quiet").args(words).args(["next", "--watching"]).args(&self.part);
        let code = command.status().context("cargo cannot be started")?;
        // 101 is cargo's: it does not compile, and cargo has said why.
        if code.code() == Some(101) {
            println!("\nit does not compile: see above");
        }
        Ok(())
    }
}

/// Waits until the files are others than before, and then until they are the same twice: an editor may write several.
fn wait_for_change(package: &Path, before: &Stamps) {
    let mut last = before.clone();
    loop {
        thread::sleep(LOOK);
        let now = stamps(package);
        if now != *before && now == last {
            return;
        }
        last = now;
    }
}

/// What cargo would build anew for: the manifest, and all below `src` and `tests`.
fn stamps(package: &Path) -> Stamps {
    let mut stamps = Stamps::new();
    let mut open = vec![package.join("src"), package.join("tests"), package.join("Cargo.toml")];
    while let Some(path) = open.pop() {
        // What vanishes meanwhile is a change, and the next look sees it.
        let Ok(facts) = fs::metadata(&path) else { continue };
        if facts.is_dir() {
            open.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else {
            stamps.push((path, facts.modified().ok(), facts.len()));
        }
    }
    stamps.sort();
    stamps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_file_new_file_and_lost_file_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("src/deep");
        fs::create_dir_all(&source).unwrap();
        let file = source.join("lib.rs");
        let mut last = stamps(folder.path());
        for change in [
            &|| fs::write(&file, "a").unwrap() as _,
            &|| fs::write(&file, "ab").unwrap(),
            &|| fs::write(folder.path().join("Cargo.toml"), "").unwrap(),
            &|| fs::remove_file(&file).unwrap(),
        ] as [&dyn Fn(); 4]
        {
            change();
            let now = stamps(folder.path());
            assert_ne!(now, last);
            last = now;
        }
    }
}
