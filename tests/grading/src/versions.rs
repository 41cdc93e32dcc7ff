//! What a grade is made with: the versions of everything that could make another one of it.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use xxhash_rust::xxh3::Xxh3;

/// The version of the lab.
pub const HARNESS: &str = env!("CARGO_PKG_VERSION");

/// The commit of the lab that this program was built from, with `+` behind if files have been changed; empty if nobody knows.
#[must_use]
pub fn commit() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Where there are sources without their history, as in a kit for a grader.
    if let Ok(commit) = std::fs::read_to_string(folder.join("../../COMMIT")) {
        return commit.trim().to_owned();
    }
    let git = |arguments: &[&str]| said(Command::new("git").arg("-C").arg(folder).args(arguments));
    let Some(commit) = git(&["rev-parse", "HEAD"]) else { return String::new() };
    let is_changed = git(&["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty());
    if is_changed { format!("{commit}+") } else { commit }
}

/// The compiler that builds in this folder, in its own words; `unknown` if it does not say.
#[must_use]
pub fn toolchain(folder: &Path) -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    said(Command::new(rustc).arg("--version").current_dir(folder)).unwrap_or_else(|| "unknown".to_owned())
}

/// What identifies a program: XXH3 of its file, in 32 hexadecimal digits. Programs have a hundred megabytes, and nobody gains
/// anything by two that are told apart by nothing.
///
/// # Errors
///
/// Those of the file system.
pub fn program(path: &Path) -> Result<String> {
    let problem = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(problem)?;
    if !file.metadata().with_context(problem)?.is_file() {
        bail!("cannot start {}: it is no file", path.display());
    }
    let mut hash = Xxh3::new();
    let mut chunk = vec![0; 1 << 20];
    loop {
        match file.read(&mut chunk).with_context(problem)? {
            0 => return Ok(format!("{:032x}", hash.digest128())),
            length => hash.update(&chunk[..length]),
        }
    }
}

/// The first line that a command says, if it ends well.
fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.lines().next().unwrap_or_default().to_owned())
}
