//! What a server does: named handlers, built from closures.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::sim::NodeHandle;
use crate::wire::{self, Describe, WireError};

/// The network's side of one request that is being handled.
pub(super) trait Exchange {
    /// The arguments are decoded and the handler is about to run.
    fn delivered(&self, args: &dyn Describe);
    /// The handler has returned.
    fn replied(&self, reply: &dyn Describe, bytes: Result<Vec<u8>, WireError>, type_name: &'static str);
}

/// A handler without its types.
pub(super) type Handler = dyn Fn(&[u8], &dyn Exchange) -> Result<(), WireError> + Send + Sync;

/// Named methods that can be called over the network.
///
/// ```
/// use labrpc::network::Service;
///
/// let echo = Service::new("Echo")
///     .method("Say", |text: String| text)
///     .method("Add", |(a, b): (u64, u64)| a + b);
/// ```
///
/// They are called as `Echo.Say` and `Echo.Add`.
pub struct Service {
    name: String,
    methods: BTreeMap<String, Arc<Handler>>,
}

impl Service {
    /// A service without methods.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), methods: BTreeMap::new() }
    }

    /// Adds a method. Each call of it runs `handler` in a thread of its own, on the server's node, so `handler` may
    /// block, and runs many times at once.
    ///
    /// # Panics
    ///
    /// If the service has a method of that name.
    #[must_use]
    pub fn method<A, R, F>(mut self, name: &str, handler: F) -> Self
    where
        A: Serialize + DeserializeOwned + 'static,
        R: Serialize + 'static,
        F: Fn(A) -> R + Send + Sync + 'static,
    {
        let full_name = format!("{}.{name}", self.name);
        let untyped = move |bytes: &[u8], exchange: &dyn Exchange| {
            let args: A = wire::decode(bytes)?;
            exchange.delivered(&args);
            let reply = handler(args);
            exchange.replied(&reply, wire::encode(&reply), std::any::type_name::<R>());
            Ok(())
        };
        let before = self.methods.insert(full_name, Arc::new(untyped));
        assert!(before.is_none(), "the service {} has two methods {name}", self.name);
        self
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<&String> = self.methods.keys().collect();
        f.debug_struct("Service").field("name", &self.name).field("methods", &methods).finish()
    }
}

/// The services of one server, and the node on which their handlers run.
#[derive(Debug)]
pub struct Server {
    node: NodeHandle,
    services: Vec<Service>,
}

impl Server {
    /// A server on `node`, without services.
    #[must_use]
    pub fn new(node: &NodeHandle) -> Self {
        Self { node: node.clone(), services: Vec::new() }
    }

    /// Adds a service.
    ///
    /// # Panics
    ///
    /// If the server has a service of that name.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        let is_new = self.services.iter().all(|other| other.name != service.name);
        assert!(is_new, "the server {} has two services {}", self.node.name(), service.name);
        self.services.push(service);
        self
    }

    pub(super) fn into_parts(self) -> (NodeHandle, Vec<(String, Arc<Handler>)>) {
        let methods = self.services.into_iter().flat_map(|service| service.methods).collect();
        (self.node, methods)
    }
}
