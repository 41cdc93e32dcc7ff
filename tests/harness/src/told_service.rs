//! A service that tells the trace who calls it in the same process, and what becomes of it: for the page that shows a run.

use kvraft_interface::{Accepted, AnyService, ForwardError};
use labrpc::network::Service;
use labrpc::sim;
use labrpc::sync::Arc;
use raft_interface::ServerId;

use crate::marks;

/// The service of a server for those who call it; the very same in a run without a trace.
pub(crate) fn told_of(service: Arc<dyn AnyService>, server: ServerId) -> Arc<dyn AnyService> {
    if sim::is_traced() { Arc::new(Told { service, server }) } else { service }
}

struct Told {
    service: Arc<dyn AnyService>,
    server: ServerId,
}

impl Told {
    fn tell<T>(
        &self,
        asked: impl FnOnce() -> String,
        call: impl FnOnce(&dyn AnyService) -> T,
        told: impl FnOnce(&T) -> String,
    ) -> T {
        marks::asked(self.server, asked);
        let answer = call(&*self.service);
        marks::told(self.server, || told(&answer));
        answer
    }
}

fn outcome(result: &Result<Accepted, ForwardError<i64>>) -> String {
    match result {
        Ok(accepted) => format!("{accepted:?}"),
        Err(error) => error.to_string(),
    }
}

impl AnyService for Told {
    fn handlers(&self) -> Option<Service> {
        self.service.handlers()
    }

    fn add(&self, delta: i64) -> Option<i64> {
        let told = |sum: &Option<i64>| sum.map_or_else(|| "nothing".to_owned(), |sum| sum.to_string());
        self.tell(|| format!("add({delta})"), |service| service.add(delta), told)
    }

    fn counter(&self) -> i64 {
        self.tell(|| "counter()".to_owned(), |service| service.counter(), i64::to_string)
    }

    fn feed(&self, deltas: Vec<i64>) -> Result<Accepted, ForwardError<i64>> {
        let asked = format!("feed({deltas:?})");
        self.tell(|| asked, |service| service.feed(deltas), outcome)
    }

    fn execute(&self, deltas: Vec<i64>) -> Result<Accepted, ForwardError<i64>> {
        let asked = format!("execute({deltas:?})");
        self.tell(|| asked, |service| service.execute(deltas), outcome)
    }

    fn kill(&self) {
        self.service.kill();
    }
}
