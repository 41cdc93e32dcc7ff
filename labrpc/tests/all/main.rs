//! The tests of the crate, in one executable: a module a subject, and linked once.
//!
//! What needs a process of its own is beside this folder: `determinism`, which the gate runs in a release build as well,
//! and `memory`, which measures the process that it runs in. Tests share this one and run side by side. So none of them
//! changes what all would see, the environment, the panic hook or the working directory; and what must disturb others,
//! like a loop that is in nobody's hands, ends with its test.

mod channel;
mod evictions;
mod fuzzing;
mod guards;
mod hint;
mod network;
mod rand;
mod search;
mod sim;
mod support;
mod sync;
mod thread;
mod time;
