//! The three kinds of thread, each a loop. Exit rules first: every loop ends when the server stops.

use labrpc::channel::{Sender, TrySendError, select};
use labrpc::sync::Arc;
use labrpc::thread;
use labrpc::time::Instant;
use raft_interface::{ApplyMsg, ServerId};

use crate::monitor::{Node, Plan};
use crate::rpc::{APPEND_ENTRIES, INSTALL_SNAPSHOT, Message, Outgoing, REQUEST_VOTE};
use crate::state::{Moment, State};

/// Starts a thread that nobody joins: it ends by itself when the server stops.
fn spawn(name: String, body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name(name).spawn(body).expect("the system refuses another thread");
}

impl Node {
    /// Starts the threads of a server. Senders are started by the ticker when they are needed.
    pub(crate) fn spawn_threads(self: &Arc<Self>, apply: Sender<ApplyMsg>) {
        let node = self.clone();
        spawn("ticker".into(), move || node.tick());
        let node = self.clone();
        spawn("applier".into(), move || node.apply(&apply));
    }

    /// The ticker: stands for election when no leader is heard of, sees to it that messages whose time has come
    /// find a sender, and sleeps until the next deadline.
    fn tick(self: Arc<Self>) {
        loop {
            let mut monitor = self.monitor.lock();
            let now = Instant::now();
            if monitor.state.stopped {
                return;
            }
            if monitor.state.election_due(now) {
                self.step_holding(monitor, |state, moment| state.start_election(moment));
                continue;
            }
            for peer in monitor.peers_due(now, |pool| pool.ready > 0) {
                self.senders[peer].notify_one();
            }
            let short_handed: Vec<ServerId> = monitor.peers_due(now, |pool| pool.may_grow()).collect();
            if !short_handed.is_empty() {
                for &peer in &short_handed {
                    monitor.pools[peer].all += 1;
                    monitor.pools[peer].ready += 1;
                }
                drop(monitor);
                short_handed.into_iter().for_each(|peer| self.spawn_sender(peer));
                continue;
            }
            let alarm = monitor.next_alarm(now);
            monitor.ticker_plan = Plan::Asleep(alarm);
            match alarm {
                Some(at) => {
                    let _timed_out_or_woken = self.ticker.wait_until(&mut monitor, at); // the loop looks anyway
                }
                None => self.ticker.wait(&mut monitor),
            }
            monitor.ticker_plan = Plan::Awake;
        }
    }

    fn spawn_sender(self: &Arc<Self>, peer: ServerId) {
        let node = self.clone();
        spawn(format!("sender to S{peer}"), move || node.send(peer));
    }

    /// A sender: waits until a message to its peer is due, calls, handles the reply. While it is in its call
    /// another one sends, so a call that hangs holds nothing up.
    fn send(self: Arc<Self>, peer: ServerId) {
        while let Some(outgoing) = self.next_outgoing(peer) {
            self.call(outgoing);
        }
    }

    /// Waits for a message to `peer`. `None` when the sender should end: the server has stopped, or there are
    /// more senders than needed.
    fn next_outgoing(&self, peer: ServerId) -> Option<Outgoing> {
        let mut monitor = self.monitor.lock();
        while !monitor.state.stopped {
            if monitor.state.due_at(peer).is_some_and(|at| at <= Instant::now()) {
                monitor.pools[peer].ready -= 1;
                return self.step_holding(monitor, |state, moment| state.message_for(peer, moment))?;
            }
            if monitor.pools[peer].is_too_large() {
                monitor.pools[peer].ready -= 1;
                monitor.pools[peer].all -= 1;
                return None;
            }
            self.senders[peer].wait(&mut monitor);
        }
        None
    }

    /// Makes one call, without the lock, and handles its end.
    fn call(&self, Outgoing { tag, message }: Outgoing) {
        let end = &self.ends[tag.peer];
        match message {
            Message::RequestVote(args) => {
                let reply = end.call(REQUEST_VOTE, &args);
                self.back_from_call(tag.peer, |s, m| s.on_vote_reply(tag, &args, reply.as_ref(), m));
            }
            Message::AppendEntries(args) => {
                let reply = end.call(APPEND_ENTRIES, &args);
                self.back_from_call(tag.peer, |s, m| {
                    s.on_append_entries_reply(tag, &args, reply.as_ref(), m)
                });
            }
            Message::InstallSnapshot(args) => {
                let reply = end.call(INSTALL_SNAPSHOT, &args);
                self.back_from_call(tag.peer, |s, m| {
                    s.on_install_snapshot_reply(tag, &args, reply.as_ref(), m)
                });
            }
        }
    }

    /// A step of a sender that is ready for the next message again.
    fn back_from_call(&self, peer: ServerId, change: impl FnOnce(&mut State, &Moment)) {
        let mut monitor = self.monitor.lock();
        monitor.pools[peer].ready += 1;
        self.step_holding(monitor, change);
    }

    /// The applier: takes what is committed, in order, and delivers it without the lock.
    fn apply(self: Arc<Self>, apply: &Sender<ApplyMsg>) {
        while let Some(batch) = self.next_batch() {
            for message in batch {
                if !self.deliver(apply, message) {
                    return;
                }
            }
        }
    }

    /// Waits for something to apply. `None` when the server has stopped.
    fn next_batch(&self) -> Option<Vec<ApplyMsg>> {
        let mut monitor = self.monitor.lock();
        while !monitor.state.stopped && !monitor.state.has_work_for_applier() {
            self.applier.wait(&mut monitor);
        }
        self.step_holding(monitor, |state, _| state.next_to_apply())
    }

    /// Sends one message to the service. False when the server has stopped or the service is gone.
    fn deliver(&self, apply: &Sender<ApplyMsg>, message: ApplyMsg) -> bool {
        match apply.try_send(message) {
            Ok(()) => true,
            Err(TrySendError::Disconnected(_)) => false,
            Err(TrySendError::Full(message)) => select! {
                send(apply, message) -> sent => sent.is_ok(),
                recv(self.stopped) -> _ => false,
            },
        }
    }
}
