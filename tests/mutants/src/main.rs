//! The program of `cargo lab mutants`. It is one of its own, so that a build of `lab` needs nothing of it.

use std::process::ExitCode;

use lab_hunt::program::process::{self, Verdict};

fn main() -> ExitCode {
    process::run(|| {
        let command = lab_mutants::command().bin_name("cargo lab mutants");
        match command.try_get_matches() {
            Err(error) => process::usage(&error),
            Ok(matches) => process::exit_code(lab_mutants::run(&matches).map(verdict)),
        }
    })
}

fn verdict(is_good: bool) -> Verdict {
    if is_good { Verdict::Ok } else { Verdict::Failed }
}
