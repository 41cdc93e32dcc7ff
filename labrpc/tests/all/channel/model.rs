//! Channels against simple models, over random programs.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use labrpc::channel::{Receiver, Select, Sender, TryRecvError, TrySendError, bounded, unbounded};
use labrpc::sim::{NodeHandle, Sim};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::POLICIES;

// ----- one thread, against a queue -----

#[derive(Clone, Copy, Debug)]
enum Op {
    TrySend,
    TryRecv,
    Look,
    SelectSend,
    SelectRecv,
    CloneSender,
    DropSender,
    CloneReceiver,
    DropReceiver,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => Just(Op::TrySend),
        5 => Just(Op::TryRecv),
        2 => Just(Op::Look),
        2 => Just(Op::SelectSend),
        2 => Just(Op::SelectRecv),
        1 => Just(Op::CloneSender),
        1 => Just(Op::DropSender),
        1 => Just(Op::CloneReceiver),
        1 => Just(Op::DropReceiver),
    ]
}

/// What a channel is: a queue, and handles.
struct Model {
    capacity: Option<usize>,
    queue: VecDeque<usize>,
    senders: usize,
    receivers: usize,
}

impl Model {
    fn send(&mut self, message: usize) -> Result<(), TrySendError<usize>> {
        if self.receivers == 0 {
            Err(TrySendError::Disconnected(message))
        } else if self.capacity.is_some_and(|capacity| self.queue.len() >= capacity) {
            Err(TrySendError::Full(message))
        } else {
            self.queue.push_back(message);
            Ok(())
        }
    }

    fn recv(&mut self) -> Result<usize, TryRecvError> {
        let empty = if self.senders == 0 { TryRecvError::Disconnected } else { TryRecvError::Empty };
        self.queue.pop_front().ok_or(empty)
    }
}

fn select_send(sender: &Sender<usize>, message: usize) -> Result<(), TrySendError<usize>> {
    let mut select = Select::new();
    select.send(sender);
    match select.try_select() {
        Ok(operation) => operation.send(sender, message).map_err(|error| TrySendError::Disconnected(error.0)),
        Err(_) => Err(TrySendError::Full(message)),
    }
}

fn select_recv(receiver: &Receiver<usize>) -> Result<usize, TryRecvError> {
    let mut select = Select::new();
    select.recv(receiver);
    match select.try_select() {
        Ok(operation) => operation.recv(receiver).map_err(|_| TryRecvError::Disconnected),
        Err(_) => Err(TryRecvError::Empty),
    }
}

/// Does the same to a channel and to the model, and compares.
fn agrees_with_the_model(capacity: Option<usize>, ops: &[Op]) {
    let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
    let (mut senders, mut receivers) = (vec![sender], vec![receiver]);
    let mut model = Model { capacity, queue: VecDeque::new(), senders: 1, receivers: 1 };
    for (i, op) in ops.iter().enumerate() {
        let at = format!("operation {i}, {op:?}, of {ops:?} with capacity {capacity:?}");
        match (op, senders.last(), receivers.last()) {
            (Op::TrySend, Some(sender), _) => assert_eq!(sender.try_send(i), model.send(i), "{at}"),
            (Op::SelectSend, Some(sender), _) => assert_eq!(select_send(sender, i), model.send(i), "{at}"),
            (Op::TryRecv, _, Some(receiver)) => assert_eq!(receiver.try_recv(), model.recv(), "{at}"),
            (Op::SelectRecv, _, Some(receiver)) => assert_eq!(select_recv(receiver), model.recv(), "{at}"),
            (Op::Look, Some(sender), Some(receiver)) => {
                let is_full = capacity.is_some_and(|capacity| capacity == model.queue.len());
                let seen = (sender.len(), receiver.len(), sender.is_full(), receiver.is_empty());
                assert_eq!(
                    seen,
                    (model.queue.len(), model.queue.len(), is_full, model.queue.is_empty()),
                    "{at}"
                );
            }
            (Op::CloneSender, Some(sender), _) => senders.push(sender.clone()),
            (Op::CloneReceiver, _, Some(receiver)) => receivers.push(receiver.clone()),
            (Op::DropSender, ..) => drop(senders.pop()),
            (Op::DropReceiver, ..) => drop(receivers.pop()),
            _ => {}
        }
        (model.senders, model.receivers) = (senders.len(), receivers.len());
        if receivers.is_empty() {
            model.queue.clear();
        }
    }
}

