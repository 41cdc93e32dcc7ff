//! The three kinds of thread, each a loop. Exit rules first: every loop ends when the server stops.

use labrpc::channel::{Sender, TrySendError, select};
use labrpc::sync::Arc;
use labrpc::thread;
use labrpc::time::Instant;
use raft_interface::{ApplyMsg, ServerId};

use crate::monitor::{Node, Plan};
use crate::rpc::{
    APPEND_ENTRIES, Ended, Exchange, FETCH_ENTRIES, INSTALL_SNAPSHOT, Message, Outgoing, REQUEST_VOTE,
    TIMEOUT_NOW,
};
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

    /// The ticker: stands for election when no leader is heard of, ends the office of a leader that has lost its majority, sees
    /// to it that messages whose time has come find a sender, and sleeps until the next deadline.
    fn tick(self: Arc<Self>) {
        // The lock is held from the look to the sleep, which gives it up and falls asleep in one. Let go in
        // between, a step could make an election or a message due and find the ticker awake: nobody would wake
        // it, and it would sleep over the deadline.
        let mut monitor = self.monitor.lock();
        loop {
            if monitor.state.stopped {
                return;
            }
            let now = Instant::now();
            if monitor.state.alarm().is_some_and(|at| at <= now) {
                self.step_holding(monitor, |state, moment| state.on_alarm(moment));
                monitor = self.monitor.lock();
                continue;
            }
            let due = monitor.due_messages(now);
            if !due.short_handed.is_empty() {
                for peer in due.short_handed.iter() {
                    monitor.pools[peer].grow();
                }
                drop(monitor);
                due.short_handed.iter().for_each(|peer| self.spawn_sender(peer));
                monitor = self.monitor.lock();
                continue;
            }
            self.wake(monitor.senders_to_wake(&due));
            // Written down so that steps know when it is worth waking the ticker: a deadline that moves away,
            // as with each heartbeat that a follower gets, wakes nobody. The ticker then wakes once for the old
            // one and sleeps on.
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
            // This sender looks at the state now. A message that becomes due later must wake somebody anew:
            // were the mark left, the step would take a sleeper for one on its way.
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
                // The reply can have committed something, deposed this server or made messages to others due,
                // and this sender may have been the last ready one of its own peer. So all the questions are
                // asked, as after any step.
                let wake = monitor.whom_to_wake(moment.now);
                if next.is_some() || !wake.is_for_nobody() {
                    drop(monitor); // so that whoever wakes finds the lock free
                    self.wake(wake);
                    if next.is_some() {
                        return next;
                    }
                    // The lock was free for a moment: look again before sleeping, or the wake-up of that moment
                    // is lost.
                    monitor = self.monitor.lock();
                    continue;
                }
            }
            // Calls to a server that is cut off may hang for seconds, and each heartbeat then needs a thread of
            // its own. When they all come back, two go on and the others end; else a partition would leave its
            // threads for good.
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
        // A call can take seconds. With the lock held, this server would answer nobody meanwhile; and two
        // servers that call each other would each wait for the lock that the other's call holds.
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
            Message::TimeoutNow(args) => {
                let reply = end.call(TIMEOUT_NOW, &args);
                Exchange::TimeoutNow(args, reply)
            }
            Message::FetchEntries(args) => {
                let reply = end.call(FETCH_ENTRIES, &args);
                Exchange::FetchEntries(args, reply)
            }
        };
        Ended { tag, exchange }
    }

    /// The applier: takes what is committed, in order, and delivers it without the lock.
    fn apply(self: Arc<Self>, apply: &Sender<ApplyMsg>) {
        // The lock is free while this sends. The channel may be full because the service is about to call
        // `snapshot`, which takes the lock: held here, each would wait for the other (Students' Guide, The
        // four-way deadlock).
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
        // With `while` and not `if`: a wake-up says that it is worth looking, not that something is there.
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
            // A plain send would hang for ever when a server is killed whose service does not listen any more,
            // and hold everything that this thread refers to. The select is only for this case: it costs more
            // than a send.
            Err(TrySendError::Full(message)) => select! {
                send(apply, message) -> sent => sent.is_ok(),
                recv(self.stopped) -> _ => false,
            },
        }
    }
}
