//! What a guard has of the lock that it keeps: a [`Hold`]. And why no guard outlives the hold that was taken from its thread.
//!
//! # The danger
//!
//! A lock can be taken away from a thread of a crashed node ([`super::lock_owners`]). Then nobody may ever use a
//! reference into the guarded data that was made before. Such references all come out of a guard: out of `&guard` as `&T`, out of
//! `&mut guard` as `&mut T`, each with the lifetime of the borrow of the guard. So where the guard lies says how far a reference
//! can get:
//!
//! - On the stack of its own thread: the borrow ends before the frame does, and with it each reference. Only that thread can
//!   have one, and threads of a [`scope`](crate::thread::scope) that it has opened, which may borrow from its frames.
//! - Anywhere else (in a `Box` that may be leaked, in a thread-local of `std`, which all threads of a simulation share
//!   although the compiler takes each for a thread of its own, on another thread's stack): the reference may be `'static`, and be
//!   sent to whoever lives.
//!
//! # The rule
//!
//! A hold knows the bounds of the stack of the thread that has taken the lock. Whenever a guard gives a reference away it
//! looks whether it lies there itself ([`Hold::check`]). If it does not, the hold is *kept*: from then on it is never taken away,
//! and the lock of a crashed thread stays locked, as one whose guard was forgotten. `MutexGuard::leak` keeps its hold,
//! too. If the hold has been taken away already, there is no reference, but a panic.
//!
//! So a hold that can be taken away has given references to frames of its own thread alone, and to threads of its scopes. All of
//! these must have crashed, and none of them ever runs another instruction: [`Core::evict`](super::core::Core) sees to it.
//!
//! A guard does not say by its place which lock it gives back: a hold has a number, which no other in the process has. Whoever
//! drops a guard gives back this hold, wherever it is listed, or nothing if it has been taken away; the lock may be
//! somebody else's by then, of another simulation or of the real world.
//!
//! In the real world nothing is ever taken away, and all holds have one number.
//!
//! # What this does not cover
//!
//! Two kinds of crates lend what lies on a stack in a way that the language allows and a simulation cannot see. Code under
//! test must not use them in simulated threads:
//!
//! - with a pool of threads of their own, to which they lend for the time of a call, as `rayon::in_place_scope`. (A thread that
//!   has started one of the system is seen on Linux, and keeps its locks: so `std::thread::scope` does no harm.)
//! - by a pointer in a thread-local of `std` for the time of a call, as `scoped_tls`: the threads of a simulation have
//!   one such thread-local among them. Locks have no part in this.

#![allow(unsafe_code, reason = "a hold may be shared with other threads, although it stays with its own")]

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::context::try_with_core;
use super::threads::Side;

/// What becomes of a hold of which not only its thread's table of holds may decide.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is never taken away.
    Kept,
    /// It was taken away.
    TakenAway,
}

/// The holds, by number, that were kept or taken away while their guards were there. They are few. Not in the core: a reference to
/// a guard can be in the hands of a thread of another simulation, or of a real one.
static FATES: Mutex<BTreeMap<NonZeroU64, Fate>> = Mutex::new(BTreeMap::new());

/// The number of holds in the real world.
const REAL: NonZeroU64 = NonZeroU64::MIN;

/// The number of a guard's hold while it has none: its lock is unlocked for a moment, and could not be taken again.
const NONE: NonZeroU64 = NonZeroU64::MAX;

/// How many numbers a simulation takes at once.
const BLOCK: u64 = 1 << 20;

/// A simulation's own supply of numbers for holds.
#[derive(Default)]
pub(crate) struct HoldNumbers {
    last: u64,
    end: u64,
}

impl HoldNumbers {
    /// A number that no other hold of the process has.
    #[inline]
    pub(super) fn next(&mut self) -> NonZeroU64 {
        if self.last == self.end {
            self.take_a_block();
        }
        self.last += 1;
        NonZeroU64::MIN.saturating_add(self.last)
    }

    #[cold]
    fn take_a_block(&mut self) {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // 2^64 of them would take a thousand years.
        self.last = NEXT.fetch_add(BLOCK, Ordering::Relaxed);
        self.end = self.last + BLOCK;
    }
}

/// Where the stack of a thread lies, and what side of a lock it has got, in one word: a guard is two words and what its lock
/// needs, and goes through registers.
///
/// The address above the stack, which is a multiple of 128; its length as a power of two, in 5 bits; and the side in 2 bits.
#[derive(Clone, Copy)]
pub(crate) struct StackWord(usize);

/// The bits that are not the address.
const LOW_BITS: usize = 127;

/// The shortest length, as a power of two.
const LENGTH_MIN: u32 = 8;

impl StackWord {
    /// No stack.
    pub(crate) const NONE: Self = Self(0);