// ----- many threads, against what any channel must keep -----

#[derive(Clone, Copy, Debug)]
enum Act {
    Send(usize),
    TrySend(usize),
    Recv(usize),
    TryRecv(usize),
    /// Any of: send on the first channel, send on the second, receive from the first, from the second.
    Select([bool; 4]),
    /// As `Select`; making the message takes time.
    SlowSelect([bool; 4]),
    Ready,
    Sleep(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..2_usize).prop_map(Act::Send),
        1 => (0..2_usize).prop_map(Act::TrySend),
        4 => (0..2_usize).prop_map(Act::Recv),
        1 => (0..2_usize).prop_map(Act::TryRecv),
        4 => any::<[bool; 4]>().prop_map(Act::Select),
        2 => any::<[bool; 4]>().prop_map(Act::SlowSelect),
        1 => Just(Act::Ready),
        1 => (0..200_u64).prop_map(Act::Sleep),
    ]
}

/// What the tester does to a node.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Crash,
    Pause,
    SlowClock,
}

fn fault() -> impl Strategy<Value = Option<(Fault, u64, usize)>> {
    let fault = prop_oneof![Just(Fault::Crash), Just(Fault::Pause), Just(Fault::SlowClock)];
    proptest::option::of((fault, 0..400_u64, 0..3_usize))
}

#[derive(Clone, Debug)]
struct Program {
    capacities: [Option<usize>; 2],
    threads: Vec<Vec<Act>>,
    fault: Option<(Fault, u64, usize)>,
}

fn program() -> impl Strategy<Value = Program> {
    let capacity = || prop_oneof![Just(None), (0..3_usize).prop_map(Some)];
    ([capacity(), capacity()], vec(vec(act(), 1..12), 2..5), fault())
        .prop_map(|(capacities, threads, fault)| Program { capacities, threads, fault })
}

/// A message: its channel, its sender, and its place among that sender's messages.
type Message = (usize, usize, usize);

#[derive(Default)]
struct Log {
    tried: Vec<Message>,
    sent: Vec<Message>,
    /// With the thread that received it.
    received: Vec<(usize, Message)>,
}

#[derive(Clone)]
struct Player {
    me: usize,
    senders: [Sender<Message>; 2],
    receivers: [Receiver<Message>; 2],
    capacities: [Option<usize>; 2],
    log: Arc<Mutex<Log>>,
}

const PATIENCE: Duration = Duration::from_micros(100);

impl Player {
    fn play(&self, acts: &[Act]) {
        for (i, act) in acts.iter().enumerate() {
            match *act {
                Act::Send(to) => {
                    self.send(to, i, |sender, message| sender.send_timeout(message, PATIENCE).is_ok())
                }
                Act::TrySend(to) => self.send(to, i, |sender, message| sender.try_send(message).is_ok()),
                Act::Recv(from) => self.note(self.receivers[from].recv_timeout(PATIENCE).ok()),
                Act::TryRecv(from) => self.note(self.receivers[from].try_recv().ok()),
                Act::Select(arms) => self.select(arms, i, Duration::ZERO),
                Act::SlowSelect(arms) => self.select(arms, i, PATIENCE),
                Act::Ready => self.wait_until_ready(),
                Act::Sleep(us) => thread::sleep(Duration::from_micros(us)),
            }
            for (sender, capacity) in self.senders.iter().zip(self.capacities) {
                assert!(capacity.is_none_or(|capacity| sender.len() <= capacity), "more than fits");
            }
        }
    }

    fn send(&self, to: usize, i: usize, send: impl FnOnce(&Sender<Message>, Message) -> bool) {
        let message = (to, self.me, i);
        self.log.lock().tried.push(message);
        if send(&self.senders[to], message) {
            self.log.lock().sent.push(message);
        }
    }

    fn note(&self, message: Option<Message>) {
        self.log.lock().received.extend(message.map(|message| (self.me, message)));
    }

    fn select(&self, arms: [bool; 4], i: usize, delay: Duration) {
        let mut select = Select::new();
        for arm in (0..4).filter(|&arm| arms[arm]) {
            if arm < 2 {
                select.send(&self.senders[arm])
            } else {
                select.recv(&self.receivers[arm - 2])
            };
        }
        let Ok(operation) = select.select_timeout(PATIENCE) else { return };
        let arm = (0..4).filter(|&arm| arms[arm]).nth(operation.index()).expect("an arm that was added");
        if arm < 2 {
            self.send(arm, i, |sender, message| {
                if !delay.is_zero() {
                    thread::sleep(delay);
                }
                operation.send(sender, message).is_ok()
            });
        } else {
            self.note(operation.recv(&self.receivers[arm - 2]).ok());
        }
    }

