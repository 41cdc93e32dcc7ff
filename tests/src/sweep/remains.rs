//! What a failed run leaves behind that cannot be run again with a trace: one that ended its process, one that stalled,
//! or one of the real world.
//!
//! | file | what |
//! |---|---|
//! | `report.md` | what is known |
//! | `output.txt` | what the process said last, if it said something |

use std::fmt::Write;
use std::io;
use std::path::PathBuf;

use super::failed::Failed;
use super::message::Order;
use crate::case::TestCase;
use crate::report;
use crate::report::artifacts::{write_alone, write_text};
use crate::report::failure::replay_command;

/// How much of what the process said stands in the report, in lines.
const LINES_SHOWN: usize = 20;

/// Where the report of a failed run is.
pub(crate) fn directory(test: &str, world: &str, seed: u64) -> PathBuf {
    let directory = report::directory(test, seed);
    if world == "real" { directory.with_file_name(format!("real-{seed}")) } else { directory }
}

/// Writes the files.
///
/// # Errors
///
/// Those of the file system.
pub(super) fn write(
    order: &Order,
    case: &TestCase,
    failed: &Failed,
    report: Option<&str>,
    said: &str,
) -> io::Result<()> {
    let directory = directory(&order.test, &order.world, order.seed);
    write_alone(&directory, &report.map_or_else(|| words(order, case, failed, said), str::to_owned))?;
    if said.is_empty() { Ok(()) } else { write_text(&directory.join("output.txt"), said) }
}

fn words(order: &Order, case: &TestCase, failed: &Failed, said: &str) -> String {
    let mut text = format!("{}: {}\n  the test: {}\n", order.test, failed.headline, case.about);
    let lines: Vec<&str> = said.lines().collect();
    if !lines.is_empty() {
        text.push_str("what the process said last:\n");
    }
    for line in &lines[lines.len().saturating_sub(LINES_SHOWN)..] {
        let _ = writeln!(text, "  {line}");
    }
    let _ =
        writeln!(text, "again:  {}", replay_command(&order.test, &order.policy, &order.world, order.seed));
    text
}
