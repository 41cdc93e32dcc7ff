//! Sweeps: many tests over many seeds, on all cores, whatever the code under test does.
//!
//! # How it works
//!
//! A [`Config`] says which tests, under which policies, over which seeds. The `driver` hands runs out to
//! [workers](crate::workers), so that a crash is the failure of its seed alone.
//!
//! What came of each run goes into the rows and into the ledger, from which the next sweep of the same
//! build goes on. At the end there is a summary, and files: [JSON](Results) and [JUnit](junit()). Sweeps that were
//! split into shards are merged.
//!
//! # The rules
//!
//! - A seed counts once.
//! - A run that was begun and not ended does not count, unless it ended its worker.

mod claims;
mod coverage;
mod driver;
#[cfg(test)]
pub(crate) mod fuzzed;
mod json;
mod junit;
mod ledger;
mod merge;
mod progress;
mod results;
mod scope;
mod seed_set;
mod statistics;
mod summary;
mod table;

pub use driver::{Config, StopReason, Summary, run};
pub use json::{Cause, Results, Shards};
pub use junit::junit;
pub use ledger::build_id;
pub use merge::{Merged, merge};
pub use progress::Progress;
pub use results::{Row, Slowest};
pub use scope::{Scope, Seeds, Shard, Variant};
pub use seed_set::SeedSet;
pub use statistics::failure_rate_max;
pub use summary::{Extent, conclusion, results_text, summary_text};
pub use table::rate_text;
