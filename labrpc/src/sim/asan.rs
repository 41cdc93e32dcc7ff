//! What AddressSanitizer is told about stacks, in a build that is made for it:
//!
//! ```sh
//! RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address --cfg labrpc_asan" cargo build --target x86_64-unknown-linux-gnu
//! ```
//!
//! with `ASAN_OPTIONS=detect_stack_use_after_return=0`: else it has variables elsewhere than on the stack, where no guard may
//! lie whose lock is to be taken away ([`super::hold`]).
//!
//! It marks the places between the variables of a frame, and clears the marks when the frame ends, or the stack unwinds. So it
//! must know on which stack the thread is; and a stack that is used again begins without marks, because the
//! frames of a thread that was left have never ended. In all other builds these functions do nothing.

#[cfg(labrpc_asan)]
#[allow(unsafe_code, reason = "the interface of the sanitizer is C")]
mod told {
    use std::cell::Cell;
    use std::ffi::c_void;
    use std::ptr;

    unsafe extern "C" {
        fn __sanitizer_start_switch_fiber(save: *mut *mut c_void, bottom: *const c_void, size: usize);
        fn __sanitizer_finish_switch_fiber(save: *mut c_void, bottom: *mut *const c_void, size: *mut usize);
        fn __asan_unpoison_memory_region(start: *const c_void, size: usize);
    }

    thread_local! {
        /// What the sanitizer keeps for the run loop while a fiber runs.
        static LOOP: Cell<*mut c_void> = const { Cell::new(ptr::null_mut()) };
        /// The stack of the run loop: its lower end and its size.
        static LOOP_STACK: Cell<(*const c_void, usize)> = const { Cell::new((ptr::null(), 0)) };
    }

    /// What the sanitizer keeps for a fiber that does not run.
    pub(crate) type Kept = *mut c_void;

    /// Nothing is on the stack from `limit` to `base`.
    pub(crate) fn is_empty(limit: usize, base: usize) {
        // SAFETY: the range is one mapping that this process may write to, and no frame is on it.
        unsafe { __asan_unpoison_memory_region(ptr::with_exposed_provenance(limit), base - limit) };
    }

    /// The run loop is about to go to the stack from `limit` to `base`.
    pub(crate) fn before_resume(limit: usize, base: usize) {
        let mut kept = ptr::null_mut();
        // SAFETY: the next thing that this OS thread does is to go to that stack.
        unsafe {
            __sanitizer_start_switch_fiber(&raw mut kept, ptr::with_exposed_provenance(limit), base - limit);
        }
        LOOP.set(kept);
    }

    /// The run loop is back.
    pub(crate) fn after_resume() {
        // SAFETY: it is what `before_resume` has kept on this OS thread.
        unsafe { __sanitizer_finish_switch_fiber(LOOP.get(), ptr::null_mut(), ptr::null_mut()) };
    }

    /// A fiber goes on, or begins with nothing kept.
    pub(crate) fn on_fiber(kept: Option<Kept>) {
        let (mut bottom, mut size) = (ptr::null(), 0);
        // SAFETY: it is what `before_suspend` has kept for this fiber. The sanitizer says where it came from.
        unsafe {
            __sanitizer_finish_switch_fiber(kept.unwrap_or(ptr::null_mut()), &raw mut bottom, &raw mut size);
        }
        LOOP_STACK.set((bottom, size));
    }

    /// A fiber is about to go to the run loop.
    pub(crate) fn before_suspend() -> Kept {
        let (bottom, size) = LOOP_STACK.get();
        let mut kept = ptr::null_mut();
        // SAFETY: the next thing that this OS thread does is to go back to the run loop's stack.
        unsafe { __sanitizer_start_switch_fiber(&raw mut kept, bottom, size) };
        kept
    }

    /// A fiber is about to go to the run loop, and never comes back.
    pub(crate) fn before_end() {
        let (bottom, size) = LOOP_STACK.get();
        // SAFETY: as above; with no place to keep anything in, what was kept for the fiber is given up.
        unsafe { __sanitizer_start_switch_fiber(ptr::null_mut(), bottom, size) };
    }
}

#[cfg(not(labrpc_asan))]
mod told {
    pub(crate) type Kept = ();

    pub(crate) fn is_empty(_limit: usize, _base: usize) {}
    pub(crate) fn before_resume(_limit: usize, _base: usize) {}
    pub(crate) fn after_resume() {}
    pub(crate) fn on_fiber(_kept: Option<Kept>) {}
    pub(crate) fn before_suspend() -> Kept {}
    pub(crate) fn before_end() {}
}

pub(crate) use told::{after_resume, before_end, before_resume, before_suspend, is_empty, on_fiber};
