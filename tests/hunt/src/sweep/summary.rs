//! The words at the end of a sweep: the table, the causes of failure, and how sure all this makes one.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::driver::{REPORTED_MAX, StopReason, Summary};
use super::json::Results;
use super::results::{Row, groups};
use super::table;
use crate::workers::report;
use lab_runs::artifacts;
use labrpc::printable;
use labrpc::search::Novelty;
use labrpc::sim::Covers;

/// So many causes are shown in full.
const CAUSES_SHOWN: usize = 20;

/// The table and the causes, for a sweep and for what was merged.
pub fn results_text(results: &Results) -> String {
    let mut text = table::of(&results.rows).to_string() + "\n";
    text.push_str(
        "\nrate: of the runs that failed; at most: its upper bound with 95 % confidence; runs/s: by one process\n",
    );
    causes(&mut text, results);
    // A ledger and a file of results may have been written by anything.
    printable(&text).into_owned()
}

fn causes(text: &mut String, results: &Results) {
    let groups = groups(&results.rows);
    for group in groups.iter().take(CAUSES_SHOWN) {
        let (seed, _) = group.run();
        let times = group.times();
        let _ = writeln!(text, "\n{} failed {times}: {}", group.test, group.first.headline);
        let _ = writeln!(text, "  first: seed {seed:#x} ({})", group.first.kind);
        let _ = writeln!(text, "  again: {}", group.replay(&results.world));
        let directory = report::directory(group.test, &results.world, seed);
        // Shown only if there is something: reports are left for the first few, and another machine's files
        // are not here.
        if directory.exists() {
            let _ = writeln!(text, "  left:  {}/", artifacts::shown(&directory));
        }
    }
    if groups.len() > CAUSES_SHOWN {
        let _ = writeln!(text, "\nand {} more causes, which --json lists", groups.len() - CAUSES_SHOWN);
    }
    if groups.iter().any(|group| group.count > u64::from(REPORTED_MAX)) {
        let _ = writeln!(
            text,
            "\nReports are left for the first {REPORTED_MAX} runs that fail with the same cause."
        );
    }
}

/// How much of what runs covered was new, and how much is likely to be left.
fn coverage(text: &mut String, novelty: &Novelty) {
    if novelty.runs() == 0 {
        return;
    }
    let _ = write!(text, "covered: {} orders of threads at shared objects", novelty.distinct(Covers::Order));
    let (states, faulty) = (novelty.distinct(Covers::State), novelty.distinct(Covers::StateUnderFault));
    if states + faulty > 0 {
        let _ = write!(text, ", {states} states, {faulty} states with faults");
    }
    text.push_str(if novelty.is_any_seen_once() { "" } else { "; each was seen more than once" });
    let chance = novelty.chance_of_new(MORE_RUNS);
    // A bound that excludes nothing tells nothing.
    if chance < CHANCE_TOLD_MAX {
        let percent = chance * 100.0;
        let _ = writeln!(
            text,
            "; the chance that {MORE_RUNS} more runs show something new is at most {percent:.0} % (Good-Turing)"
        );
    } else {
        text.push_str("; more runs may well show something new\n");
    }
}

/// A greater chance is not told as a number.
const CHANCE_TOLD_MAX: f64 = 0.95;

/// The runs for which is told how likely they are to show something new.
const MORE_RUNS: u32 = 1_000;

/// The last lines: how much was run, how fast, how busy, and what it means.
pub fn summary_text(summary: &Summary) -> String {
    let mut text = String::new();
    let seconds = summary.wall.as_secs_f64();
    let rows = summary.rows.len().max(1) as f64;
    let _ = write!(text, "\n{} runs in {seconds:.1} s", summary.runs);
    if summary.runs > 0 {
        let speed = summary.runs as f64 / seconds;
        // Of the cores, not of the workers: idle cores are what a reader can do something about.
        let busy = summary.cost.cpu_us as f64 / 1e6 / (seconds * summary.cores as f64);
        let _ = write!(
            text,
            ": {speed:.0} a second, {:.1} seeds of all tests a minute, busy {:.0} % of {} cores",
            speed / rows * 60.0,
            busy * 100.0,
            summary.cores
        );
    }
    text.push('\n');
    coverage(&mut text, &summary.novelty);
    if summary.earlier_runs > 0 {
        let _ = writeln!(
            text,
            "{} more were taken over from {}/ (the same build, limits and environment; --fresh runs them again)",
            summary.earlier_runs,
            artifacts::shown(&summary.directory)
        );
    }
    if summary.unreadable > 0 {
        let _ = writeln!(text, "{} lines there could not be read and do not count", summary.unreadable);
    }
    match summary.stop_reason {
        StopReason::Completed => {}
        StopReason::FirstFailure => text.push_str("Stopped at the first failure, as --until-fail says.\n"),
        StopReason::TimeUp => text.push_str("Stopped when the time was over.\n"),
        StopReason::Interrupted => text.push_str("Interrupted. The same command goes on from here.\n"),
    }
    let extent = if summary.stop_reason == StopReason::Interrupted { Extent::Part } else { Extent::Whole };
    let _ = writeln!(text, "{}", conclusion(&summary.rows, extent));
    printable(&text).into_owned()
}

