//! A run in columns: a column for each thread, a line for each event.

use std::collections::BTreeMap;
use std::fmt::Write;

use labrpc::printable;
use labrpc::sim::{Event, Kind};

/// A column is not narrower than this.
const WIDTH_MIN: usize = 18;
/// The room for the time.
const TIME_WIDTH: usize = 14;

/// The last `lines` events, in as many columns as fit into `width`: threads that did nothing in these events have none, and
/// those that do not fit share the last one.
pub(super) fn columns(events: &[Event], lines: usize, width: usize) -> String {
    let events: Vec<&Event> = events.iter().filter(|event| event.kind != Kind::Resume).collect();
    let left_out = events.len().saturating_sub(lines);
    let shown = &events[left_out..];
    let mut threads: BTreeMap<u64, String> = BTreeMap::new();
    for event in shown {
        threads.entry(event.thread_number).or_insert_with(|| format!("{}/{}", event.node, event.thread));
    }
    let room = width.saturating_sub(TIME_WIDTH);
    let count = threads.len().clamp(1, (room / WIDTH_MIN).max(1));
    let column_width = room / count;
    let places: BTreeMap<u64, usize> =
        threads.keys().enumerate().map(|(place, &number)| (number, place.min(count - 1))).collect();
    let mut out = String::new();
    let mut header = vec![String::new(); count];
    for (number, name) in &threads {
        let cell = &mut header[places[number]];
        if !cell.is_empty() {
            cell.push_str(", ");
        }
        cell.push_str(name);
    }
    line(&mut out, "time", header.iter().map(String::as_str), column_width);
    if left_out > 0 {
        let _ = writeln!(out, "... {left_out} events before");
    }
    for event in shown {
        let place = places[&event.thread_number];
        let text = short(event);
        let cells = (0..count).map(|column| if column == place { text.as_str() } else { "" });
        line(&mut out, &format!("{:.6} s", event.time_ns as f64 / 1e9), cells, column_width);
    }
    printable(&out).into_owned()
}

/// What happened, and where.
pub(super) fn words(event: &Event) -> String {
    // "Exit" would be taken for a call of exit.
    if event.kind == Kind::Exit {
        return "ends".to_owned();
    }
    let words = event.words.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{:?} {words}", event.kind).trim_end().to_owned()
}

/// The same in a column: the end of a path tells more than its beginning.
fn short(event: &Event) -> String {
    let words = words(event);
    match (words.split_once(" at "), words.rsplit_once('/')) {
        (Some((what, _)), Some((_, place))) => format!("{what} {place}"),
        _ => words,
    }
}

fn line<'a>(out: &mut String, time: &str, cells: impl Iterator<Item = &'a str>, width: usize) {
    let mut text = format!("{time:<TIME_WIDTH$}");
    for cell in cells {
        let short: String = cell.chars().take(width.saturating_sub(1)).collect();
        let _ = write!(text, "{short:<width$}");
    }
    let _ = writeln!(out, "{}", text.trim_end());
}
