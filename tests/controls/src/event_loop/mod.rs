//! A Raft in the manner of etcd: one thread owns all state and reads events from one channel.
//!
//! Handlers, and the calls of the service, post an event and wait for its answer. The loop (`driver`) gives each event to
//! the rules (`core`), saves what has changed (`disk`), and only then lets answers, requests and committed entries out. A
//! tick each 10 ms drives all timeouts. Requests are made by threads of their own, which post the replies.
//!
//! With `ONE_WAY` there are no replies: handlers answer `()` at once, and what they would have answered goes to the asker
//! as a call of its own (`RequestVoteResponse`, ...), which says who sends it and what it is about.

mod core;
mod disk;
mod driver;
mod event;
mod log;
mod message;

use std::fmt;

use labrpc::channel::{Sender, bounded, unbounded};
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::{Arc, OnceLock};
use labrpc::thread;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};

use self::core::Core;
use self::disk::Disk;
use self::driver::{Driver, deliver};
use self::event::{Asked, Event};
use self::message::Request;

/// One server. All clones are the same server.
#[derive(Clone)]
pub struct Raft<const ONE_WAY: bool> {
    post: Sender<Event>,
    /// The term in which the loop ended, if it has.
    ended_in: Arc<OnceLock<Term>>,
}

/// Handlers answer when the loop has.
pub type EventLoop = Raft<false>;
/// Handlers answer nothing, and responses are messages of their own.
pub type OneWay = Raft<true>;

impl<const ONE_WAY: bool> Raft<ONE_WAY> {
    /// Has the loop answer a question. `None` if it has ended.
    fn ask<T>(&self, question: impl FnOnce(Sender<T>) -> Event) -> Option<T> {
        let (sender, answer) = bounded(1);
        self.post.send(question(sender)).ok()?;
        answer.recv().ok()
    }

    /// The term of a server whose loop has ended.
    fn last_term(&self) -> Term {
        self.ended_in.get().copied().unwrap_or_default()
    }

    /// The handler of one kind of request, and of its response where replies travel alone.
    fn handle<A: Request>(
        &self,
        service: Service,
        asked: fn(Asked<A>) -> Event,
        answered: fn(A::Response) -> Event,
    ) -> Service {
        let raft = self.clone();
        if !ONE_WAY {
            return service.method(method_name(A::METHOD), move |args: A| -> A::Reply {
                raft.ask(|sender| asked(Asked { args, reply_to: Some(sender) })).unwrap_or_default()
            });
        }
        let same_raft = self.clone();
        service
            .method(method_name(A::METHOD), move |args: A| {
                // A server that has ended takes no notice.
                let _ = raft.post.send(asked(Asked { args, reply_to: None }));
            })
            .method(method_name(A::RESPONSE_METHOD), move |response: A::Response| {
                let _ = same_raft.post.send(answered(response));
            })
    }
}

/// The part of a full name that a service adds to its own.
fn method_name(full: &'static str) -> &'static str {
    full.rsplit('.').next().unwrap_or(full)
}

impl<const ONE_WAY: bool> RaftServer for Raft<ONE_WAY> {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let (disk, ballot, log, snapshot) = Disk::open(persister);
        let (saved_term, ended_in) = (ballot.current_term, Arc::new(OnceLock::new()));
        let core = Core::new(me, peers.len(), ballot, log, snapshot);
        let (post, events) = unbounded();
        // Without bound: a service that is slow, or that calls the server meanwhile, must not stop the loop.
        let (applier, queue) = unbounded();
        let (alive, stopped) = bounded(0);
        let raft = Self { post: post.clone(), ended_in: ended_in.clone() };
        let driver = Driver::<ONE_WAY> {
            core,
            disk,
            peers,
            events,
            post,
            applier,
            answers: Vec::new(),
            saved_term,
            ended_in,
            _alive: alive,
        };
        let spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
            thread::Builder::new().name(name.into()).spawn(body).expect("a thread for the server");
        };
        spawn("loop", Box::new(move || driver.run()));
        spawn("applier", Box::new(move || deliver(&queue, &apply, &stopped)));
        raft
    }

    fn service(&self) -> Service {
        let service = Service::new("Raft");
        let service = self.handle(service, Event::Vote, Event::VoteResponse);
        let service = self.handle(service, Event::Append, Event::AppendResponse);
        self.handle(service, Event::Install, Event::InstallResponse)
    }

    fn start(&self, command: Command) -> Started {
        let refused = |term| Started { index: 0, term, is_leader: false };
        self.ask(|sender| Event::Start(command, sender)).unwrap_or_else(|| refused(self.last_term()))
    }

    fn get_state(&self) -> (Term, bool) {
        self.ask(Event::GetState).unwrap_or_else(|| (self.last_term(), false))
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        self.ask(|sender| Event::Snapshot(index, data, sender));
    }

    fn kill(&self) {
        // It may have ended before.
        let _ = self.post.send(Event::Stop);
    }
}

impl<const ONE_WAY: bool> fmt::Debug for Raft<ONE_WAY> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if ONE_WAY { "a Raft with one-way messages" } else { "a Raft with an event loop" })
    }
}
