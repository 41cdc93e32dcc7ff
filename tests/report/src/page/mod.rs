//! The page of a run, `timeline.html`: one file that shows servers, messages, faults and clients on one axis of time.
//!
//! # How it works
//!
//! `collect` makes a [`model`] of the trace: messages once, events that refer to them, and what the harness marked.
//! `encode` keeps it small: texts that come often stand once, and so do names of fields. `assemble` puts it, as JSON, beside the
//! sources in `tests/report/page/`, which are plain JavaScript and CSS. What servers are at a moment (role, term, log) is worked
//! out in the page, from messages and marks alone.
//!
//! # Hostile code
//!
//! Commands, log lines and panic messages come from code under test. They are in the page as JSON in which no `<` stands, in an
//! element that is not run, and the script puts them on the screen as text only. The page's Content-Security-Policy lets nothing run
//! but the script, named by its hash, and nothing be loaded.

mod assemble;
mod collect;
mod encode;
mod failed;
pub mod model;
mod operations;
mod threads;

use lab_harness::case::TestCase;
use lab_harness::implementation::Implementation;
use lab_harness::run::Outcome;
use lab_runs::Plan;

pub use model::{Causes, Moment};

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The test.
    pub case: &'a TestCase,
    /// What was graded.
    pub implementation: Implementation,
    /// How it was run.
    pub plan: Plan,
    /// The run, with its trace.
    pub run: &'a Outcome,
    /// Another run to compare it with, with the words for it.
    pub against: Option<(&'a Outcome, &'a str)>,
    /// Where the run was lost, if somebody has asked.
    pub causes: Option<&'a Causes>,
}

/// The page as HTML; `None` if the run has no trace, as in the real world.
#[must_use]
pub fn html(page: &Page<'_>) -> Option<String> {
    let model = collect::model(page)?;
    Some(assemble::page(&format!("{} {:#x}", page.case.name, page.plan.seed), &model))
}

#[cfg(test)]
mod tests;
