//! The score for people.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};
use labrpc::printable;

use crate::score::{FALSE_ALARM_COST, Score};

/// The table of bugs, what false alarms say, and the sum in the last line.
pub(crate) fn show(score: &Score, has_details: bool) -> String {
    let mut out = String::new();
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["bug", "weight", "found by", "the bug"]);
    for bug in &score.bugs {
        let found = match bug.found.as_slice() {
            [] => "–".to_owned(),
            [only] => only.scenario.clone(),
            [first, more @ ..] => format!("{} and {} more", first.scenario, more.len()),
        };
        table.add_row([bug.name.to_owned(), bug.weight.to_string(), found, bug.story.to_owned()]);
    }
    if let Some(weights) = table.column_mut(1) {
        weights.set_cell_alignment(CellAlignment::Right);
    }
    let _ = writeln!(out, "{table}\n");
    for scenario in &score.scenarios {
        if let Some(why) = &scenario.skipped {
            let _ = writeln!(out, "{} judges nothing, it is skipped: {}", scenario.name, printable(why));
        } else if has_details {
            let alone = if scenario.alone.is_empty() {
                String::new()
            } else {
                format!(" (alone: {})", scenario.alone.join(", "))
            };
            let finds = scenario.finds.join(", ");
            let finds = if finds.is_empty() { "nothing" } else { &finds };
            let _ = writeln!(out, "{} finds {finds}{alone}", scenario.name);
        }
    }
    for alarm in &score.false_alarms {
        // How to replay it: this program has no such command.
        let is_of_use = |line: &&str| !line.starts_with("replay:") && !line.starts_with("again:");
        let report: Vec<&str> = alarm.report.trim_end().lines().filter(is_of_use).collect();
        let _ = writeln!(
            out,
            "false alarm: {} fails on {}, which is right (seed {:#x}); it finds nothing, and costs {FALSE_ALARM_COST}\n{}\n",
            alarm.scenario,
            alarm.subject,
            alarm.seed,
            printable(&report.join("\n"))
        );
    }
    let found = score.bugs.iter().filter(|bug| !bug.found.is_empty()).count();
    let _ = write!(
        out,
        "{} of {} points: {found} of {} bugs found, {} false alarms",
        score.points,
        score.points_max,
        score.bugs.len(),
        score.false_alarms.len()
    );
    out
}
