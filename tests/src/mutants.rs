//! `cargo lab mutants` and `cargo lab grade-tests`: start the program that plants bugs.
//!
//! It is another program, built when it is asked for: most who type `cargo lab` never do.

use std::ffi::OsString;

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

/// Builds the program and becomes it. It is always built as `cargo lab` is, also from `cargo lab-fast`: its copies of the workspace
/// take over what was built so.
fn run(first: &[&str], matches: &ArgMatches) -> anyhow::Result<Verdict> {
    let rest = matches.get_many::<OsString>("arguments").unwrap_or_default().cloned();
    lab::become_it("mutants", "lab-mutants", first.iter().map(OsString::from).chain(rest).collect())
}
