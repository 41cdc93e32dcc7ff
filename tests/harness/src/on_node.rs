//! Calls of the tester into a server, made on the server's node.
//!
//! A test calls `start` and `get_state` as a service would, and a service is part of its server: when the power fails,
//! the call ends with everything else on that node, and threads that it has started belong there. In the tester's own
//! thread a failed save would come back as an error from a machine that is off.

use std::panic::{AssertUnwindSafe, catch_unwind};

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
    if node.is_crashed() {
        return None;
    }
    // Threads of the real world cannot be stopped, so there is nothing to be had from one more.
    let outcome = match sim::is_active() {
        true => node.spawn(name, call).join(),
        false => catch_unwind(AssertUnwindSafe(|| node.on_real_thread(call))),
    };
    match outcome {
        Ok(answer) => Some(answer),
        Err(_) if node.is_crashed() => None,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Whether the calling thread should have ended with the power of its node, which threads of the real world do not.
pub(crate) fn is_of_a_dead_node() -> bool {
    !sim::is_active() && NodeHandle::current().is_crashed()
}

/// Ends what runs on a node, by `kill`. In the real world nothing counts afterwards that its threads do.
pub(crate) fn end(node: &NodeHandle, kill: impl FnOnce() + Send + 'static) {
    if sim::is_active() || !node.is_crashed() {
        // A server without power need not be told.
        let _ = on_node(node, "kill", kill);
    } else {
        // But for threads that could not be stopped. Nobody waits for them: one may have ended with what the others need.
        node.spawn("kill", kill);
    }
    if !sim::is_active() {
        node.lose_power();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use labrpc::sim::Sim;
    use raft_interface::{MemoryPersister, Persister, SaveError};

    /// As students write it: `save(...).unwrap()`.
    #[test]
    fn power_that_fails_in_a_save_ends_the_call_and_what_it_started() {
        let run = Sim::new(1).run(|| {
            let node = NodeHandle::new("S0");
            let persister = labrpc::sync::Arc::new(MemoryPersister::default());
            let off = node.clone();
            persister.set_hook(Some(std::sync::Arc::new(move |_| {
                off.crash();
                Err(SaveError("the power failed".into()))
            })));
            let answer = on_node(&node, "start", move || {
                labrpc::thread::spawn(|| {
                    labrpc::thread::sleep(std::time::Duration::from_millis(1));
                    panic!("a thread of a machine that is off");
                });
                persister.save(b"state", None).unwrap();
            });
            assert_eq!(answer, None);
            labrpc::thread::sleep(std::time::Duration::from_secs(1));
            assert_eq!(on_node(&node, "get_state", || 1), None, "it is off");
        });
        run.unwrap_or_else(|failure| panic!("{failure}"));
    }
}
