//! `cargo lab replay`: one test with one seed, and everything that happened.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use console::Term;
use lab_runs::{print, println};
use labrpc::printable;
use labrpc::sim::{Fingerprint, Policy, Trace, Tracing};
use raft_interface::ServerId;

use super::arguments::TestAndSeed;
use super::shrink;
use crate::program::Verdict;
use lab_harness::case::TestCase;
use lab_harness::implementation::Implementation;
use lab_harness::run::run_case;
use lab_report as report;
use lab_report::columns::{self, Layout, Line, Selection, TOPICS};
use lab_runs::{Plan, World, artifacts};

use crate::replay::{Replayed, replay};

/// Runs one test with one seed again, proves that it is the same run, and shows its log in a column for each server.
///
/// The whole log, the report and the trace are left under target/lab/TEST/SEED/.
#[derive(Args, Debug)]
pub(crate) struct Replay {
    #[command(flatten)]
    which: TestAndSeed,
    /// Who runs next: random, pct, pct:DEPTH, urw, surw, pos, starve, fifo, or portfolio, a mix by seed
    #[arg(long, env = "LAB_POLICY", default_value = "random")]
    policy: Policy,
    /// Topics to show: TIMR VOTE LEAD TERM LOG CMIT PERS SNAP DROP CLNT TEST RPC, or others that the code logs
    #[arg(long, value_delimiter = ',', value_name = "TOPIC,TOPIC")]
    only: Vec<String>,
    /// Servers to show, by number
    #[arg(long, value_delimiter = ',', value_name = "0,2")]
    servers: Vec<String>,
    /// Which part of a long log to show: failure (the last 60 lines), all, or a time such as 3.2, 3.2s or 3200ms (30 lines before it and
    /// 30 after)
    #[arg(long, default_value = "failure", value_parser = around, value_name = "failure|all|TIME")]
    around: Around,
    /// The fingerprint of the run that this should be, as the line of a passed run shows it
    #[arg(long, value_parser = fingerprint)]
    fingerprint: Option<Fingerprint>,
    /// Run what `cargo lab shrink` left of the run
    #[arg(long)]
    shrunk: bool,
    /// Show your frames in the stack of a panic, as RUST_BACKTRACE=1 does (RUST_BACKTRACE=full: all frames)
    #[arg(long)]
    backtrace: bool,
    /// Show the verdict only
    #[arg(long)]
    quiet: bool,
    /// Where it runs: simulated or real. The real world cannot be replayed
    #[arg(long, env = "LAB_WORLD", default_value = "simulated")]
    world: World,
}

/// Which part of a log is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Around {
    /// The end of the run.
    Failure,
    All,
    Time(Duration),
}

/// How many lines of a log are shown on a terminal.
const LINES_SHOWN: usize = 60;
/// The width where no terminal tells it.
const WIDTH_DEFAULT: usize = 120;

fn around(text: &str) -> Result<Around, String> {
    let wrong =
        || format!("{text:?} is no part of a run: write failure, all, or a time such as 3.2, 3.2s or 3200ms");
    match text {
        "failure" => return Ok(Around::Failure),
        "all" => return Ok(Around::All),
        _ => {}
    }
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 0.001),
        (None, Some(number)) => (number, 1.0),
        (None, None) => (text, 1.0),
    };
    let seconds = number.trim().parse::<f64>().map_err(|_| wrong())? * unit;
    Duration::try_from_secs_f64(seconds).map(Around::Time).map_err(|_| wrong())
}

fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16)
        .map(Fingerprint)
        .map_err(|_| format!("{text:?} is not a fingerprint: 16 digits such as 9f3c02d1e4a5b677"))
}

impl Replay {
    pub(super) fn run(&self, implementation: Implementation) -> Result<Verdict> {
        let (case, seed) = self.which.read()?;
        let plan = Plan { world: self.world, seed, policy: self.policy, tracing: Tracing::Off };
        if self.backtrace {
            labrpc::sim::keep_backtraces();
        }
        if self.world == World::Real {
            return Ok(in_the_real_world(case, implementation, plan));
        }
        if self.shrunk {
            return shrink::replay(case, implementation, plan, |trace, servers| {
                self.show(case, seed, trace, servers)
            });
        }
        let replayed = replay(case, implementation, plan).with_context(|| {
            format!("cannot write to {}", artifacts::directory(case.name, plan.seed).display())
        })?;
        if let Some(trace) = &replayed.outcome.trace
            && !self.quiet
        {
            self.show(case, seed, trace, replayed.outcome.tally.servers)?;
        }
        println!("{}", replayed.report);
        println!("\n{}", printable(&replayed.comparison.words));
        Ok(self.verdict(&replayed))
    }

    fn verdict(&self, replayed: &Replayed) -> Verdict {
        let is_wanted = match (self.fingerprint, replayed.outcome.fingerprint) {
            (Some(wanted), Some(got)) if wanted != got => {
                println!(
                    "This is another run than the one with fingerprint {wanted}: the code has changed, or the policy is another, \
                     or something is not under the seed's control."
                );
                false
            }
            _ => true,
        };
        let is_well = replayed.comparison.is_reproducible && is_wanted && replayed.outcome.failure.is_none();
        Verdict::of(is_well)
    }

