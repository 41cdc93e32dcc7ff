//! Locks under test, their clients, and the judge's hand on each call.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use kvraft_interface::AnyLock;
use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use labrpc::thread::JoinHandle;
use parking_lot::Mutex as PlainMutex;

use super::book::LockBook;
use super::leases::LeaseHandle;
use super::server::{Inner, SingleBuilder, SingleServer};
use crate::implementation::LockMakers;
use crate::kv::wait_for;
use crate::lab::Lab;
use lab_referee::Violation;

/// A server with locks on it, and the judge's books.
pub struct LockServer {
    server: SingleServer,
    makers: LockMakers,
    book: Arc<PlainMutex<LockBook>>,
}

/// A client of locks: a machine of its own, with as many handles as it likes.
#[derive(Clone)]
pub struct LockClient {
    server: Arc<Inner>,
    makers: LockMakers,
    book: Arc<PlainMutex<LockBook>>,
    number: u32,
}

/// A client's handle to a lock, with the judge's hand on it.
pub struct LockHandle {
    lab: Lab,
    lock: Box<dyn AnyLock>,
    name: String,
    client: u32,
    book: Arc<PlainMutex<LockBook>>,
}

impl Lab {
    /// The locks of lab 2 that are graded, on a server of their own, which is started.
    ///
    /// Skips the test if the implementation has none.
    #[must_use]
    pub fn locks(&self) -> LockServer {
        LockServer::on(self, |builder| builder)
    }

    /// The same on MIT's unreliable network.
    #[must_use]
    pub fn locks_unreliable(&self) -> LockServer {
        LockServer::on(self, SingleBuilder::unreliable)
    }
}

impl Deref for LockServer {
    type Target = SingleServer;

    fn deref(&self) -> &SingleServer {
        &self.server
    }
}

impl LockServer {
    fn on(lab: &Lab, set_up: impl FnOnce(SingleBuilder) -> SingleBuilder) -> Self {
        let Some(makers) = lab.implementation().locks() else { lab.skip("there are no locks") };
        Self { server: set_up(lab.single()).start(), makers, book: Arc::default() }
    }

    /// Skips the test if there are no leases.
    pub fn needs_leases(&self) {
        if !(self.makers.leases)() {
            self.lab().skip("these locks have no leases (Locks::leases)");
        }
    }

    /// A new client of locks.
    #[must_use]
    pub fn lock_client(&self) -> LockClient {
        let number = self.server.inner.next_client();
        let book = Arc::clone(&self.book);
        LockClient { server: Arc::clone(&self.server.inner), makers: self.makers, book, number }
    }

