//! Hints to the processor and the compiler, with the API of [`std::hint`].

pub use std::hint::{assert_unchecked, black_box, cold_path, select_unpredictable, unreachable_unchecked};

/// Says that the calling thread does nothing but look again and again until another one has done something.
///
/// # Differences from [`std::hint::spin_loop`]
///
/// In a simulation it is a scheduling point that lets all other threads go first, as
/// [`thread::yield_now`](crate::thread::yield_now): whoever is waited for may never have begun, and nothing runs beside a
/// loop that spins.
#[inline]
#[track_caller]
pub fn spin_loop() {
    if crate::sim::is_simulated() {
        crate::thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}
