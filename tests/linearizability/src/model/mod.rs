//! The specifications of the objects that the lab and the literature check.

mod kv;
mod quote;
mod register;
mod versioned;

pub use kv::{Kv, KvInput, KvOp, KvOutput};
pub use register::{Register, RegisterInput, RegisterOp, RegisterOutput, RegisterValue};
pub use versioned::{Version, VersionedInput, VersionedKv, VersionedOp, VersionedOutput};
