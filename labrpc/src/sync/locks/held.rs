//! What all guards are inside: a hold of a lock, and a pointer to what the lock guards.

use std::mem::ManuallyDrop;
use std::panic::Location;
use std::ptr;
use std::sync::Arc;

use crate::sim::{Hold, RawLock, Side};

/// A lock with data.
pub(crate) trait Lock {
    /// The lock under it.
    type Raw: RawLock;

    /// The lock under it.
    fn raw(&self) -> &Self::Raw;
}

/// How a guard reaches its lock, for as long as the guard lives.
pub(crate) trait Handle {
    /// The lock under it.
    type Raw: RawLock;

    /// The lock under it.
    fn raw(&self) -> &Self::Raw;
}

impl<L: Lock + ?Sized> Handle for &L {
    type Raw = L::Raw;

    #[inline]
    fn raw(&self) -> &L::Raw {
        (**self).raw()
    }
}

impl<L: Lock + ?Sized> Handle for Arc<L> {
    type Raw = L::Raw;

    #[inline]
    fn raw(&self) -> &L::Raw {
        (**self).raw()
    }
}

/// The handle of a guard that has only a part of what its lock guards.
#[derive(Debug)]
pub(crate) struct Part<'a, R>(pub(super) &'a R);

impl<R: RawLock> Handle for Part<'_, R> {
    type Raw = R;

    #[inline]
    fn raw(&self) -> &R {
        self.0
    }
}

/// A hold of a lock, which is given back when this is dropped, and what the lock guards.
pub(crate) struct Held<H: Handle, T: ?Sized> {
    hold: Hold,
    /// It lives as long as what `handle` leads to, and others use it only as `hold` lets them.
    data: *mut T,
    handle: H,
}

// SAFETY: a shared guard gives shared references alone, which others may have if the type lets them. Before each it asks its hold,
// which may be shared.
unsafe impl<H: Handle + Sync, T: ?Sized + Sync> Sync for Held<H, T> {}

impl<H: Handle, T: ?Sized> Held<H, T> {
    /// # Safety
    ///
    /// `hold` is one of `handle`'s lock, and nobody else gives it back; `data` is what that lock guards, or a part of it.
    #[inline]
    pub(super) unsafe fn new(handle: H, hold: Hold, data: *mut T) -> Self {
        Self { hold, data, handle }
    }

    #[inline]
    pub(in crate::sync) fn raw(&self) -> &H::Raw {
        self.handle.raw()
    }

    #[inline]
    pub(in crate::sync) fn hold(&self) -> &Hold {
        &self.hold
    }

    #[inline]
    pub(super) fn handle(&self) -> &H {
        &self.handle
    }

    #[inline]
    pub(super) fn get(&self) -> &T {
        self.hold.check();
        // SAFETY: the lock is held for this guard, which shares it with readers at most. It is taken away only when
        // the borrow cannot be used any more: `check` has seen where it can get, or has said that it may be anywhere.
        unsafe { &*self.data }
    }

    /// # Safety
    ///
    /// The hold is of the exclusive side.
    #[inline]
    pub(super) unsafe fn get_mut(&mut self) -> &mut T {
        self.hold.check();
        // SAFETY: as in `get`; and this guard is borrowed exclusively, and shares the lock with nobody.
        unsafe { &mut *self.data }
    }

    /// Gives the lock back for the time of a call.
    #[inline]
    pub(in crate::sync) fn unlocked<U>(
        &mut self,
        is_fair: bool,
        location: &'static Location<'static>,
        act: impl FnOnce() -> U,
    ) -> U {
        let side = self.hold.side();
        let hold = std::mem::replace(&mut self.hold, Hold::none(side));
        let again = Relock { held: self, side, location };
        // SAFETY: it was this guard's, which has none meanwhile.
        unsafe { again.held.handle.raw().release(&hold, is_fair) };
        act()
    }

    #[inline]
    pub(super) fn unlock_fair(self) {
        let (handle, hold, _) = self.into_parts();
        // SAFETY: it was this guard's, which is gone.
        unsafe { handle.raw().release(&hold, true) };
    }

    /// Ends the guard and leaves the lock held.
    #[inline]
    pub(super) fn into_parts(self) -> (H, Hold, *mut T) {
        let held = ManuallyDrop::new(self);
        // SAFETY: each field is taken once, and the guard is not dropped.
        unsafe { (ptr::read(&raw const held.handle), ptr::read(&raw const held.hold), held.data) }
    }

    /// The hold, to be made one of another side.
    ///
    /// # Safety
    ///
    /// What gets the guard afterwards, and what is done with it, goes with the side.
    #[inline]
    pub(super) unsafe fn hold_mut(&mut self) -> (&H, &mut Hold) {
        (&self.handle, &mut self.hold)
    }

    /// Never gives the lock back, and lets the reference go anywhere.
    ///
    /// # Safety
    ///
    /// The hold is of the exclusive side, and `'a` no longer than `data` lives.
    pub(super) unsafe fn leak<'a>(self) -> &'a mut T {
        self.hold.keep();
        let (_, _, data) = self.into_parts();
        // SAFETY: the lock is held for ever now, by nobody but this reference.
        unsafe { &mut *data }
    }

    /// Goes over to what `part` makes of the data.
    ///
    /// # Safety
    ///
    /// The hold is of the exclusive side, and `to` leads to the same lock, for as long.
    #[inline]
    pub(super) unsafe fn map_mut<P: Handle, U: ?Sized, E>(
        mut self,
        to: impl FnOnce(H) -> P,
        part: impl FnOnce(&mut T) -> Result<&mut U, E>,
    ) -> Result<Held<P, U>, (Self, E)> {
        // SAFETY: as the caller says.
        match part(unsafe { self.get_mut() }) {
            Ok(part) => {
                let data = ptr::from_mut(part);
                let (handle, hold, _) = self.into_parts();
                Ok(Held { hold, data, handle: to(handle) })
            }
            Err(error) => Err((self, error)),
        }
    }

    /// As [`map_mut`](Self::map_mut), of what is only read.
    ///
    /// # Safety
    ///
    /// `to` leads to the same lock, for as long, and nothing is written through the guard that this makes.
    #[inline]
    pub(super) unsafe fn map<P: Handle, U: ?Sized, E>(
        self,
        to: impl FnOnce(H) -> P,
        part: impl FnOnce(&T) -> Result<&U, E>,
    ) -> Result<Held<P, U>, (Self, E)> {
        match part(self.get()) {
            Ok(part) => {
                let data = ptr::from_ref(part).cast_mut();
                let (handle, hold, _) = self.into_parts();
                Ok(Held { hold, data, handle: to(handle) })
            }
            Err(error) => Err((self, error)),
        }
    }
}

impl<H: Handle, T: ?Sized> Drop for Held<H, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: it is this guard's, which is gone.
        unsafe { self.handle.raw().release(&self.hold, false) };
    }
}

/// Takes a lock again for a guard when it is dropped. If that panics the guard stays without a hold, and gives no references.
struct Relock<'a, H: Handle, T: ?Sized> {
    held: &'a mut Held<H, T>,
    side: Side,
    location: &'static Location<'static>,
}

impl<H: Handle, T: ?Sized> Drop for Relock<'_, H, T> {
    #[inline]
    fn drop(&mut self) {
        self.held.hold = self.held.handle.raw().lock(self.side, self.location);
    }
}