/// How much was run of what should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it, or as much as there was time for.
    Whole,
    /// Somebody stopped it, or a part is not there.
    Part,
}

/// What all the rows together say.
pub fn conclusion(rows: &[Row], extent: Extent) -> String {
    let failed: u64 = rows.iter().map(Row::failed).sum();
    let runs: u64 = rows.iter().map(Row::runs).sum();
    let failing = tests(rows.iter().filter(|row| row.failed() > 0));
    // The chain is as strong as its weakest link: what can be said of all tests is what can be said of the
    // one that ran least. A test that was skipped says nothing, and is told apart.
    let is_skipped = |row: &&Row| row.runs() == 0 && !row.skipped.is_empty();
    let is_skipped_in_part = |row: &&Row| row.runs() > 0 && !row.skipped.is_empty();
    let skipped = skipped_text(&rows.iter().filter(is_skipped).collect::<Vec<_>>())
        + &skipped_in_part_text(&rows.iter().filter(is_skipped_in_part).collect::<Vec<_>>());
    let weakest = rows.iter().filter(|row| !is_skipped(row)).min_by_key(|row| row.runs());
    let conclusion = match (failed, weakest) {
        (0, Some(row)) if row.runs() > 0 => format!(
            "{}: {runs} runs; each test fails in at most {} of its runs, with 95 % confidence",
            // Whoever reads one line must not take a part for the whole.
            if extent == Extent::Whole { "all passed" } else { "not everything was run, no failure so far" },
            table::percent(row.failure_rate_max())
        ),
        (0, Some(row)) => format!("{runs} runs and no failure, but {} was not run", row.test),
        (0, None) => "nothing was run".to_owned(),
        _ => format!("FAILED: {failed} of {runs} runs, in {failing} of {} tests", tests(rows.iter())),
    };
    format!("{conclusion}{skipped}")
}

/// How many tests these rows are of: each has a row for each policy.
fn tests<'a>(rows: impl Iterator<Item = &'a Row>) -> usize {
    rows.map(|row| &row.test).collect::<BTreeSet<_>>().len()
}

/// Which tests judged nothing in some of their runs, and why; nothing if none.
fn skipped_in_part_text(rows: &[&Row]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let runs: u64 = rows.iter().map(|row| row.skipped.len()).sum();
    let why = why_skipped(first);
    let runs = if runs == 1 { "1 run".to_owned() } else { format!("{runs} runs") };
    match tests(rows.iter().copied()) {
        1 => format!("\nskipped, and not judged: {runs} of {}: {why}", first.test),
        count => format!("\nskipped, and not judged: {runs} of {count} tests, as {}: {why}", first.test),
    }
}

/// Why some runs of a row were skipped.
fn why_skipped(row: &Row) -> &str {
    row.skipped_because.as_deref().unwrap_or("no reason is known")
}

