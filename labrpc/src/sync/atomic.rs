//! Atomics of both worlds, with the API of [`std::sync::atomic`].
//!
//! # Differences from [`std::sync::atomic`]
//!
//! - In a simulation every operation is a scheduling point, so a race between two of them is found.
//! - All threads of a simulation see one memory in one order: an `Ordering` that is too weak is not found.
//! - [`fence`] is a scheduling point as well. A loop that spins should call
//!   [`hint::spin_loop`](crate::hint::spin_loop).
//! - There is no `from_ptr`.

use std::fmt;
use std::panic::Location;

pub use std::sync::atomic::{Ordering, compiler_fence};

use crate::sim::{self, Kind, ObjectId, On};

/// A scheduling point before an atomic changes, or may; nothing outside of a simulation.
#[inline]
#[track_caller]
fn changes(id: &ObjectId) {
    if sim::is_simulated() {
        sim::step_on(Kind::Atomic, On::Changes(id), Location::caller());
    }
}

/// As [`changes`], before an atomic is only looked at.
#[inline]
#[track_caller]
fn reads(id: &ObjectId) {
    if sim::is_simulated() {
        sim::step_on(Kind::Atomic, On::Reads(id), Location::caller());
    }
}

/// A memory fence.
#[track_caller]
pub fn fence(order: Ordering) {
    if sim::is_simulated() {
        sim::step(Kind::Atomic, 0, Location::caller());
    }
    std::sync::atomic::fence(order);
}

/// Defines a facade of one atomic type: the operations that all of them have. A macro, because the standard library has
/// no trait over its atomics.
macro_rules! atomic {
    ($name:ident, $value:ty $(, $param:ident)?) => {
        #[doc = concat!("As [`std::sync::atomic::", stringify!($name), "`]; see [the module](self) for differences.")]
        pub struct $name$(<$param>)?(std::sync::atomic::$name$(<$param>)?, ObjectId);

        impl$(<$param>)? $name$(<$param>)? {
            /// A new atomic.
            #[must_use]
            pub const fn new(value: $value) -> Self {
                Self(std::sync::atomic::$name::new(value), ObjectId::new())
            }

            /// Reads the value.
            #[inline]
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                reads(&self.1);
                self.0.load(order)
            }

            /// Writes the value.
            #[inline]
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                changes(&self.1);
                self.0.store(value, order);
            }

            /// Writes the value and returns the one before.
            #[inline]
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                changes(&self.1);
                self.0.swap(value, order)
            }

            /// Writes `new` if the value is `current`.
            ///
            /// # Errors
            ///
            /// The value, if it was another one.
            #[inline]
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                changes(&self.1);
                self.0.compare_exchange(current, new, success, failure)
            }

            /// As [`compare_exchange`](Self::compare_exchange). In a simulation it never fails without reason.
            ///
            /// # Errors
            ///
            /// The value, if it was another one.
            #[inline]
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                changes(&self.1);
                if sim::is_simulated() {
                    self.0.compare_exchange(current, new, success, failure)
                } else {
                    self.0.compare_exchange_weak(current, new, success, failure)
                }
            }

            /// Replaces the value by what `update` makes of it, until that succeeds or `update` gives `None`.
            ///
            /// # Errors
            ///
            /// The value, if `update` gave `None`.
            #[track_caller]
            pub fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                // Two operations and two steps, as in the standard library: others can come in between, and
                // then it is tried again.
                let mut value = self.load(fetch);
                while let Some(new) = update(value) {
                    match self.compare_exchange_weak(value, new, set, fetch) {
                        Ok(before) => return Ok(before),
                        Err(other) => value = other,
                    }
                }
                Err(value)
            }

            /// As [`fetch_update`](Self::fetch_update), under its newer name.
            ///
            /// # Errors
            ///
            /// The value, if `update` gave `None`.
            #[track_caller]
            pub fn try_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                self.fetch_update(set, fetch, update)
            }

            /// Replaces the value by what `update` makes of it, and returns the one before. `update` is called again if
            /// another thread has come in between.
            #[track_caller]
            pub fn update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut update: impl FnMut($value) -> $value,
            ) -> $value {
                let (Ok(before) | Err(before)) = self.fetch_update(set, fetch, |value| Some(update(value)));
                before
            }

            /// Where the value lies, to read and write it by other means. What is done through the pointer is no step of
            /// a simulation: nobody can come in between, and no race with it is found.
            #[must_use]
            pub const fn as_ptr(&self) -> *mut $value {
                self.0.as_ptr()
            }

            /// The value, to change without atomicity, which an exclusive borrow needs not.
            pub fn get_mut(&mut self) -> &mut $value {
                self.0.get_mut()
            }

            /// The value.
            pub const fn into_inner(self) -> $value {
                self.0.into_inner()
            }
        }

        impl$(<$param>)? fmt::Debug for $name$(<$param>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

/// Adds read-modify-write operations to a facade.
macro_rules! operations {
    ($name:ident, $value:ty: $($method:ident $doc:literal),+) => {
        impl $name {
            $(
                #[doc = $doc]
                /// Returns the value before.
                #[inline]
                #[track_caller]
                pub fn $method(&self, value: $value, order: Ordering) -> $value {
                    changes(&self.1);
                    self.0.$method(value, order)
                }
            )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new(<$value>::default())
            }
        }

        impl From<$value> for $name {
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }
    };
}

