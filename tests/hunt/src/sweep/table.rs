//! The table of a sweep: a row per test and policy.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table, presets};

use super::results::Row;
use super::statistics::failure_rate_max;

/// The table of these rows.
pub(crate) fn of(rows: &[Row]) -> Table {
    let has_policies = rows.iter().any(|row| row.policy != rows[0].policy || row.policy != "random");
    let has_skipped = rows.iter().any(|row| !row.skipped.is_empty());
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let mut header = vec!["test"];
    header.extend(has_policies.then_some("policy"));
    let first_number = header.len();
    header.extend(["passed", "failed"]);
    header.extend(has_skipped.then_some("skipped"));
    header.extend(["rate", "at most", "runs/s", "slowest"]);
    let numbers = first_number..header.len();
    table.set_header(header);
    for row in rows {
        let mut cells = vec![row.test.clone()];
        cells.extend(has_policies.then(|| row.policy.clone()));
        cells.extend([row.passed.len().to_string(), row.failed().to_string()]);
        cells.extend(has_skipped.then(|| row.skipped.len().to_string()));
        cells.extend(rates_of(row));
        table.add_row(cells);
    }
    for column in numbers {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn rates_of(row: &Row) -> [String; 4] {
    let seconds = row.cost.wall_us as f64 / 1e6;
    let speed = if seconds > 0.0 { format!("{:.1}", row.runs() as f64 / seconds) } else { String::new() };
    let slowest = row.slowest.map_or(String::new(), |slowest| time(slowest.wall_us));
    let (rate, rate_max) = match row.runs() {
        0 if !row.skipped.is_empty() => ("skipped".to_owned(), String::new()),
        0 => (String::new(), String::new()),
        _ => (percent(row.failure_rate()), percent(row.failure_rate_max())),
    };
    [rate, rate_max, speed, slowest]
}

/// The table for a terminal of `height` lines: all rows if there is room, else those with failures, and the groups as
/// a whole.
pub(super) fn live(rows: &[Row], height: usize) -> String {
    // One line is for the header.
    if rows.len() < height {
        return of(rows).to_string();
    }
    let failing: Vec<&Row> = rows.iter().filter(|row| row.failed() > 0).collect();
    let groups = groups(rows);
    // The sums always have room; failures are shown as far as there is more. Header and the line that counts
    // the rest make two.
    let room = height.saturating_sub(groups.len() + 2);
    let mut shown: Vec<Row> = failing.iter().take(room).map(|&row| row.clone()).collect();
    shown.extend(groups);
    let hidden = failing.len().saturating_sub(room);
    let more = if hidden > 0 { format!("\nand {hidden} more with failures") } else { String::new() };
    format!("{}{more}", of(&shown))
}

/// The sums over the groups, as rows. Their sets of seeds mean nothing, but their numbers are right.
fn groups(rows: &[Row]) -> Vec<Row> {
    let mut groups: BTreeMap<&str, (Row, u64, u64)> = BTreeMap::new();
    for row in rows {
        let (sum, passed, skipped) = groups.entry(&row.group).or_insert_with(|| {
            let sum =
                Row { test: format!("all of {}", row.group), policy: "random".to_owned(), ..Row::default() };
            (sum, 0, 0)
        });
        *passed += row.passed.len();
        *skipped += row.skipped.len();
        sum.failures.extend(row.failures.iter().cloned());
        sum.cost.wall_us += row.cost.wall_us;
        sum.slowest = sum.slowest.max_by_time(row.slowest);
    }
    groups
        .into_values()
        .map(|(mut sum, passed, skipped)| {
            // A row counts by its sets of seeds. Here they are the first seeds, as many as passed or were skipped: only the
            // numbers are shown.
            let first = |count| if count == 0 { vec![] } else { vec![(1, count)] };
            (sum.passed, sum.skipped) = (first(passed).into(), first(skipped).into());
            sum
        })
        .collect()
}

trait MaxByTime {
    fn max_by_time(self, other: Self) -> Self;
}

impl MaxByTime for Option<super::results::Slowest> {
    fn max_by_time(self, other: Self) -> Self {
        [self, other].into_iter().flatten().max_by_key(|slowest| slowest.wall_us)
    }
}

/// A share in percent, with three digits that tell something.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 0.0 || percent == 100.0 {
        return format!("{percent:.0} %");
    }
    // The number of digits before the point, 0 or negative below 1: each zero behind the point makes room for
    // one more digit.
    let before_the_point = percent.log10().floor() as i32 + 1;
    let digits = usize::try_from(3 - before_the_point).unwrap_or(0);
    format!("{percent:.digits$} %")
}

