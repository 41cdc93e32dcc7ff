//! Writes by version, and no sessions: what 6.5840 asks for since 2025.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::Duration;

use kvraft_interface::{
    AnyClerk, AnyService, ClerkError, KeyValue, Layer, Reads, ServiceSetup, TooLarge, VALUE_BYTES_MAX,
    Version, Writes, check_key,
};
use labrpc::channel::{self, Receiver, RecvTimeoutError, Sender};
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::{Arc, Mutex};
use labrpc::{rand, thread};
use raft_interface::{ApplyMsg, Persister, RaftServer};
use serde::{Deserialize, Serialize};

/// The service, on whatever Raft.
#[derive(Debug)]
pub struct ByVersion<R>(PhantomData<fn() -> R>);

#[derive(Clone, Serialize, Deserialize)]
enum Ask {
    Read(String),
    Write(String, String, Version),
    Add(i64),
}

#[derive(Clone, Serialize, Deserialize)]
enum Told {
    Value(Option<(String, Version)>),
    Written,
    OtherVersion(Version),
    Sum(i64),
    /// Not a leader, or one no more.
    Elsewhere,
}

/// All that is replicated. A snapshot is this, and no index.
#[derive(Default, Serialize, Deserialize)]
struct Machine {
    values: BTreeMap<String, (String, Version)>,
    sum: i64,
}

impl Machine {
    fn execute(&mut self, ask: Ask) -> Told {
        match ask {
            Ask::Read(key) => Told::Value(self.values.get(&key).cloned()),
            Ask::Write(key, value, version) => {
                let now = self.values.get(&key).map_or(0, |(_, now)| *now);
                if now != version {
                    return Told::OtherVersion(now);
                }
                self.values.insert(key, (value, now + 1));
                Told::Written
            }
            Ask::Add(delta) => {
                self.sum += delta;
                Told::Sum(self.sum)
            }
        }
    }
}

struct Replica<R> {
    raft: R,
    machine: Mutex<Machine>,
    /// Who waits for which entry, by a number that no other entry has.
    waiting: Mutex<BTreeMap<u64, Sender<Told>>>,
    persister: Arc<dyn Persister>,
    raft_state_bytes_max: Option<usize>,
}

/// How often who waits looks at the term.
const LOOK: Duration = Duration::from_millis(30);

impl<R: RaftServer> Replica<R> {
    fn submit(&self, ask: Ask) -> Told {
        let number: u64 = rand::random();
        let (sender, told) = channel::bounded(1);
        self.waiting.lock().insert(number, sender);
        let entry = postcard::to_stdvec(&(number, ask)).expect("plain data");
        let started = self.raft.start(entry.into());
        if !started.is_leader {
            self.waiting.lock().remove(&number);
            return Told::Elsewhere;
        }
        loop {
            match told.recv_timeout(LOOK) {
                Ok(told) => return told,
                Err(RecvTimeoutError::Timeout) if self.raft.get_state() == (started.term, true) => {}
                Err(_) => break,
            }
        }
        self.waiting.lock().remove(&number);
        Told::Elsewhere
    }

    fn read(&self, delivered: &Receiver<ApplyMsg>) {
        while let Ok(message) = delivered.recv() {
            match message {
                ApplyMsg::Command { index, command, .. } => {
                    let (number, ask) = postcard::from_bytes(&command).expect("an entry of this service");
                    let told = self.machine.lock().execute(ask);
                    if let Some(waiting) = self.waiting.lock().remove(&number) {
                        let _ = waiting.send(told);
                    }
                    if self.raft_state_bytes_max.is_some_and(|max| self.persister.raft_state_len() > max) {
                        let data = postcard::to_stdvec(&*self.machine.lock()).expect("plain data");
                        self.raft.snapshot(index, data);
                    }
                }
                ApplyMsg::Snapshot { data, .. } => {
                    *self.machine.lock() = postcard::from_bytes(&data).expect("a snapshot of this service");
                }
                ApplyMsg::Own { .. } => {}
            }
        }
    }
}

struct Handle<R>(Arc<Replica<R>>);

impl<R: RaftServer> AnyService for Handle<R> {
    fn handlers(&self) -> Option<Service> {
        let replica = Arc::clone(&self.0);
        Some(Service::new("KVServer").method("Do", move |ask: Ask| replica.submit(ask)))
    }

    fn add(&self, delta: i64) -> Option<i64> {
        match self.0.submit(Ask::Add(delta)) {
            Told::Sum(sum) => Some(sum),
            _ => None,
        }
    }

    fn counter(&self) -> i64 {
        self.0.machine.lock().sum
    }

    fn kill(&self) {
        self.0.raft.kill();
        // Whoever waits for an entry is told nothing.
        self.0.waiting.lock().clear();
    }
}

struct Clerk {
    servers: Vec<ClientEnd>,
    leader: usize,
}

impl Clerk {
    /// Asks one server after the other. Says whether it has asked more than once.
    fn ask(&mut self, ask: &Ask) -> (Told, bool) {
        let mut again = false;
        loop {
            match self.servers[self.leader].call("KVServer.Do", ask) {
                None | Some(Told::Elsewhere) => {}
                Some(told) => return (told, again),
            }
            again = true;
            self.leader = (self.leader + 1) % self.servers.len();
            thread::sleep(Duration::from_millis(40));
        }
    }
}

impl AnyClerk for Clerk {
    fn get(&mut self, key: &str) -> Result<Option<(String, Version)>, ClerkError> {
        check_key(key)?;
        match self.ask(&Ask::Read(key.to_owned())).0 {
            Told::Value(value) => Ok(value),
            _ => Err(ClerkError::Protocol),
        }
    }

    fn put_version(&mut self, key: &str, value: &str, version: Version) -> Result<(), ClerkError> {
        check_key(key)?;
        if value.len() > VALUE_BYTES_MAX {
            return Err(TooLarge::Value(value.len()).into());
        }
        match self.ask(&Ask::Write(key.to_owned(), value.to_owned(), version)) {
            (Told::Written, _) => Ok(()),
            (Told::OtherVersion(_), true) => Err(ClerkError::Maybe),
            (Told::OtherVersion(now), false) => Err(ClerkError::WrongVersion(now)),
            _ => Err(ClerkError::Protocol),
        }
    }
}

impl<R: RaftServer> KeyValue for ByVersion<R> {
    type Raft = R;

    fn make(setup: ServiceSetup<R>) -> Arc<dyn AnyService> {
        let ServiceSetup { raft, delivered, persister, layer, raft_state_bytes_max, .. } = setup;
        debug_assert!(matches!(layer, Layer::Counter | Layer::KeyValue), "both are the same machine");
        let machine = Mutex::new(postcard::from_bytes(&persister.snapshot()).unwrap_or_default());
        let waiting = Mutex::default();
        let replica = Arc::new(Replica { raft, machine, waiting, persister, raft_state_bytes_max });
        let reader = Arc::clone(&replica);
        thread::spawn(move || reader.read(&delivered));
        Arc::new(Handle(replica))
    }

    fn clerk(servers: Vec<ClientEnd>, _: Reads) -> Box<dyn AnyClerk> {
        Box::new(Clerk { servers, leader: 0 })
    }

    fn offers_writes(writes: Writes) -> bool {
        writes == Writes::ByVersion
    }
}
