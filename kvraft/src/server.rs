//! The server: RPC handlers around a replicated state machine.
//!
//! A handler checks sizes, submits, waits, and translates. It decides nothing else: what a write does, and whether it is a
//! repeated one, is decided where the entry is applied.

use std::fmt;

use labrpc::channel::{self, Receiver};
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::Arc;
use raft_interface::{ApplyMsg, Persister, RaftServer, ServerId};

use crate::error::Refusal;
use crate::machine::KvMachine;
use crate::op::{Command, check_key};
use crate::rpc::{GetArgs, ReadPath, Response};
use crate::rsm::{Damaged, Rsm, RsmConfig};

/// How many messages the Raft may deliver ahead of the applier.
const DELIVERIES_AHEAD_MAX: usize = 64;

/// One server of the key/value service, on a Raft of type `R`. Cheap to clone: all clones are the same server. It runs until
/// [`Self::kill`].
pub struct KvServer<R> {
    rsm: Rsm<R, KvMachine>,
}

impl<R: RaftServer> KvServer<R> {
    /// Starts a server (MIT's `StartKVServer`). `peers[i]` reaches the Raft of server `i`, `me` is this server's own place in
    /// that list.
    ///
    /// # Errors
    ///
    /// [`Damaged`] when the stored snapshot cannot be read.
    pub fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        config: RsmConfig,
    ) -> Result<Self, Damaged> {
        let (apply, delivered) = channel::bounded(DELIVERIES_AHEAD_MAX);
        let raft = R::make(peers, me, persister.clone(), apply);
        Self::on(raft, delivered, persister, config)
    }

    /// Starts a server on a Raft that stores in `persister` and delivers to `delivered`.
    ///
    /// # Errors
    ///
    /// [`Damaged`] when the stored snapshot cannot be read. The Raft has been killed.
    pub fn on(
        raft: R,
        delivered: Receiver<ApplyMsg>,
        persister: Arc<dyn Persister>,
        config: RsmConfig,
    ) -> Result<Self, Damaged> {
        let rsm = Rsm::new(raft.clone(), delivered, persister, KvMachine::default(), config);
        rsm.map(|rsm| Self { rsm }).inspect_err(|_| raft.kill())
    }

    /// The handlers for clerks, as [`rpc`](crate::rpc) lists them. Those for the peers are the Raft's own
    /// [`service`](raft_interface::RaftServer::service).
    #[must_use]
    pub fn service(&self) -> Service {
        let [get, execute] = [(); 2].map(|()| self.clone());
        Service::new("KVServer")
            .method("Get", move |args: GetArgs| get.get(args))
            .method("Execute", move |command: Command| execute.execute(&command))
    }

    /// Puts a command into the log and waits for its reply.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is none.
    pub fn execute(&self, command: &Command) -> Response {
        command.check_size()?;
        let submitted = self.rsm.submit(command.encode());
        submitted.map_err(|error| Refusal::of_submit(error, self.raft().leader_hint()))
    }

    /// Reads a key.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is no reply.
    pub fn get(&self, GetArgs { key, via }: GetArgs) -> Response {
        check_key(&key)?;
        if via == ReadPath::ReadIndex {
            match self.rsm.read(|machine| machine.get(&key)) {
                Ok(reply) => return Ok(reply),
                // A new leader cannot confirm a read before it has committed something, and some Rafts never
                // can. The read goes through the log then; on a new leader its entry is the very thing that is
                // missing, so the next read need not.
                Err(error) => {
                    if let Some(refusal) = Refusal::of_read(error, self.raft().leader_hint()) {
                        return Err(refusal);
                    }
                }
            }
        }
        self.execute(&Command::Get { key })
    }

    /// The Raft below.
    #[must_use]
    pub fn raft(&self) -> &R {
        self.rsm.raft()
    }

    /// The replicated state machine below.
    #[must_use]
    pub fn rsm(&self) -> &Rsm<R, KvMachine> {
        &self.rsm
    }

    /// Stops the server and its Raft. All callers are freed.
    pub fn kill(&self) {
        self.rsm.kill();
    }
}

impl<R: Clone> Clone for KvServer<R> {
    fn clone(&self) -> Self {
        Self { rsm: self.rsm.clone() }
    }
}

impl<R> fmt::Debug for KvServer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rsm.fmt(f)
    }
}
