//! The table of simulated threads: who they are, what they do and what they wait for.

use std::fmt;
use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::Arc;

use rand::rngs::Xoshiro256PlusPlus;

use super::cause::{PanicOrigin, PanicReport};
use super::hold::StackWord;
use super::node::NodeId;
use crate::thread::Locals;

/// "No slot": the end of a list, the absence of a thread.
pub(crate) const NONE: u32 = u32::MAX;

/// A claim on one particular wait of one particular thread.
///
/// A thread's ticket changes whenever it stops waiting, so a waker that comes late wakes nobody by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiter {
    pub(crate) slot: u32,
    pub(crate) ticket: u32,
}

/// A thread's name: what [`Builder::name`](crate::thread::Builder::name) said, or nothing.
#[derive(Clone, Debug)]
pub(crate) enum Name {
    /// Known at compile time or kept by somebody else; costs nothing to copy.
    Static(&'static str),
    /// Given at run time.
    Shared(Arc<str>),
    /// None was given. The thread's number stands in for it.
    None,
}

impl Name {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Static(name) => Some(name),
            Self::Shared(name) => Some(name),
            Self::None => None,
        }
    }

    /// The same, for somebody else to keep.
    pub(crate) fn shared(&self) -> Option<Arc<str>> {
        match self {
            Self::Shared(name) => Some(Arc::clone(name)),
            _ => self.as_str().map(Arc::from),
        }
    }
}

/// What a blocked thread waits for. Shown in deadlock reports, so each variant is a sentence to a student.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// A mutex, or the shared side of a read-write lock, of this number.
    Lock(usize),
    /// The exclusive side of a read-write lock.
    WriteLock(usize),
    /// The exclusive side of a read-write lock of which the thread has the upgradable one.
    Upgrade(usize),
    /// A notification of a condition variable.
    Condvar,
    /// A message from a channel.
    Recv,
    /// Room in a channel.
    Send,
    /// One of the arms of a `select!`.
    Select,
    /// The end of the thread with this number.
    Join(u64),
    /// An `unpark`.
    Park,
    /// The passing of time only.
    Sleep,
    /// The reply to a remote call.
    Reply(&'static str),
}

impl Wait {
    /// Whether a channel, or one of several, is waited for.
    pub(crate) fn is_for_channel(self) -> bool {
        matches!(self, Self::Recv | Self::Send | Self::Select)
    }

    /// Whether nothing changes when the wait ends that others could see: it takes no lock, no message and no room.
    pub(crate) fn ends_unobserved(self) -> bool {
        matches!(self, Self::Condvar | Self::Join(_) | Self::Park | Self::Sleep | Self::Reply(_))
    }

    /// The lock that is waited for, if it is one.
    pub(crate) fn lock(self) -> Option<usize> {
        match self {
            Self::Lock(lock) | Self::WriteLock(lock) | Self::Upgrade(lock) => Some(lock),
            _ => None,
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lock(_) => f.write_str("a lock"),
            Self::WriteLock(_) => f.write_str("a lock, to write"),
            Self::Upgrade(_) => f.write_str("a lock that it reads, to write"),
            Self::Condvar => f.write_str("a notification of a condition variable"),
            Self::Recv => f.write_str("a message from a channel"),
            Self::Send => f.write_str("room in a channel"),
            Self::Select => f.write_str("an arm of a select"),
            Self::Join(number) => write!(f, "the end of thread {number}"),
            Self::Park => f.write_str("an unpark"),
            Self::Sleep => f.write_str("the end of a sleep"),
            Self::Reply(method) => write!(f, "the reply to {method}"),
        }
    }
}

/// Why a blocked thread runs again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::enum_variant_names, reason = "it reads as what it is: woken by a peer")]
pub(crate) enum Woken {
    /// Somebody woke it. What it waited for may be there now; look again.
    ByPeer,
    /// Its deadline passed.
    ByDeadline,
    /// The run is over and the thread is being unwound. It must not wait for anything any more.
    ByTheEnd,
}

/// Where a thread is between its first and its last instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// No thread lives in this slot.
    Vacant,
    /// It can run: the policy knows it, or its paused node keeps it.
    Runnable,
    /// It waits for something, since the call at this place in the source.
    Blocked(Wait, &'static Location<'static>),
    /// Its node was crashed. It will never run again.
    Crashed,
}

