//! How the simulation sees what its threads ask the system for: the executable has functions of its own where the C library's
//! would be called.
//!
//! An executable's own definition of a symbol comes before that of a shared library. So `std::thread::sleep`, which calls
//! `nanosleep`, calls the one below; it tells [`system_calls`](super::system_calls), and goes on to the next definition,
//! which is the C library's. Threads that are not simulated pay for a look at a thread-local.
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
