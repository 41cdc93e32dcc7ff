//! Thread-local values of both worlds.
//!
//! The threads of a simulation share one OS thread, and so the values of `std::thread_local!`: each would find what
//! another one left. Here a simulated thread has values of its own, which live with it in the scheduler's table.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use crate::sim::{NONE, is_simulated, with_core};

/// Declares thread-local values, with the syntax of [`std::thread_local!`].
///
/// ```
/// use std::cell::Cell;
///
/// labrpc::thread_local! {
///     static CALLS: Cell<u32> = const { Cell::new(0) };
/// }
///
/// CALLS.set(CALLS.get() + 1);
/// labrpc::thread::spawn(|| assert_eq!(CALLS.get(), 0)).join().unwrap();
/// assert_eq!(CALLS.get(), 1);
/// ```
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty = const $init:block $(; $($rest:tt)*)?) => {
        $crate::thread_local!($(#[$attribute])* $vis static $name: $type = $init);
        $($crate::thread_local!($($rest)*);)?
    };
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty = $init:expr $(; $($rest:tt)*)?) => {
        $(#[$attribute])*
        $vis static $name: $crate::thread::LocalKey<$type> = {
            fn init() -> $type {
                $init
            }
            $crate::thread::LocalKey::new(init)
        };
        $($crate::thread_local!($($rest)*);)?
    };
}

/// A value that each thread has for itself; see [`thread_local!`](crate::thread_local).
///
/// # Differences from [`std::thread::LocalKey`]
///
/// - In a simulation the values of a thread are dropped when its function has returned, the youngest first, before anybody
///   who joins the thread goes on. Those of a thread that was crashed are dropped at the end of the run.
/// - Outside, the values of a thread go together: none can be had while they are dropped.
pub struct LocalKey<T: 'static> {
    init: fn() -> T,
}

/// The value was dropped already, because its thread ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError;

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("already destroyed")
    }
}

impl std::error::Error for AccessError {}

/// The values of one simulated thread, oldest first: the address of the key, and the value, or that it was dropped. The
/// address tells keys apart and nothing else.
pub(crate) type Locals = Vec<(usize, Option<Rc<dyn Any>>)>;

impl<T: 'static> LocalKey<T> {
    /// What [`thread_local!`](crate::thread_local) makes; not for other use.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(init: fn() -> T) -> Self {
        Self { init }
    }

    /// Calls `act` with the thread's value, which is made when it is first wanted.
    ///
    /// # Panics
    ///
    /// If the value was dropped already, because the thread ends.
    pub fn with<R>(&'static self, act: impl FnOnce(&T) -> R) -> R {
        self.try_with(act).expect("a thread-local value is not used after it was dropped")
    }

    /// As [`with`](Self::with).
    ///
    /// # Errors
    ///
    /// If the value was dropped already.
    pub fn try_with<R>(&'static self, act: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        let key = std::ptr::from_ref(self).addr();
        let found = with_locals(|locals| {
            let found = locals.iter().find(|(other, _)| *other == key);
            found.map(|(_, value)| value.clone())
        })?;
        if let Some(value) = found {
            let value: Rc<T> = value.and_then(|value| value.downcast().ok()).ok_or(AccessError)?;
            // Kept by its own count: the thread may give way in `act`, and its other values may come meanwhile.
            return Ok(act(&value));
        }
        // Nothing is borrowed meanwhile: this is the user's code.
        let value = Rc::new((self.init)());
        let kept: Rc<dyn Any> = value.clone();
        with_locals(|locals| locals.push((key, Some(kept))))?;
        Ok(act(&value))
    }
}

std::thread_local! {
    /// The values of a real thread.
    static REAL: RefCell<Locals> = const { RefCell::new(Locals::new()) };
}

/// Acts on the values of the calling thread.
fn with_locals<R>(act: impl FnOnce(&mut Locals) -> R) -> Result<R, AccessError> {
    // What the run loop does, as the delivery of a message, is done in no simulated thread.
    if is_simulated() && with_core(|core| core.current != NONE) {
        return Ok(with_core(|core| act(&mut core.threads.slot_mut(core.current).locals)));
    }
    REAL.try_with(|locals| act(&mut locals.borrow_mut())).map_err(|_| AccessError)
}

/// Drops the values of the running simulated thread, which ends. Their destructors may make new ones.
pub(crate) fn drop_locals() {
    loop {
        let value = with_core(|core| {
            let locals = &mut core.threads.slot_mut(core.current).locals;
            locals.iter_mut().rev().find_map(|(_, value)| value.take())
        });
        if value.is_none() {
            return;
        }
    }
}

impl<T: 'static> LocalKey<Cell<T>> {
    /// Sets the value. Unlike std's, it makes the initial one first.
    pub fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }

    /// A copy of the value.
    #[must_use]
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// Takes the value, and leaves the default.
    #[must_use]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    /// Sets the value, and returns the one before.
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    /// Calls `act` with the value.
    ///
    /// # Panics
    ///
    /// If it is borrowed to be changed.
    pub fn with_borrow<R>(&'static self, act: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| act(&cell.borrow()))
    }

    /// Calls `act` with the value, to change it.
    ///
    /// # Panics
    ///
    /// If it is borrowed.
    pub fn with_borrow_mut<R>(&'static self, act: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| act(&mut cell.borrow_mut()))
    }

    /// Sets the value.
    ///
    /// # Panics
    ///
    /// If it is borrowed.
    pub fn set(&'static self, value: T) {
        self.with(|cell| drop(cell.replace(value)));
    }

    /// Takes the value, and leaves the default.
    ///
    /// # Panics
    ///
    /// If it is borrowed.
    #[must_use]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    /// Sets the value, and returns the one before.
    ///
    /// # Panics
    ///
    /// If it is borrowed.
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalKey { .. }")
    }
}
