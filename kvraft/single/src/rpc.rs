//! What travels between clerks and the server.

use kvraft_interface::Version;
use serde::{Deserialize, Serialize};

/// Reads a key. Arguments: the key; reply: [`GetReply`].
pub(crate) const GET: &str = "KVServer.Get";
/// Writes a key. Arguments: [`PutArgs`]; reply: [`PutReply`].
pub(crate) const PUT: &str = "KVServer.Put";

/// Arguments of `PUT`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutArgs {
    /// The key.
    pub key: String,
    /// What to write.
    pub value: String,
    /// The version that the key must be at; 0 if it must never have been written.
    pub version: Version,
}

/// Reply of `GET`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GetReply {
    /// The value and its version.
    Value(String, Version),
    /// The key was never written.
    NoKey,
}

/// Reply of `PUT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PutReply {
    /// It was written.
    Done,
    /// The key is at another version.
    WrongVersion,
    /// The key was never written, and the version is not 0.
    NoKey,
}
