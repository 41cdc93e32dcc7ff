//! How one side of a read-write lock becomes another: upgrades and downgrades.

use std::panic::Location;

use lock_api::RawRwLock as _;

use super::real::Real as _;
use super::simulated::Goal;
use super::{RawRwLock, deadline};
use crate::sim::context::is_simulated;
use crate::sim::hold::{self, Hold};
use crate::sim::raw_lock::{RawSides, Until};
use crate::sim::threads::Side;
use crate::time::Instant;

// SAFETY: of the upgradable side there is one hold at a time, for the real lock has one, and it becomes exclusive when the
// real one does. That one may be taken away as any other: see `lock_owners`. While it changes, the real lock is never free, and
// the running thread's slot lists the one side or the other.
unsafe impl<const RECURSIVE: bool> RawSides for RawRwLock<RECURSIVE> {
    unsafe fn upgrade(&self, hold: &mut Hold, until: Until, location: &'static Location<'static>) -> bool {
        if hold.is_real() {
            // SAFETY: as the caller says, the real lock is held: in the real world nothing is taken away.
            let is_upgraded = unsafe {
                match until {
                    Until::Now => self.real.try_make_exclusive(),
                    _ => self.real.make_exclusive(deadline(until).map(Instant::real)),
                }
            };
            if is_upgraded {
                hold.set_side(Side::Exclusive);
            }
            return is_upgraded;
        }
        // It has left its simulation, where alone somebody could say whether it was taken away.
        assert!(is_simulated(), "a guard of a simulation is upgraded outside of it");
        let goal = Goal::Upgrade(hold.number());
        let upgraded = match until {
            Until::Now => self.simulated.try_lock(&self.real, goal, location),
            _ => {
                let deadline = deadline(until).map(Instant::simulated_ns);
                self.simulated.lock(&self.real, goal, deadline, location)
            }
        };
        let is_upgraded = upgraded.is_some();
        if let Some(upgraded) = upgraded {
            *hold = upgraded;
        }
        is_upgraded
    }

    unsafe fn downgrade(&self, hold: &mut Hold, to: Side) {
        // SAFETY: as the caller says, the hold is one of this lock. It is held on its behalf, unless it was taken away.
        unsafe {
            if !hold.is_real() && is_simulated() {
                self.simulated.downgrade(&self.real, hold, to);
            } else if hold.is_real() || !hold::is_taken_away(hold.number()) {
                self.real.lower(hold.side(), to);
            }
        }
        hold.set_side(to);
    }

    fn is_locked_exclusive(&self) -> bool {
        self.real.is_locked_exclusive()
    }
}
