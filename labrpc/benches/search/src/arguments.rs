//! What the command line asks for.

use std::path::PathBuf;
use std::time::Duration;

use glob::Pattern;

use crate::catalogue::{self, Program};
use crate::policy::Searcher;

pub(crate) const USAGE: &str = "\
How many schedules each policy needs until a planted bug shows.

usage: search-bench [--policy LIST] [--program LIST] [--series N] [--cap N] [--step COST] [--json FILE]

  --policy LIST    who schedules, with commas between: a policy of labrpc as in `random` or `pct:3`, or a scheduler of shuttle:
                   shuttle:random, shuttle:pct:DEPTH, shuttle:urw
                   [random,pct:2,pct:3,shuttle:random,shuttle:pct:2,shuttle:pct:3,shuttle:urw]
  --program LIST   names or patterns of programs, with commas between, as in `reorder_*,stack` [*]
  --series N       how often the search begins anew, with other seeds [20]
  --cap N          how many schedules a series tries at most [10000]
  --step COST      the virtual time that a step of labrpc takes, as in 0ns, 1us or 2ms [what labrpc takes by itself]
  --json FILE      write the figures to a file as well
  --help           this text
";

const POLICIES: &str = "random,pct:2,pct:3,shuttle:random,shuttle:pct:2,shuttle:pct:3,shuttle:urw";

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Request {
    Help,
    Measure(Measure),
}

/// What is to be measured.
#[derive(Debug)]
pub(crate) struct Measure {
    pub(crate) searchers: Vec<Searcher>,
    /// In the order of the catalogue, whatever the order of the patterns.
    pub(crate) programs: Vec<Program>,
    pub(crate) series: u64,
    pub(crate) cap: u64,
    pub(crate) step_cost: Option<Duration>,
    pub(crate) json: Option<PathBuf>,
}

/// Reads the command line, without the name of the program.
///
/// # Errors
///
/// A sentence that says what is wrong and what would be right.
pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Request, String> {
    let mut measure = Measure {
        searchers: searchers(POLICIES)?,
        programs: catalogue::all(),
        series: 20,
        cap: 10_000,
        step_cost: None,
        json: None,
    };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let (option, attached) = match argument.split_once('=') {
            Some((option, value)) => (option, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        if matches!(option, "--help" | "-h") {
            return Ok(Request::Help);
        }
        let is_known =
            matches!(option, "--policy" | "--program" | "--series" | "--cap" | "--step" | "--json");
        // `cargo bench` adds this to what it runs.
        if option == "--bench" {
            continue;
        }
        if !is_known {
            return Err(format!("{argument:?} is no option: --help lists them"));
        }
        let Some(value) = attached.or_else(|| arguments.next()) else {
            return Err(format!("{option} needs a value: --help says which"));
        };
        match option {
            "--policy" => measure.searchers = searchers(&value)?,
            "--program" => measure.programs = programs(&value)?,
            "--series" => measure.series = count(option, &value)?,
            "--cap" => measure.cap = count(option, &value)?,
            "--step" => measure.step_cost = Some(cost(&value)?),
            _ => measure.json = Some(value.into()),
        }
    }
    if std::env::var_os("SHUTTLE_RANDOM_SEED").is_some() {
        return Err("SHUTTLE_RANDOM_SEED is set, so all series of shuttle would be the same: unset it".into());
    }
    Ok(Request::Measure(measure))
}

fn searchers(list: &str) -> Result<Vec<Searcher>, String> {
    list.split(',').map(|text| text.trim().parse()).collect()
}

fn programs(list: &str) -> Result<Vec<Program>, String> {
    let all = catalogue::all();
    let mut patterns = Vec::new();
    for text in list.split(',').map(str::trim) {
        let pattern = Pattern::new(text).map_err(|error| format!("{text:?} is no pattern: {error}"))?;
        if !all.iter().any(|program| pattern.matches(program.name)) {
            let names: Vec<_> = all.iter().map(|program| program.name).collect();
            return Err(format!("{text:?} is the name of no program: there are {}", names.join(", ")));
        }
        patterns.push(pattern);
    }
    let is_asked_for = |program: &Program| patterns.iter().any(|pattern| pattern.matches(program.name));
    Ok(all.into_iter().filter(is_asked_for).collect())
}

/// More than a million would be a slip of the finger, and seeds of series must not run into each other.
fn count(option: &str, text: &str) -> Result<u64, String> {
    match text.replace('_', "").parse() {
        Ok(number @ 1..=1_000_000) => Ok(number),
        _ => Err(format!("{text:?} is no value of {option}: write a number from 1 to 1000000")),
    }
}

/// Up to a second: beyond it programs would only reach the limit of virtual time.
fn cost(text: &str) -> Result<Duration, String> {
    let split = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let nanos = match unit {
        "ns" => Some(1),
        "us" | "µs" => Some(1_000),
        "ms" => Some(1_000_000),
        _ => None,
    };
    let number: Option<u64> = number.parse().ok();
    nanos
        .and_then(|nanos: u64| number?.checked_mul(nanos))
        .filter(|nanos| *nanos <= 1_000_000_000)
        .map(Duration::from_nanos)
        .ok_or_else(|| {
            format!("{text:?} is no value of --step: write a time up to 1000ms, as in 0ns, 1us or 2ms")
        })
}
