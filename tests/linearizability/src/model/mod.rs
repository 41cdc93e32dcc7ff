//! The specifications of the objects that the lab and the literature check.

mod datum;
mod items;
mod kv;
mod kv_faults;
mod mutex;
mod pieces;
mod queue;
mod quote;
mod register;
mod registers;
mod set;
mod versioned;
mod versioned_faults;

pub use datum::Datum;
pub use items::Items;
pub use kv::{Kv, KvInput, KvOp, KvOutput};
pub use mutex::{Mutex, MutexInput, MutexOp, MutexOutput};
pub use queue::{Queue, QueueInput, QueueOp, QueueOutput, Queued};
pub use register::{Register, RegisterInput, RegisterOp, RegisterOutput};
pub use registers::{Registers, Transaction, TransactionOp, TransactionReads};
pub use set::{Set, SetInput, SetOp, SetOutput};
pub use versioned::{Version, VersionedInput, VersionedKv, VersionedOp, VersionedOutput};
