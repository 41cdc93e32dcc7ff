//! The other servers, as a service asks them.

use labrpc::channel;
use labrpc::network::ClientEnd;
use labrpc::sync::Arc;
use labrpc::thread;
use labrpc::time::Instant;
use raft_interface::ServerId;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Who the servers are, and which of them this is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Peers {
    ends: Arc<[ClientEnd]>,
    me: ServerId,
}

impl Peers {
    /// `ends[i]` reaches server `i`, `me` is this server's own place in that list.
    ///
    /// # Panics
    ///
    /// If there is no such place.
    #[must_use]
    pub fn new(ends: Vec<ClientEnd>, me: ServerId) -> Self {
        assert!(me < ends.len(), "server {me} of {}", ends.len());
        Self { ends: ends.into(), me }
    }

    /// This server.
    pub(crate) fn me(&self) -> ServerId {
        self.me
    }

    /// How many servers there are, this one among them.
    pub(crate) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Asks another server; `None` when it has not answered by then. It may have got the request, and may yet.
    pub(crate) fn ask<A, T>(
        &self,
        server: ServerId,
        method: &'static str,
        args: A,
        deadline: Instant,
    ) -> Option<T>
    where
        A: Serialize + Send + 'static,
        T: Serialize + DeserializeOwned + Send + 'static,
    {
        let end = self.ends[server].clone();
        let (answer, answered) = channel::bounded(1);
        // In a thread of its own: a call comes back when the network likes, which may be long after anybody cares. An answer that
        // is late finds its channel gone, so it cannot be taken for that of another request.
        thread::spawn(move || {
            let _ = answer.try_send(end.call(method, &args)); // who asked may have gone
        });
        answered.recv_deadline(deadline).ok().flatten()
    }
}
