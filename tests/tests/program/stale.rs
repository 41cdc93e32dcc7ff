//! A key/value service that is wrong: its clerks read once.

use kvraft::Reference;
use kvraft_interface::{AnyClerk, AnyService, ClerkError, KeyValue, Reads, ServiceSetup};
use labrpc::network::ClientEnd;
use labrpc::sync::Arc;
use raft_interface::Index;

/// The reference with a clerk that remembers the first value it read, and never asks again.
pub(crate) struct StaleReads;

impl KeyValue for StaleReads {
    type Raft = raft::Raft;

    fn make(setup: ServiceSetup<raft::Raft>) -> Arc<dyn AnyService> {
        Reference::<raft::Raft>::make(setup)
    }

    fn clerk(ends: Vec<ClientEnd>, reads: Reads) -> Box<dyn AnyClerk> {
        Box::new(CachingClerk { inner: Reference::<raft::Raft>::clerk(ends, reads), first: None })
    }

    fn snapshot_index(snapshot: &[u8]) -> Option<Index> {
        Reference::<raft::Raft>::snapshot_index(snapshot)
    }
}

pub(crate) struct CachingClerk {
    inner: Box<dyn AnyClerk>,
    first: Option<(String, u64)>,
}

impl AnyClerk for CachingClerk {
    fn get(&mut self, key: &str) -> Result<Option<(String, u64)>, ClerkError> {
        if self.first.is_none() {
            self.first = self.inner.get(key)?;
        }
        Ok(self.first.clone())
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), ClerkError> {
        self.inner.put(key, value)
    }

    fn append(&mut self, key: &str, tail: &str) -> Result<(), ClerkError> {
        self.inner.append(key, tail)
    }

    fn put_if(&mut self, key: &str, value: &str, version: u64) -> Result<(), ClerkError> {
        self.inner.put_if(key, value, version)
    }

    fn put_version(&mut self, key: &str, value: &str, version: u64) -> Result<(), ClerkError> {
        self.inner.put_version(key, value, version)
    }
}
