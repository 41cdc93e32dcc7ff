//! The three kinds of thread, each a loop. Exit rules first: every loop ends when the server stops.

use labrpc::channel::{Sender, TrySendError, select};
use labrpc::sync::Arc;
use labrpc::thread;
use labrpc::time::Instant;
use raft_interface::{ApplyMsg, ServerId};

use crate::monitor::{Node, Plan, peers_of};
use crate::rpc::{APPEND_ENTRIES, Ended, Exchange, INSTALL_SNAPSHOT, Message, Outgoing, REQUEST_VOTE};
use crate::state::Moment;

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
        let mut monitor = self.monitor.lock();
        loop {
            if monitor.state.stopped {
                return;
            }
            let now = Instant::now();
            if monitor.state.election_due(now) {
                self.step_holding(monitor, |state, moment| state.start_election(moment));
                monitor = self.monitor.lock();
                continue;
            }
            let due = monitor.due_messages(now);
            if due.short_handed != 0 {
                for peer in peers_of(due.short_handed) {
                    monitor.pools[peer].grow();
                }
                drop(monitor);
                peers_of(due.short_handed).for_each(|peer| self.spawn_sender(peer));
                monitor = self.monitor.lock();
                continue;
            }
            self.wake(monitor.senders_to_wake(&due));
            monitor.ticker_plan = Plan::Asleep(due.alarm);
            match due.alarm {
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
        let mut ended = None;
        while let Some(outgoing) = self.next_outgoing(peer, ended) {
            ended = Some(self.call(outgoing));
        }
    }

    /// Handles the end of the sender's last call, and waits for the next message to `peer`. `None` when the sender
    /// should end: the server has stopped, or there are more senders than needed.
    fn next_outgoing(&self, peer: ServerId, mut ended: Option<Ended>) -> Option<Outgoing> {
        let mut monitor = self.monitor.lock();
        monitor.pools[peer].ready += usize::from(ended.is_some());
        while !monitor.state.stopped {
            monitor.pools[peer].is_called = false;
            let moment = Moment::now();
            if ended.is_some() || monitor.state.is_due(peer, moment.now) {
                // One step: what the call has brought may be what the next message is about.
                let next = monitor.step(&*self.persister, &moment, |state, moment| {
                    if let Some(ended) = ended.take() {
                        state.on_end(&ended, moment);
                    }
                    state.message_for(peer, moment)
                });
                let next = next.flatten();
                monitor.pools[peer].ready -= usize::from(next.is_some());
                let wake = monitor.whom_to_wake(moment.now);
                if next.is_some() || !wake.is_for_nobody() {
                    drop(monitor); // so that whoever wakes finds the lock free
                    self.wake(wake);
                    if next.is_some() {
                        return next;
                    }
                    monitor = self.monitor.lock();
                    continue;
                }
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

    /// Makes one call, without the lock.
    fn call(&self, Outgoing { tag, message }: Outgoing) -> Ended {
        let end = &self.ends[tag.peer];
        let exchange = match message {
            Message::RequestVote(args) => {
                let reply = end.call(REQUEST_VOTE, &args);
                Exchange::RequestVote(args, reply)
            }
            Message::AppendEntries(args) => {
                let reply = end.call(APPEND_ENTRIES, &args);
                Exchange::AppendEntries(args, reply)
            }
            Message::InstallSnapshot(args) => {
                let reply = end.call(INSTALL_SNAPSHOT, &args);
                Exchange::InstallSnapshot(args, reply)
            }
        };
        Ended { tag, exchange }
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
            monitor.applier_waits = true;
            self.applier.wait(&mut monitor);
        }
        monitor.applier_waits = false;
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
