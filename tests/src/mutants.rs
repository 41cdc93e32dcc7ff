//! `cargo lab mutants` and `cargo lab grade-tests`: start the program that plants bugs.
//!
//! It is another program, built when it is asked for: most who type `cargo lab` never do.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, builder::ValueParser};
use lab::{Subcommand, Verdict};

/// The subcommand that asks which tests find planted bugs.
pub(crate) fn subcommand() -> Subcommand {
    let about =
        "Plants bugs in the reference and in other Rafts, one at a time, and shows which tests catch them";
    Subcommand { command: command("mutants", about), run: |matches| run(&[], matches) }
}

/// The subcommand that asks which planted bugs somebody's scenarios find.
pub(crate) fn grade_tests() -> Subcommand {
    let about =
        "Puts scenarios of your own before wrong Rafts and right ones, and counts the bugs that they find";
    Subcommand { command: command("grade-tests", about), run: |matches| run(&["grade-tests"], matches) }
}

fn command(name: &'static str, about: &'static str) -> clap::Command {
    let rest = Arg::new("arguments")
        .num_args(0..)
        .action(ArgAction::Append)
        .trailing_var_arg(true)
        .allow_hyphen_values(true)
        .value_parser(ValueParser::os_string());
    clap::Command::new(name).about(about).disable_help_flag(true).arg(rest)
}

/// Builds the program and becomes it, so that Ctrl-C and the exit code are its own. It is always built as `cargo lab` is, also
/// from `cargo lab-fast`: its copies of the workspace take over what was built so.
fn run(first: &[&str], matches: &ArgMatches) -> anyhow::Result<Verdict> {
    let built = cargo("build").status().context(NO_CARGO)?;
    anyhow::ensure!(built.success(), "the program that plants bugs was not built: see above");
    let mut command = cargo("run");
    command.args(["--quiet", "--"]).args(first);
    command.args(matches.get_many::<OsString>("arguments").unwrap_or_default());
    become_it(command)
}

const NO_CARGO: &str = "cargo, which builds the program that plants bugs, cannot be started";

/// Cargo, to do this with the program.
fn cargo(what: &str) -> Command {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("mutants").join("Cargo.toml");
    // Set by cargo when it starts a program.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args([what, "--bin", "lab-mutants", "--manifest-path"]).arg(manifest);
    command
}

#[cfg(unix)]
fn become_it(mut command: Command) -> anyhow::Result<Verdict> {
    use std::os::unix::process::CommandExt;

    Err(command.exec()).context(NO_CARGO)
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> anyhow::Result<Verdict> {
    let status = command.status().context(NO_CARGO)?;
    std::process::exit(status.code().unwrap_or(2));
}
