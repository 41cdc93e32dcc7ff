//! What each guard has, written once: a function cannot make a type with a name of its own.

/// A guard around [`Held`](super::held::Held), and how its value is read.
macro_rules! guard {
    ($(#[$doc:meta])* $name:ident<[$($lifetime:lifetime)?] $($raw:ident: $bound:path)?> of $handle:ty) => {
        $(#[$doc])*
        #[must_use = "a guard that is not kept gives the lock back at once"]
        #[clippy::has_significant_drop]
        pub struct $name<$($lifetime,)? $($raw: $bound,)? T: ?Sized>(pub(in crate::sync) Held<$handle, T>);

        impl<$($lifetime,)? $($raw: $bound,)? T: ?Sized> Deref for $name<$($lifetime,)? $($raw,)? T> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                self.0.get()
            }
        }

        impl<$($lifetime,)? $($raw: $bound,)? T: ?Sized + fmt::Debug> fmt::Debug
            for $name<$($lifetime,)? $($raw,)? T>
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<$($lifetime,)? $($raw: $bound,)? T: ?Sized + fmt::Display> fmt::Display
            for $name<$($lifetime,)? $($raw,)? T>
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}

/// How the value under a guard is changed. The guard is one of the exclusive side.
macro_rules! exclusive {
    ($name:ident<[$($lifetime:lifetime)?] $raw:ident: $bound:path>) => {
        impl<$($lifetime,)? $raw: $bound, T: ?Sized> DerefMut for $name<$($lifetime,)? $raw, T> {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: all guards of this type are of the exclusive side.
                unsafe { self.0.get_mut() }
            }
        }
    };
}

/// How a guard of a whole value gives its lock back before it goes.
macro_rules! unlocking {
    ($name:ident<[$($lifetime:lifetime)?] $($raw:ident: $bound:path)?>) => {
        impl<$($lifetime,)? $($raw: $bound,)? T: ?Sized> $name<$($lifetime,)? $($raw,)? T> {
            /// Gives the lock back, outside of a simulation to whoever has waited longest.
            pub fn unlock_fair(s: Self) {
                s.0.unlock_fair();
            }

            /// Gives the lock back for the time of a call.
            #[track_caller]
            pub fn unlocked<F, U>(s: &mut Self, f: F) -> U
            where
                F: FnOnce() -> U,
            {
                s.0.unlocked(false, Location::caller(), f)
            }

            /// As [`unlocked`](Self::unlocked), and outside of a simulation to whoever has waited longest.
            #[track_caller]
            pub fn unlocked_fair<F, U>(s: &mut Self, f: F) -> U
            where
                F: FnOnce() -> U,
            {
                s.0.unlocked(true, Location::caller(), f)
            }

            /// Lets somebody else have the lock for a moment, if anybody waits for it.
            #[track_caller]
            pub fn bump(s: &mut Self) {
                s.0.unlocked(true, Location::caller(), || ());
            }
        }
    };
}

/// How a guard that owns an `Arc` of its lock is turned into that.
macro_rules! owning {
    ($name:ident<$($raw:ident: $bound:path)?> of $lock:ty, by $method:ident) => {
        impl<$($raw: $bound,)? T: ?Sized> $name<$($raw,)? T> {
            /// The lock.
            #[must_use]
            pub fn $method(s: &Self) -> &Arc<$lock> {
                s.0.handle()
            }

            /// Gives the lock back, and returns it.
            pub fn into_arc(s: Self) -> Arc<$lock> {
                Arc::clone(s.0.handle())
            }

            /// As [`into_arc`](Self::into_arc), and outside of a simulation to whoever has waited longest.
            pub fn into_arc_fair(s: Self) -> Arc<$lock> {
                let lock = Arc::clone(s.0.handle());
                s.0.unlock_fair();
                lock
            }
        }
    };
}

/// How a guard becomes one of a part of its value, which is read (`map` with `&`) or may be changed (`map_mut` with `&mut`).
macro_rules! mapping {
    ($name:ident to $mapped:ident<$($raw:ident: $bound:path)?>, $map:ident, [$($reference:tt)+], $to:expr) => {
        impl<'a, $($raw: $bound,)? T: ?Sized> $name<'a, $($raw,)? T> {
            /// Access to a part of the value, for the rest of the guard's life.
            pub fn map<U: ?Sized, F>(s: Self, f: F) -> $mapped<'a, $($raw,)? U>
            where
                F: FnOnce($($reference)+ T) -> $($reference)+ U,
            {
                let Ok(mapped) = Self::try_map_or_err(s, |value| Ok::<_, std::convert::Infallible>(f(value)));
                mapped
            }

            /// As [`map`](Self::map), if the part is there.
            ///
            /// # Errors
            ///
            /// If `f` returns `None`; the guard is in the error.
            pub fn try_map<U: ?Sized, F>(s: Self, f: F) -> Result<$mapped<'a, $($raw,)? U>, Self>
            where
                F: FnOnce($($reference)+ T) -> Option<$($reference)+ U>,
            {
                Self::try_map_or_err(s, |value| f(value).ok_or(())).map_err(|(guard, ())| guard)
            }

            /// As [`map`](Self::map), if the part is there.
            ///
            /// # Errors
            ///
            /// What `f` returns, with the guard.
            pub fn try_map_or_err<U: ?Sized, F, E>(s: Self, f: F) -> Result<$mapped<'a, $($raw,)? U>, (Self, E)>
            where
                F: FnOnce($($reference)+ T) -> Result<$($reference)+ U, E>,
            {
                // SAFETY: the raw lock is that of the guard's own, and lives as long; the side that both guards are of lets them do
                // what they do.
                let mapped = unsafe { s.0.$map($to, f) };
                mapped.map($mapped).map_err(|(held, error)| (Self(held), error))
            }
        }
    };
}

pub(super) use {exclusive, guard, mapping, owning, unlocking};
