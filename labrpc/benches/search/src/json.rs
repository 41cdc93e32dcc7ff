//! The figures for other programs.

use std::path::Path;

use serde_json::{Value, json};

use crate::arguments::Measure;
use crate::runner::Row;

/// Writes all figures to a file.
///
/// # Errors
///
/// A sentence if that is not possible.
pub(crate) fn write(path: &Path, measure: &Measure, rows: &[Row]) -> Result<(), String> {
    let text = format!("{:#}\n", value(measure, rows));
    std::fs::write(path, text).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

/// What was asked for, and by program and policy how many schedules each series took that found the bug, from the least
/// to the greatest; null where the tool has no clock.
pub(crate) fn value(measure: &Measure, rows: &[Row]) -> Value {
    let names: Vec<_> = measure.searchers.iter().map(ToString::to_string).collect();
    let programs: Vec<_> = rows
        .iter()
        .map(|row| {
            let found: serde_json::Map<_, _> = names
                .iter()
                .zip(&row.cells)
                .map(|(name, cell)| (name.clone(), json!(cell.counts().map(|counts| &counts.found))))
                .collect();
            json!({ "program": row.program.name, "found": found })
        })
        .collect();
    json!({
        "series": measure.series,
        "cap": measure.cap,
        "step_ns": measure.step_cost.map(|cost| cost.as_nanos() as u64),
        "policies": names,
        "programs": programs,
    })
}
