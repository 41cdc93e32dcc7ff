//! Another program of the lab: built when it is asked for, since most who build this one never need it, and then become.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use lab_runs::{artifacts, commands};

use crate::program::Verdict;

const NO_CARGO: &str = "cargo, which builds the program for this, cannot be started";

/// Builds a program of the lab and becomes it, so that Ctrl-C and the exit code are its own. `folder` is that of its package
/// below `tests`.
///
/// It is built from the version of the lab that this program is built from, wherever that lies, and into the target directory
/// of this one, where most of it is built already.
///
/// # Errors
///
/// If it cannot be built.
pub fn become_it(folder: &str, program: &str, arguments: Vec<OsString>) -> Result<Verdict> {
    let built = cargo("build", folder, program).status().context(NO_CARGO)?;
    anyhow::ensure!(built.success(), "the program {program} was not built: see above");
    let mut command = cargo("run", folder, program);
    command.args(["--quiet", "--"]).args(arguments);
    // What it says is to name the commands of who has typed this one.
    command.env(commands::COMMAND, commands::program());
    exec(command)
}

/// Cargo, to do this with the program.
fn cargo(what: &str, folder: &str, program: &str) -> Command {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(folder).join("Cargo.toml");
    // Set by cargo when it starts a program.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args([what, "--bin", program, "--manifest-path"]).arg(manifest);
    command.arg("--target-dir").arg(artifacts::target());
    command
}

#[cfg(unix)]
fn exec(mut command: Command) -> Result<Verdict> {
    use std::os::unix::process::CommandExt;

    Err(command.exec()).context(NO_CARGO)
}

#[cfg(not(unix))]
fn exec(mut command: Command) -> Result<Verdict> {
    let status = command.status().context(NO_CARGO)?;
    std::process::exit(status.code().unwrap_or(2));
}
