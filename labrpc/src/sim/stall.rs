//! The watch over real time: a simulated thread that never comes back to the scheduler.
//!
//! Virtual time stands still while a thread computes, so an endless loop without a facade call, or a real lock
//! that another simulated thread holds, would hang the run without a word. The caller of
//! [`Sim::run`](super::Sim::run) therefore looks from outside, on its own OS thread, whether steps are still
//! being taken.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::system_calls::SystemCalls;
use super::threads::{NONE, Name, Slot};

/// What the watching OS thread can see of a simulation.
#[derive(Default)]
pub(crate) struct Heartbeat {
    /// Goes up whenever the run loop resumes a thread, and now and then while a thread takes steps.
    beats: AtomicU64,
    /// The slot of the thread that was resumed last.
    slot: AtomicU32,
    /// Virtual time at that moment, in nanoseconds.
    now: AtomicU64,
    /// Node, name and number of the thread in each slot.
    names: Mutex<Vec<(Box<str>, Name, u64)>>,
    /// What the threads have asked the system for.
    pub(crate) system_calls: Mutex<SystemCalls>,
}

impl Heartbeat {
    /// The run loop is about to resume the thread in `slot`.
    pub(crate) fn beat(&self, slot: u32, now: u64) {
        self.slot.store(slot, Ordering::Relaxed);
        self.now.store(now, Ordering::Relaxed);
        self.is_alive();
    }

    /// A step is taken, the so-manieth. Now and then that is a beat: a thread that is alone is never resumed anew, and may poll
    /// for longer than a stall takes.
    #[inline]
    pub(crate) fn step(&self, steps: u64) {
        if steps.is_multiple_of(1 << 16) {
            self.is_alive();
        }
    }

    fn is_alive(&self) {
        // A load and a store do, as only the OS thread of the simulation writes: this is on the path of every
        // switch. The watcher may read old values, and then looks once more.
        self.beats.store(self.beats.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    pub(crate) fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// A new thread is in a slot.
    pub(crate) fn name(&self, slot: u32, node: &str, thread: &Slot) {
        let mut names = self.names.lock();
        let place = slot as usize;
        if names.len() <= place {
            names.resize(place + 1, ("".into(), Name::None, 0));
        }
        let entry = &mut names[place];
        // Most slots are used again by threads of the same node, and then nothing is allocated.
        if &*entry.0 != node {
            entry.0 = node.into();
        }
        entry.1 = thread.name.clone();
        entry.2 = thread.number;
    }

    /// The thread that was resumed last, as `node/thread`, and the virtual time at which that was.
    pub(crate) fn last_resumed(&self) -> (String, u64) {
        let slot = self.slot.load(Ordering::Relaxed);
        let now = self.now.load(Ordering::Relaxed);
        let names = self.names.lock();
        let name = match names.get(slot as usize) {
            _ if slot == NONE => "the run loop".to_owned(),
            Some((node, Name::None, number)) => format!("{node}/thread-{number}"),
            Some((node, name, _)) => format!("{node}/{}", name.as_str().unwrap_or_default()),
            None => "the run loop".to_owned(),
        };
        (name, now)
    }
}