    /// A new client that does `what` in a thread and on a node of its own.
    pub fn spawn<T: Send + 'static>(
        &self,
        what: impl FnOnce(LockClient) -> T + Send + 'static,
    ) -> (NodeHandle, JoinHandle<T>) {
        let client = self.lock_client();
        let node = client.node();
        let thread = node.spawn("client", move || what(client));
        (node, thread)
    }

    /// What the judge knows.
    #[must_use]
    pub fn book(&self) -> LockBook {
        self.book.lock().clone()
    }

    /// Waits until `holds` is true of the books, or `patience` is over. Returns whether it is.
    pub fn wait_until(&self, patience: Duration, holds: impl Fn(&LockBook) -> bool) -> bool {
        let end = self.lab().now() + patience;
        while !holds(&self.book.lock()) {
            if self.lab().now() >= end {
                return false;
            }
            self.lab().sleep_ms(5);
        }
        true
    }

    /// The client has died, says the scenario.
    pub fn died(&self, client: u32) {
        self.lab().note(format!("C{client} has died"));
        self.book.lock().died(client);
    }

    /// The results of threads of the scenario, all of which must end within `patience` from now. If not, the report says who waits for
    /// whom, and whether they wait in a circle.
    ///
    /// # Panics
    ///
    /// If they do not.
    #[track_caller]
    pub fn finish<T>(&self, threads: Vec<JoinHandle<T>>, patience: Duration) -> Vec<T> {
        let lab = self.lab();
        let end = lab.now() + patience;
        let mut threads = threads;
        while threads.iter().any(|thread| !thread.is_finished()) {
            if lab.now() >= end {
                // Others may wait for what one has taken that panicked.
                let ended = threads.extract_if(.., |thread| thread.is_finished());
                ended.for_each(|thread| drop(wait_for(thread)));
                lab.fail(self.stuck(patience));
            }
            lab.sleep_ms(5);
        }
        threads.into_iter().map(wait_for).collect()
    }

    /// What it says when clients do not come to their end.
    fn stuck(&self, patience: Duration) -> Violation {
        let book = self.book();
        let cycle = book.cycle_in_words();
        if cycle.is_empty() {
            return Violation::new(
                format!("clients have not come to their end after {patience:?}"),
                "a lock that is free, or that its holder gives back, is acquired, and a release returns",
                book.in_words(),
            )
            .hint("an acquire whose put was answered Maybe and that waits for itself, or a release that leaves the lock taken");
        }
        self.lab().record().set_cycle(cycle);
        let clients: Vec<String> = book.cycle().iter().map(|(client, _)| format!("C{client}")).collect();
        Violation::new(
            format!("{} wait for each other", clients.join(" and ")),
            "somebody can go on: all clients take their locks in one order",
            book.in_words(),
        )
    }
}

impl LockClient {
    /// Its number, from 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The lab that it is part of.
    #[must_use]
    pub fn lab(&self) -> &Lab {
        &self.server.lab
    }

    /// The machine that it runs on: a new one.
    #[must_use]
    pub fn node(&self) -> NodeHandle {
        NodeHandle::new(self.lab().client_name(self.number))
    }

    /// A handle to the lock of this name, with a clerk of its own.
    #[must_use]
    pub fn lock(&self, name: &str) -> LockHandle {
        LockHandle {
            lab: self.lab().clone(),
            lock: (self.makers.lock)(self.server.clerk_of(self.number), name),
            name: name.to_owned(),
            client: self.number,
            book: Arc::clone(&self.book),
        }
    }

    /// A handle to a lock of this name that is lent for this time, with a clerk of its own. Skips the test if there are no leases.
    #[must_use]
    pub fn lease(&self, name: &str, time: Duration) -> LeaseHandle {
        let Some(lease) = (self.makers.lease)(self.server.clerk_of(self.number), name, time) else {
            self.lab().skip("these locks have no leases (Locks::lease)")
        };
        LeaseHandle::new(self.lab().clone(), lease)
    }
}

impl LockHandle {
    /// Waits until the lock is this client's.
    ///
    /// # Panics
    ///
    /// If it returns although somebody else holds the lock: the run ends there.
    pub fn acquire(&mut self) {
        self.book.lock().waits(self.client, &self.name);
        self.lock.acquire();
        let judged = self.book.lock().acquired(self.client, &self.name);
        match judged {
            Ok(()) => self.lab.note(format!("C{} has {}", self.client, self.name)),
            Err(violation) => self.lab.violated(violation),
        }
    }

    /// Gives it back.
    pub fn release(&mut self) {
        // Before the call: the server may give it to somebody else long before the call returns.
        self.book.lock().released(self.client, &self.name);
        self.lab.note(format!("C{} gives {} back", self.client, self.name));
        self.lock.release();
    }

    /// Forgets the handle, so that nothing is given back although its client is done: for a client that dies where machines cannot be
    /// crashed.
    pub fn forget(self) {
        std::mem::forget(self.lock);
    }
}

impl fmt::Debug for LockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LockServer({})", self.book().in_words())
    }
}

impl fmt::Debug for LockClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C{}", self.number)
    }
}

impl fmt::Debug for LockHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C{}'s {}", self.client, self.name)
    }
}
