//! The real server's disk: slow, refusing, or the place where the power fails.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use labrpc::sync::Arc;
use raft_interface::{SaveError, SaveHook, SavePoint};

use super::bench::{Bench, SERVER};
use crate::cluster::{PANICS_WHEN_SAVE_FAILS, skip_where_panics_do_not_end_a_server, slow_saves};

impl Bench {
    /// Every save takes this long from now on.
    pub fn slow_disk(&self, time: Duration) {
        self.0.slot.lock().persister.set_hook(Some(slow_saves(time)));
    }

    /// A server that reads from its storage waits this long from now on, and gets what is stored then.
    pub fn slow_reads(&self, time: Duration) {
        self.0.slot.lock().read_time.set(time);
    }

    /// The next save stores nothing and says so; those after it are well. The server may do as it likes then, but for saying
    /// what is not stored: fall silent, try again, or panic, by which the test ends without points.
    pub fn next_save_fails(&self) {
        skip_where_panics_do_not_end_a_server(&self.0.lab);
        let is_done = AtomicBool::new(false);
        let inner = Arc::downgrade(&self.0);
        let hook: SaveHook = Arc::new(move |point| {
            if point == SavePoint::After || is_done.swap(true, Ordering::Relaxed) {
                return Ok(());
            }
            if let Some(inner) = inner.upgrade() {
                inner.note(format!("a save of S{SERVER} fails"));
                // Only from here on: a panic before has nothing to do with the disk.
                inner.lab.record().pardon_panics(Some(PANICS_WHEN_SAVE_FAILS));
            }
            Err(SaveError("the disk failed".into()))
        });
        self.0.slot.lock().persister.set_hook(Some(hook));
    }

    /// The power fails just after the next save, before the server does anything else. [`restart`](Self::restart) brings it
    /// back.
    pub fn power_fails_after_next_save(&self) {
        self.power_fails_after_save(1);
    }

    /// The same after the `count`-th save from now, counted from 1. A server that has saved less by then keeps its power
    /// until [`restart`](Self::restart).
    pub fn power_fails_after_save(&self, count: u64) {
        let slot = self.0.slot.lock();
        let Some((node, _)) = slot.running.clone() else { return };
        // Weak, for the persister holds the hook.
        let (storage, at_power_failure) =
            (Arc::downgrade(&slot.persister), Arc::clone(&slot.at_power_failure));
        let saves = AtomicU64::new(0);
        let hook: SaveHook = Arc::new(move |point| {
            // At that save only: in the real world the server goes on, and saves again.
            if point == SavePoint::After && saves.fetch_add(1, Ordering::Relaxed) + 1 == count {
                // Copied here: in the real world later saves would change it before the test looks.
                let copy = storage.upgrade().map(|storage| Arc::new(storage.copy()));
                *at_power_failure.lock() = copy;
                node.lose_power();
            }
            Ok(())
        });
        slot.persister.set_hook(Some(hook));
    }
}
