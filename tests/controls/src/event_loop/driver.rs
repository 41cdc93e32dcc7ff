//! The thread that owns the state: one event, then save, then send.

use labrpc::channel::{Receiver, RecvTimeoutError, Sender, select_biased};
use labrpc::network::ClientEnd;
use labrpc::sync::{Arc, OnceLock};
use labrpc::thread;
use labrpc::time::{Duration, Instant};
use raft_interface::{ApplyMsg, ServerId, Term};
use serde::Serialize;

use super::core::{Core, Outgoing};
use super::disk::{Changes, Disk};
use super::event::{Asked, Event};
use super::message::Request;

/// The unit of all timeouts.
const TICK: Duration = Duration::from_millis(10);

/// What the thread owns.
pub(super) struct Driver<const ONE_WAY: bool> {
    pub(super) core: Core,
    pub(super) disk: Disk,
    pub(super) peers: Vec<ClientEnd>,
    pub(super) events: Receiver<Event>,
    /// For the sender threads, which post the replies that they get.
    pub(super) post: Sender<Event>,
    pub(super) applier: Sender<ApplyMsg>,
    /// Answers that wait until what they tell is saved.
    pub(super) answers: Vec<Box<dyn FnOnce() + Send>>,
    /// The term that is on the disk.
    pub(super) saved_term: Term,
    /// Where that stands when the loop has ended.
    pub(super) ended_in: Arc<OnceLock<Term>>,
    /// Never used: the applier sees it go when the loop ends.
    pub(super) _alive: Sender<()>,
}

impl<const ONE_WAY: bool> Driver<ONE_WAY> {
    /// Runs until [`Event::Stop`].
    pub(super) fn run(mut self) {
        let mut next_tick = Instant::now() + TICK;
        loop {
            match self.events.recv_deadline(next_tick) {
                Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => {
                    let _ = self.ended_in.set(self.saved_term);
                    return;
                }
                Ok(event) => self.handle(event),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.save_and_send();
            // Looked at after events, too: many of them must not keep the clock from being heard.
            let now = Instant::now();
            if now >= next_tick {
                // One tick, however late: a server that stood still has not waited in vain for a leader.
                next_tick = now + TICK;
                self.core.tick();
                self.save_and_send();
            }
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Vote(asked) => {
                let reply = self.core.on_request_vote(&asked.args);
                self.reply(asked, reply);
            }
            Event::Append(asked) => {
                let reply = self.core.on_append_entries(&asked.args);
                self.reply(asked, reply);
            }
            Event::Install(asked) => {
                let reply = self.core.on_install_snapshot(&asked.args);
                self.reply(asked, reply);
            }
            Event::VoteResponse(response) => self.core.on_vote_response(&response),
            Event::AppendResponse(response) => self.core.on_append_response(&response),
            Event::InstallResponse(response) => self.core.on_install_response(&response),
            Event::Start(command, to) => {
                let started = self.core.start(command);
                self.answer(to, started);
            }
            Event::GetState(to) => {
                let state = self.core.get_state();
                self.answer(to, state);
            }
            Event::Snapshot(index, data, to) => {
                self.core.take_snapshot(index, data);
                self.answer(to, ());
            }
            Event::Stop => {}
        }
    }

    fn answer<T: Send + 'static>(&mut self, to: Sender<T>, answer: T) {
        // Whoever asked may be gone.
        self.answers.push(Box::new(move || drop(to.send(answer))));
    }

    fn reply<A: Request>(&mut self, asked: Asked<A>, reply: A::Reply) {
        let Asked { args, reply_to } = asked;
        if let Some(to) = reply_to {
            return self.answer(to, reply);
        }
        let response = args.response(self.core.me, reply);
        let end = self.peers[args.asker()].clone();
        self.answers.push(Box::new(move || {
            in_a_thread(move || tell(&end, A::RESPONSE_METHOD, &response));
        }));
    }

    /// Lets out what the last event has brought about, once it is saved. If that fails all is kept until a later event
    /// or tick finds the disk well again: to the others this is a slow server.
    fn save_and_send(&mut self) {
        let Core { ballot, log, snapshot, changes, .. } = &self.core;
        if changes.any() {
            if self.disk.save(ballot, log, snapshot, changes).is_err() {
                return;
            }
            self.saved_term = ballot.current_term;
            self.core.changes = Changes::default();
        }
        for (to, request) in std::mem::take(&mut self.core.ready.requests) {
            match request {
                Outgoing::Vote(args) => self.send(to, args, Event::VoteResponse),
                Outgoing::Append(args) => self.send(to, args, Event::AppendResponse),
                Outgoing::Install(args) => self.send(to, args, Event::InstallResponse),
            }
        }
        for answer in self.answers.drain(..) {
            answer();
        }
        for message in self.core.ready.deliveries.drain(..) {
            // The applier ends early only if nobody reads what it delivers.
            let _ = self.applier.send(message);
        }
    }

    fn send<A: Request>(&self, to: ServerId, args: A, event: fn(A::Response) -> Event) {
        let (end, post) = (self.peers[to].clone(), self.post.clone());
        in_a_thread(move || {
            if ONE_WAY {
                tell(&end, A::METHOD, &args);
            } else if let Some(reply) = end.call::<A, A::Reply>(A::METHOD, &args) {
                let _ = post.send(event(args.response(to, reply)));
            }
        });
    }
}

/// Calls and wants no reply.
fn tell<A: Serialize>(end: &ClientEnd, method: &str, args: &A) {
    let _: Option<()> = end.call(method, args);
}

/// A call can take seconds; the loop must not wait for it, nor the next call.
fn in_a_thread(body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name("sender".into()).spawn(body).expect("a thread to send in");
}

/// Gives to the service what is committed, in its own time. Ends with the loop, whose end shows at `stopped`, or when
/// the service is gone.
pub(super) fn deliver(queue: &Receiver<ApplyMsg>, apply: &Sender<ApplyMsg>, stopped: &Receiver<()>) {
    for message in queue {
        select_biased! {
            recv(stopped) -> _ => return,
            send(apply, message) -> sent => if sent.is_err() { return },
        }
    }
}
