//! Crash a node at every scheduling point of programs, made by chance, whose threads hold guards, iterators and references
//! into what locks guard: whatever lies on the stacks of crashed threads, nobody sees a value that is gone, and nothing is
//! dropped twice.
//!
//! Each value is a [`Canary`], whose memory is its own and which looks at itself whenever it is used. A build for
//! AddressSanitizer sees what the canaries do not (`.github/CONTRIBUTING.md`).

use std::collections::BTreeSet;
use std::time::Duration;

use labrpc::channel::{self, Receiver, Sender};
use labrpc::sim::{NodeHandle, Policy, Sim};
use labrpc::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock};
use labrpc::thread;
use proptest::collection::vec;
use proptest::prelude::{Just, any, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

/// What a value that is alive has in its memory.
const ALIVE: u64 = 0x0a11_ce00_0000_0000;

/// The numbers of the values that have been dropped in a run.
type Dropped = Arc<std::sync::Mutex<BTreeSet<u64>>>;

struct Canary {
    number: Box<u64>,
    dropped: Dropped,
}

impl Canary {
    /// Panics if its memory is somebody else's.
    fn look(&self) {
        assert_eq!(*self.number & ALIVE, ALIVE, "a value that is gone was seen");
    }

    /// Writes to its memory, as somebody who has it for themselves.
    fn touch(&mut self) {
        self.look();
        let number = *self.number;
        *self.number = 0;
        *self.number = number;
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.look();
        let is_first = self.dropped.lock().unwrap().insert(*self.number);
        assert!(is_first, "a value was dropped twice");
        *self.number = 0;
    }
}

/// What all threads of a program share.
struct Shared {
    mutex: Mutex<Vec<Canary>>,
    rwlock: RwLock<Vec<Canary>>,
    inner: Mutex<Canary>,
    condvar: Condvar,
    sender: Sender<Canary>,
    receiver: Receiver<Canary>,
    dropped: Dropped,
    next: std::sync::atomic::AtomicU64,
}

impl Shared {
    fn new() -> Arc<Self> {
        let dropped = Dropped::default();
        let (sender, receiver) = channel::bounded(2);
        let first = Canary { number: Box::new(ALIVE), dropped: Arc::clone(&dropped) };
        let shared = Arc::new(Self {
            mutex: Mutex::new(Vec::new()),
            rwlock: RwLock::new(Vec::new()),
            inner: Mutex::new(first),
            condvar: Condvar::new(),
            sender,
            receiver,
            dropped,
            next: 1.into(),
        });
        *shared.mutex.lock() = shared.canaries();
        *shared.rwlock.write() = shared.canaries();
        shared
    }

    fn canary(&self) -> Canary {
        let number = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Canary { number: Box::new(ALIVE | number), dropped: Arc::clone(&self.dropped) }
    }

    fn canaries(&self) -> Vec<Canary> {
        (0..4).map(|_| self.canary()).collect()
    }
}

/// Something that a thread holds, into the middle of which a crash can come.
#[derive(Clone, Copy)]
struct Hold(&'static str, fn(&Shared));

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

const HOLDS: [Hold; 12] = [
    Hold("drain", drain),
    Hold("drain under a lock to write", drain_under_write),
    Hold("iterator that may change", iter_mut),
    Hold("iterator under a lock to read", iter_under_read),
    Hold("reference", reference),
    Hold("mapped guard", mapped_guard),
    Hold("take and put back", take_and_put_back),
    Hold("replace", replace),
    Hold("condition variable", wait_for_condition),
    Hold("channel", send_and_receive),
    Hold("scope", borrow_in_scope),
    Hold("lock in a destructor", lock_in_destructor),
];

const PAUSE: Duration = Duration::from_micros(20);

fn drain(shared: &Shared) {
    let mut guard = shared.mutex.lock();
    let count = guard.len().min(3);
    guard.drain(..count).for_each(|canary| {
        thread::yield_now();
        canary.look();
    });
}

fn drain_under_write(shared: &Shared) {
    let mut guard = shared.rwlock.write();
    let count = guard.len().min(2);
    guard.drain(..count).for_each(|canary| {
        thread::sleep(PAUSE);
        canary.look();
    });
}

fn iter_mut(shared: &Shared) {
    for canary in shared.mutex.lock().iter_mut() {
        thread::yield_now();
        canary.touch();
    }
}

fn iter_under_read(shared: &Shared) {
    for canary in shared.rwlock.read().iter() {
        thread::yield_now();
        canary.look();
    }
}

/// To one value, while other locks come and go.
fn reference(shared: &Shared) {
    let mut guard = shared.mutex.lock();
    if let Some(canary) = guard.first_mut() {
        shared.inner.lock().touch();
        thread::sleep(PAUSE);
        canary.touch();
    }
}

fn mapped_guard(shared: &Shared) {
    let guard = shared.mutex.lock();
    if let Ok(mut canary) = MutexGuard::try_map(guard, |all| all.last_mut()) {
        thread::yield_now();
        canary.touch();
    }
}

fn take_and_put_back(shared: &Shared) {
    let taken = std::mem::take(&mut *shared.mutex.lock());
    thread::yield_now();
    taken.iter().for_each(Canary::look);
    shared.mutex.lock().extend(taken);
}

/// What others may still hold on crashed stacks.
fn replace(shared: &Shared) {
    let made = shared.canaries();
    *shared.mutex.lock() = made;
    let made = shared.canaries();
    *shared.rwlock.write() = made;
}

/// With a reference to something else under way.
fn wait_for_condition(shared: &Shared) {
    let read = shared.rwlock.read();
    let first = read.first();
    let mut guard = shared.inner.lock();
    let _ = shared.condvar.wait_for(&mut guard, PAUSE);
    guard.touch();
    first.into_iter().for_each(Canary::look);
    shared.condvar.notify_all();
}

fn send_and_receive(shared: &Shared) {
    let sent = shared.sender.send_timeout(shared.canary(), PAUSE);
    thread::yield_now();
    let received = shared.receiver.recv_timeout(PAUSE);
    received.iter().for_each(Canary::look);
    drop(sent);
}

/// Threads have references into the stack of this one.
fn borrow_in_scope(shared: &Shared) {
    let mut own = shared.canaries();
    thread::scope(|scope| {
        for canary in &mut own {
            scope.spawn(|| {
                thread::yield_now();
                canary.touch();
            });
        }
    });
}

struct TouchesWhenDropped<'a>(&'a Shared);

impl Drop for TouchesWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.mutex.lock().iter_mut().for_each(Canary::touch);
    }
}

