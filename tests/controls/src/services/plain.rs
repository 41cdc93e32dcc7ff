//! Put, Append and Get with sessions, and no versions: what 6.824 asked for until 2024.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::Duration;

use kvraft_interface::{
    AnyClerk, AnyService, ClerkError, KeyValue, Reads, ServiceSetup, TooLarge, VALUE_BYTES_MAX, Version,
    Writes, check_key,
};
use labrpc::channel::{self, Receiver};
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::{Arc, Condvar, Mutex};
use labrpc::time::Instant;
use labrpc::{rand, thread};
use raft_interface::{ApplyMsg, Index, Persister, RaftServer, Term};
use serde::{Deserialize, Serialize};

/// The service, on whatever Raft.
#[derive(Debug)]
pub struct Plain<R>(PhantomData<fn() -> R>);

#[derive(Clone, Serialize, Deserialize)]
enum Op {
    Get(String),
    Put(String, String),
    Append(String, String),
    Add(i64),
}

/// What a clerk sends, and what stands in the log.
#[derive(Clone, Serialize, Deserialize)]
struct Request {
    client: u64,
    number: u64,
    op: Op,
}

#[derive(Clone, Serialize, Deserialize)]
enum Reply {
    Done(String),
    TooLong,
    Retry,
}

/// What a snapshot holds.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Stored {
    values: BTreeMap<String, String>,
    sum: i64,
    /// Of each client the last number that was executed, and what it is told.
    executed: BTreeMap<u64, (u64, Option<String>)>,
}

#[derive(Default)]
struct State {
    stored: Stored,
    applied: Index,
    /// Which entries somebody waits for; once applied, of which term they were.
    awaited: BTreeMap<Index, Option<Term>>,
}

struct Node<R> {
    raft: R,
    state: Mutex<State>,
    has_applied: Condvar,
    persister: Arc<dyn Persister>,
    raft_state_bytes_max: Option<usize>,
}

/// After this time a handler gives up.
const PATIENCE: Duration = Duration::from_millis(500);

impl Stored {
    /// Whether it has been executed, and what is told then. A read is told what is there now.
    fn reply(&self, request: &Request) -> Option<Reply> {
        let (number, told) = self.executed.get(&request.client)?;
        if *number < request.number {
            return None;
        }
        Some(match (&request.op, told) {
            (Op::Get(key), _) => Reply::Done(self.values.get(key).cloned().unwrap_or_default()),
            (_, Some(told)) => Reply::Done(told.clone()),
            (_, None) => Reply::TooLong,
        })
    }

    fn execute(&mut self, request: Request) {
        if self.reply(&request).is_some() {
            return;
        }
        let told = match request.op {
            Op::Get(_) => Some(String::new()),
            Op::Put(key, value) => {
                self.values.insert(key, value);
                Some(String::new())
            }
            Op::Append(key, tail) => {
                let value = self.values.entry(key).or_default();
                let fits = value.len() + tail.len() <= VALUE_BYTES_MAX;
                fits.then(|| value.push_str(&tail)).map(|()| String::new())
            }
            Op::Add(delta) => {
                self.sum += delta;
                Some(self.sum.to_string())
            }
        };
        self.executed.insert(request.client, (request.number, told));
    }
}

impl<R: RaftServer> Node<R> {
    fn serve(&self, request: &Request) -> Reply {
        if let (false, Some(reply)) =
            (matches!(request.op, Op::Get(_)), self.state.lock().stored.reply(request))
        {
            return reply;
        }
        let entry = postcard::to_stdvec(request).expect("plain data");
        // Under the lock, or it might be applied before it is noted that somebody waits.
        let mut state = self.state.lock();
        let started = self.raft.start(entry.into());
        if !started.is_leader {
            return Reply::Retry;
        }
        let end = Instant::now() + PATIENCE;
        state.awaited.insert(started.index, None);
        while state.applied < started.index && Instant::now() < end {
            self.has_applied.wait_until(&mut state, end);
        }
        match state.awaited.remove(&started.index).flatten() {
            Some(term) if term == started.term => state.stored.reply(request).unwrap_or(Reply::Retry),
            _ => Reply::Retry,
        }
    }

    fn apply(&self, delivered: &Receiver<ApplyMsg>) {
        while let Ok(message) = delivered.recv() {
            let mut state = self.state.lock();
            match message {
                ApplyMsg::Command { index, term, command } => {
                    state.stored.execute(postcard::from_bytes(&command).expect("an entry of this service"));
                    state.applied = index;
                    if let Some(applied) = state.awaited.get_mut(&index) {
                        *applied = Some(term);
                    }
                    self.snapshot_if_due(&state);
                }
                ApplyMsg::Snapshot { index, data, .. } => {
                    state.stored = postcard::from_bytes(&data).expect("a snapshot of this service");
                    state.applied = index;
                }
                ApplyMsg::Own { index, .. } => state.applied = index,
            }
            self.has_applied.notify_all();
        }
    }

