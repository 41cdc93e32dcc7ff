//! Threads that stand in the middle of something lent by a lock when their server crashes: a drain, an iterator, a guard that is
//! never given back. Whoever drops the server then locks, and replaces what was lent.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use labrpc::sync::{Mutex, RwLock};
use labrpc::thread;

use crate::submission::{Submission, keep};

/// What threads lend from it.
#[derive(Default)]
struct Store {
    list: Mutex<Vec<String>>,
    map: RwLock<BTreeMap<u64, String>>,
}

/// A text that lies on the heap.
fn text(number: u64) -> String {
    format!("what stands under number {number}")
}

fn sleep(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}

impl Store {
    /// Takes from the list while it is locked, as an applier does, and sleeps with each in its hands.
    fn drain(&self) {
        let mut list = self.list.lock();
        let some = list.len().min(4);
        for taken in list.drain(..some) {
            sleep(5);
            black_box(taken.len());
        }
    }

    fn fill(&self, number: u64) {
        self.list.lock().extend((number..number + 3).map(text));
        let mut map = self.map.write();
        map.insert(number, text(number));
        if map.len() > 8 {
            map.pop_first();
        }
    }

    fn look(&self) {
        for (number, found) in self.map.read().iter() {
            sleep(3);
            assert_eq!(*found, text(*number));
        }
    }
}

/// The store of a server, with threads that use it until the server crashes.
struct Lent(Arc<Store>);

impl Lent {
    fn start() -> Self {
        let store = Arc::new(Store::default());
        let (drained, filled, looked_at) = (Arc::clone(&store), Arc::clone(&store), Arc::clone(&store));
        thread::spawn(move || {
            loop {
                drained.drain();
                sleep(9);
            }
        });
        thread::spawn(move || {
            for number in 0.. {
                filled.fill(number);
                sleep(17);
            }
        });
        thread::spawn(move || {
            loop {
                looked_at.look();
                sleep(11);
            }
        });
        thread::spawn(|| {
            loop {
                // Each lies where one lay before.
                let own = Box::new(Mutex::new(text(0)));
                mem::forget(own.lock());
                sleep(23);
            }
        });
        Self(store)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.0.list.lock() = (0..100).map(text).collect();
        let map = mem::take(&mut *self.0.map.write());
        assert!(map.iter().all(|(number, found)| *found == text(*number)));
    }
}

pub(super) fn submissions() -> Vec<Submission> {
    let awkward = Submission::awkward;
    vec![
        awkward(
            "drains-under-a-lock",
            "Threads hold drains, iterators and guards when their server crashes.",
        )
        .keeps(|_| keep(Lent::start())),
        awkward("drains-under-a-lock-in-chaos", "The same, with many crashes.")
            .keeps(|_| keep(Lent::start()))
            .command("grade crash_at_every_save_3c chaos_3d --seeds 2"),
    ]
}
