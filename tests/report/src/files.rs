//! The files of a run; see [`lab_runs::artifacts`].

use std::fs;
use std::io;
use std::path::Path;

use lab_harness::case::TestCase;
use lab_harness::implementation::Implementation;
use lab_runs::Plan;
use lab_runs::artifacts::{StoredRun, write_block, write_file, write_text};

use crate::columns::{self, Layout, Selection};
use crate::page::{self, Page};
use lab_harness::run::Outcome;

/// How wide `log.txt` is, in characters for each server.
const LOG_COLUMN: usize = 44;

/// Everything that the files are made of.
#[derive(Debug)]
pub struct Files<'a> {
    /// The test.
    pub case: &'a TestCase,
    /// What was graded.
    pub implementation: Implementation,
    /// How it was run. A replay reads seed and policy from `run.json`.
    pub plan: Plan,
    /// What the terminal shows of the run.
    pub report: &'a str,
    /// The run, with its trace.
    pub run: &'a Outcome,
}

/// The page of a run, in its folder.
pub const PAGE: &str = "timeline.html";

/// Writes the page of a run that has a trace.
///
/// # Errors
///
/// Those of the file system.
pub fn write_page(directory: &Path, page: &Page<'_>) -> io::Result<()> {
    let Some(html) = page::html(page) else { return Ok(()) };
    write_text(&directory.join(PAGE), &html)
}

/// Writes the files.
///
/// # Errors
///
/// Those of the file system.
pub fn write(directory: &Path, files: &Files<'_>) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    // The report first: if the disk is full, this is the file to have.
    write_block(&directory.join("report.md"), files.report)?;
    if let Some(trace) = &files.run.trace {
        write_file(&directory.join("trace.jsonl"), |out| trace.write_json_lines(out))?;
        let servers = columns::servers(files.run.tally.servers);
        // A file has no width of its own. With more than seven servers the columns get narrower, and the
        // lines no longer.
        let layout = Layout::new(12 + LOG_COLUMN * (servers.len().min(7) + 1), &servers);
        let lines = columns::lines(trace, &Selection::all(servers));
        write_file(&directory.join("log.txt"), |out| columns::write(out, &layout, &lines))?;
    }
    let Files { case, implementation, plan, run, .. } = files;
    // Of a run that passed only in the place of another page, which would mislead.
    if run.failure.is_some() || directory.join(PAGE).exists() {
        let page =
            Page { case, implementation: *implementation, plan: *plan, run, against: None, causes: None };
        write_page(directory, &page)?;
    }
    match &run.trace {
        Some(trace) => StoredRun::new(case.name, *plan, implementation.name(), run.failure.is_none(), trace)
            .write(directory),
        None => {
            StoredRun::make_room(directory);
            Ok(())
        }
    }
}