    /// Well before the limit, and by a thread of its own: several may be under way, and the older one come later.
    fn snapshot_if_due(&self, state: &State) {
        let is_due =
            |max: usize| self.persister.raft_state_len() >= max - max / 3 && self.raft.get_state().0 > 0;
        if self.raft_state_bytes_max.is_some_and(is_due) {
            let (raft, index) = (self.raft.clone(), state.applied);
            let data = postcard::to_stdvec(&state.stored).expect("plain data");
            thread::spawn(move || raft.snapshot(index, data));
        }
    }
}

struct Handle<R>(Arc<Node<R>>);

impl<R: RaftServer> AnyService for Handle<R> {
    fn handlers(&self) -> Option<Service> {
        let node = Arc::clone(&self.0);
        Some(Service::new("KVServer").method("Serve", move |request: Request| node.serve(&request)))
    }

    fn add(&self, delta: i64) -> Option<i64> {
        match self.0.serve(&Request { client: rand::random(), number: 1, op: Op::Add(delta) }) {
            Reply::Done(sum) => sum.parse().ok(),
            _ => None,
        }
    }

    fn counter(&self) -> i64 {
        self.0.state.lock().stored.sum
    }

    fn kill(&self) {
        self.0.raft.kill();
    }
}

struct Clerk {
    servers: Vec<ClientEnd>,
    id: u64,
    number: u64,
}

impl Clerk {
    /// Asks all servers at once, and again if none has done it in time. What comes late is left.
    fn ask(&mut self, op: Op) -> Reply {
        self.number += 1;
        let request = Request { client: self.id, number: self.number, op };
        for round in 1_u64.. {
            let (sender, replies) = channel::bounded(self.servers.len());
            for server in &self.servers {
                let (server, sender, request) = (server.clone(), sender.clone(), request.clone());
                thread::spawn(move || sender.send(server.call::<_, Reply>("KVServer.Serve", &request)));
            }
            drop(sender);
            let end = Instant::now() + PATIENCE / 2;
            while let Ok(reply) = replies.recv_deadline(end) {
                if let Some(reply @ (Reply::Done(_) | Reply::TooLong)) = reply {
                    return reply;
                }
            }
            thread::sleep(Duration::from_millis((10 * round).min(100)));
        }
        unreachable!("it asks for ever")
    }

    fn write(&mut self, key: &str, value: &str, op: fn(String, String) -> Op) -> Result<(), ClerkError> {
        check_key(key)?;
        if value.len() > VALUE_BYTES_MAX {
            return Err(TooLarge::Value(value.len()).into());
        }
        match self.ask(op(key.to_owned(), value.to_owned())) {
            Reply::Done(_) => Ok(()),
            Reply::TooLong => Err(ClerkError::ValueTooLong),
            Reply::Retry => Err(ClerkError::Protocol),
        }
    }
}

impl AnyClerk for Clerk {
    fn get(&mut self, key: &str) -> Result<Option<(String, Version)>, ClerkError> {
        check_key(key)?;
        match self.ask(Op::Get(key.to_owned())) {
            // There are no versions, and no keys that are missing.
            Reply::Done(value) => Ok(Some((value, 0))),
            _ => Err(ClerkError::Protocol),
        }
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), ClerkError> {
        self.write(key, value, Op::Put)
    }

    fn append(&mut self, key: &str, tail: &str) -> Result<(), ClerkError> {
        self.write(key, tail, Op::Append)
    }
}

impl<R: RaftServer> KeyValue for Plain<R> {
    type Raft = R;

    fn make(setup: ServiceSetup<R>) -> Arc<dyn AnyService> {
        let ServiceSetup { raft, delivered, persister, raft_state_bytes_max, .. } = setup;
        let stored = postcard::from_bytes(&persister.snapshot()).unwrap_or_default();
        let state = Mutex::new(State { stored, ..State::default() });
        let has_applied = Condvar::new();
        let node = Arc::new(Node { raft, state, has_applied, persister, raft_state_bytes_max });
        let applier = Arc::clone(&node);
        thread::spawn(move || applier.apply(&delivered));
        Arc::new(Handle(node))
    }

    fn clerk(servers: Vec<ClientEnd>, _: Reads) -> Box<dyn AnyClerk> {
        Box::new(Clerk { servers, id: rand::random(), number: 0 })
    }

    fn offers_writes(writes: Writes) -> bool {
        writes == Writes::Plain
    }
}