/// Which tests judged nothing, and why; nothing if none.
fn skipped_text(rows: &[&Row]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let why = why_skipped(first);
    match tests(rows.iter().copied()) {
        1 => format!("\nskipped, and not judged: {}: {why}", first.test),
        count => format!("\nskipped, and not judged: {count} tests, as {}: {why}", first.test),
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::tests::shard;
    use super::super::results::Ended;
    use super::*;
    use crate::workers::Cost;
    use lab_runs::TestInfo;
    use std::time::Duration;

    fn summary(rows: Vec<Row>) -> Summary {
        let cost = Cost { wall_us: 4_000_000, cpu_us: 3_600_000 };
        let wall = Duration::from_secs(2);
        let directory = "target/lab/sweep/b".into();
        Summary {
            stop_reason: StopReason::Completed,
            rows,
            earlier_runs: 0,
            interrupted: 0,
            cost,
            runs: 40,
            wall,
            cores: 2,
            directory,
            novelty: Novelty::default(),
            unreadable: 0,
        }
    }

    #[test]
    fn failure_has_its_count_its_first_seed_and_its_replay() {
        let text = results_text(&shard(1, 1));
        for part in [
            "basic_agree_3b failed once: two leaders in term 3",
            "first: seed 0x7 (broken rule)",
            "again: cargo lab replay basic_agree_3b 0x7",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    #[test]
    fn test_under_two_policies_is_one_test() {
        let row = |policy: &str| Row { policy: policy.to_owned(), ..shard(1, 1).rows[0].clone() };
        let text = conclusion(&[row("random"), row("pct:3")], Extent::Whole);
        assert!(text.contains("in 1 of 1 tests"), "{text}");
    }

    #[test]
    fn summary_says_how_busy_how_sure_and_what_was_taken_over() {
        let text = summary_text(&Summary {
            earlier_runs: 7,
            unreadable: 2,
            stop_reason: StopReason::Interrupted,
            ..summary(shard(1, 1).rows)
        });
        for part in [
            "40 runs in 2.0 s: 20 a second, 1200.0 seeds of all tests a minute, busy 90 % of 2 cores",
            "7 more were taken over from target/lab/sweep/b/",
            "2 lines there could not be read",
            "Interrupted.",
            "FAILED: 1 of 40 runs, in 1 of 1 tests",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    #[test]
    fn tests_that_were_skipped_are_told_and_pass_nothing() {
        let mut skipped = Row::new(TestInfo { name: "backup_3b", group: "3B", about: "" }, "random");
        skipped.add(1, Cost::default(), Ended::Skipped("other names".to_owned()));
        let text = conclusion(&[skipped.clone()], Extent::Whole);
        assert!(text.contains("nothing was run") && text.contains("backup_3b: other names"), "{text}");
        let mut passed = Row::new(TestInfo { name: "rejoin_3b", group: "3B", about: "" }, "random");
        passed.add(1, Cost::default(), Ended::Passed);
        let text = conclusion(&[skipped, passed], Extent::Whole);
        assert!(
            text.contains("at most 95.0 %") && text.contains("skipped, and not judged: backup_3b"),
            "{text}"
        );
    }

    #[test]
    fn runs_that_were_skipped_are_told_beside_those_that_passed() {
        let mut row = Row::new(TestInfo { name: "backup_3b", group: "3B", about: "" }, "random");
        row.add(1, Cost::default(), Ended::Passed);
        row.add(2, Cost::default(), Ended::Skipped("no heap".to_owned()));
        let text = conclusion(&[row.clone()], Extent::Whole);
        assert!(text.starts_with("all passed: 1 runs;"), "{text}");
        assert!(text.ends_with("\nskipped, and not judged: 1 run of backup_3b: no heap"), "{text}");
        let mut other = Row { test: "rejoin_3b".to_owned(), ..row.clone() };
        other.add(3, Cost::default(), Ended::Skipped("no heap".to_owned()));
        let text = conclusion(&[row, other], Extent::Whole);
        assert!(
            text.ends_with("\nskipped, and not judged: 3 runs of 2 tests, as backup_3b: no heap"),
            "{text}"
        );
    }

    #[test]
    fn test_with_the_fewest_runs_says_how_sure_one_is() {
        let mut few = Row::new(TestInfo { name: "backup_3b", group: "3B", about: "" }, "random");
        few.add(1, Cost::default(), Ended::Passed);
        let text = conclusion(&[few.clone()], Extent::Whole);
        assert!(text.starts_with("all passed: 1 runs") && text.contains("at most 95.0 %"), "{text}");
        let text = conclusion(&[few], Extent::Part);
        assert!(text.starts_with("not everything was run, no failure so far: 1 runs"), "{text}");
        let none = Row::new(TestInfo { name: "backup_3b", group: "3B", about: "" }, "random");
        assert!(conclusion(&[none], Extent::Whole).contains("backup_3b was not run"));
        assert!(conclusion(&[], Extent::Whole).contains("nothing was run"));
    }
}