/// What the end of the run does with a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Nothing yet.
    Not,
    /// It unwinds it.
    Unwinding,
    /// The thread's function has returned, or never began, and what it leaves is dropped.
    Dropping,
}

/// A lock that a thread holds, for the reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// The number of the hold; see [`super::hold`].
    pub(crate) number: NonZeroU64,
    /// The number of the lock.
    pub(crate) lock: usize,
    pub(crate) location: &'static Location<'static>,
    pub(crate) side: Side,
    /// References may be anywhere, so that the lock is never taken away.
    pub(crate) is_kept: bool,
}

/// How much of a lock is held. A mutex has only the exclusive side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// With others, to read.
    Shared,
    /// With others that hold the shared side, to read and perhaps to write later.
    Upgradable,
    /// Alone.
    Exclusive,
}

/// One entry of the table. Slots are used again after a thread has ended.
pub(crate) struct Slot {
    pub(crate) state: State,
    /// The thread's number: how many threads the simulation had started before it.
    pub(crate) number: u64,
    pub(crate) node: NodeId,
    pub(crate) name: Name,
    /// How traces show the name, once one has.
    pub(crate) shown: Option<Arc<str>>,
    /// Changes whenever a wait ends; see [`Waiter`]. Goes on from thread to thread.
    pub(crate) ticket: u32,
    /// Whether the current wait has a timer in the heap.
    pub(crate) has_deadline: bool,
    /// The deadline on the node's own clock, in nanoseconds, while `has_deadline`.
    pub(crate) local_deadline: u64,
    pub(crate) woken: Woken,
    /// The lock whose release woke this thread, until it runs: if it never does, another must be woken.
    pub(crate) woken_for: Option<usize>,
    /// The next waiter in an intrusive list; see [`super::wait_list`].
    pub(crate) next: u32,
    /// Whether the thread is in such a list.
    pub(crate) is_listed: bool,
    /// Steps since the last census; see [`super::core::Core`].
    pub(crate) steps: u64,
    /// Where it took its last step, or began its last wait; `None` before the first.
    pub(crate) last_step: Option<&'static Location<'static>>,
    /// How often the thread has looked at the clock since its last step.
    pub(crate) looks: u32,
    /// The thread has done nothing that others could see since it was picked to run; see [`super::core::Core::step`].
    pub(crate) is_unobserved: bool,
    /// The lock that the thread took in its last step; see [`super::core::Core::has_just_taken`].
    pub(crate) just_taken: Option<usize>,
    pub(crate) held: Vec<Held>,
    /// Where the thread's stack lies.
    pub(crate) stack: StackWord,
    /// The number of the thread from whose frames this one may borrow, if it is one of a scope.
    pub(crate) borrows_from: Option<u64>,
    /// It has started threads of the system, which may borrow from its frames.
    pub(crate) has_system_threads: bool,
    /// Who the thread is for locks that know their holder; 0 before it has asked. See [`super::raw_thread_id`].
    pub(crate) lock_owner: usize,
    /// A panic began in this thread, whether or not it was caught since, or the end of the run unwinds it.
    pub(crate) has_panicked: bool,
    /// What the panic hook saw of this thread's last panic.
    pub(crate) origin: Option<Box<PanicOrigin>>,
    /// The panics of threads that this one has joined, the first few.
    pub(crate) joined: Vec<PanicReport>,
    /// The thread is between the step before a lock and the lock; see [`super::steps::step_to_lock`].
    pub(crate) is_locking: bool,
    /// The thread has waited for a condition variable at this place and is about to take the lock back.
    pub(crate) relocks: Option<&'static Location<'static>>,
    /// A lock was taken away from it: it never runs another instruction, and its stack is left as it is.
    pub(crate) is_left: bool,
    pub(crate) ending: Ending,
    /// The steps that it has taken since the run was over.
    pub(crate) steps_at_the_end: u32,
    /// The thread waits in a destructor while a panic unwinds it, or was left there.
    pub(crate) is_unwinding: bool,
    /// An unpark that came before its park.
    pub(crate) unparked: bool,
    /// The thread's own values of `labrpc::thread_local!`.
    pub(crate) locals: Locals,
    /// The thread's own stream of random numbers, made when it first draws one.
    pub(crate) chance: Option<Xoshiro256PlusPlus>,
}

