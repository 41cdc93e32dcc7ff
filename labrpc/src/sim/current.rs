//! What a program can ask and tell of the run that it is part of.

use std::borrow::Cow;
use std::time::Duration;

use super::cause::ThreadReport;
use super::context::{annotate, is_simulated, keeps_trace, record, try_with_core, with_core};
use super::coverage::Covers;
use super::event::Kind;
use super::node::NodeId;
use super::settings::Replay;
use super::words::{Content, Mark, Words};
use crate::wire::Value;

/// Whether the calling thread is part of a simulation.
#[must_use]
pub fn is_active() -> bool {
    is_simulated()
}

/// Virtual time since the start of the run, on the scheduler's own clock, which no drift touches; `None` outside a
/// simulation.
#[must_use]
pub fn elapsed() -> Option<Duration> {
    is_simulated().then(|| with_core(|core| Duration::from_nanos(core.now)))
}

/// What replays the run that the caller is part of; `None` outside a simulation.
#[must_use]
pub fn current_replay() -> Option<Replay> {
    is_simulated().then(|| with_core(|core| core.settings.replay()))
}

/// How many threads a node has that have neither ended nor been crashed; 0 outside a simulation.
#[must_use]
pub fn threads_alive(node: NodeId) -> Vec<ThreadReport> {
    if !is_simulated() {
        return Vec::new();
    }
    with_core(|core| core.report_threads_of(node))
}

/// Whether a thread has panicked whose handle somebody still holds and has not joined. The run will fail with that panic, whatever else
/// it fails with; `false` outside a simulation.
#[must_use]
pub fn has_unjoined_panic() -> bool {
    try_with_core(|core| !core.unjoined.is_empty()).unwrap_or(false)
}

/// The program is in a state that is worth to be told from others; `state` is a number or a hash that stands for it. Runs that
/// reach new states are what a [search](crate::search) goes on from. Costs nothing when nobody [asks](super::Sim::coverage).
pub fn cover(covers: Covers, state: u64) {
    try_with_core(|core| {
        let step = core.steps;
        if let Some(coverage) = &mut core.coverage {
            coverage.reach(covers, state, step);
        }
    });
}

/// Whether somebody wants to know what the run covers.
#[must_use]
pub fn is_covered() -> bool {
    try_with_core(|core| core.coverage.is_some()).unwrap_or(false)
}

/// Puts a line of the program's own into the trace; it costs nothing when the trace is not kept.
pub fn note(text: impl FnOnce() -> String) {
    if is_simulated() {
        record(Kind::Note, 0, text);
    }
}

/// Whether the caller is part of a simulation that keeps its next event: whether a [`mark`] is worth the work.
#[must_use]
pub fn is_traced() -> bool {
    keeps_trace()
}

/// Puts what a tester knows into the trace, such as that a server saves: in a word, and with fields that programs read. It has no
/// part in the fingerprint, so a tester that tells more has not made another run; it costs nothing when the trace is not kept.
pub fn mark(what: &'static str, fields: impl FnOnce() -> Value) {
    if keeps_trace() {
        let fields = Content::Tree(fields());
        annotate(Words::Mark(Box::new(Mark { what: Cow::Borrowed(what), fields })));
    }
}
