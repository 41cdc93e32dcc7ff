//! What a server does: named handlers, built from closures.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::sim::NodeHandle;
use crate::wire::{self, AskMadeUp, Describe, Encoded, Value, WireError};

/// The network's side of one request that is being handled.
pub(super) trait Exchange {
    /// The arguments are decoded and the handler is about to run.
    fn delivered(&self, args: &dyn Describe);
    /// The handler has returned.
    fn replied(&self, reply: &dyn Describe, bytes: Result<Vec<u8>, WireError>, type_name: &'static str);
    /// The handler has returned, and there is no reply.
    fn ignored(&self);
}

/// A handler without its types.
pub(super) type Handler = dyn Fn(Encoded<'_>, &dyn Exchange) -> Result<(), WireError> + Send + Sync;

/// A method of a service.
#[derive(Clone)]
pub(super) struct Method {
    pub(super) handler: Arc<Handler>,
    /// Its arguments and its reply are trees, whatever the caller's types are.
    pub(super) is_plain: bool,
    /// The fields of its arguments, if these are a struct.
    fields: Option<&'static [&'static str]>,
    /// What would be made up if its arguments came as a tree; `None` where it takes trees itself.
    made_up: Option<AskMadeUp>,
}

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
    methods: BTreeMap<String, Method>,
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
    pub fn method<A, R, F>(self, name: &str, handler: F) -> Self
    where
        A: Serialize + DeserializeOwned + 'static,
        R: Serialize + 'static,
        F: Fn(A) -> R + Send + Sync + 'static,
    {
        let untyped = move |encoded: Encoded<'_>, exchange: &dyn Exchange| {
            // Before the observers are told: what cannot be read was not delivered.
            let args: A = encoded.decode()?;
            exchange.delivered(&args);
            let reply = handler(args);
            exchange.replied(&reply, wire::encode(&reply), std::any::type_name::<R>());
            Ok(())
        };
        let method = Method {
            handler: Arc::new(untyped),
            is_plain: false,
            fields: wire::field_names::<A>(),
            made_up: Some(wire::made_up::<A>),
        };
        self.insert(name, method)
    }

    /// Adds a method for a caller whose types are not known here: it gets the arguments as a tree and answers with a
    /// tree, from which the caller's type is made by name, as by [`wire::from_value`]. `None` is no answer: the caller
    /// waits as for a server that cannot be reached.
    ///
    /// # Panics
    ///
    /// If the service has a method of that name.
    #[must_use]
    pub fn plain_method<F>(self, name: &str, handler: F) -> Self
    where
        F: Fn(Value) -> Option<Value> + Send + Sync + 'static,
    {
        let untyped = move |encoded: Encoded<'_>, exchange: &dyn Exchange| {
            let Encoded::Plain(args) = encoded else {
                let cause = "the request was sent before this server was there".to_owned();
                return Err(WireError::Plain { type_name: "a tree", cause });
            };
            exchange.delivered(args);
            match handler(args.clone()) {
                Some(reply) => exchange.replied(&reply, wire::encode(&reply), "a tree"),
                None => exchange.ignored(),
            }
            Ok(())
        };
        self.insert(name, Method { handler: Arc::new(untyped), is_plain: true, fields: None, made_up: None })
    }

    fn insert(mut self, name: &str, method: Method) -> Self {
        let before = self.methods.insert(format!("{}.{name}", self.name), method);
        assert!(before.is_none(), "the service {} has two methods {name}", self.name);
        self
    }

    /// The name that its methods begin with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its methods, named in full, with the names of the fields of their arguments; none where these are no struct.
    pub fn methods(&self) -> impl Iterator<Item = (&str, &'static [&'static str])> {
        self.methods.iter().map(|(name, method)| (name.as_str(), method.fields.unwrap_or_default()))
    }

    /// Its methods that have types, named in full, each with the answer to what it would make up of arguments that come as a tree.
    pub fn made_up(&self) -> impl Iterator<Item = (&str, AskMadeUp)> {
        self.methods.iter().filter_map(|(name, method)| Some((name.as_str(), method.made_up?)))
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

    pub(super) fn into_parts(self) -> (NodeHandle, Vec<(String, Method)>) {
        let methods = self.services.into_iter().flat_map(|service| service.methods).collect();
        (self.node, methods)
    }
}
