//! Skeleton of the network's public surface.
use serde::{Serialize, de::DeserializeOwned};
#[derive(Clone, Debug)]
pub struct ClientEnd;
impl ClientEnd {
    /// `None` means only: no reply came.
    pub fn call<A: Serialize, R: DeserializeOwned>(&self, _method: &str, _args: &A) -> Option<R> {
        None
    }
}
#[derive(Debug)]
pub struct Service;
impl Service {
    pub fn new(_name: &str) -> Self {
        Self
    }
    pub fn method<A, R, F>(self, _name: &str, _handler: F) -> Self
    where
        A: DeserializeOwned + std::fmt::Debug + 'static,
        R: Serialize + std::fmt::Debug + 'static,
        F: Fn(A) -> R + Send + Sync + 'static,
    {
        self
    }
}
