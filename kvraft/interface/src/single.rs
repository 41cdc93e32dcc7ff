//! A key/value server on one machine, as part 2K grades it: lab 2 of 6.5840.

use labrpc::network::{ClientEnd, Service};

use crate::Version;

/// A key/value server on one machine, and its clerks. It needs no Raft, and forgets all when it ends.
///
/// # The contract
///
/// A key holds a value and a version: the number of times it was written. A key that was never written has neither. To its clients
/// the server is one map on which one operation happens after the other (linearizability), whatever the network does:
///
/// - The network loses requests and replies, delays both, and may deliver a request again, much later, when its caller was
///   answered long ago or has gone. It does not deliver a second copy of a request before the first was answered.
/// - A clerk asks until it is answered, however long that takes, and says nothing that it does not know. See [`VersionedClerk`].
/// - What a client costs the server does not grow with the values that it writes: no more than 200 bytes for each client.
pub trait SingleKv: 'static {
    /// The handlers of a new server, with an empty map. Called on the server's node. Each call of a handler runs in a thread of its own.
    fn serve() -> Service;

    /// A clerk of the server at this end.
    fn clerk(server: ClientEnd) -> Box<dyn VersionedClerk>;
}

/// A clerk of a [`SingleKv`]. It does one operation at a time. In a lock, it may be any clerk that keeps this contract.
pub trait VersionedClerk: Send {
    /// The value and the version of a key; `None` if it was never written. Returns when a server has answered.
    fn get(&mut self, key: &str) -> Option<(String, Version)>;

    /// Writes a value if the key is at this version; 0 if it was never written. Then the version is one more. Returns when a
    /// server has answered.
    ///
    /// # Errors
    ///
    /// [`PutError`]: why it was not written, or that nobody can know.
    fn put(&mut self, key: &str, value: &str, version: Version) -> Result<(), PutError>;
}

/// Why a [`put`](VersionedClerk::put) was not done, or may not have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    /// The key was never written, and the version is not 0. Nothing was changed. 6.5840's `ErrNoKey`.
    #[error("the key was never written, and the version is not 0")]
    NoKey,
    /// The key is at another version. Nothing was changed. 6.5840's `ErrVersion`.
    #[error("the key is at another version")]
    Version,
    /// The request was sent more than once, and the answer leaves open whether an earlier copy was the one that changed the version:
    /// it may have been written, or not. 6.5840's `ErrMaybe`.
    #[error("it may have been written, or not")]
    Maybe,
}
