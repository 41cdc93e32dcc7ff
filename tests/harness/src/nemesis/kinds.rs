//! The kinds of fault, and how each ends.

use std::time::Duration;

use labrpc::network::Fault;
use raft_interface::ServerId;

use super::plan::FaultWeights;

/// How long a save takes on a slow disk at most.
pub(super) const DISK_MAX: Duration = Duration::from_millis(40);

/// What ends a fault.
#[derive(Debug)]
pub(super) enum Repair {
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
pub(super) enum FaultKind {
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

impl FaultWeights {
    pub(super) fn each(&self) -> [(FaultKind, u64); 12] {
        [
            (FaultKind::Crash, self.crash),
            (FaultKind::PowerFailure, self.power_failure),
            (FaultKind::PowerFailureAtSave, self.power_failure_at_save),
            (FaultKind::Blackout, self.blackout),
            (FaultKind::Pause, self.pause),
            (FaultKind::Clock, self.clock),
            (FaultKind::SlowDisk, self.slow_disk),
            (FaultKind::Disconnect, self.disconnect),
            (FaultKind::Split, self.split),
            (FaultKind::Bridge, self.bridge),
            (FaultKind::OneWay, self.one_way),
            (FaultKind::Deaf, self.deaf),
        ]
    }

    /// The kind at that place, if each takes up as many places as it weighs.
    pub(super) fn at(&self, mut place: u64) -> Option<FaultKind> {
        for (kind, weight) in self.each() {
            if place < weight {
                return Some(kind);
            }
            place -= weight;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::FaultPlan;
    use super::*;

    #[test]
    fn kinds_are_drawn_as_often_as_they_weigh() {
        for weights in [FaultPlan::NETWORK.weights, FaultPlan::EVERYTHING.weights] {
            let all: u64 = weights.each().iter().map(|(_, weight)| weight).sum();
            let drawn: Vec<FaultKind> = (0..all).map_while(|place| weights.at(place)).collect();
            assert_eq!(drawn.len() as u64, all);
            for (kind, weight) in weights.each() {
                let count = drawn.iter().filter(|&&drawn| drawn == kind).count();
                assert_eq!(count as u64, weight, "{kind:?}");
            }
            assert_eq!(weights.at(all), None);
        }
        assert!(FaultPlan::EVERYTHING.weights.each().iter().all(|(_, weight)| *weight > 0), "everything");
    }
}