    /// The stack from `limit` up to `base`. Of one whose length is no power of two its far end counts as none: a guard that lies so deep
    /// is kept.
    pub(super) fn new(limit: usize, base: usize) -> Self {
        let length = (base - limit).ilog2().clamp(LENGTH_MIN, LENGTH_MIN + 31) - LENGTH_MIN;
        assert!(
            base & LOW_BITS == 0 && base - limit >= 1 << LENGTH_MIN,
            "a stack begins at a multiple of 128"
        );
        Self(base | (length as usize) << 2)
    }

    const fn with(self, side: Side) -> Self {
        Self(self.0 & !3 | side as usize)
    }

    #[inline]
    const fn side(self) -> Side {
        match self.0 & 3 {
            0 => Side::Shared,
            1 => Side::Upgradable,
            _ => Side::Exclusive,
        }
    }

    /// Whether something lies on this stack.
    #[inline]
    fn has(self, address: usize) -> bool {
        let length = 1_usize << ((self.0 >> 2 & 31) as u32 + LENGTH_MIN);
        (self.0 & !LOW_BITS).wrapping_sub(address).wrapping_sub(1) < length
    }
}

/// One side of one lock, held by one guard. Dropping it gives nothing back: guards do.
pub(crate) struct Hold {
    number: NonZeroU64,
    /// The stack of the thread that has taken the lock, and the side.
    stack: StackWord,
    /// Like parking_lot's guards, ours stay with their thread.
    _no_send: PhantomData<*mut ()>,
}

// SAFETY: what a shared hold can do is `check`, `keep` and to be read; the table behind them has a lock of its own.
unsafe impl Sync for Hold {}

impl Hold {
    /// One that was taken in the real world.
    #[inline]
    pub(crate) const fn real(side: Side) -> Self {
        Self { number: REAL, stack: StackWord::NONE.with(side), _no_send: PhantomData }
    }

    /// One with a number of its own, that was taken by a thread with this stack.
    #[inline]
    pub(super) const fn simulated(number: NonZeroU64, stack: StackWord, side: Side) -> Self {
        Self { number, stack: stack.with(side), _no_send: PhantomData }
    }

    /// No hold.
    pub(crate) const fn none(side: Side) -> Self {
        Self { number: NONE, stack: StackWord::NONE.with(side), _no_send: PhantomData }
    }

    /// The same hold, for another guard of it: that of a reentrant lock has many.
    pub(super) const fn another(&self) -> Self {
        Self { number: self.number, stack: self.stack, _no_send: PhantomData }
    }

    #[inline]
    pub(crate) fn is_real(&self) -> bool {
        self.number == REAL
    }

    pub(super) const fn number(&self) -> NonZeroU64 {
        self.number
    }

    #[inline]
    pub(crate) const fn side(&self) -> Side {
        self.stack.side()
    }

    pub(super) const fn set_side(&mut self, side: Side) {
        self.stack = self.stack.with(side);
    }

    /// A guard, in which this lies, is about to give a reference to what it guards.
    ///
    /// # Panics
    ///
    /// If the hold was taken away.
    #[inline(always)]
    pub(crate) fn check(&self) {
        if self.number != REAL && !self.stack.has(std::ptr::from_ref(self).addr()) {
            self.keep();
        }
    }

    /// From now on the hold is never taken away: references may be anywhere.
    ///
    /// # Panics
    ///
    /// If it was taken away.
    #[cold]
    #[inline(never)]
    pub(crate) fn keep(&self) {
        let is_there = match self.number {
            REAL => true,
            NONE => false,
            number => *FATES.lock().entry(number).or_insert(Fate::Kept) == Fate::Kept,
        };
        try_with_core(|core| core.hold_is_kept(self.number));
        assert!(
            is_there,
            "the lock under this guard was taken away when the node of its thread crashed: a guard stays with its thread, \
             and must not be kept in std::thread_local! (labrpc::thread_local! is each thread's own)"
        );
    }
}

/// Takes a hold away from its thread. `false` if it is kept.
pub(super) fn take_away(number: NonZeroU64) -> bool {
    *FATES.lock().entry(number).or_insert(Fate::TakenAway) == Fate::TakenAway
}

/// The guard of a hold that no thread's table lists has gone. Returns whether the lock is still held for it.
pub(super) fn ends_unlisted(number: NonZeroU64) -> bool {
    number != NONE && FATES.lock().remove(&number) != Some(Fate::TakenAway)
}

/// The guard of a hold has gone that was kept, or perhaps was.
pub(super) fn ends(number: NonZeroU64) {
    FATES.lock().remove(&number);
}

/// Whether a hold that no thread's table lists was taken away, or is none.
pub(super) fn is_taken_away(number: NonZeroU64) -> bool {
    number == NONE || FATES.lock().get(&number) == Some(&Fate::TakenAway)
}
