//! How many schedules each policy of labrpc, and each scheduler of shuttle, needs until a planted bug shows.
//!
//! `arguments` says what is asked for, `catalogue` which programs there are, `policy` who schedules. `search` runs one
//! series: one program under one policy until it fails; with `on_shuttle` for that tool. `runner` runs all series on two
//! threads, `statistics` makes cells of them, and `table` and `json` show these. `quiet` keeps expected failures silent.

#![allow(
    clippy::duplicate_mod,
    reason = "each program is compiled twice, once for each tool: that is the point"
)]

mod arguments;
mod catalogue;
mod json;
#[cfg_attr(
    not(test),
    allow(dead_code, unused_imports, reason = "why a program fails under fifo is for tests to know")
)]
#[path = "../programs/on_labrpc.rs"]
mod on_labrpc;
mod on_shuttle;
mod policy;
mod quiet;
mod runner;
mod search;
mod statistics;
mod table;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use arguments::{Request, USAGE, parse};

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)) {
        Ok(Request::Help) => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        Ok(Request::Measure(measure)) => {
            let measured = {
                let _silence = quiet::Silence::begin();
                runner::run(&measure)
            };
            match measured.and_then(|rows| {
                print!("{}", table::show(&measure, &rows));
                measure.json.as_ref().map_or(Ok(()), |path| json::write(path, &measure, &rows))
            }) {
                Ok(()) => ExitCode::SUCCESS,
                Err(sentence) => fail(&sentence, 1),
            }
        }
        Err(sentence) => fail(&sentence, 2),
    }
}

fn fail(sentence: &str, code: u8) -> ExitCode {
    eprintln!("search-bench: {sentence}");
    ExitCode::from(code)
}
