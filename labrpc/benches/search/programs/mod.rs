//! Small programs with one planted bug each, to measure how soon a policy finds it.
//!
//! Whoever includes this module has a module `world` beside it, with the threads and locks of one tool: the same source
//! is so compiled for several. The rules for a program:
//!
//! - It panics with `NAME: what is broken`, where NAME is its own, or what comes before the number in it
//!   (`reorder: ..` for `reorder_20`); or it deadlocks, and stands in [`DEADLOCKS`]. Any other end is an error of the program.
//! - It comes to its end under every policy: nothing polls without a bound.
//! - It joins all its threads, and keeps nothing in a static.

mod buffers;
mod counters;
mod locks;
mod orders;
mod services;
mod signals;
mod stealing;
use super::world;

/// Name and program, in the order of the table: those of SCTBench by name, then others.
pub(crate) const PROGRAMS: &[(&str, fn())] = &[
    ("account", counters::account),
    ("arithmetic_prog", signals::arithmetic_prog),
    ("bluetooth_driver", counters::bluetooth_driver),
    ("carter01", locks::carter01),
    ("circular_buffer", buffers::circular_buffer),
    ("deadlock01", locks::deadlock01),
    ("fsbench", locks::fsbench),
    ("lazy01", counters::lazy01),
    ("phase01", orders::phase01),
    ("queue", buffers::queue),
    ("reorder_3", || orders::reorder(3)),
    ("reorder_4", || orders::reorder(4)),
    ("reorder_5", || orders::reorder(5)),
    ("reorder_10", || orders::reorder(10)),
    ("reorder_20", || orders::reorder(20)),
    ("reorder_50", || orders::reorder(50)),
    ("reorder_100", || orders::reorder(100)),
    ("stack", buffers::stack),
    ("string_buffer", buffers::string_buffer),
    ("sync01", signals::sync01),
    ("sync02", signals::sync02),
    ("token_ring", counters::token_ring),
    ("twostage", || orders::twostage(2)),
    ("twostage_100", || orders::twostage(100)),
    ("work_steal_queue", stealing::work_steal_queue),
    ("wronglock", || counters::wronglock(7)),
    ("wronglock_1", || counters::wronglock(1)),
    ("wronglock_3", || counters::wronglock(3)),
    ("uneven_25", || orders::uneven(25)),
    ("uneven_100", || orders::uneven(100)),
    ("version_wrap", orders::version_wrap),
    ("lost_wakeup", signals::lost_wakeup),
    ("connection_pool", services::connection_pool),
    ("cache_insert", services::cache_insert),
    ("cache_stampede", services::cache_stampede),
    ("shutdown", services::shutdown),
];

/// Those whose bug is a deadlock.
pub(crate) const DEADLOCKS: &[&str] = &["carter01", "deadlock01", "sync01", "sync02", "lost_wakeup"];

/// Those that fail without any preemption, as their originals do, each with the reason.
pub(crate) const FAILS_ALWAYS: &[(&str, &str)] = &[
    ("fsbench", "there are fewer blocks than threads that want one, in every order"),
    ("lazy01", "the threads need only run one after the other, in the order in which they are started"),
];
