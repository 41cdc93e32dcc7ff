//! How much memory this process has in use: for tests of programs that live long.
//!
//! A simulation runs on one thread, so what the heap has grown by between two moments of it is what the program, and whoever watches
//! it, has kept. That is only true as long as no other simulation runs in this process: then nothing is said. And the simulator itself
//! must keep nothing meanwhile: no trace, which is a thousand bytes for each message, and no list of who was last at which object.

use super::context::try_with_core;
use super::runs;

/// The heap at one moment of a simulation. From then until [`growth`](Self::growth) is asked for, or the run fails, nothing is kept of the
/// trace and of what is [covered](super::cover): it would be measured as well.
#[derive(Debug)]
pub struct HeapMark {
    /// In bytes.
    in_use: usize,
    alone: u32,
}

impl HeapMark {
    /// The heap as it is now. `None` where the C library does not tell, if not one simulation alone runs in this process, and under
    /// a policy that remembers what was done to each object.
    #[must_use]
    pub fn now() -> Option<Self> {
        let mark = Self { alone: runs::alone()?, in_use: system::heap_in_use()? };
        let can_measure = try_with_core(|core| {
            let remembers = core.scheduler.looks_at_accesses();
            core.pause_notes(!remembers);
            !remembers
        })?;
        can_measure.then_some(mark)
    }

    /// The bytes that were allocated since and not freed, as the C library counts them: a little more than what was asked for; 0 if
    /// more was freed. `None` if another simulation has run in this process in between, and outside a simulation.
    ///
    /// Memory that does not come from the C library's allocator is not counted: stacks of simulated threads, and all that a program
    /// with another global allocator allocates.
    #[must_use]
    pub fn growth(&self) -> Option<usize> {
        let in_use = system::heap_in_use()?;
        try_with_core(|core| core.pause_notes(false))?;
        (runs::alone()? == self.alone).then(|| in_use.saturating_sub(self.in_use))
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu", not(target_feature = "crt-static")))]
#[allow(unsafe_code)] // calls a function of the C library that Rust's libc declares, but an older system does not have
mod system {
    use std::sync::OnceLock;

    /// `mallinfo2`, which glibc has since 2.33: looked up by name, so that a program links on an older system too.
    type MallInfo = unsafe extern "C" fn() -> libc::mallinfo2;

    pub(super) fn heap_in_use() -> Option<usize> {
        static FOUND: OnceLock<Option<MallInfo>> = OnceLock::new();
        let found = FOUND.get_or_init(|| {
            // SAFETY: the name ends in a zero byte, and `dlsym` only reads it.
            let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"mallinfo2".as_ptr()) };
            // SAFETY: a pointer that is not null and that the dynamic linker calls `mallinfo2` is the C library's function of
            // that name, or one that takes its place with the same signature, as an allocator that is preloaded does.
            (!address.is_null())
                .then(|| unsafe { std::mem::transmute::<*mut libc::c_void, MallInfo>(address) })
        });
        // SAFETY: it takes no argument and returns a plain struct of numbers. It takes the locks of the allocator's arenas, as
        // `malloc` does, and may be called wherever that may. That its numbers are those of different moments if other
        // threads allocate meanwhile is no harm to memory.
        found.map(|mallinfo2| unsafe { mallinfo2() }).map(|info| info.uordblks + info.hblkhd)
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu", not(target_feature = "crt-static"))))]
mod system {
    pub(super) fn heap_in_use() -> Option<usize> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Other tests allocate and free at the same time, but not as much.
    #[test]
    fn what_is_allocated_counts_until_it_is_freed() {
        const BYTES: usize = 1 << 30;
        let Some(before) = system::heap_in_use() else { return };
        let block = std::hint::black_box(Vec::<u8>::with_capacity(BYTES));
        let with = system::heap_in_use().expect("as before");
        assert!(with > before + BYTES / 2, "{before} bytes, then {with}");
        drop(block);
        let after = system::heap_in_use().expect("as before");
        assert!(after < before + BYTES / 2, "{before} bytes, then {after}");
    }
}