    fn wait_until_ready(&self) {
        let mut select = Select::new();
        select.recv(&self.receivers[0]);
        select.send(&self.senders[1]);
        let _ = select.ready_timeout(PATIENCE);
    }
}

/// Runs a program to its end and returns what happened, what was left in the channels, and how many threads crashed.
fn run(program: &Program) -> (Log, Vec<Message>, usize) {
    let channels = program.capacities.map(|capacity| capacity.map_or_else(unbounded, bounded));
    let log = Arc::new(Mutex::new(Log::default()));
    let nodes: Vec<NodeHandle> = (0..3).map(|i| NodeHandle::new(format!("S{i}"))).collect();
    let threads: Vec<_> = (0..program.threads.len())
        .map(|me| {
            let player = Player {
                me,
                senders: [channels[0].0.clone(), channels[1].0.clone()],
                receivers: [channels[0].1.clone(), channels[1].1.clone()],
                capacities: program.capacities,
                log: Arc::clone(&log),
            };
            let acts = program.threads[me].clone();
            nodes[me % 3].spawn("player", move || player.play(&acts))
        })
        .collect();
    if let Some((fault, delay, node)) = program.fault {
        thread::sleep(Duration::from_micros(delay));
        let node = &nodes[node];
        match fault {
            Fault::Crash => {
                node.crash();
            }
            Fault::Pause => {
                node.pause();
                thread::sleep(Duration::from_micros(300));
                node.resume();
            }
            Fault::SlowClock => {
                node.set_clock_rate(300_000);
            }
        }
    }
    let crashed = threads.into_iter().filter_map(|thread| thread.join().err()).map(crashed_or_panic).count();
    let left = channels.iter().flat_map(|(_, receiver)| receiver.try_iter()).collect();
    let log = std::mem::take(&mut *log.lock());
    (log, left, crashed)
}

/// Passes a panic on, so that only crashes are counted.
fn crashed_or_panic(payload: Box<dyn std::any::Any + Send>) {
    if payload.downcast_ref::<&str>().is_none_or(|text| !text.contains("crashed")) {
        std::panic::resume_unwind(payload);
    }
}

fn check(program: &Program) {
    let (log, left, crashed) = run(program);
    let mut came: Vec<Message> = log.received.iter().map(|&(_, message)| message).chain(left).collect();
    let count = came.len();
    came.sort_unstable();
    came.dedup();
    assert_eq!(came.len(), count, "a message came twice");
    assert!(came.iter().all(|message| log.tried.contains(message)), "a message came that nobody sent");
    let lost = log.sent.iter().filter(|message| !came.contains(message)).count();
    assert!(lost <= crashed, "{lost} messages were lost, and {crashed} threads crashed");
    let unsaid = came.iter().filter(|message| !log.sent.contains(message)).count();
    assert!(unsaid <= crashed, "{unsaid} messages came whose sends failed, and {crashed} threads crashed");
    let mut last = BTreeMap::new();
    for (receiver, (channel, sender, place)) in log.received {
        let before = last.insert((receiver, channel, sender), place);
        assert!(before < Some(place), "messages of one sender came out of order");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn channel_does_what_a_queue_does(
        capacity in proptest::option::of(0..4_usize),
        ops in vec(op(), 0..40),
        seed in any::<u64>(),
    ) {
        agrees_with_the_model(capacity, &ops);
        Sim::new(seed).run(move || agrees_with_the_model(capacity, &ops)).unwrap();
    }

    #[test]
    fn no_message_is_lost_doubled_or_overtaken(program in program(), seed in any::<u64>()) {
        for policy in POLICIES {
            for seed in [seed, seed.wrapping_add(1), seed.wrapping_add(2)] {
                let program = program.clone();
                if let Err(failure) = Sim::new(seed).policy(policy).run(move || check(&program)) {
                    panic!("{failure}");
                }
            }
        }
    }

    #[test]
    fn same_seed_gives_the_same_run(program in program(), seed in any::<u64>()) {
        let fingerprint = || {
            let program = program.clone();
            Sim::new(seed).run(move || check(&program)).unwrap().1.trace.fingerprint
        };
        prop_assert_eq!(fingerprint(), fingerprint());
    }
}
