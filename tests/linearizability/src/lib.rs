//! Is this history linearizable? Did every operation take effect at one moment between its call and its
//! reply, as if one object served one client at a time (Herlihy & Wing 1990)?
//!
//! ```
//! use lab_linearizability::model::{Kv, KvInput, KvOp, KvOutput};
//! use lab_linearizability::{Budget, History, Verdict, check, explain};
//!
//! let x = |op| KvInput { key: "x".to_string(), op };
//! let mut history = History::new();
//! for (client, value) in [(1, "1"), (2, "2")] {
//!     let put = history.invoke(client, None, x(KvOp::Put(value.to_string())));
//!     history.complete(put, None, KvOutput::Done);
//! }
//! let get = history.invoke(3, None, x(KvOp::Get));
//! history.complete(get, None, KvOutput::Value("1".to_string())); // stale
//!
//! let result = check(&Kv, &history, Budget::default());
//! assert_eq!(result.verdict(), Verdict::Illegal);
//! assert!(explain(&Kv, &history, &result).contains(r#"x = "2", where get(x) must return "2""#));
//! ```
//!
//! # How it works
//!
//! 1. Clients record a [`History`] while they run, or [`text::read_history`] reads one from a file.
//! 2. [`check()`] takes it apart by object (a key, mostly) and searches each part for an order of its operations
//!    that respects real time and that a [`Specification`] accepts. [`model`] has the specifications of
//!    registers, key/value services, locks, sets and queues. The first part without such an order ends the check.
//! 3. The answer is a [`Verdict`]: `Ok` with the order that was found, `Illegal` with a [`Refutation`] (the first reply that
//!    no order agrees with, and where the object can be just before it), or `Unknown` if the [`Budget`] of steps or of memory ran out.
//! 4. [`classify`] says of what [`Kind`] the fault is, where the history proves it: a stale read, a lost update.
//! 5. [`explain`] puts it in words: the reply that cannot be, what it would have to be, and what overlaps it.
//!
//! # The rules
//!
//! - Nothing here reads a clock, draws a number without a seed or depends on the order of a hash table. The same
//!   history gives the same verdict, the same number of steps and the same report on every machine.
//! - An undecided history never counts as good.
//! - The order of the events decides what came before what. Time stamps are for people.
//! - One thread does it all.
//!
//! # In which order to read
//!
//! Each file knows only files before it: `history`, `anomaly` and `specification` (the question), `linearized` (which operations
//! may come next), `memo` (what need not be tried again), `search` (Wing and Gong's algorithm), `object` (one part of a
//! history as the search wants it), `refutation`, `check` (the answer), `wording`, `classification`, `explanation`. Beside them stand `model`, `text`
//! (files) and `workload` (histories made to order, right or with one fault).
//!
//! How fast it is, `cargo bench -p lab-linearizability` prints.
//!
//! # What it leaves out
//!
//! Weaker conditions (sequential or causal consistency), and operations on several objects, unless the specification
//! makes them one.

mod anomaly;
mod check;
mod classification;
mod explanation;
mod history;
mod linearized;
mod memo;
pub mod model;
mod object;
mod refutation;
mod search;
mod specification;
pub mod text;
mod wording;
pub mod workload;

pub use anomaly::{Anomaly, Kind};
pub use check::{Budget, Check, ObjectCheck, ObjectResult, Verdict, check};
pub use classification::{classify, culprit_in_words, headline};
pub use explanation::explain;
pub use history::{History, Moment, Operation, OperationId, Outcome};
pub use refutation::{Prefix, Refutation};
pub use specification::{Call, Hint, Specification, Step, Timed};
