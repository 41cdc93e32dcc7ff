//! Reads that any server answers from its own machine (thesis §6.4).
//!
//! | | what it promises | what it costs |
//! |---|---|---|
//! | [`Consistency::Linearizable`] | sees every write that was acknowledged before it began | a follower asks the leader up to where the log is committed, and waits until it has applied that |
//! | [`Consistency::NotBefore`] | sees what was committed, at least up to the position that the client has seen already | nothing |
//!
//! Both answers say at which *position* the machine was: the index of the last entry that it had applied. A client that asks with the
//! highest position it has seen never goes back in time, whichever servers it asks.
//!
//! A follower's read is linearizable although the follower leads nothing: the leader's read index covers all that was
//! acknowledged when the read arrived (`rsm::read`), and the state that has applied it includes all of that. What it
//! includes besides is committed. The follower's own commit index is no read index: it is what it has heard of, which may be
//! long ago.
//!
//! On a Raft without ReadIndex, and for the first read of a term, an entry in the log does what a round of messages does else:
//! the server puts a read into the log, by forwarding, and looks at its machine when it has applied that.

use labrpc::time::Instant;
use raft_interface::{Index, RaftServer, ReadIndexError};
use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::forward::Forwarder;
use crate::machine::KvMachine;
use crate::op::{Command, Reply, check_key};
use crate::rpc::READ_INDEX;

/// Arguments of [`QUERY`](crate::rpc::QUERY).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryArgs {
    /// The key.
    pub key: String,
    /// How old the answer may be.
    pub consistency: Consistency,
}

/// How old the answer to a query may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Consistency {
    /// Not older than the query.
    Linearizable,
    /// As old as this position, and no older. 0 is any.
    NotBefore(Index),
}

/// What a server answers to a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The machine's reply.
    pub reply: Reply,
    /// The last entry that the machine had applied.
    pub position: Index,
}

impl<R: RaftServer> Forwarder<R, KvMachine> {
    /// Handles [`QUERY`](crate::rpc::QUERY).
    pub(crate) fn on_query(&self, QueryArgs { key, consistency }: &QueryArgs) -> Result<Answer, Refusal> {
        check_key(key)?;
        let deadline = self.deadline();
        let index = match *consistency {
            Consistency::Linearizable => self.read_index(deadline)?,
            Consistency::NotBefore(position) => position,
        };
        let seen = self.rsm().look_from(index, deadline, |machine| machine.get(key));
        let (reply, position) = seen.map_err(|error| match error {
            ReadIndexError::ShuttingDown => Refusal::ShuttingDown,
            _ => Refusal::Timeout,
        })?;
        Ok(Answer { reply, position })
    }

    /// Handles [`READ_INDEX`]: the index from which on a state is no older than this call, by the word of this server, which leads.
    /// `None` when the log must tell: see the module.
    pub(crate) fn on_read_index(&self) -> Result<Option<Index>, Refusal> {
        let raft = self.rsm().raft();
        match raft.read_index_until(self.deadline()) {
            Ok(index) => Ok(Some(index)),
            Err(error) => Refusal::of_read(error, raft.leader_hint()).map_or(Ok(None), Err),
        }
    }

    /// The same by the word of whoever leads.
    fn read_index(&self, deadline: Instant) -> Result<Index, Refusal> {
        let hint = self.rsm().raft().leader_hint();
        let told = match hint {
            Some(leader) if leader != self.peers().me() => {
                self.peers().ask(leader, READ_INDEX, (), deadline).unwrap_or(Err(Refusal::Timeout))
            }
            _ => self.on_read_index(),
        };
        if let Some(index) = told? {
            return Ok(index);
        }
        // In whatever place it is committed, it was appended after this read had arrived, so what was acknowledged by then
        // stands before it. That it takes no effect is why it may stand there twice.
        let command = Command::Get { key: String::new() }.encode();
        let executed = self.execute(vec![command]);
        executed.map(|accepted| accepted.last).map_err(|_| Refusal::Timeout)
    }
}
