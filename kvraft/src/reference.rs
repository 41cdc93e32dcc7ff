//! This service as the suites see it, on any Raft.

use std::marker::PhantomData;
use std::time::Duration;

use kvraft_interface::{Accepted, AnyClerk, AnyService, ForwardError, KeyValue, Layer, Reads, ServiceSetup};
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::Arc;
use raft_interface::{Command, Index, RaftServer};

use crate::forward::{ForwardArgs, Forwarder};
use crate::op::Version;
use crate::rsm::{Damaged, Rsm, StateMachine, snapshot_index};
use crate::{Clerk, ClerkConfig, ClerkError, ClerkReads, KvServer, Peers, ReadPath, RsmConfig};

/// `kvraft` on the Raft `R`.
#[derive(Debug)]
pub struct Reference<R>(PhantomData<R>);

/// How long a submit to the counter may wait: longer than any partition in part 4A.
const COUNTER_WAIT_MAX: Duration = Duration::from_secs(60);
/// How long a call that is forwarded may take: long enough for an election.
const FORWARD_WAIT_MAX: Duration = Duration::from_secs(3);

impl<R: RaftServer> KeyValue for Reference<R> {
    type Raft = R;

    fn make(setup: ServiceSetup<R>) -> Arc<dyn AnyService> {
        let ServiceSetup { raft, delivered, persister, layer, raft_state_bytes_max, peers, me } = setup;
        let peers = Peers::new(peers, me);
        let config = RsmConfig { raft_state_bytes_max, ..RsmConfig::default() };
        match layer {
            Layer::Counter => {
                let config = RsmConfig { wait_max: COUNTER_WAIT_MAX, ..config };
                let rsm = Rsm::new(raft, delivered, persister, Counter::default(), config);
                Arc::new(Forwarder::new(rsm.expect("a good snapshot"), peers, FORWARD_WAIT_MAX))
            }
            Layer::KeyValue => {
                let server = KvServer::on(raft, delivered, peers, persister, config);
                Arc::new(server.expect("a good snapshot"))
            }
        }
    }

    fn clerk(ends: Vec<ClientEnd>, reads: Reads) -> Box<dyn AnyClerk> {
        let reads = match reads {
            Reads::ThroughTheLog => ClerkReads::Leader(ReadPath::Log),
            Reads::ReadIndex => ClerkReads::Leader(ReadPath::ReadIndex),
            Reads::Lease => ClerkReads::Leader(ReadPath::Lease),
            Reads::Follower => ClerkReads::AnyServer,
            Reads::Weak => ClerkReads::Weak,
        };
        Box::new(Clerk::new(ends, ClerkConfig { reads, ..ClerkConfig::default() }))
    }

    fn snapshot_index(snapshot: &[u8]) -> Option<Index> {
        snapshot_index(snapshot).ok()
    }

    fn show_command(layer: Layer, command: &[u8]) -> Option<String> {
        match layer {
            Layer::Counter => Some(format!("add({})", i64::from_le_bytes(command.try_into().ok()?))),
            Layer::KeyValue => crate::op::Command::decode(command).map(|command| command.to_string()),
        }
    }

    fn offers_reads(_: Reads) -> bool {
        true
    }

    fn forwards() -> bool {
        true
    }
}

impl<R: RaftServer> AnyService for KvServer<R> {
    fn handlers(&self) -> Option<Service> {
        Some(self.service())
    }

    fn add(&self, _: i64) -> Option<i64> {
        None
    }

    fn counter(&self) -> i64 {
        0
    }

    fn kill(&self) {
        Self::kill(self);
    }
}

impl<R: RaftServer> AnyService for Forwarder<R, Counter> {
    fn handlers(&self) -> Option<Service> {
        let [forward, leader] = [(); 2].map(|()| self.clone());
        let service = Service::new("KVServer")
            .method("Forward", move |args: ForwardArgs| forward.on_forward(&args))
            .method("Leader", move |()| leader.on_leader());
        Some(service)
    }

    fn add(&self, delta: i64) -> Option<i64> {
        self.rsm().submit(encode(delta)).ok()
    }

    fn counter(&self) -> i64 {
        self.rsm().inspect(|counter| counter.0)
    }

    fn feed(&self, deltas: Vec<i64>) -> Result<Accepted, ForwardError<i64>> {
        Self::feed(self, deltas.into_iter().map(encode).collect()).map_err(|error| error.map(decode))
    }

    fn execute(&self, deltas: Vec<i64>) -> Result<Accepted, ForwardError<i64>> {
        Self::execute(self, deltas.into_iter().map(encode).collect()).map_err(|error| error.map(decode))
    }

    fn kill(&self) {
        self.rsm().kill();
    }
}

/// What the counter is told to add.
fn encode(delta: i64) -> Command {
    delta.to_le_bytes().as_slice().into()
}

/// What a command adds; one that says nothing adds nothing.
fn decode(command: impl AsRef<[u8]>) -> i64 {
    command.as_ref().try_into().map_or(0, i64::from_le_bytes)
}

impl AnyClerk for Clerk {
    fn get(&mut self, key: &str) -> Result<Option<(String, Version)>, ClerkError> {
        Self::get(self, key)
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), ClerkError> {
        Self::put(self, key, value)
    }

    fn append(&mut self, key: &str, tail: &str) -> Result<(), ClerkError> {
        Self::append(self, key, tail)
    }

    fn put_if(&mut self, key: &str, value: &str, version: Version) -> Result<(), ClerkError> {
        Self::put_if(self, key, value, version)
    }

    fn put_version(&mut self, key: &str, value: &str, version: Version) -> Result<(), ClerkError> {
        Self::put_version(self, key, value, version)
    }

    fn position(&self) -> Option<Index> {
        Some(Self::position(self)).filter(|&position| position > 0)
    }
}

/// A state machine for part 4A, as MIT's: a number. A command is what to add to it, eight bytes; the reply is what it is
/// then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter(pub i64);

impl StateMachine for Counter {
    type Reply = i64;

    fn apply(&mut self, _: Index, command: &[u8]) -> i64 {
        self.0 += decode(command);
        self.0
    }

    fn snapshot(&self) -> Vec<u8> {
        self.0.to_le_bytes().to_vec()
    }

    fn restore(&mut self, data: &[u8]) -> Result<(), Damaged> {
        let bytes = data.try_into().map_err(|_| Damaged(format!("{} bytes, not 8", data.len())))?;
        self.0 = i64::from_le_bytes(bytes);
        Ok(())
    }
}
