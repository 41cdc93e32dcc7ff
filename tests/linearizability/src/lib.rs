//! Is this history linearizable? Did every operation take effect at one moment between its call and its
//! reply, as if one object served one client at a time (Herlihy & Wing 1990)?
//!
//! How it works:
//!
//! 1. Clients record a [`History`] while they run, or [`text::read_history`] reads one from a file.
//! 2. [`check()`] takes it apart by object (a key, mostly) and searches each part for an order of its operations
//!    that respects real time and that a [`Specification`] accepts. [`model`] has the specifications of
//!    registers and key/value services.
//! 3. The answer is a [`Verdict`]: `Ok`, `Illegal`, or `Unknown` if the [`Budget`] ran out; an undecided history
//!    never counts as good. [`explain`] puts it in words: the reply that cannot be, what it would have to be, and
//!    what overlaps it.
//!
//! Rules: nothing here reads a clock, draws a number without a seed or depends on the order of a hash table. The same
//! history gives the same verdict, the same number of steps and the same report on every machine. One thread
//! does it all.
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
//! How fast it is, `cargo bench -p lab-linearizability` prints.
//!
//! What it leaves out: weaker conditions (sequential or causal consistency), and operations on several
//! objects, unless the specification makes them one.

mod check;
mod explanation;
mod history;
mod linearized;
mod memo;
pub mod model;
mod object;
mod search;
mod specification;
pub mod text;
mod violation;
pub mod workload;

pub use check::{Budget, Check, ObjectCheck, ObjectResult, Verdict, check};
pub use explanation::explain;
pub use history::{History, Moment, Operation, OperationId, Outcome};
pub use specification::{Call, Specification, Step};
pub use violation::{Prefix, Violation};
