//! This service as the suites see it, on any Raft.

use std::marker::PhantomData;
use std::time::Duration;

use kvraft_interface::{AnyClerk, AnyService, KeyValue, Layer, Reads, ServiceSetup};
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::Arc;
use raft_interface::{Index, RaftServer};

use crate::op::Version;
use crate::rsm::{Damaged, Rsm, StateMachine, snapshot_index};
use crate::{Clerk, ClerkConfig, ClerkError, KvServer, ReadPath, RsmConfig};

/// `kvraft` on the Raft `R`.
#[derive(Debug)]
pub struct Reference<R>(PhantomData<R>);

/// How long a submit to the counter may wait: longer than any partition in part 4A.
const COUNTER_WAIT_MAX: Duration = Duration::from_secs(60);

impl<R: RaftServer> KeyValue for Reference<R> {
    type Raft = R;

    fn make(setup: ServiceSetup<R>) -> Arc<dyn AnyService> {
        let ServiceSetup { raft, delivered, persister, layer, raft_state_bytes_max } = setup;
        let config = RsmConfig { raft_state_bytes_max, ..RsmConfig::default() };
        match layer {
            Layer::Counter => {
                let config = RsmConfig { wait_max: COUNTER_WAIT_MAX, ..config };
                Arc::new(
                    Rsm::new(raft, delivered, persister, Counter::default(), config)
                        .expect("a good snapshot"),
                )
            }
            Layer::KeyValue => {
                Arc::new(KvServer::on(raft, delivered, persister, config).expect("a good snapshot"))
            }
        }
    }

    fn clerk(ends: Vec<ClientEnd>, reads: Reads) -> Box<dyn AnyClerk> {
        let reads = match reads {
            Reads::ThroughTheLog => ReadPath::Log,
            Reads::ReadIndex => ReadPath::ReadIndex,
        };
        Box::new(Clerk::new(ends, ClerkConfig { reads, ..ClerkConfig::default() }))
    }

    fn snapshot_index(snapshot: &[u8]) -> Option<Index> {
        snapshot_index(snapshot).ok()
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

impl<R: RaftServer> AnyService for Rsm<R, Counter> {
    fn handlers(&self) -> Option<Service> {
        None
    }

    fn add(&self, delta: i64) -> Option<i64> {
        self.submit(delta.to_le_bytes().as_slice().into()).ok()
    }

    fn counter(&self) -> i64 {
        self.inspect(|counter| counter.0)
    }

    fn kill(&self) {
        Self::kill(self);
    }
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
}

/// A state machine for part 4A, as MIT's: a number. A command is what to add to it, eight bytes; the reply is what it is
/// then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter(pub i64);

impl StateMachine for Counter {
    type Reply = i64;

    fn apply(&mut self, _: Index, command: &[u8]) -> i64 {
        self.0 += command.try_into().map_or(0, i64::from_le_bytes);
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
