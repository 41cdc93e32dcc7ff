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
use super::protocol::Order;
use lab_runs::TestInfo;
use lab_runs::artifacts::{self, write_alone, write_text};
use lab_runs::commands;

/// How much of what the process said stands in the report, in lines.
const LINES_SHOWN: usize = 20;

/// Where the report of a failed run is.
pub(crate) fn directory(test: &str, world: &str, seed: u64) -> PathBuf {
    let directory = artifacts::directory(test, seed);
    if world == "real" { directory.with_file_name(format!("real-{seed}")) } else { directory }
}

/// Writes the files.
///
/// # Errors
///
/// Those of the file system.
pub(super) fn write(
    order: &Order,
    test: TestInfo,
    failed: &Failed,
    report: Option<&str>,
    said: &str,
) -> io::Result<()> {
    let directory = directory(&order.test, &order.world, order.seed);
    write_alone(&directory, &report.map_or_else(|| words(order, test, failed, said), str::to_owned))?;
    if said.is_empty() { Ok(()) } else { write_text(&directory.join("output.txt"), said) }
}

fn words(order: &Order, test: TestInfo, failed: &Failed, said: &str) -> String {
    let mut text = format!("{}: {}\n  the test: {}\n", order.test, failed.headline, test.about);
    let lines: Vec<&str> = said.lines().collect();
    if !lines.is_empty() {
        text.push_str("what the process said last:\n");
    }
    for line in &lines[lines.len().saturating_sub(LINES_SHOWN)..] {
        let _ = writeln!(text, "  {line}");
    }
    let _ =
        writeln!(text, "again:  {}", commands::replay(&order.test, &order.policy, &order.world, order.seed));
    text
}
