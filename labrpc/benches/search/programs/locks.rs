//! Locks taken in several orders, and a table that is too small.

use std::sync::Arc;

use super::world::{Mutex, spawn};

/// Who comes in takes the room while it holds the gate; who goes out takes the gate while it holds the room.
pub(super) fn carter01() {
    let gate = Arc::new(Mutex::new(0));
    let room = Arc::new(Mutex::new(()));
    let visitors = [(), ()].map(|()| {
        let (gate, room) = (Arc::clone(&gate), Arc::clone(&room));
        spawn(move || {
            let inside = {
                let mut visitors = gate.lock();
                *visitors += 1;
                room.lock()
            };
            let mut visitors = gate.lock();
            *visitors -= 1;
            drop(inside);
        })
    });
    visitors.into_iter().for_each(|visitor| visitor.join());
}

/// Two locks, taken in one order here and in the other there.
pub(super) fn deadlock01() {
    let locks = [Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0))];
    let threads = [[0, 1], [1, 0]].map(|order| {
        let [outer, inner] = order.map(|place| Arc::clone(&locks[place]));
        spawn(move || {
            let mut outer = outer.lock();
            *outer += 1;
            *inner.lock() += 1;
        })
    });
    threads.into_iter().for_each(|thread| thread.join());
}

/// Each file looks for a free block, every second one from a place of its own on, and does not look at the end.
pub(super) fn fsbench() {
    const FILES: usize = 8;
    const BLOCKS: usize = 14;
    let is_taken: Arc<[_; BLOCKS]> = Arc::new(std::array::from_fn(|_| Mutex::new(false)));
    let files: Vec<_> = (0..FILES)
        .map(|file| {
            let is_taken = Arc::clone(&is_taken);
            spawn(move || {
                let mut block = file * 2 % BLOCKS;
                loop {
                    assert!(block < BLOCKS, "fsbench: a file looks behind the last block");
                    if !std::mem::replace(&mut *is_taken[block].lock(), true) {
                        break;
                    }
                    block += 2;
                }
            })
        })
        .collect();
    files.into_iter().for_each(|file| file.join());
}
