//! What the scheduler can say about threads: names, waits, who holds what, and circles.

use super::cause::{Cause, PanicReport, SpinReport, ThreadReport};
use super::core::Core;
use super::node::NodeId;
use super::threads::{Held, NONE, Side, State, Wait};
use super::words::place;

/// The panics of joined threads that are kept for the report of a panic of the joining one.
const JOINED_PANICS_MAX: usize = 3;

/// A number in digits, without an allocation.
#[cfg(unix)]
fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &str {
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return std::str::from_utf8(&digits[first..]).unwrap_or_default();
        }
    }
}

impl Core {
    /// The node of the running thread; the tester in the run loop.
    pub(crate) fn current_node(&self) -> NodeId {
        match self.current {
            NONE => NodeId::TESTER,
            current => self.threads.slot(current).node,
        }
    }

    /// A thread's name, or `thread-7` for the eighth thread if it has none.
    pub(crate) fn thread_name(&self, index: u32) -> String {
        let slot = self.threads.slot(index);
        match slot.name.as_str() {
            Some(name) => name.to_owned(),
            None => format!("thread-{}", slot.number),
        }
    }

    /// A thread's node and name, as `S1/applier`.
    pub(crate) fn full_name(&self, index: u32) -> String {
        let node = self.nodes[self.threads.slot(index).node.index()].name();
        format!("{node}/{}", self.thread_name(index))
    }

    /// The thread that runs; the run loop when none does.
    pub(crate) fn current_name(&self) -> String {
        match self.current {
            NONE => "the run loop".to_owned(),
            current => self.full_name(current),
        }
    }

    /// The thread that has what the thread in `index` waits for.
    fn holder(&self, index: u32) -> Option<u32> {
        let State::Blocked(wait, _) = self.threads.slot(index).state else { return None };
        if wait.lock().is_none() && !matches!(wait, Wait::Join(_)) {
            return None;
        }
        // Of several who hold the shared side the oldest stands for all, so a circle through another one is
        // not found. The report still lists what each thread holds.
        self.threads.by_age().into_iter().find(|&other| {
            // What it would upgrade is not in its own way.
            let upgrades = other == index && matches!(wait, Wait::Upgrade(_));
            let other = self.threads.slot(other);
            let is_in_the_way =
                |held: &Held| Some(held.lock) == wait.lock() && !(upgrades && held.side == Side::Upgradable);
            wait == Wait::Join(other.number) || other.held.iter().any(is_in_the_way)
        })
    }

