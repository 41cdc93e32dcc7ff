//! `cargo lab mutants`: starts the program that plants bugs.
//!
//! It is another program, built when it is asked for: most who type `cargo lab` never do.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, builder::ValueParser};
use lab::{Subcommand, Verdict};

/// The subcommand.
pub(crate) fn subcommand() -> Subcommand {
    let rest = Arg::new("arguments")
        .num_args(0..)
        .action(ArgAction::Append)
        .trailing_var_arg(true)
        .allow_hyphen_values(true)
        .value_parser(ValueParser::os_string());
    let command = clap::Command::new("mutants")
        .about("Plants bugs in the reference and in other Rafts, one at a time, and shows which tests catch them")
        .disable_help_flag(true)
        .arg(rest);
    Subcommand { command, run }
}

/// Builds the program and becomes it, so that Ctrl-C and the exit code are its own.
fn run(matches: &ArgMatches) -> anyhow::Result<Verdict> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("mutants").join("Cargo.toml");
    // Set by cargo when it starts a program.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(["run", "--bin", "lab-mutants", "--manifest-path"]).arg(manifest).arg("--");
    command.args(matches.get_many::<OsString>("arguments").unwrap_or_default());
    become_it(command)
}

#[cfg(unix)]
fn become_it(mut command: Command) -> anyhow::Result<Verdict> {
    use std::os::unix::process::CommandExt;

    Err(command.exec()).context("cargo, which builds the program that plants bugs, cannot be started")
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> anyhow::Result<Verdict> {
    let status =
        command.status().context("cargo, which builds the program that plants bugs, cannot be started")?;
    std::process::exit(status.code().unwrap_or(2));
}
