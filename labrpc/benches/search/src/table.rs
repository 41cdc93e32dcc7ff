//! The figures as Markdown.

use std::cmp::Ordering;
use std::fmt::Write;

use crate::arguments::Measure;
use crate::runner::Row;
use crate::statistics::{Cell, Counts, geometric_mean};

/// Both tables. The same figures give the same text: there is no time in it.
pub(crate) fn show(measure: &Measure, rows: &[Row]) -> String {
    let names: Vec<_> = measure.searchers.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "Schedules to the first failure: median (quartiles) of {} series of {} at most.\n\n",
        measure.series, measure.cap
    );
    let head = ["program".to_owned()].into_iter().chain(names.iter().cloned()).collect();
    let body = rows.iter().map(|row| {
        let cells = row
            .cells
            .iter()
            .zip(bold(&row.cells))
            .map(|(cell, is_bold)| if is_bold { format!("**{cell}**") } else { cell.to_string() });
        [row.program.name.to_owned()].into_iter().chain(cells).collect()
    });
    grid(&mut text, [head].into_iter().chain(body).collect());
    text.push('\n');
    summary(&mut text, &names, rows);
    text
}

/// Which cells are the best of their row. None, if all are equal.
fn bold(cells: &[Cell]) -> Vec<bool> {
    let counts: Vec<_> = cells.iter().filter_map(Cell::counts).collect();
    let best = counts.iter().copied().min_by(|left, right| left.compare(right));
    let is_best = |counts: &Counts| {
        best.is_some_and(|best| best.median().is_some() && counts.compare(best) == Ordering::Equal)
    };
    let tell_apart = !counts.iter().all(|counts| is_best(counts));
    cells.iter().map(|cell| tell_apart && cell.counts().is_some_and(&is_best)).collect()
}

fn summary(text: &mut String, names: &[String], rows: &[Row]) {
    let common: Vec<_> = rows.iter().filter(|row| !row.cells.contains(&Cell::NoClock)).collect();
    let mut lines = vec![vec![
        "policy".to_owned(),
        "found in all series".to_owned(),
        format!("geometric mean of the medians of {} programs", common.len()),
    ]];
    for (column, name) in names.iter().enumerate() {
        let measured: Vec<_> = rows.iter().filter_map(|row| row.cells[column].counts()).collect();
        let found = measured.iter().filter(|counts| counts.is_found_by_all()).count();
        let medians: Vec<_> = common.iter().filter_map(|row| row.cells[column].counts()).collect();
        lines.push(vec![name.clone(), format!("{found} of {}", measured.len()), mean(&medians)]);
    }
    grid(text, lines);
}

/// A median above the cap counts as the cap, so that the mean is a lower bound then and says so.
fn mean(counts: &[&Counts]) -> String {
    let numbers: Vec<_> = counts.iter().map(|counts| counts.median().unwrap_or(counts.cap)).collect();
    let bound = if counts.iter().any(|counts| counts.median().is_none()) { ">" } else { "" };
    geometric_mean(&numbers).map_or_else(|| "-".into(), |mean| format!("{bound}{mean:.1}"))
}

/// A Markdown table whose columns are also straight for who reads it as it is. The first line is the head.
fn grid(text: &mut String, mut lines: Vec<Vec<String>>) {
    let columns = lines[0].len();
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0).max(3);
    let widths: Vec<_> = (0..columns).map(width).collect();
    let rule = widths.iter().enumerate().map(|(column, width)| match column {
        0 => "-".repeat(*width),
        _ => format!("{}:", "-".repeat(width - 1)),
    });
    lines.insert(1, rule.collect());
    for line in lines {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            // To write to a string does not fail.
            let _ = match column {
                0 => write!(text, "| {cell:<width$} |"),
                _ => write!(text, " {cell:>width$} |"),
            };
        }
        text.push('\n');
    }
}
