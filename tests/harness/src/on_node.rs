//! Calls of the tester into a server, made on the server's node.
//!
//! A test calls `start` and `get_state` as a service would, and a service is part of its server: when the power fails,
//! the call ends with everything else on that node, and threads that it has started belong there. In the tester's own
//! thread a failed save would come back as an error from a machine that is off.

use labrpc::sim::{self, NodeHandle};

/// Calls a server; `None` if its power fails before it answers.
///
/// # Panics
///
/// As the call does.
pub(crate) fn on_node<T: Send + 'static>(
    node: &NodeHandle,
    name: &str,
    call: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    // Threads of the real world cannot be stopped, so there is nothing to be had from one more.
    if !sim::is_active() {
        return Some(call());
    }
    if node.is_crashed() {
        return None;
    }
    match node.spawn(name, call).join() {
        Ok(answer) => Some(answer),
        Err(_) if node.is_crashed() => None,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
