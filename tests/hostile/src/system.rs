//! System calls that no safe crate has.

#![allow(unsafe_code, reason = "what attacks a process does not ask a safe crate")]

use std::hint::black_box;

/// Ends the process at once: no destructors, no buffers.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: it takes a number and does not return.
    unsafe { libc::_exit(code) }
}

/// Ends the process with code 0 at its end, whatever the program says.
pub(crate) fn exit_well_at_the_end() {
    extern "C" fn end() {
        exit_now(0);
    }
    // SAFETY: the function lives as long as the program.
    unsafe { libc::atexit(end) };
}

pub(crate) fn raise(signal: i32) {
    // SAFETY: it takes a number.
    unsafe { libc::raise(signal) };
}

/// Sends a signal to another process.
pub(crate) fn kill(process: i32, signal: i32) {
    // SAFETY: it takes two numbers.
    unsafe { libc::kill(process, signal) };
}

pub(crate) fn parent() -> i32 {
    // SAFETY: it has no arguments.
    unsafe { libc::getppid() }
}

pub(crate) fn close(descriptor: i32) {
    // SAFETY: there is none, if somebody owns the descriptor; that is the point.
    unsafe { libc::close(descriptor) };
}

/// Puts one descriptor over another.
pub(crate) fn dup2(from: i32, to: i32) {
    // SAFETY: as with `close`.
    unsafe { libc::dup2(from, to) };
}

/// Writes to a descriptor, if it is open.
pub(crate) fn write(descriptor: i32, bytes: &[u8]) {
    // SAFETY: the pointer and the length are those of a slice.
    unsafe { libc::write(descriptor, bytes.as_ptr().cast(), bytes.len()) };
}

/// Reads from a descriptor that does not block.
pub(crate) fn make_nonblocking(descriptor: i32) {
    // SAFETY: it takes numbers.
    unsafe { libc::fcntl(descriptor, libc::F_SETFL, libc::O_NONBLOCK) };
}

/// A child that runs `child` and ends; returns in the parent only.
pub(crate) fn fork(child: fn()) {
    // SAFETY: the children of this crate call system calls only, no allocator and no lock that another thread might hold.
    if unsafe { libc::fork() } == 0 {
        child();
        exit_now(0);
    }
}

/// Leaves the group and the session.
pub(crate) fn setsid() {
    // SAFETY: it has no arguments.
    unsafe { libc::setsid() };
}

/// Sleeps for so many seconds of real time, also in a forked child.
pub(crate) fn sleep(seconds: u32) {
    // SAFETY: it takes a number.
    unsafe { libc::sleep(seconds) };
}

/// Sets a limit of the system, soft and hard.
pub(crate) fn limit(resource: libc::__rlimit_resource_t, value: u64) {
    let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: the pointer is that of a local variable.
    unsafe { libc::setrlimit(resource, &raw const limit) };
}

/// A signal after so many microseconds of real time.
pub(crate) fn alarm_after(microseconds: i64) {
    let value = libc::timeval { tv_sec: 0, tv_usec: microseconds };
    let timer = libc::itimerval { it_interval: value, it_value: value };
    // SAFETY: the pointer is that of a local variable; the old value is not asked for.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
}

/// Does not hear a signal any more.
pub(crate) fn ignore(signal: i32) {
    // SAFETY: it takes two numbers.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

/// Asks the system not to end this process with its parent, and to be given the orphans below.
pub(crate) fn outlive_parent() {
    // SAFETY: both take numbers.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, 0);
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
    }
}

/// Reads what is not there.
pub(crate) fn segfault() {
    // SAFETY: there is none; that is the point.
    let value = unsafe { black_box(std::ptr::dangling::<u64>()).read_volatile() };
    println!("{value}");
}

/// Sets a variable of the environment.
pub(crate) fn set_variable(name: &str, value: &str) {
    // SAFETY: there is none, if another thread reads the environment; that is the point.
    unsafe { std::env::set_var(name, value) };
}

/// Starts a copy of this process, after a moment; returns whether this is the one that was there before.
pub(crate) fn hop_once() -> bool {
    // SAFETY: as with `fork`; where it goes on with other code, what breaks is the point.
    unsafe {
        libc::usleep(1_000);
        libc::fork() != 0
    }
}

/// A named pipe.
pub(crate) fn make_pipe(path: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the pointer is that of a string that ends with 0.
    if unsafe { libc::mkfifo(path.as_ptr(), 0o600) } == 0 {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
}
