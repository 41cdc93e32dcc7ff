//! Worker processes: they make runs, whatever the code under test does to its process.
//!
//! # How it works
//!
//! A [`Pool`] keeps workers, which are this executable again ([`work`]), and gives them [jobs](Job). They speak in lines of
//! JSON (`protocol`): a job goes in, and out come the word that it was started and then what came of it, [sealed](self#seals).
//! So it is known what was under way when a worker crashes, and how: a segmentation fault, an abort, an exit, a stack
//! overflow, memory run wild, a hang (`crash`). Another worker takes its place.
//!
//! # The rules
//!
//! - Each job that is given has exactly one [`Outcome`].
//! - A worker that may be damaged (threads left behind, memory grown) is replaced before the next run.
//! - What somebody else does to a worker (a signal, a stop, a machine that sleeps) is no failure of the code under test.
//! - What a worker has started ends with it.
//!
//! # Seals
//!
//! Code under test shares the descriptors of its process. An answer counts only if the harness has sealed it (`seal`).
//!
//! # How limits are kept
//!
//! Memory: one looks at the resident memory of the workers 50 times a second and kills one that has too much. A
//! limit of the system on address space would do the same at once, but stacks, arenas and guard pages count there, so
//! that it would have to be far too high. Without `/proc` (macOS) memory is not watched; there an allocation that fails is
//! told as what it is, on any system. Hangs: a simulation ends by itself after too many steps or too long a time without any;
//! what still does not answer is killed. Time in which a worker was stopped does not count, nor that in which it waited
//! for a processor, up to three quarters of all time: a busy machine accuses nobody (on Linux).

mod crash;
mod descriptors;
#[cfg(test)]
pub(crate) mod fuzzed;
mod orphans;
mod pool;
mod process;
mod protocol;
pub mod report;
mod seal;
mod stderr;
pub(crate) mod system;
mod worker;

pub use descriptors::keep_from_children as keep_descriptors;
pub use orphans::adopt as adopt_orphans;
pub use pool::{Limits, Outcome, Pool};
pub use process::{Echo, Launch};
pub use protocol::{Cost, Job, Task};
pub use system::{Interrupts, cores, die_with_parent, has_ended, kill_group, on_interrupt, processor_time};
pub use worker::{COMMAND, main as work};
