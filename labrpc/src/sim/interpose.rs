//! How the simulation sees what its threads ask the system for: the executable has functions of its own where the C library's
//! would be called.
//!
//! An executable's own definition of a symbol comes before that of a shared library. So `std::thread::sleep`, which calls
//! `nanosleep`, calls the one below; it tells [`system_calls`](super::system_calls), and goes on to the next definition,
//! which is the C library's. Threads that are not simulated pay for a look at a thread-local.
//!
//! Waits of std are system calls without functions of their own: std asks for a `futex` by the C library's `syscall`, and so do
//! parking_lot and crossbeam. That one takes as many arguments as the call has. A function of stable Rust cannot; but on
//! x86-64 and AArch64 such arguments travel as any others do, and the kernel does not look at more than it needs. So there the
//! one below takes seven, as the C library's own does, which is a few moves of registers.
//!
//! On Linux with the GNU C library, linked dynamically. Elsewhere nothing is seen, and the reports only guess; nor in a
//! build with `--cfg labrpc_asan` or `--cfg labrpc_no_interpose`, for programs in which somebody else defines the same symbols, as
//! sanitizers do.

#![allow(
    unsafe_code,
    reason = "symbols of the C library are defined here, and their next definitions called"
)]

use std::ffi::{CStr, c_int, c_void};
use std::mem::transmute;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use libc::{clockid_t, pthread_attr_t, pthread_t, timespec};

use super::context::is_simulated;
use super::system_calls::{Answer, Asked, asks};

/// The next definition of a symbol, looked up once.
struct Next {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
}

impl Next {
    const fn new(name: &'static CStr) -> Self {
        Self { name, address: AtomicPtr::new(ptr::null_mut()) }
    }

    fn address(&self) -> *mut c_void {
        let mut address = self.address.load(Ordering::Relaxed);
        if address.is_null() {
            // SAFETY: the name is a C string, and the call has no other requirement. Two threads that come here at
            // once find the same address.
            address = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
            self.address.store(address, Ordering::Relaxed);
        }
        if address.is_null() {
            // The program calls a function that the C library does not have: it would not have been linked.
            // SAFETY: the call has no requirement. A panic could not leave a C function.
            unsafe { libc::abort() };
        }
        address
    }
}

/// How long a request to sleep is.
///
/// # Safety
///
/// `request` must be null or valid for a read, as the C library demands of its caller.
unsafe fn length(request: *const timespec) -> Duration {
    if request.is_null() {
        return Duration::ZERO;
    }
    // SAFETY: the caller answers for it.
    let timespec { tv_sec, tv_nsec } = unsafe { *request };
    Duration::from_secs(u64::try_from(tv_sec).unwrap_or(0))
        .saturating_add(Duration::from_nanos(u64::try_from(tv_nsec).unwrap_or(0)))
}

type Nanosleep = unsafe extern "C" fn(*const timespec, *mut timespec) -> c_int;

/// # Safety
///
/// As `nanosleep(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn nanosleep(request: *const timespec, remain: *mut timespec) -> c_int {
    static NEXT: Next = Next::new(c"nanosleep");
    if is_simulated() {
        // SAFETY: the caller keeps to what the C library demands, of which this reads only.
        if asks(Asked::Sleep, unsafe { length(request) }) == Answer::Pretend {
            return 0;
        }
    }
    // SAFETY: this is the C library's function of this name and type, called with what the caller gave.
    unsafe { transmute::<*mut c_void, Nanosleep>(NEXT.address())(request, remain) }
}

type ClockNanosleep = unsafe extern "C" fn(clockid_t, c_int, *const timespec, *mut timespec) -> c_int;

/// # Safety
///
/// As `clock_nanosleep(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_nanosleep(
    clock: clockid_t,
    flags: c_int,
    request: *const timespec,
    remain: *mut timespec,
) -> c_int {
    static NEXT: Next = Next::new(c"clock_nanosleep");
    if is_simulated() {
        // SAFETY: as for nanosleep.
        let mut sleeps = unsafe { length(request) };
        if flags & libc::TIMER_ABSTIME != 0 {
            let mut now = timespec { tv_sec: 0, tv_nsec: 0 };
            // SAFETY: the place is this function's own.
            let is_unknown = unsafe { next_clock_gettime()(clock, &raw mut now) } != 0;
            // SAFETY: so it is here.
            let since = unsafe { length(&raw const now) };
            sleeps = if is_unknown { Duration::ZERO } else { sleeps.saturating_sub(since) };
        }
        if asks(Asked::Sleep, sleeps) == Answer::Pretend {
            return 0;
        }
    }
    // SAFETY: as for nanosleep.
    unsafe { transmute::<*mut c_void, ClockNanosleep>(NEXT.address())(clock, flags, request, remain) }
}

