//! The program of `cargo lab mutants` and of `cargo lab grade-tests`. It is one of its own, so that a build of `lab` needs nothing of
//! it.

use std::process::ExitCode;

use lab_hunt::program::process;

fn main() -> ExitCode {
    process::run(|| {
        let grades_tests = std::env::args_os().nth(1).is_some_and(|word| word == lab_mutants::GRADE_TESTS);
        if grades_tests {
            let arguments = std::env::args_os().skip(1);
            return match lab_mutants::grade_tests_command()
                .bin_name("cargo lab grade-tests")
                .try_get_matches_from(arguments)
            {
                Err(error) => process::usage(&error),
                Ok(matches) => process::exit_code(lab_mutants::run_grade_tests(&matches)),
            };
        }
        let command = lab_mutants::command().bin_name("cargo lab mutants");
        match command.try_get_matches() {
            Err(error) => process::usage(&error),
            Ok(matches) => process::exit_code(lab_mutants::run(&matches)),
        }
    })
}
