//! Sweeps: many tests over many seeds, on all cores, whatever the code under test does.
//!
//! # How it works
//!
//! A [`Config`] says which tests, under which policies, over which seeds. The `driver` hands runs out to a
//! `pool` of worker processes, which are this executable again (`worker`). They speak in lines of
//! JSON (`protocol`): a job goes in, and out come the word that it was started and then its outcome. So the sweep knows
//! what was under way when a worker crashes, and says how: a segmentation fault, an abort, an exit, a stack
//! overflow, memory run wild, a hang. Another worker takes its place.
//!
//! What came of each run goes into the rows and into the ledger, from which the next sweep of the same
//! build goes on. At the end there is a summary, and files: [JSON](Results) and [JUnit](junit()). Sweeps that were
//! split into shards are merged.
//!
//! # The rules
//!
//! - A seed counts once.
//! - A run that was begun and not ended does not count, unless it ended its worker.
//! - A worker that may be damaged (threads left behind, memory grown) is replaced before the next run.
//!
//! # How limits are kept
//!
//! Memory: the sweep looks at the resident memory of its workers 50 times a second and kills one that has too much. A
//! limit of the system on address space would do the same at once, but stacks, arenas and guard pages count there, so
//! that it would have to be far too high. Without `/proc` (macOS) memory is not watched; there an allocation that fails is
//! told as what it is, on any system. Hangs: a simulation ends by itself after too many steps or too long a time without any;
//! what still does not answer is killed.

mod claims;
mod crash;
mod driver;
mod failed_run;
#[cfg(test)]
pub(crate) mod fuzzed;
mod json;
mod junit;
mod ledger;
mod merge;
mod pool;
mod process;
mod progress;
mod protocol;
mod report;
mod results;
mod scope;
mod seed_set;
mod statistics;
mod stderr;
mod summary;
mod system;
mod table;
mod worker;

pub use driver::{Config, StopReason, Summary, run};
pub use failed_run::FailedRun;
pub use json::{Cause, Results, Shards};
pub use junit::junit;
pub use ledger::build_id;
pub use merge::{Merged, merge};
pub use pool::Limits;
pub use progress::Progress;
pub use protocol::Cost;
pub use results::{Row, Slowest};
pub use scope::{Scope, Seeds, Shard, Variant};
pub use seed_set::SeedSet;
pub use summary::{Extent, conclusion, results_text, summary_text};
pub use system::{cores, die_with_parent, on_interrupt, processor_time};
pub use table::rate_text;
pub use worker::{COMMAND as WORKER, main as work};
