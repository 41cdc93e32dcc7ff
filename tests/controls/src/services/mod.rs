//! Key/value services in other styles than `kvraft`, and legal all the same. They share no code.
//!
//! - [`by_version`]: writes by version alone, and no sessions (MIT since 2025). Its snapshots do not say how far they go, a leader
//!   waits for its entry as long as it leads, and a clerk says of every refusal after a second request that nobody knows.
//! - [`plain`]: Put, Append and Get with sessions, and no versions (MIT until 2024). Handlers wait at a condition variable, give up after
//!   half a second, also those of the counter, and read when they wake. A snapshot is handed over by a thread of its own. Its clerks ask
//!   all servers at once, and again after a time of their own.

pub mod by_version;
pub mod plain;

use lab::Implementation;

use crate::event_loop::EventLoop;

/// All of them, by name.
#[must_use]
pub fn all() -> [(&'static str, Implementation); 2] {
    [
        ("service_by_version", Implementation::of_service::<by_version::ByVersion<EventLoop>>()),
        ("service_plain", Implementation::of_service::<plain::Plain<EventLoop>>()),
    ]
}