type ClockGettime = unsafe extern "C" fn(clockid_t, *mut timespec) -> c_int;

fn next_clock_gettime() -> ClockGettime {
    static NEXT: Next = Next::new(c"clock_gettime");
    // SAFETY: this is the C library's function of this name and type.
    unsafe { transmute::<*mut c_void, ClockGettime>(NEXT.address()) }
}

/// # Safety
///
/// As `clock_gettime(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    if is_simulated() {
        asks(Asked::Time, Duration::ZERO);
    }
    // SAFETY: called with what the caller gave.
    unsafe { next_clock_gettime()(clock, time) }
}

type PthreadCreate = unsafe extern "C" fn(
    *mut pthread_t,
    *const pthread_attr_t,
    extern "C" fn(*mut c_void) -> *mut c_void,
    *mut c_void,
) -> c_int;

/// # Safety
///
/// As `pthread_create(3)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    body: extern "C" fn(*mut c_void) -> *mut c_void,
    argument: *mut c_void,
) -> c_int {
    static NEXT: Next = Next::new(c"pthread_create");
    if is_simulated() {
        asks(Asked::Thread, Duration::ZERO);
    }
    // SAFETY: as for nanosleep.
    unsafe { transmute::<*mut c_void, PthreadCreate>(NEXT.address())(thread, attributes, body, argument) }
}

/// The system calls that are made by their number.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod by_number {
    use std::ffi::{c_int, c_long};
    use std::mem::transmute;
    use std::ptr;
    use std::time::Duration;

    use libc::timespec;

    use super::{Next, length, next_clock_gettime};
    use crate::sim::context::is_simulated;
    use crate::sim::system_calls::{Answer, Asked, asks};

    type Syscall = unsafe extern "C" fn(c_long, c_long, c_long, c_long, c_long, c_long, c_long) -> c_long;

    /// How long a call to `futex` waits at most. `None` if it does not wait, or without end.
    ///
    /// # Safety
    ///
    /// `timeout` is the call's own.
    unsafe fn waits(operation: c_int, timeout: *const timespec) -> Option<Duration> {
        let is_until = match operation & !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME) {
            libc::FUTEX_WAIT => false,
            libc::FUTEX_WAIT_BITSET => true,
            // Only these two have a time in this place.
            _ => return None,
        };
        if timeout.is_null() {
            return None;
        }
        // SAFETY: the kernel reads it as well.
        let waits = unsafe { length(timeout) };
        if !is_until {
            return Some(waits);
        }
        let is_of_the_day = operation & libc::FUTEX_CLOCK_REALTIME != 0;
        let clock = if is_of_the_day { libc::CLOCK_REALTIME } else { libc::CLOCK_MONOTONIC };
        let mut now = timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the place is this function's own, and both clocks exist.
        let since = unsafe {
            next_clock_gettime()(clock, &raw mut now);
            length(&raw const now)
        };
        // What was asked for, and not what is left of it: a loop meets the limit at the same call in each run.
        let milliseconds = waits.saturating_sub(since).as_nanos().div_ceil(1_000_000);
        Some(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX)))
    }

    /// # Safety
    ///
    /// As `syscall(2)`, but that it takes all arguments.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn syscall(
        number: c_long,
        a: c_long,
        b: c_long,
        c: c_long,
        d: c_long,
        e: c_long,
        f: c_long,
    ) -> c_long {
        static NEXT: Next = Next::new(c"syscall");
        if number == libc::SYS_futex && is_simulated() {
            let timeout: *const timespec = ptr::with_exposed_provenance(d as usize);
            // SAFETY: this is the call whose fourth argument it is.
            let waits = unsafe { waits(b as c_int, timeout) };
            if let Some(waits) = waits
                && asks(Asked::Wait, waits) == Answer::Pretend
            {
                // As if the time had passed.
                // SAFETY: the place is this thread's own.
                unsafe { *libc::__errno_location() = libc::ETIMEDOUT };
                return -1;
            }
        }
        // SAFETY: this is the C library's function of this name, called with what the caller gave.
        unsafe { transmute::<*mut std::ffi::c_void, Syscall>(NEXT.address())(number, a, b, c, d, e, f) }
    }
}
