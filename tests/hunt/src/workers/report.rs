//! The report of a failed run that cannot be run again with a trace: one that ended its process, one that stalled,
//! or one of the real world.
//!
//! | file | what |
//! |---|---|
//! | `report.md` | what is known |
//! | `output.txt` | the end of what the process wrote to standard error, if it did |

use std::fmt::Write;
use std::io;
use std::path::PathBuf;

use super::protocol::Job;
use crate::failed_run::FailedRun;
use lab_runs::TestInfo;
use lab_runs::artifacts::{self, write_alone, write_text};
use lab_runs::commands;

/// How much of the output stands in the report, in lines.
const LINES_SHOWN: usize = 20;

/// Where the report of a failed run is.
#[must_use]
pub fn directory(test: &str, world: &str, seed: u64) -> PathBuf {
    let directory = artifacts::directory(test, seed);
    // A seed means nothing there, so the folder of the simulation with this seed is not overwritten by a run
    // that has nothing to do with it.
    if world == "real" { directory.with_file_name(format!("real-{seed}")) } else { directory }
}

/// Writes the files.
///
/// # Errors
///
/// Those of the file system.
pub fn write(job: &Job, report: &str, stderr: &str) -> io::Result<()> {
    let directory = directory(&job.test, &job.world, job.seed);
    write_alone(&directory, report)?;
    // An empty file would look as if something had been lost.
    if stderr.is_empty() { Ok(()) } else { write_text(&directory.join("output.txt"), stderr) }
}

/// The report, if the worker has made none.
#[must_use]
pub fn text(job: &Job, test: TestInfo, failed: &FailedRun, stderr: &str) -> String {
    let mut text = format!("{}: {}\n  the test: {}\n", job.test, failed.headline, test.about);
    let lines: Vec<&str> = stderr.lines().collect();
    if !lines.is_empty() {
        text.push_str("the end of its output:\n");
    }
    // The end: there is the panic or the signal. All of it is in output.txt.
    for line in &lines[lines.len().saturating_sub(LINES_SHOWN)..] {
        let _ = writeln!(text, "  {line}");
    }
    let _ = writeln!(text, "again:  {}", commands::replay(&job.test, &job.policy, &job.world, job.seed));
    text
}
