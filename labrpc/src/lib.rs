//! Threads, locks, channels, time, chance and RPC in two worlds: real threads, or a deterministic simulation on
//! virtual time.
//!
//! You write an ordinary threaded program, with this crate's [`thread`], [`sync`], [`channel`], [`time`] and [`rand`]
//! in place of `std::thread`, `parking_lot`, `crossbeam_channel`, `std::time` and `rand`; the names and the semantics
//! are the same. What std's `sync` and `hint` and crossbeam's `sync` have beyond that is there as well. Called from `main`,
//! it runs on real threads. Called from [`sim::Sim::run`], the same build of it runs in a simulation: hours of virtual time
//! pass in milliseconds, and what happens follows from a seed.
//!
//! # A first simulated program
//!
//! Two threads count to ten together. Sleeping costs nothing, because time is virtual:
//!
//! ```
//! use labrpc::sim::Sim;
//! use labrpc::sync::{Arc, Mutex};
//! use labrpc::thread;
//! use labrpc::time::{Duration, Instant};
//!
//! fn count() -> u32 {
//!     let total = Arc::new(Mutex::new(0));
//!     let workers: Vec<_> = (0..2)
//!         .map(|_| {
//!             let total = Arc::clone(&total);
//!             thread::spawn(move || {
//!                 for _ in 0..5 {
//!                     thread::sleep(Duration::from_secs(60));
//!                     *total.lock() += 1;
//!                 }
//!             })
//!         })
//!         .collect();
//!     for worker in workers {
//!         worker.join().unwrap();
//!     }
//!     let result = *total.lock();
//!     result
//! }
//!
//! let (total, report) = Sim::new(42).run(count).unwrap();
//! assert_eq!(total, 10);
//! assert!(report.elapsed >= Duration::from_secs(300)); // five virtual minutes, a few real microseconds
//! ```
//!
//! # Finding a bug and replaying it
//!
//! Somebody checks a flag under one lock and acts under another. On real threads this goes wrong once in a thousand
//! runs. Here a few seeds find it, and the seed that does finds it again:
//!
//! ```
//! use labrpc::sim::{Replay, Sim};
//! use labrpc::sync::{Arc, Mutex};
//! use labrpc::thread;
//!
//! fn sell_one_ticket_twice() {
//!     let tickets = Arc::new(Mutex::new(1_i32));
//!     let other = Arc::clone(&tickets);
//!     let sell = |tickets: &Mutex<i32>| {
//!         let is_left = *tickets.lock() > 0; // the lock is given back here,
//!         if is_left {
//!             *tickets.lock() -= 1; // and somebody else may have been in between
//!         }
//!     };
//!     let seller = thread::spawn(move || sell(&other));
//!     sell(&tickets);
//!     seller.join().unwrap();
//!     assert!(*tickets.lock() >= 0, "sold a ticket that was not there");
//! }
//!
//! let failure = (0..100).find_map(|seed| Sim::new(seed).run(sell_one_ticket_twice).err()).unwrap();
//! println!("{failure}"); // who panicked, when, where, and `replay: seed=0x.. policy=random step=1000ns`
//! let replay: Replay = failure.report.replay.to_string().parse().unwrap();
//! let again = Sim::from_replay(replay).run(sell_one_ticket_twice).unwrap_err();
//! assert_eq!(again.report.trace.fingerprint, failure.report.trace.fingerprint); // the same run, event by event
//! ```
//!
//! # Servers that call each other
//!
//! [`network`] is MIT's `labrpc`: servers with named handlers, client ends that can be cut off, messages that get
//! lost, late and out of order, in both worlds. Its page has an example.
//!
//! # Where to go on
//!
//! - [`guide::hunting`]: a flake in a program of your own, from the swapped imports to the bug understood.
//! - [`guide::from_go`] and [`guide::from_std`]: what stands for a name that you know.
//! - [`guide::policies`] and [`guide::compared`]: which search to choose, and which tool.
//! - [`sim`]: what a simulation is, what ends it, and the rules that keep it deterministic.
//! - [`sim::NodeHandle`]: machines that can be crashed, paused and given a clock that drifts.
//! - [`logging`]: log lines with virtual time, node and thread.
//! - Each facade type's section "Differences from ...".
//! - The course on Raft that is built on this: `cargo doc --no-deps --open -p lab-course`.

mod address;
pub mod channel;
pub mod guide;
pub mod hint;
mod later;
pub mod logging;
pub mod network;
mod printable;
pub mod rand;
pub mod search;
pub mod sim;
pub mod sync;
pub mod thread;
pub mod time;
pub mod wire;

pub use printable::printable;
pub use search::check;
