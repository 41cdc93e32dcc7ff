//! The kinds of fault, and how each ends.

use std::time::Duration;

use labrpc::network::Fault;
use raft_interface::ServerId;

use super::campaign::Weights;

/// How long a save takes on a slow disk at most.
pub(super) const DISK_MAX: Duration = Duration::from_millis(40);

/// What ends a fault.
#[derive(Debug)]
pub(super) enum Ending {
    /// A rule of the network ends when this is dropped.
    Rule(Fault),
    Connect(ServerId),
    Restart(ServerId),
    Resume(ServerId),
    RightClock(ServerId),
    FastDisk(ServerId),
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Crash,
    PowerFailure,
    PowerFailureAtSave,
    Blackout,
    Pause,
    Clock,
    SlowDisk,
    Disconnect,
    Split,
    Bridge,
    OneWay,
    Deaf,
}

impl Weights {
    pub(super) fn each(&self) -> [(Trouble, u64); 12] {
        [
            (Trouble::Crash, self.crash),
            (Trouble::PowerFailure, self.power_failure),
            (Trouble::PowerFailureAtSave, self.power_failure_at_save),
            (Trouble::Blackout, self.blackout),
            (Trouble::Pause, self.pause),
            (Trouble::Clock, self.clock),
            (Trouble::SlowDisk, self.slow_disk),
            (Trouble::Disconnect, self.disconnect),
            (Trouble::Split, self.split),
            (Trouble::Bridge, self.bridge),
            (Trouble::OneWay, self.one_way),
            (Trouble::Deaf, self.deaf),
        ]
    }

    /// The kind at that place, if each takes up as many places as it weighs.
    pub(super) fn at(&self, mut place: u64) -> Option<Trouble> {
        for (trouble, weight) in self.each() {
            if place < weight {
                return Some(trouble);
            }
            place -= weight;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::campaign::Campaign;
    use super::*;

    #[test]
    pub(super) fn each_kind_is_drawn_as_often_as_it_weighs() {
        for weights in [Campaign::NETWORK.weights, Campaign::EVERYTHING.weights] {
            let all: u64 = weights.each().iter().map(|(_, weight)| weight).sum();
            let drawn: Vec<Trouble> = (0..all).map_while(|place| weights.at(place)).collect();
            assert_eq!(drawn.len() as u64, all);
            for (trouble, weight) in weights.each() {
                let count = drawn.iter().filter(|&&drawn| drawn == trouble).count();
                assert_eq!(count as u64, weight, "{trouble:?}");
            }
            assert_eq!(weights.at(all), None);
        }
        assert!(Campaign::EVERYTHING.weights.each().iter().all(|(_, weight)| *weight > 0), "everything");
    }
}
