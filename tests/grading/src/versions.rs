//! What a grade is made with: the versions of everything that could make another one of it.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The version of the lab.
pub const HARNESS: &str = env!("CARGO_PKG_VERSION");

/// The commit of the lab that this program was built from, with `+` behind if files have been changed; empty if nobody knows.
#[must_use]
pub fn commit() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
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

/// What identifies a program: half of the SHA-256 of its file, in hexadecimal digits.
///
/// # Errors
///
/// Those of the file system.
pub fn program(path: &Path) -> Result<String> {
    let problem = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(problem)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 20];
    loop {
        match file.read(&mut chunk).with_context(problem)? {
            0 => break,
            length => hash.update(&chunk[..length]),
        }
    }
    Ok(hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

/// The first line that a command says, if it ends well.
fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.lines().next().unwrap_or_default().to_owned())
}
