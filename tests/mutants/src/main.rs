//! The program of `cargo lab mutants`. It is one of its own, so that a build of `lab` needs nothing of it.

use std::process::ExitCode;

use lab_hunt::program::process;

fn main() -> ExitCode {
    process::run(|| {
        let command = lab_mutants::command().bin_name("cargo lab mutants");
        match command.try_get_matches() {
            Err(error) => process::usage(&error),
            Ok(matches) => process::exit_code(lab_mutants::run(&matches)),
        }
    })
}
