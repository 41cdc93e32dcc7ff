//! The simulation itself: what ends a run, what it finds, and what a crash or a pause leaves behind.

mod continued;
mod crash_memory;
mod crash_points;
mod destructors;
mod end_of_run;
#[cfg(unix)]
mod exits;
mod failures;
mod joined_panics;
mod marks;
mod nondeterminism;
#[cfg(unix)]
mod overflow;
mod planted;
mod polling;
mod reaching;
#[cfg(all(target_os = "linux", target_env = "gnu", not(any(labrpc_asan, labrpc_no_interpose))))]
mod system_calls;
