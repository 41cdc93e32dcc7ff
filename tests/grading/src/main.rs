//! The program of `cargo lab grade --rubric` and `cargo lab grade-class`. It is one of its own, so that a build of `lab` needs
//! nothing of it, and so that who counts points has no code under test in his process.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lab_grading::class::{Check, Class, Prepare};
use lab_grading::one::One;
use lab_hunt::program::process;

/// Grades with a rubric.
#[derive(Parser, Debug)]
#[command(name = "lab-grading", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Grades one program with a rubric.
    Grade(One),
    /// Grades a class: each submission built and graded apart.
    GradeClass(Class),
    /// Builds what a class is built with, so that grading begins at once.
    Prepare(Prepare),
    /// Looks through rubric, secret and handout, and grades nothing.
    Check(Check),
}

fn main() -> ExitCode {
    process::run(|| match Arguments::try_parse() {
        Err(error) => process::usage(&error),
        Ok(Arguments { command }) => process::exit_code(match command {
            Command::Grade(one) => one.run(),
            Command::GradeClass(class) => class.run(),
            Command::Prepare(prepare) => prepare.run(),
            Command::Check(check) => check.run(),
        }),
    })
}
