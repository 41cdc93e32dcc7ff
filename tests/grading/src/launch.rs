//! How a program that is graded is started: with a bare environment, and where it may leave something.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lab_hunt::workers::Launch;
use lab_runs::{artifacts, commands};

/// A program, and who runs it.
#[derive(Clone, Debug)]
pub struct Started {
    /// How its workers are started.
    pub launch: Launch,
    /// Where they leave what they leave.
    pub left: PathBuf,
}

/// How a program's workers are started, as another user if one is named. `left` is where they leave what they leave; another
/// user has a folder of its own. Who has typed `words` starts the program where the results are read.
///
/// # Errors
///
/// If there is no such program, user or folder.
pub fn start(program: &Path, as_user: Option<&str>, left: &Path, words: &str) -> Result<Started> {
    let problem = || format!("cannot start {}", program.display());
    let program = program.canonicalize().with_context(problem)?;
    let mut launch = Launch { program: Some(program), is_bare: true, ..lab_hunt::program::launch() };
    launch.environment = vec![(commands::COMMAND.to_owned(), words.to_owned())];
    let Some(user) = as_user else {
        fs::create_dir_all(left).with_context(|| format!("cannot make {}", left.display()))?;
        let left = left.canonicalize()?;
        launch.environment.push((artifacts::FOLDER.to_owned(), left.display().to_string()));
        return Ok(Started { launch, left });
    };
    let launch = lab::run_as(user, launch)?;
    let folder = launch.environment.iter().find(|(name, _)| name == artifacts::FOLDER);
    let left = PathBuf::from(folder.map(|(_, folder)| folder.clone()).unwrap_or_default());
    Ok(Started { launch, left })
}

/// Refuses what would show the course's secret to code under test: who is root may read every process.
///
/// # Errors
///
/// A sentence that says what to do.
pub fn check_secrecy(has_hidden_seeds: bool, as_user: Option<&str>) -> Result<()> {
    #[cfg(unix)]
    if has_hidden_seeds && as_user.is_none() && rustix::process::geteuid().is_root() {
        bail!(
            "there are hidden seeds, and code under test would run as root, who can read every process: name another user, \
             as with --as-user nobody"
        );
    }
    let _ = (has_hidden_seeds, as_user);
    Ok(())
}