/// Defines the facade of an integer type.
macro_rules! integer {
    ($($name:ident $value:ty),+) => {
        $(
            atomic!($name, $value);
            operations!($name, $value:
                fetch_add "Adds `value`, wrapping around.", fetch_sub "Subtracts `value`, wrapping around.",
                fetch_and "Bitwise and.", fetch_nand "Bitwise nand.", fetch_or "Bitwise or.", fetch_xor "Bitwise xor.",
                fetch_max "The greater of the two.", fetch_min "The smaller of the two.");
        )+
    };
}

integer!(
    AtomicU8 u8, AtomicU16 u16, AtomicU32 u32, AtomicU64 u64, AtomicUsize usize,
    AtomicI8 i8, AtomicI16 i16, AtomicI32 i32, AtomicI64 i64, AtomicIsize isize
);

atomic!(AtomicBool, bool);
operations!(AtomicBool, bool:
    fetch_and "Logical and.", fetch_nand "Logical nand.", fetch_or "Logical or.", fetch_xor "Logical exclusive or.");

impl AtomicBool {
    /// Logical not. Returns the value before.
    #[inline]
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        changes(&self.1);
        self.0.fetch_not(order)
    }
}

atomic!(AtomicPtr, *mut T, T);

/// Adds read-modify-write operations to the facade of a pointer, whose operand is a number.
macro_rules! pointer_operations {
    ($($method:ident $doc:literal),+) => {
        impl<T> AtomicPtr<T> {
            $(
                #[doc = $doc]
                /// Returns the pointer before.
                #[inline]
                #[track_caller]
                pub fn $method(&self, value: usize, order: Ordering) -> *mut T {
                    changes(&self.1);
                    self.0.$method(value, order)
                }
            )+
        }
    };
}

pointer_operations!(
    fetch_ptr_add "Moves the pointer on by `value` values of type `T`, wrapping around.",
    fetch_ptr_sub "Moves the pointer back by `value` values of type `T`, wrapping around.",
    fetch_byte_add "Moves the pointer on by `value` bytes, wrapping around.",
    fetch_byte_sub "Moves the pointer back by `value` bytes, wrapping around.",
    fetch_and "Bitwise and of the address, as for taking a tag out of it.",
    fetch_or "Bitwise or of the address, as for putting a tag into it.",
    fetch_xor "Bitwise exclusive or of the address.");

/// The null pointer.
impl<T> Default for AtomicPtr<T> {
    fn default() -> Self {
        Self::new(std::ptr::null_mut())
    }
}

impl<T> From<*mut T> for AtomicPtr<T> {
    fn from(pointer: *mut T) -> Self {
        Self::new(pointer)
    }
}

impl<T> fmt::Pointer for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.0, f)
    }
}