/// A time in the unit that suits it.
pub(crate) fn time(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} us"),
        1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}

/// A failure rate and its upper bound, in a sentence.
pub fn rate_text(failed: u64, runs: u64) -> String {
    let bound = percent(failure_rate_max(failed, runs));
    let count =
        |number: u64, what: &str| if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") };
    match (failed, runs) {
        (_, 0) => "nothing was run".to_owned(),
        (0, _) => {
            format!("{} and no failure: at most {bound} fail, with 95 % confidence", count(runs, "run"))
        }
        _ => {
            let rate = percent(failed as f64 / runs as f64);
            format!(
                "{} of {} failed ({rate}): at most {bound}, with 95 % confidence",
                failed,
                count(runs, "run")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::results::Ended;
    use super::*;
    use crate::FailedRun;
    use crate::target::FailureKind;
    use crate::workers::Cost;
    use lab_runs::TestInfo;

    #[test]
    fn shares_have_three_digits() {
        for (share, text) in [
            (0.0, "0 %"),
            (1.0, "100 %"),
            (0.5, "50.0 %"),
            (0.95, "95.0 %"),
            (0.0295, "2.95 %"),
            (2.995e-6, "0.000300 %"),
            (0.9876, "98.8 %"),
        ] {
            assert_eq!(percent(share), text);
        }
    }

    #[test]
    fn times_have_their_unit() {
        assert_eq!([time(7), time(1_500), time(2_000_000)], ["7 us", "1.5 ms", "2.0 s"]);
    }

    fn row(name: &'static str, seeds: u64, failed: u64) -> Row {
        let group = if name.starts_with('b') { "3B" } else { "3A" };
        let mut row = Row::new(TestInfo { name, group, about: "" }, "random");
        for seed in 1..=seeds {
            let failed = (seed <= failed).then(|| FailedRun::new(seed, FailureKind::Rule, "no"));
            row.add(seed, Cost { wall_us: 1000 * seed, cpu_us: 0 }, Ended::from_parts(None, failed));
        }
        row
    }

    #[test]
    fn row_says_how_often_how_likely_and_how_fast() {
        let text = of(&[row("basic_agree_3b", 100, 0), row("backup_3b", 10, 1)]).to_string();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["basic_agree_3b", "100", "0", "0", "%", "2.95", "%", "19.8", "100.0", "ms"]);
        assert_eq!(lines[2], ["backup_3b", "9", "1", "10.0", "%", "39.4", "%", "181.8", "10.0", "ms"]);
        assert!(!text.contains("policy") && !text.contains("skipped"), "{text}");
    }

    #[test]
    fn skipped_runs_have_a_column() {
        let mut some = row("basic_agree_3b", 10, 1);
        (11..=13).for_each(|seed| {
            some.add(seed, Cost::default(), Ended::Skipped("no heap".to_owned()));
        });
        let rows = [some, row("backup_3b", 10, 0)];
        for text in [of(&rows).to_string(), live(&rows, 3)] {
            let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
            assert_eq!(lines[0][..4], ["test", "passed", "failed", "skipped"], "{text}");
            let of_test = &lines[1][lines[1].len() - 10..];
            assert!(of_test.contains(&"9") || of_test.contains(&"19"), "{text}");
            assert!(of_test.contains(&"3"), "{text}");
        }
    }

    #[test]
    fn small_terminal_shows_what_fails_and_the_parts() {
        let mut rows = vec![row("backup_3b", 10, 1)];
        rows.extend((0..20).map(|_| row("re_election_3a", 10, 0)));
        let text = live(&rows, 12);
        assert!(text.lines().count() <= 12, "{text}");
        assert!(
            text.contains("backup_3b") && text.contains("all of 3A") && !text.contains("re_election_3a"),
            "{text}"
        );
        assert!(live(&rows, 500).contains("re_election_3a"));
    }
}
