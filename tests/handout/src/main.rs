//! The program behind `scripts/new-raft`: `cargo lab handout`, without the lab.

use std::process::ExitCode;

/// What is typed, and so what the help shows.
const SCRIPT: &str = "scripts/new-raft";

fn main() -> ExitCode {
    let matches = match lab_handout::command().name(SCRIPT).bin_name(SCRIPT).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => error.exit(), // with 2, or with 0 for --help
    };
    match lab_handout::run(&matches) {
        Ok(words) => {
            println!("{words}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}
