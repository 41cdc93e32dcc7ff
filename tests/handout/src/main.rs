//! The program behind `scripts/new-raft`: `cargo lab handout`, without the lab.

use std::process::ExitCode;

fn main() -> ExitCode {
    let matches = match lab_handout::command().try_get_matches() {
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
