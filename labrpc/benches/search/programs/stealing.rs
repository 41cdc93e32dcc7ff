//! A queue whose owner works at one end without a lock, and from whose other end others steal.

use std::sync::Arc;

use super::world::{Mutex, Shared, spawn, yield_now};

const ITEMS: usize = 5;

/// Items from `head` to `tail`. Thieves take at the head and hold the lock; the owner adds and takes at the tail.
struct Deque {
    head: Arc<Shared>,
    tail: Arc<Shared>,
    slots: [Arc<Shared>; ITEMS],
    lock: Mutex<()>,
    /// How often each item was taken.
    taken: [Arc<Shared>; ITEMS],
}

impl Deque {
    fn new() -> Self {
        let zeros = || std::array::from_fn(|_| Shared::new(0));
        Self {
            head: Shared::new(0),
            tail: Shared::new(0),
            slots: zeros(),
            lock: Mutex::new(()),
            taken: zeros(),
        }
    }

    fn push(&self, item: usize) {
        let tail = self.tail.get();
        self.slots[tail as usize].set(item as i64);
        self.tail.set(tail + 1);
    }

    /// The bug: it looks at the head and then moves the tail. In the other order one of owner and thief sees the other.
    fn pop(&self) -> bool {
        let last = self.tail.get() - 1;
        if self.head.get() > last {
            return false;
        }
        self.tail.set(last);
        self.took(last);
        true
    }

    fn steal(&self) {
        let _held = self.lock.lock();
        let first = self.head.get();
        self.head.set(first + 1);
        if first < self.tail.get() {
            self.took(first);
        } else {
            self.head.set(first);
        }
    }

    fn took(&self, place: i64) {
        let item = self.slots[place as usize].get() as usize;
        assert_eq!(self.taken[item].add(1), 1, "work_steal_queue: an item is taken twice");
    }
}

/// The owner and a thief both take the last item.
pub(super) fn work_steal_queue() {
    let deque = Arc::new(Deque::new());
    let owner = spawn({
        let deque = Arc::clone(&deque);
        move || {
            (0..3).for_each(|item| deque.push(item));
            if deque.pop() {
                (3..ITEMS).for_each(|item| deque.push(item));
            }
            while deque.pop() {}
        }
    });
    let thief = spawn(move || {
        for _ in 0..2 {
            deque.steal();
            yield_now();
        }
    });
    owner.join();
    thief.join();
}
