//! What the bench holds of the server: its storage, what runs, and its methods.

use labrpc::network::{ClientEnd, Service};
use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use parking_lot::Mutex as PlainMutex;
use raft_interface::MemoryPersister;

use super::encoding::REQUIRED;
use crate::implementation::AnyRaft;

/// What the bench holds of the server.
#[derive(Default)]
pub(super) struct Slot {
    pub(super) persister: Arc<MemoryPersister>,
    pub(super) running: Option<(NodeHandle, Arc<dyn AnyRaft>)>,
    pub(super) ends: Vec<ClientEnd>,
    /// The storage at the moment at which the power failed by itself.
    pub(super) at_power_failure: Arc<PlainMutex<Option<Arc<MemoryPersister>>>>,
    pub(super) methods: Methods,
}

/// The server's methods.
#[derive(Clone, Default)]
pub(super) struct Methods {
    pub(super) service: String,
    /// Without the service's name.
    pub(super) names: Vec<String>,
}

impl Methods {
    /// Reads them from the server's service.
    ///
    /// # Errors
    ///
    /// What is missing for a talk in the paper's words.
    pub(super) fn of(service: &Service) -> Result<Self, String> {
        for (method, fields) in REQUIRED {
            let Some((name, has)) = service.methods().find(|(name, _)| name.ends_with(method)) else {
                if method == ".InstallSnapshot" {
                    continue; // a server of parts 3A to 3C
                }
                return Err(format!("the server has no method {}", &method[1..]));
            };
            if let Some(missing) = fields.iter().find(|field| !has.contains(field)) {
                return Err(format!("the arguments of {name} have no field {missing}"));
            }
        }
        let prefix = format!("{}.", service.name());
        let names = service.methods().filter_map(|(name, _)| name.strip_prefix(&prefix)).map(str::to_owned);
        Ok(Self { service: service.name().to_owned(), names: names.collect() })
    }

    /// The full name of the method that ends so.
    pub(super) fn full_name(&self, method: &str) -> Option<String> {
        let name = self.names.iter().find(|name| **name == method[1..])?;
        Some(format!("{}.{name}", self.service))
    }
}
