//! A server that knows its clients' requests again, and a lock that is a queue.

use std::collections::BTreeMap;
use std::time::Duration;

use lab::kvraft_interface::{AnyLock, Locks, PutError, SingleKv, Version, VersionedClerk};
use labrpc::channel::{self, Receiver, Sender};
use labrpc::network::{ClientEnd, Service};
use labrpc::rand;
use labrpc::sync::mpsc;
use labrpc::thread;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
enum Question {
    Get { key: String },
    Put { key: String, value: String, version: Version },
}

#[derive(Clone, Serialize, Deserialize)]
struct Numbered {
    client: u64,
    number: u64,
    question: Question,
}

#[derive(Clone, Serialize, Deserialize)]
enum Answer {
    Held(Option<(String, Version)>),
    Put(Result<(), (bool,)>),
    /// To a copy of a request that was answered long ago: nobody waits for it.
    Old,
}

/// A request, and where its answer goes.
type Job = (Numbered, mpsc::Sender<Answer>);

/// What the owner's thread owns.
#[derive(Default)]
struct Owner {
    map: BTreeMap<String, (String, Version)>,
    /// The last put of each client, and what came of it.
    last: BTreeMap<u64, (u64, Result<(), (bool,)>)>,
}

impl Owner {
    fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok((Numbered { client, number, question }, answer)) = jobs.recv() {
            // Whoever waited has gone if this fails.
            let _ = answer.send(self.answer(client, number, question));
        }
    }

    fn answer(&mut self, client: u64, number: u64, question: Question) -> Answer {
        let (key, value, version) = match question {
            Question::Get { key } => return Answer::Held(self.map.get(&key).cloned()),
            Question::Put { key, value, version } => (key, value, version),
        };
        match self.last.get(&client) {
            Some((last, result)) if *last == number => return Answer::Put(*result),
            Some((last, _)) if *last > number => return Answer::Old,
            _ => {}
        }
        let at = self.map.get(&key).map(|(_, version)| *version);
        let result = if at.unwrap_or(0) == version {
            self.map.insert(key, (value, version + 1));
            Ok(())
        } else {
            Err((at.is_some(),))
        };
        self.last.insert(client, (number, result));
        Answer::Put(result)
    }
}

/// The server.
#[derive(Debug)]
pub struct Store;

impl SingleKv for Store {
    fn serve() -> Service {
        let (jobs, taken): (Sender<Job>, _) = channel::unbounded();
        thread::spawn(move || Owner::default().run(&taken));
        Service::new("Owner").method("Ask", move |request: Numbered| {
            let (answer, answered) = mpsc::channel();
            // The owner ends with its machine only.
            let _ = jobs.send((request, answer));
            answered.recv().unwrap_or(Answer::Old)
        })
    }

    fn clerk(server: ClientEnd) -> Box<dyn VersionedClerk> {
        Box::new(Session { server, client: rand::random(), number: 0 })
    }
}

struct Session {
    server: ClientEnd,
    client: u64,
    number: u64,
}

impl Session {
    fn ask(&mut self, question: Question) -> Answer {
        self.number += 1;
        let request = Numbered { client: self.client, number: self.number, question };
        loop {
            match self.server.call("Owner.Ask", &request) {
                Some(Answer::Old) | None => thread::sleep(Duration::from_millis(100)),
                Some(answer) => return answer,
            }
        }
    }
}

impl VersionedClerk for Session {
    fn get(&mut self, key: &str) -> Option<(String, Version)> {
        match self.ask(Question::Get { key: key.to_owned() }) {
            Answer::Held(held) => held,
            _ => None,
        }
    }

    fn put(&mut self, key: &str, value: &str, version: Version) -> Result<(), PutError> {
        let question = Question::Put { key: key.to_owned(), value: value.to_owned(), version };
        match self.ask(question) {
            Answer::Put(Ok(())) => Ok(()),
            Answer::Put(Err((true,))) => Err(PutError::Version),
            Answer::Put(Err((false,))) => Err(PutError::NoKey),
            Answer::Held(_) | Answer::Old => Err(PutError::Maybe),
        }
    }
}

/// The locks.
#[derive(Debug)]
pub struct Queue;

impl Locks for Queue {
    type Store = Store;

    fn lock(clerk: Box<dyn VersionedClerk>, name: &str) -> Box<dyn AnyLock> {
        Box::new(Ticket { clerk, name: name.to_owned(), number: 0 })
    }
}

/// As at a counter: draw a number, and wait until it is called. It needs a clerk that always knows.
struct Ticket {
    clerk: Box<dyn VersionedClerk>,
    name: String,
    number: u64,
}

impl Ticket {
    fn read(&mut self, what: &str) -> (u64, Version) {
        let told = self.clerk.get(&format!("{}/{what}", self.name));
        told.map_or((0, 0), |(value, version)| (value.parse().unwrap_or(0), version))
    }

    /// Makes a number one more, and returns what it was.
    fn count(&mut self, what: &str) -> u64 {
        loop {
            let (number, version) = self.read(what);
            let next = (number + 1).to_string();
            if self.clerk.put(&format!("{}/{what}", self.name), &next, version).is_ok() {
                return number;
            }
        }
    }
}

impl AnyLock for Ticket {
    fn acquire(&mut self) {
        self.number = self.count("drawn");
        while self.read("called").0 != self.number {
            thread::sleep(Duration::from_millis(7));
        }
    }

    fn release(&mut self) {
        self.count("called");
    }
}
