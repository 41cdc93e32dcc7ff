//! Locks, condition variables, atomics, one-time initialisation, and what else threads meet at.

mod atomic;
mod barrier;
mod condvar;
mod crossbeam;
mod model;
mod mpsc;
mod mutex;
mod once;
mod relatives;
mod run_static;
mod rwlock;
mod upgradable;
mod upgrade_faults;
