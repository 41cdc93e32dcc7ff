//! Makes a failing run smaller: fewer faults, commands and preemptions that still fail for the same cause.
//!
//! # How it works
//!
//! 1. The failing run is repeated with a [log](lab_runs::actions) that writes down its actions and its preemptions.
//! 2. Without any preemption: if it still fails alike, none is needed, and all that follows runs without.
//! 3. Delta debugging (`minimise`) over the actions: parts of the list are run until no single one can be left out.
//! 4. If preemptions are needed, the same over them.
//!
//! # The rules
//!
//! A part counts only if it fails for the [same cause](Signature). A scenario that expects something may fail only because
//! something was left out, for example a command that it waits for. So a part that breaks an expectation counts only if
//! it is [fair](Scenario::is_fair): a correct program passes it. Repairs (restarts, reconnections) are never left out
//! there. Where there is no correct program that could tell, as in a student's workspace, no action is left out of a run
//! that breaks an expectation: only preemptions are, since a correct program passes with any.
//!
//! The number of runs is bounded. When it is used up, the smallest part so far is the result.
//!
//! # What it leaves out
//!
//! Settings of the network that a scenario makes by itself stay, and so does the passing of time.

mod minimise;
mod search;
mod signature;
mod stored;

pub use search::{NothingToShrink, PartialRun, RUNS_DEFAULT, Scenario, Shrunk, Size, shrink};
pub use signature::{Signature, normalised};
pub use stored::{ShrunkRun, read, write};
