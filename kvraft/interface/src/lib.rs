//! What a key/value service on Raft looks like from outside: the traits that the suites of parts 4A to 4C grade, the errors
//! of clerks, and the limits of keys and values. The harness and a service of one's own both depend on this crate and on
//! nothing of the reference.
//!
//! A suite makes a server per Raft through [`KeyValue`] and asks it through [`AnyClerk`]s. Read [`KeyValue`] first,
//! then [`ClerkError`]: what a clerk may say and what it must not is most of what is graded.

mod error;
mod limits;
mod service;

pub use error::ClerkError;
pub use limits::{KEY_BYTES_MAX, TooLarge, VALUE_BYTES_MAX, check_key};
pub use service::{AnyClerk, AnyService, KeyValue, Layer, Reads, ServiceSetup};

/// How many times a key was written. The first write makes version 1; 0 stands for a key that was never written.
pub type Version = u64;