impl Slot {
    fn vacant() -> Self {
        Self {
            state: State::Vacant,
            number: 0,
            node: NodeId::TESTER,
            name: Name::None,
            shown: None,
            ticket: 0,
            has_deadline: false,
            local_deadline: 0,
            woken: Woken::ByPeer,
            woken_for: None,
            next: NONE,
            is_listed: false,
            steps: 0,
            last_step: None,
            looks: 0,
            is_unobserved: true,
            just_taken: None,
            held: Vec::new(),
            stack: StackWord::NONE,
            borrows_from: None,
            has_system_threads: false,
            lock_owner: 0,
            has_panicked: false,
            origin: None,
            joined: Vec::new(),
            is_locking: false,
            relocks: None,
            is_left: false,
            ending: Ending::Not,
            steps_at_the_end: 0,
            is_unwinding: false,
            unparked: false,
            locals: Locals::new(),
            chance: None,
        }
    }
}

/// All threads of one simulation, by slot.
#[derive(Default)]
pub(crate) struct Threads {
    pub(crate) slots: Vec<Slot>,
    vacant: Vec<u32>,
    started: u64,
}

impl Threads {
    /// Puts a new thread into a slot; it is runnable, but the policy does not know it yet.
    pub(crate) fn add(&mut self, node: NodeId, name: Name) -> u32 {
        let index = self.vacant.pop().unwrap_or_else(|| {
            // Slots are used again, so the table grows with the threads that are alive at once and not with
            // all that ever were.
            self.slots.push(Slot::vacant());
            self.slots.len() as u32 - 1
        });
        let slot = &mut self.slots[index as usize];
        slot.state = State::Runnable;
        slot.number = self.started;
        slot.node = node;
        slot.name = name;
        slot.shown = None;
        self.started += 1;
        index
    }

    /// Empties the slot of a thread that has ended.
    pub(crate) fn remove(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        slot.state = State::Vacant;
        // A claim on a wait of this thread must not wake the next one in the slot.
        slot.ticket = slot.ticket.wrapping_add(1);
        slot.has_deadline = false;
        slot.woken_for = None;
        slot.is_listed = false;
        slot.steps = 0;
        slot.last_step = None;
        slot.looks = 0;
        slot.is_unobserved = true;
        slot.just_taken = None;
        slot.held.clear();
        slot.borrows_from = None;
        slot.has_system_threads = false;
        slot.lock_owner = 0;
        slot.has_panicked = false;
        slot.origin = None;
        slot.joined.clear();
        slot.is_locking = false;
        slot.is_unwinding = false;
        slot.is_left = false;
        slot.ending = Ending::Not;
        slot.steps_at_the_end = 0;
        slot.unparked = false;
        // What they held was dropped by the thread itself.
        slot.locals.clear();
        slot.chance = None;
        slot.name = Name::None;
        self.vacant.push(index);
    }

    /// How many threads were started so far.
    pub(crate) fn started(&self) -> u64 {
        self.started
    }

    pub(crate) fn slot(&self, index: u32) -> &Slot {
        &self.slots[index as usize]
    }

    pub(crate) fn slot_mut(&mut self, index: u32) -> &mut Slot {
        &mut self.slots[index as usize]
    }

    /// The slot of the thread with this number, if it has not ended.
    pub(crate) fn alive_with_number(&self, number: u64) -> Option<u32> {
        let is_it = |slot: &Slot| slot.state != State::Vacant && slot.number == number;
        self.slots.iter().position(is_it).map(|index| index as u32)
    }

    /// Whether `waiter` still waits.
    pub(crate) fn is_waiting(&self, waiter: Waiter) -> bool {
        let slot = self.slot(waiter.slot);
        slot.ticket == waiter.ticket && matches!(slot.state, State::Blocked(..))
    }

    /// The slots of all threads that have started and not ended, crashed ones included, oldest first.
    pub(crate) fn by_age(&self) -> Vec<u32> {
        self.by_age_where(|_| true)
    }

    /// Those of them that are meant.
    pub(crate) fn by_age_where(&self, is_meant: impl Fn(&Slot) -> bool) -> Vec<u32> {
        let is_meant = |slot: &Slot| slot.state != State::Vacant && is_meant(slot);
        let mut alive: Vec<u32> =
            (0..self.slots.len() as u32).filter(|&index| is_meant(self.slot(index))).collect();
        // By age and not by slot: which slot a thread has depends on who ended before, and reports and
        // crashes go through all threads in this order.
        alive.sort_unstable_by_key(|&index| self.slot(index).number);
        alive
    }
}
