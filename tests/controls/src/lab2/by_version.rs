//! A holder knows its lock by the version at which it wrote.

use std::collections::BTreeMap;
use std::time::Duration;

use lab::kvraft_interface::{AnyLease, AnyLock, Locks, PutError, SingleKv, Token, Version, VersionedClerk};
use labrpc::network::{ClientEnd, Service};
use labrpc::rand;
use labrpc::sync::{Arc, Mutex, RwLock};
use labrpc::thread;
use labrpc::time::Instant;
use serde::{Deserialize, Serialize};

/// What a client asks: to read, or to write where the version is this one.
#[derive(Serialize, Deserialize)]
struct Ask {
    key: String,
    write: Option<(String, Version)>,
}

/// The state of the key before the write, and whether it was written.
#[derive(Serialize, Deserialize)]
struct Told {
    before: Option<(String, Version)>,
    is_written: bool,
}

/// A value and how often it was written, behind a lock of its own; `None` before the first write.
type Cell = Arc<Mutex<Option<(String, Version)>>>;

/// The map: each key has a lock of its own.
#[derive(Default)]
struct Cells(RwLock<BTreeMap<String, Cell>>);

impl Cells {
    fn cell(&self, key: &str) -> Cell {
        if let Some(cell) = self.0.read().get(key) {
            return Arc::clone(cell);
        }
        Arc::clone(self.0.write().entry(key.to_owned()).or_default())
    }

    fn serve(&self, Ask { key, write }: Ask) -> Told {
        let cell = self.cell(&key);
        let mut held = cell.lock();
        let before = held.clone();
        let mut is_written = false;
        if let Some((value, version)) = write
            && version == before.as_ref().map_or(0, |(_, version)| *version)
        {
            *held = Some((value, version + 1));
            is_written = true;
        }
        Told { before, is_written }
    }
}

/// The server.
#[derive(Debug)]
pub struct Store;

impl SingleKv for Store {
    fn serve() -> Service {
        let cells = Cells::default();
        Service::new("Cells").method("Serve", move |ask: Ask| cells.serve(ask))
    }

    fn clerk(server: ClientEnd) -> Box<dyn VersionedClerk> {
        Box::new(Asker { server })
    }
}

struct Asker {
    server: ClientEnd,
}

impl Asker {
    /// The answer, and how many copies of the request were sent.
    fn ask(&self, ask: &Ask) -> (Told, u32) {
        let mut tries = 0;
        loop {
            tries += 1;
            if let Some(told) = self.server.call("Cells.Serve", ask) {
                return (told, tries);
            }
            thread::sleep(Duration::from_millis(5 << tries.min(6)));
        }
    }
}

impl VersionedClerk for Asker {
    fn get(&mut self, key: &str) -> Option<(String, Version)> {
        self.ask(&Ask { key: key.to_owned(), write: None }).0.before
    }

    fn put(&mut self, key: &str, value: &str, version: Version) -> Result<(), PutError> {
        let write = Some((value.to_owned(), version));
        match self.ask(&Ask { key: key.to_owned(), write }) {
            (Told { is_written: true, .. }, _) => Ok(()),
            (Told { before: None, .. }, _) => Err(PutError::NoKey),
            // The key has not got past this version, and versions only grow: no copy of it was done.
            (Told { before: Some((_, at)), .. }, _) if at <= version => Err(PutError::Version),
            (_, 1) => Err(PutError::Version),
            _ => Err(PutError::Maybe),
        }
    }
}

/// The locks.
#[derive(Debug)]
pub struct ByVersion;

impl Locks for ByVersion {
    type Store = Store;

    fn lock(clerk: Box<dyn VersionedClerk>, name: &str) -> Box<dyn AnyLock> {
        Box::new(Flag { clerk, key: format!("{name} flag"), me: rand::random(), holdings: 0, mine: 0 })
    }

    fn leases() -> bool {
        true
    }

    fn lease(clerk: Box<dyn VersionedClerk>, name: &str, time: Duration) -> Option<Box<dyn AnyLease>> {
        let key = format!("{name} lease");
        Some(Box::new(Counted { clerk, key, time, me: rand::random(), token: 0 }))
    }
}

/// Taken where the value is not empty.
struct Flag {
    clerk: Box<dyn VersionedClerk>,
    key: String,
    /// This handle's number; with the number of the holding it is unique.
    me: u64,
    holdings: u64,
    /// The version that it has made when it took the lock.
    mine: Version,
}

impl AnyLock for Flag {
    fn acquire(&mut self) {
        self.holdings += 1;
        let mark = format!("{}.{}", self.me, self.holdings);
        loop {
            // First the put, blindly: mostly the lock is free where it was left.
            let (value, version) = match self.clerk.put(&self.key, &mark, self.mine) {
                Ok(()) => {
                    self.mine += 1;
                    return;
                }
                Err(_) => self.clerk.get(&self.key).unwrap_or_default(),
            };
            if value == mark {
                self.mine = version;
                return;
            }
            if value.is_empty() {
                self.mine = version;
            } else {
                // A version that was never there yet, so that the next put is refused while the lock is held.
                self.mine = version + 1;
                thread::sleep(Duration::from_millis(3));
            }
        }
    }

    fn release(&mut self) {
        // Whatever is said to it: only at this version is the lock its own, and a put of this version is done once at most.
        let _ = self.clerk.put(&self.key, "", self.mine);
        self.mine += 1;
    }
}

/// The value is `token holder`, and the holder is missing where the lease was given back.
struct Counted {
    clerk: Box<dyn VersionedClerk>,
    key: String,
    time: Duration,
    me: u64,
    token: Token,
}

fn read(value: &str) -> (Token, &str) {
    let (token, holder) = value.split_once(' ').unwrap_or_default();
    (token.parse().unwrap_or(0), holder)
}

impl AnyLease for Counted {
    fn acquire(&mut self) -> Token {
        let me = format!("{:x}{:x}", self.me, rand::random::<u64>());
        let mut watched = (String::new(), Instant::now());
        loop {
            let (value, version) = self.clerk.get(&self.key).unwrap_or_default();
            let (token, holder) = read(&value);
            if holder == me {
                self.token = token;
                return token;
            }
            if watched.0 != value {
                watched = (value.clone(), Instant::now());
            }
            if holder.is_empty() || watched.1.elapsed() > self.time + Duration::from_millis(10) {
                // Whether it was done is read in the next round.
                let _ = self.clerk.put(&self.key, &format!("{} {me}", token + 10), version);
                continue;
            }
            thread::sleep(Duration::from_millis(25));
        }
    }

    fn release(&mut self) {
        if let Some((value, version)) = self.clerk.get(&self.key)
            && read(&value).0 == self.token
        {
            let _ = self.clerk.put(&self.key, &format!("{} ", self.token), version);
        }
    }
}