    /// What is to be said if the holder of a lock has crashed, and the lock was not taken away from it.
    fn why_not_taken_away(&self, index: u32) -> &'static str {
        let Some(holder) = self.holder(index).map(|holder| self.threads.slot(holder)) else { return "" };
        let State::Blocked(wait, _) = self.threads.slot(index).state else { return "" };
        let is_kept = |held: &Held| Some(held.lock) == wait.lock() && held.is_kept;
        match holder.state {
            State::Crashed if holder.held.iter().any(is_kept) => {
                " (its holder was crashed, and it stays locked: its guard was used where it does not lie on the stack of its \
                 thread, as in a Box)"
            }
            State::Crashed if wait.lock().is_some() => {
                " (its holder was crashed, and it stays locked: other threads borrow from that one)"
            }
            _ => "",
        }
    }

    fn report_thread(&self, index: u32) -> ThreadReport {
        let slot = self.threads.slot(index);
        let is_paused = self.nodes[slot.node.index()].is_paused;
        let activity = match slot.state {
            State::Blocked(Wait::Join(number), location) => {
                let joined = self
                    .threads
                    .by_age()
                    .into_iter()
                    .find(|&other| self.threads.slot(other).number == number);
                let joined = joined.map_or_else(|| format!("thread {number}"), |other| self.full_name(other));
                format!("waits for the end of {joined} at {}", place(location))
            }
            State::Blocked(wait, location) => {
                format!("waits for {wait} at {}{}", place(location), self.why_not_taken_away(index))
            }
            State::Runnable if is_paused => "could run, but its node is paused".to_owned(),
            // Of a thread that goes round and round it is a place in its circle.
            State::Runnable => slot.last_step.map_or_else(
                || "can run, and has done nothing yet".to_owned(),
                |location| format!("can run, last seen at {}", place(location)),
            ),
            State::Crashed => "was crashed".to_owned(),
            State::Vacant => "has ended".to_owned(),
        };
        let waits_for_lock = matches!(slot.state, State::Blocked(wait, _) if wait.lock().is_some());
        let waits_for_ever = matches!(slot.state, State::Blocked(..)) && !slot.has_deadline;
        ThreadReport {
            thread: self.full_name(index),
            activity,
            waits_for_ever,
            holds: slot.held.iter().map(|held| place(held.location)).collect(),
            waits_for: self.holder(index).filter(|_| waits_for_lock).map(|holder| self.full_name(holder)),
        }
    }

    /// Every thread that has not ended, oldest first; crashed ones left out.
    pub(crate) fn report_threads(&self) -> Vec<ThreadReport> {
        self.threads
            .by_age()
            .into_iter()
            .filter(|&index| self.threads.slot(index).state != State::Crashed)
            .map(|index| self.report_thread(index))
            .collect()
    }

    /// The threads of one node that have neither ended nor been crashed, oldest first.
    pub(crate) fn report_threads_of(&self, node: NodeId) -> Vec<ThreadReport> {
        let mut alive = self.threads.by_age();
        alive.retain(|&index| {
            self.threads.slot(index).node == node && self.threads.slot(index).state != State::Crashed
        });
        alive.into_iter().map(|index| self.report_thread(index)).collect()
    }

    /// The threads that took most steps since step `census`, busiest first.
    pub(super) fn spinners(&self, census: u64) -> Vec<SpinReport> {
        let counted = self.steps - census.min(self.steps);
        let mut spinners: Vec<SpinReport> = self
            .threads
            .by_age()
            .into_iter()
            .filter(|&index| self.threads.slot(index).steps > 0)
            .map(|index| SpinReport {
                thread: self.full_name(index),
                steps: self.threads.slot(index).steps,
                of: counted,
            })
            .collect();
        // Stable, and from oldest to youngest before: equally busy threads come in the same order in every
        // run.
        spinners.sort_by_key(|spinner| std::cmp::Reverse(spinner.steps));
        spinners.truncate(5);
        spinners
    }

    /// The running thread has joined one that panicked, and has its payload, which may be all that it shows of it.
    pub(crate) fn joins_panic(&mut self, panic: PanicReport) {
        let joined = &mut self.threads.slot_mut(self.current).joined;
        if joined.len() < JOINED_PANICS_MAX {
            joined.push(panic);
        }
    }

    /// Says in pieces which thread runs, and in which run. Allocates nothing: it is called when the thread has no stack left.
    #[cfg(unix)]
    pub(super) fn name_thread_and_run(&self, mut say: impl FnMut(&str)) {
        if self.current == NONE {
            return;
        }
        let slot = self.threads.slot(self.current);
        let mut digits = [0; 20];
        say("It was ");
        say(self.nodes[slot.node.index()].name());
        say("/");
        match slot.name.as_str() {
            Some(name) => say(name),
            None => {
                say("thread-");
                say(decimal(slot.number, &mut digits));
            }
        }
        say(", in the run ");
        say(&self.title);
        say("\n");
    }

    /// Threads that each wait for what the next one has, the last for the first.
    pub(crate) fn cycle(&self) -> Vec<String> {
        for start in self.threads.by_age() {
            let mut path = vec![start];
            while let Some(next) = self.holder(path[path.len() - 1]) {
                // The way may lead into a circle that `start` is no part of. Only the circle is shown.
                if let Some(from) = path.iter().position(|&index| index == next) {
                    return path[from..].iter().map(|&index| self.full_name(index)).collect();
                }
                path.push(next);
            }
        }
        Vec::new()
    }

    /// Nothing can happen any more.
    pub(crate) fn deadlock(&self) -> Cause {
        Cause::Deadlock { time_ns: self.now, cycle: self.cycle(), threads: self.report_threads() }
    }
}