    /// Shows the part of the log that is asked for.
    fn show(&self, case: &TestCase, seed: u64, trace: &Trace, servers: usize) -> Result<()> {
        let shown: Vec<ServerId> = self.servers_shown(servers)?;
        let topics = self.topics_shown(trace)?;
        let hides_messages =
            topics.as_ref().is_some_and(|topics| !topics.contains("RPC")) && self.only.is_empty();
        let lines = columns::lines(trace, &Selection { servers: shown.clone(), topics });
        let (from, to) = part(&lines, self.around);
        let width = Term::stdout().size_checked().map_or(WIDTH_DEFAULT, |(_, columns)| columns.into());
        let mut out = Vec::new();
        let file = artifacts::shown(&artifacts::directory(case.name, seed)) + "/log.txt";
        let left_out = |what: &str, count: usize| match count {
            0 => String::new(),
            _ => format!("... {count} lines {what}; {file} has all\n"),
        };
        let layout = Layout::new(width, &shown);
        write!(out, "{}", left_out("before", from))
            .and_then(|()| columns::write_coloured(&mut out, &layout, &lines[from..to]))
            .and_then(|()| write!(out, "{}", left_out("after", lines.len() - to)))
            .and_then(|()| {
                if hides_messages {
                    writeln!(out, "(without messages: --only RPC shows them)")
                } else {
                    Ok(())
                }
            })
            .and_then(|()| writeln!(out))
            .context("showing the log")?;
        print!("{}", String::from_utf8_lossy(&out));
        Ok(())
    }

    fn servers_shown(&self, servers: usize) -> Result<Vec<ServerId>> {
        let known = columns::servers(servers);
        let mut shown = BTreeSet::new();
        for text in &self.servers {
            let number = text.trim().trim_start_matches(['S', 's']).parse::<ServerId>();
            match number.ok().filter(|server| known.contains(server)) {
                Some(server) => shown.insert(server),
                None => bail!(
                    "--servers: there is no server {text:?} in this test: write numbers from 0 to {}",
                    known.len() - 1
                ),
            };
        }
        Ok(if shown.is_empty() { known } else { shown.into_iter().collect() })
    }

    /// The topics that are shown; `None`: all. If nothing is asked for and the code logs something, messages are left
    /// out: they drown the rest.
    fn topics_shown(&self, trace: &Trace) -> Result<Option<BTreeSet<String>>> {
        let mut known = columns::topics(trace);
        if self.only.is_empty() {
            // Code that logs nothing of its own has only its messages to show: then they stay.
            let logs = known.iter().any(|topic| !matches!(topic.as_str(), "TEST" | "RPC" | "DROP"));
            known.remove("RPC");
            return Ok(logs.then_some(known));
        }
        known.extend(TOPICS.map(str::to_owned));
        let mut wanted = BTreeSet::new();
        for text in &self.only {
            let text = text.trim();
            match known.iter().find(|topic| topic.eq_ignore_ascii_case(text)) {
                Some(topic) => wanted.insert(topic.clone()),
                None => {
                    let known = known.into_iter().collect::<Vec<_>>().join(", ");
                    bail!("--only: nothing is logged under the topic {text:?}: there are {known}")
                }
            };
        }
        Ok(Some(wanted))
    }
}

/// The places of the first line that is shown and of the one after the last.
fn part(lines: &[Line], around: Around) -> (usize, usize) {
    match around {
        Around::All => (0, lines.len()),
        Around::Failure => (lines.len().saturating_sub(LINES_SHOWN), lines.len()),
        Around::Time(at) => {
            // As much before as after: the cause stands before the moment that somebody asks for, and its
            // effect after it.
            let middle = lines.partition_point(|line| line.at < at);
            (middle.saturating_sub(LINES_SHOWN / 2), (middle + LINES_SHOWN / 2).min(lines.len()))
        }
    }
}

fn in_the_real_world(case: &TestCase, implementation: Implementation, plan: Plan) -> Verdict {
    println!(
        "The real world cannot be replayed: there the operating system decides who runs next, and no seed does. This is \
         another run of {}:",
        case.name
    );
    let outcome = run_case(case, implementation, plan);
    if outcome.failure.is_some() {
        println!("{}", report::explain(case, implementation, plan, &outcome));
        return Verdict::Failed;
    }
    println!("{}", report::passed_line(case, plan, &outcome));
    Verdict::Ok
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_says_how_much_is_shown() {
        let help =
            <Replay as clap::Args>::augment_args(clap::Command::new("replay")).render_help().to_string();
        let half = LINES_SHOWN / 2;
        let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(&format!("the last {LINES_SHOWN} lines")), "{help}");
        assert!(words.contains(&format!("{half} lines before it and {half} after")), "{help}");
    }

    #[test]
    fn part_of_a_run_is_named_by_its_end_or_a_time() {
        assert_eq!(around("failure"), Ok(Around::Failure));
        assert_eq!(around("3.25"), Ok(Around::Time(Duration::from_millis(3250))));
        assert_eq!(around("3.25s"), around("3250ms"));
        for wrong in ["soon", "-1", "3h", "NaN"] {
            assert!(around(wrong).unwrap_err().contains("3200ms"), "{wrong}");
        }
    }
}
