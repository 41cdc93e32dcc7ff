//! The server: RPC handlers around a replicated state machine.
//!
//! A handler checks sizes, submits, waits, and translates. It decides nothing else: what a write does, and whether it is a
//! repeated one, is decided where the entry is applied.

use std::fmt;

use kvraft_interface::Accepted;
use labrpc::channel::{self, Receiver};
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::Arc;
use raft_interface::{ApplyMsg, Persister, RaftServer, ServerId};

use crate::error::Refusal;
use crate::forward::{ForwardArgs, Forwarder};
use crate::machine::KvMachine;
use crate::op::{Command, check_key};
use crate::peers::Peers;
use crate::query::{Answer, QueryArgs};
use crate::rpc::{GetArgs, ReadPath, Response};
use crate::rsm::{Damaged, Rsm, RsmConfig};

/// How many messages the Raft may deliver ahead of the applier.
const DELIVERIES_AHEAD_MAX: usize = 64;

/// One server of the key/value service, on a Raft of type `R`. Cheap to clone: all clones are the same server. It runs until
/// [`Self::kill`].
pub struct KvServer<R> {
    forwarder: Forwarder<R, KvMachine>,
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
        let raft = R::make(peers.clone(), me, persister.clone(), apply);
        Self::on(raft, delivered, Peers::new(peers, me), persister, config)
    }

    /// Starts a server on a Raft that stores in `persister` and delivers to `delivered`. It asks other servers through `peers`.
    ///
    /// # Errors
    ///
    /// [`Damaged`] when the stored snapshot cannot be read. The Raft has been killed.
    pub fn on(
        raft: R,
        delivered: Receiver<ApplyMsg>,
        peers: Peers,
        persister: Arc<dyn Persister>,
        config: RsmConfig,
    ) -> Result<Self, Damaged> {
        let rsm = Rsm::new(raft.clone(), delivered, persister, KvMachine::default(), config);
        let server = |rsm| Self { forwarder: Forwarder::new(rsm, peers, config.wait_max) };
        rsm.map(server).inspect_err(|_| raft.kill())
    }

    /// The handlers for clerks, as [`rpc`](crate::rpc) lists them. Those for the peers are the Raft's own
    /// [`service`](raft_interface::RaftServer::service).
    #[must_use]
    pub fn service(&self) -> Service {
        let [get, execute, query, read_index, leader, forward] = [(); 6].map(|()| self.clone());
        Service::new("KVServer")
            .method("Get", move |args: GetArgs| get.get(args))
            .method("Execute", move |command: Command| execute.execute(&command))
            .method("Query", move |args: QueryArgs| query.query(&args))
            .method("ReadIndex", move |()| read_index.forwarder.on_read_index())
            .method("Leader", move |()| leader.forwarder.on_leader())
            .method("Forward", move |args: ForwardArgs| forward.forward(&args))
    }

    /// Puts a command into the log and waits for its reply.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is none.
    pub fn execute(&self, command: &Command) -> Response {
        command.check_size()?;
        let submitted = self.rsm().submit(command.encode());
        submitted.map_err(|error| Refusal::of_submit(error, self.raft().leader_hint()))
    }

    /// Reads a key.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is no reply.
    pub fn get(&self, GetArgs { key, via }: GetArgs) -> Response {
        check_key(&key)?;
        let look = |machine: &KvMachine| machine.get(&key);
        if via == ReadPath::Lease
            && let Ok(reply) = self.rsm().read_by_lease(look)
        {
            return Ok(reply);
        }
        // Also if there was no lease: it may have ended because nothing was sent, or another server may lead.
        if via != ReadPath::Log {
            match self.rsm().read(look) {
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

    /// Reads a key on this server, which need not lead.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is no answer.
    pub fn query(&self, args: &QueryArgs) -> Result<Answer, Refusal> {
        self.forwarder.on_query(args)
    }

    /// Takes commands that another server brings, if this one leads.
    fn forward(&self, args: &ForwardArgs) -> Result<Accepted, Refusal> {
        // What is no command is no matter of size: it will change nothing.
        args.commands
            .iter()
            .filter_map(|bytes| Command::decode(bytes))
            .try_for_each(|command| command.check_size())?;
        self.forwarder.on_forward(args)
    }

    /// What takes commands here although another server may lead.
    #[must_use]
    pub fn forwarder(&self) -> &Forwarder<R, KvMachine> {
        &self.forwarder
    }

    /// The Raft below.
    #[must_use]
    pub fn raft(&self) -> &R {
        self.rsm().raft()
    }

    /// The replicated state machine below.
    #[must_use]
    pub fn rsm(&self) -> &Rsm<R, KvMachine> {
        self.forwarder.rsm()
    }

    /// Stops the server and its Raft. All callers are freed.
    pub fn kill(&self) {
        self.rsm().kill();
    }
}

impl<R: Clone> Clone for KvServer<R> {
    fn clone(&self) -> Self {
        Self { forwarder: self.forwarder.clone() }
    }
}

impl<R> fmt::Debug for KvServer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.forwarder.fmt(f)
    }
}
