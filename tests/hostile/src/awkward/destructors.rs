//! Destructors that do something, as they do in tidy programs.

use std::sync::{Arc, Mutex as StdMutex, mpsc};
use std::time::Duration;

use labrpc::channel::{Receiver, Sender, bounded, unbounded};
use labrpc::sync::{Condvar, Mutex};
use labrpc::thread::{self, JoinHandle};

use crate::server::Server;
use crate::submission::{Submission, keep};

/// A thread that ends when it is told to.
struct Worker {
    stop: Arc<Mutex<bool>>,
    thread: Option<JoinHandle<u64>>,
}

impl Worker {
    fn start() -> Self {
        let stop = Arc::new(Mutex::new(false));
        let told = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut rounds = 0;
            while !*told.lock() {
                thread::sleep(Duration::from_millis(30));
                rounds += 1;
            }
            rounds
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        *self.stop.lock() = true;
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Ends its thread by closing the channel.
struct Feeder {
    jobs: Option<Sender<u64>>,
    thread: Option<JoinHandle<u64>>,
}

impl Feeder {
    fn start() -> Self {
        let (jobs, todo) = unbounded();
        let thread = thread::spawn(move || todo.iter().sum());
        Self { jobs: Some(jobs), thread: Some(thread) }
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        self.jobs.as_ref().unwrap().send(1).unwrap();
        drop(self.jobs.take());
        let sum = self.thread.take().unwrap().join().unwrap();
        assert!(sum >= 1, "what was sent has arrived");
    }
}

/// Says goodbye on a channel, and waits until that was heard.
struct Handshake {
    goodbye: Sender<()>,
    heard: Receiver<()>,
}

impl Handshake {
    fn start() -> Self {
        let (goodbye, waits) = bounded(0);
        let (answers, heard) = bounded(0);
        thread::spawn(move || {
            if waits.recv().is_ok() {
                answers.send(()).unwrap();
            }
        });
        Self { goodbye, heard }
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        self.goodbye.send(()).unwrap();
        self.heard.recv().unwrap();
    }
}

/// Counts those that are there, in a lock that its owner may hold.
struct Counted(Arc<Mutex<u64>>);

impl Counted {
    fn new(count: &Arc<Mutex<u64>>) -> Self {
        *count.lock() += 1;
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut count = self.0.lock();
        *count = count.checked_sub(1).expect("each is counted once");
    }
}

/// A list that drops its rest before itself.
struct Nested {
    number: Arc<Mutex<u64>>,
    rest: Option<Box<Nested>>,
}

impl Drop for Nested {
    fn drop(&mut self) {
        drop(self.rest.take());
        *self.number.lock() += 1;
    }
}

/// The last one that is dropped tells those that wait.
struct Latch(Arc<(Mutex<bool>, Condvar)>);

impl Drop for Latch {
    fn drop(&mut self) {
        *self.0.0.lock() = true;
        self.0.1.notify_all();
        // Nobody waits any more after this time, or nobody ever did.
        let mut open = self.0.0.lock();
        let _ = self.0.1.wait_for(&mut open, Duration::from_millis(5));
    }
}

/// A lock and a channel of std, which nobody else holds or fills.
struct OfStd(StdMutex<Vec<u64>>, mpsc::Sender<u64>, StdMutex<mpsc::Receiver<u64>>);

impl OfStd {
    fn new() -> Self {
        let (sender, receiver) = mpsc::channel();
        Self(StdMutex::default(), sender, StdMutex::new(receiver))
    }
}

impl Drop for OfStd {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(1);
        self.1.send(2).unwrap();
        assert_eq!(self.2.lock().unwrap().recv().unwrap(), 2);
    }
}

/// Joins its thread when it is killed, and when it is dropped if nobody has killed it.
struct Killed(Mutex<Option<Worker>>);

fn end(server: &Server) {
    drop(server.kept::<Killed>().0.lock().take());
}

pub(super) fn submissions() -> Vec<Submission> {
    let awkward = Submission::awkward;
    vec![
        awkward("drop-joins", "A destructor tells its thread to end, joins it and unwraps.")
            .keeps(|_| keep(Worker::start())),
        awkward("drop-joins-many", "The same with five threads, one after the other.")
            .keeps(|_| keep([0; 5].map(|_| Worker::start()))),
        awkward("drop-sends-and-joins", "A destructor sends on a channel, closes it, joins and unwraps.")
            .keeps(|_| keep(Feeder::start())),
        awkward("drop-waits-for-an-answer", "A destructor sends, waits for an answer and unwraps.")
            .keeps(|_| keep(Handshake::start())),
        awkward("drop-locks", "A destructor locks, and checks what it finds.").keeps(|_| {
            let count = Arc::new(Mutex::new(0));
            let one = Counted::new(&count);
            let same = Arc::clone(&count);
            thread::spawn(move || {
                let _counted = Counted::new(&same);
                loop {
                    drop(Counted::new(&same));
                    thread::sleep(Duration::from_millis(20));
                }
            });
            keep(one)
        }),
        awkward("drop-in-a-thread-locks", "Threads end with locks, guards and what counts itself.").make(
            |_| {
                let count = Arc::new(Mutex::new(0));
                for _ in 0..3 {
                    let (one, same) = (Counted::new(&count), Arc::clone(&count));
                    thread::spawn(move || {
                        loop {
                            let guard = same.lock();
                            assert!(*guard >= 1, "it is counted itself");
                            thread::sleep(Duration::from_millis(7));
                            drop(guard);
                            thread::sleep(Duration::from_millis(30));
                            let _ = &one;
                        }
                    });
                }
            },
        ),
        awkward("drop-chain", "A list of a thousand destructors, each of which locks.").keeps(|_| {
            let number = Arc::new(Mutex::new(0));
            let mut list = Nested { number: Arc::clone(&number), rest: None };
            for _ in 0..1_000 {
                list = Nested { number: Arc::clone(&number), rest: Some(Box::new(list)) };
            }
            keep(list)
        }),
        awkward("drop-notifies", "A destructor notifies, and waits for a moment.").keeps(|_| {
            let latch = Arc::new((Mutex::new(false), Condvar::new()));
            let same = Arc::clone(&latch);
            thread::spawn(move || {
                let mut open = same.0.lock();
                while !*open {
                    same.1.wait(&mut open);
                }
            });
            keep(Latch(latch))
        }),
        awkward("drop-uses-std", "A destructor uses a lock and a channel of std, and unwraps.")
            .keeps(|_| keep(OfStd::new())),
        awkward("drop-nested", "Destructors of several kinds in each other.").keeps(|_| {
            keep((
                Worker::start(),
                vec![(Feeder::start(), OfStd::new())],
                Box::new((Handshake::start(), Worker::start())),
            ))
        }),
        awkward("drop-in-a-thread-joins", "A thread owns what joins another thread when it is dropped.")
            .make(|_| {
                thread::spawn(|| {
                    let _owned = (Worker::start(), Feeder::start());
                    loop {
                        thread::sleep(Duration::from_millis(50));
                    }
                });
            }),
        awkward("kill-joins", "It joins its thread when it is killed, and if not when it is dropped.")
            .keeps(|_| keep(Killed(Mutex::new(Some(Worker::start())))))
            .kill(end),
        awkward("kill-joins-in-chaos", "The same, where the run may end while a server is killed.")
            .keeps(|_| keep(Killed(Mutex::new(Some(Worker::start())))))
            .kill(end)
            .command("grade chaos_3d --seeds 2"),
        awkward("drop-calls-kill", "A destructor does once more what kill has done.")
            .keeps(|_| keep(Killed(Mutex::new(Some(Worker::start())))))
            .kill(end)
            .dropped(end),
        awkward("drop-spawns", "A destructor starts a thread that tidies up.").dropped(|_| {
            thread::spawn(|| thread::sleep(Duration::from_millis(1)));
        }),
        awkward("drop-sleeps", "A destructor sleeps for a moment.")
            .dropped(|_| thread::sleep(Duration::from_millis(10))),
        awkward("drop-logs", "A destructor logs and prints.").dropped(|server| {
            log::info!(target: "DROP", "S{} is gone", server.me);
            println!("S{} is gone", server.me);
        }),
    ]
}
