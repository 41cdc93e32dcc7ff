//! Searching a program's schedules for a failure: many runs, what they have in common, and which of them is worth going on from.
//!
//! [`check`](crate::check) does all of it for a closure. What it is made of is here, for programs that hunt in another way, as in
//! processes of their own:
//!
//! - [`Check`]: runs a closure over seeds until one fails or a budget is spent.
//! - [`Exhaustive`]: runs it under all schedules with few preemptions.
//! - [`Novelty`]: how much of what runs [cover](crate::sim::Covered) is new, and by Good and Turing's estimate how much
//!   there is that no run has shown.
//! - [`Guided`]: goes on from runs that showed something new.

mod check;
mod environment;
mod exhaustive;
mod found;
mod guided;
mod novelty;

pub use check::{Check, Checked, check};
pub use exhaustive::{Exhausted, Exhaustive};
pub use found::Found;
pub use guided::{Candidate, Guided};
pub use novelty::Novelty;
