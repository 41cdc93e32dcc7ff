//! The failures, those with the same cause together: the first report in full, of the others a line each.

use lab_report::explain::replay_command_of;
use lab_runs::println;

use lab_suites::grade::grading::{Failed, Row};

/// Of so many other tests with the same cause a line is shown.
const OTHERS_SHOWN: usize = 12;

pub(super) fn print(rows: &[Row]) {
    for group in groups(rows) {
        let Some(((_, first), others)) = group.split_first() else { continue };
        println!("{}", first.report);
        if !others.is_empty() {
            println!("the same in:");
        }
        for (row, failed) in others.iter().take(OTHERS_SHOWN) {
            println!("  {}", replay_command_of(row.case, failed.plan));
        }
        if others.len() > OTHERS_SHOWN {
            println!("  and in {} more tests", others.len() - OTHERS_SHOWN);
        }
        println!();
    }
}

/// The failures by cause, in the order in which the causes were first seen.
fn groups(rows: &[Row]) -> Vec<Vec<(&Row, &Failed)>> {
    let mut groups: Vec<Vec<(&Row, &Failed)>> = Vec::new();
    for row in rows {
        let Some(failed) = row.failure() else { continue };
        // One bug can fail twenty tests, and twenty reports would hide the second bug, which fails one.
        match groups.iter_mut().find(|group| group[0].1.cause.is_alike(&failed.cause)) {
            Some(group) => group.push((row, failed)),
            None => groups.push(vec![(row, failed)]),
        }
    }
    groups
}
