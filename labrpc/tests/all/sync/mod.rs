//! Locks, condition variables, atomics and one-time initialisation.

mod atomic;
mod barrier;
mod condvar;
mod model;
mod mutex;
mod once;
mod run_static;
mod rwlock;
