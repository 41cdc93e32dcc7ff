//! What the network needs of the world that it was made in: time, chance, delivery later, and threads for handlers.

use std::sync::Arc;
use std::time::Duration;

use super::real::{Job, Real};
use super::rules::Chance;
use crate::sim::{self, Cause, Name, NodeHandle, with_core};
use crate::thread;

/// The world of a network, decided when it is made.
pub(super) enum World {
    /// The simulation with this number.
    Simulated(u32),
    /// OS threads and the machine's clock.
    Real(Arc<Real>),
}

impl World {
    /// The world of the caller. `seed` is for a network of the real world.
    pub(super) fn of_caller(seed: Option<u64>) -> Self {
        if sim::is_simulated() {
            Self::Simulated(with_core(|core| core.run))
        } else {
            Self::Real(Real::start(seed))
        }
    }

    /// Whether the caller is in this world.
    #[inline]
    pub(super) fn is_here(&self) -> bool {
        match self {
            Self::Simulated(run) => sim::is_simulated() && with_core(|core| core.run == *run),
            Self::Real(_) => !sim::is_simulated(),
        }
    }

    /// Panics unless the caller is in this world.
    #[inline]
    pub(super) fn assert_here(&self) {
        assert!(
            self.is_here(),
            "a Network was used in another world than the one it was made in: make it inside the closure of Sim::run \
             to use it there, and outside to use it outside"
        );
    }

    /// Nanoseconds since the start of the simulation, or since the network was made.
    #[inline]
    pub(super) fn now_ns(&self) -> u64 {
        match self {
            Self::Simulated(_) => with_core(|core| core.now),
            Self::Real(real) => real.now_ns(),
        }
    }

    pub(super) fn chance(&self) -> Chance<'_> {
        Chance::new(match self {
            Self::Simulated(_) => None,
            Self::Real(real) => Some(&real.chance),
        })
    }

    /// Runs `job` after `delay`. It must not block.
    pub(super) fn schedule(&self, delay: Duration, job: Job) {
        match self {
            Self::Simulated(_) => sim::call_after(sim::nanos(delay), job),
            Self::Real(real) => real.schedule(delay, job),
        }
    }

    /// Runs a handler in a thread of its own on `node`.
    pub(super) fn start_handler(&self, node: &NodeHandle, label: &Arc<str>, method: &'static str, job: Job) {
        match self {
            Self::Simulated(_) => {
                // Nobody holds a handle to this thread, so a panic in it is reported at once.
                let main = sim::thread_main(thread::hide(job), |result| {
                    if let Err(payload) = result {
                        let panic = sim::panic_report(&*payload);
                        with_core(|core| core.fail(Cause::Panic(panic)));
                    }
                });
                if let Err(error) = sim::start_thread(Some(node.id()), Name::Static(method), None, main) {
                    fail_simulation(format!("no stack for a handler of {method}: {error}"));
                }
            }
            Self::Real(real) => real.submit(Arc::clone(label), job),
        }
    }
}

/// Ends the run, from a thread or from the run loop.
fn fail_simulation(message: String) {
    with_core(|core| {
        let cause = Cause::Misuse { thread: core.current_name(), time_ns: core.now, message };
        core.fail(cause);
    });
}