fn lock_in_destructor(shared: &Shared) {
    let _touches = TouchesWhenDropped(shared);
    thread::yield_now();
}

/// Two threads of a node that is crashed, and one that goes on.
type Program = ([Vec<Hold>; 2], Vec<Hold>);

fn body(program: &Program) {
    let shared = Shared::new();
    let server = NodeHandle::new("server");
    for holds in program.0.clone() {
        let shared = Arc::clone(&shared);
        server.spawn("holder", move || holds.iter().for_each(|hold| hold.1(&shared)));
    }
    let last: [fn(&Shared); 4] = [iter_mut, iter_under_read, replace, iter_mut];
    for hold in program.1.iter().map(|hold| hold.1).chain(last) {
        hold(&shared);
        thread::sleep(PAUSE);
    }
    thread::sleep(Duration::from_millis(10));
}

fn check(seed: u64, policy: Policy, program: &Program) {
    let sim = Sim::new(seed).policy(policy);
    let run = |sim: &Sim| {
        let program = program.clone();
        sim.run(move || body(&program))
    };
    let steps = run(&sim).unwrap_or_else(|failure| panic!("without a crash: {failure}")).1.steps;
    for step in 1..steps {
        let crash = sim.clone().at_step(step, || {
            if let Some(server) = NodeHandle::find("server") {
                server.crash();
            }
        });
        run(&crash).unwrap_or_else(|failure| panic!("a crash at step {step} of {steps}: {failure}"));
    }
}

#[test]
fn crash_at_any_point_of_any_program_leaves_memory_as_it_should_be() {
    let policies = prop_oneof![Just(Policy::Random), Just(Policy::Pct { depth: 3 }), Just(Policy::Fifo)];
    let holds = || vec(select(&HOLDS[..]), 1..4);
    let programs = ([holds(), holds()], holds());
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&(any::<u64>(), policies, programs), |(seed, policy, program)| {
        check(seed, policy, &program);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
