//! What travels between clerks and servers.

use raft_interface::ServerId;
use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::op::{Command, Reply};

/// Reads a key. Arguments: [`GetArgs`]; reply: [`Response`].
pub const GET: &str = "KVServer.Get";
/// Puts a command into the log. Arguments: [`Command`]; reply: [`Response`].
pub const EXECUTE: &str = "KVServer.Execute";

/// Reads a key on any server. Arguments: [`QueryArgs`](crate::query::QueryArgs); reply: an [`Answer`](crate::query::Answer), or a
/// [`Refusal`].
pub const QUERY: &str = "KVServer.Query";
/// Asks the leader for a read index. No arguments; reply: an index, `None` if only the log can tell, or a [`Refusal`].
pub const READ_INDEX: &str = "KVServer.ReadIndex";
/// Asks who leads. No arguments; reply: a server, if it knows. It may be wrong.
pub const LEADER: &str = "KVServer.Leader";
/// Brings commands to the leader. Arguments: [`ForwardArgs`](crate::forward::ForwardArgs); reply: an
/// [`Accepted`](kvraft_interface::Accepted), or a [`Refusal`].
pub const FORWARD: &str = "KVServer.Forward";

/// What a server answers: the state machine's reply, or why there is none.
pub type Response = Result<Reply, Refusal>;

/// Arguments of [`GET`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetArgs {
    /// The key.
    pub key: String,
    /// How the server makes sure that the value is not an old one.
    pub via: ReadPath,
}

/// How a read at the leader is made linearizable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadPath {
    /// By an entry of its own in the log.
    #[default]
    Log,
    /// By ReadIndex (thesis §6.4); through the log where the Raft does not support it, and for the first read of a term.
    ReadIndex,
    /// By a lease (thesis §6.4.1), and by ReadIndex while there is none.
    Lease,
}

/// A request, as a clerk repeats it until it is answered.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Get(GetArgs),
    Execute(Command),
}

/// Where to find a server: its place in the list of ends.
pub(crate) type Server = ServerId;
