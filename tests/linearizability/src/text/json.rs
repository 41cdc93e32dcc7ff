//! Events as JSON lines.

use super::error::TextError;
use super::event::Event;

/// Reads all events, each with the number of its line. Empty lines are skipped.
pub(super) fn read(contents: &str) -> Result<Vec<(usize, Event)>, TextError> {
    let lines = contents.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let event = |(place, line)| {
        let line_number = place + 1;
        let event = serde_json::from_str(line).map_err(|error| TextError {
            line: line_number,
            message: format!("expected a JSON object with process, type, f and value: {error}"),
        })?;
        Ok((line_number, event))
    };
    lines.map(event).collect()
}

pub(super) fn write(event: &Event) -> String {
    serde_json::to_string(event).expect("an event holds nothing that JSON cannot")
}
