//! How each kind of fault begins, and how it ends.

use std::time::Duration;

use raft_interface::ServerId;

use super::kinds::{DISK_MAX, FaultKind, Repair};
use super::phases::Nemesis;
use crate::cluster::Moment;
use lab_runs::settings::World;

/// The rate of a right clock, in parts per million of true time.
const CLOCK_PPM: u32 = 1_000_000;
/// How far a clock may be off: three tenths.
const CLOCK_OFF_PPM: u64 = 300_000;
/// A power failure comes at one of so many next saves.
const SAVES_MAX: u64 = 6;

impl Nemesis<'_> {
    /// Draws a fault and begins it.
    pub(super) fn inject(&mut self) {
        // Kind, target and duration are drawn whether or not the fault then happens. Only the cluster asks the
        // log of actions, after the draw: so a smaller run that leaves out one fault draws all others as
        // before. It is also why `pause` says yes to one that is left out: the end of a fault is drawn as well.
        let weights = self.plan.weights;
        let all: u64 = weights.each().iter().map(|(_, weight)| weight).sum();
        let Some(kind) = weights.at(self.lab.below(all.max(1))) else { return };
        let server = self.target();
        let repair = match kind {
            FaultKind::Crash
            | FaultKind::PowerFailure
            | FaultKind::PowerFailureAtSave
            | FaultKind::Blackout => self.crash(kind, server),
            FaultKind::Pause | FaultKind::Clock | FaultKind::SlowDisk => self.slow_down(kind, server),
            FaultKind::Disconnect
            | FaultKind::Split
            | FaultKind::Bridge
            | FaultKind::OneWay
            | FaultKind::Deaf => Some(self.partition(kind, server)),
        };
        if let Some(repair) = repair {
            let until = self.lab.now() + self.up_to(self.plan.fault_max);
            self.in_force.push((until, repair));
        }
    }

    /// The leader of the highest term, or anybody.
    fn target(&self) -> ServerId {
        let leader = self.cluster.leaders().into_iter().max().map(|(_, leader)| leader);
        leader.filter(|_| self.lab.happens(self.plan.at_leader_percent)).unwrap_or_else(|| self.anybody())
    }

    fn crash(&mut self, kind: FaultKind, server: ServerId) -> Option<Repair> {
        if self.lab.record().seen(server, |seen| seen.is_paused) {
            // Else `kill` would wait for a lock that a paused thread may hold.
            self.cluster.resume(server);
        }
        match kind {
            FaultKind::Crash => self.cluster.crash(server),
            FaultKind::PowerFailure => self.cluster.power_failure(server),
            FaultKind::PowerFailureAtSave => {
                let moment = if self.lab.happens(50) { Moment::BeforeSave } else { Moment::AfterSave };
                // Every other time the disk is fast.
                let disk = self.up_to(DISK_MAX) * self.lab.below(2) as u32;
                self.may_lack_power.insert(server);
                self.cluster.power_failure_at_save(server, 1 + self.lab.below(SAVES_MAX), moment, disk);
            }
            FaultKind::Blackout => {
                let all = self.cluster.servers();
                // All are down at one moment, with nobody who could remember for the others.
                all.clone().for_each(|server| self.cluster.power_failure(server));
                all.for_each(|server| self.cluster.restart(server));
                return None;
            }
            other => unreachable!("{other:?} is no crash: see `inject`"),
        }
        Some(Repair::Restart(server))
    }

    fn slow_down(&mut self, kind: FaultKind, server: ServerId) -> Option<Repair> {
        match kind {
            FaultKind::Pause => self.cluster.pause(server).then_some(Repair::Resume(server)),
            FaultKind::Clock => {
                let ppm = u64::from(CLOCK_PPM) - CLOCK_OFF_PPM + self.lab.below(2 * CLOCK_OFF_PPM);
                self.cluster.set_clock_rate(server, ppm as u32).then_some(Repair::RightClock(server))
            }
            FaultKind::SlowDisk => {
                let time = self.up_to(DISK_MAX);
                self.cluster.slow_disk(server, time);
                Some(Repair::FastDisk(server))
            }
            other => unreachable!("{other:?} slows nothing down: see `inject`"),
        }
    }

    fn partition(&mut self, kind: FaultKind, server: ServerId) -> Repair {
        let cluster = self.cluster;
        // Counted from the target: a leader is in the smaller part of an odd cluster.
        let half: Vec<ServerId> = (0..cluster.size() / 2).map(|step| cluster.next(server, step)).collect();
        let rest: Vec<ServerId> =
            (cluster.size() / 2..cluster.size()).map(|step| cluster.next(server, step)).collect();
        Repair::Rule(match kind {
            FaultKind::Disconnect => {
                cluster.disconnect(server);
                return Repair::Connect(server);
            }
            FaultKind::Split => {
                let sets = 2 + self.lab.below(2);
                // Any of the sets may be empty or a majority: a cluster has to bear all of that.
                let mut split = vec![Vec::new(); sets as usize];
                cluster.servers().for_each(|server| split[self.lab.below(sets) as usize].push(server));
                cluster.partition(&split.iter().map(Vec::as_slice).collect::<Vec<_>>())
            }
            FaultKind::Bridge => {
                let bridged = [half.as_slice(), &rest[..1]].concat();
                cluster.partition(&[&bridged, &rest])
            }
            FaultKind::OneWay => match self.lab.below(4) {
                0 => cluster.one_way(&cluster.others(server), &[server]),
                1 => cluster.one_way(&[server], &cluster.others(server)),
                2 => cluster.one_way(&half, &rest),
                _ => cluster.one_way(&[server], &[self.anybody()]),
            },
            FaultKind::Deaf => cluster.deaf_to_requests(server),
            other => unreachable!("{other:?} is no partition: see `inject`"),
        })
    }

    pub(super) fn repair(&mut self, repair: Repair) {
        match repair {
            Repair::Rule(fault) => fault.end(),
            Repair::Connect(server) => self.cluster.connect(server),
            // Its power may have failed at a save, of which the cluster knows nothing: `restart` would find it
            // up.
            Repair::Restart(server) => {
                self.settle_power_failure(server);
                self.cluster.restart(server);
            }
            Repair::Resume(server) => self.cluster.resume(server),
            Repair::RightClock(server) => {
                self.cluster.set_clock_rate(server, CLOCK_PPM);
            }
            Repair::FastDisk(server) => self.cluster.slow_disk(server, Duration::ZERO),
        }
    }

    /// Takes a server whose power has failed at a save from the network, so that it can be started again. A power failure
    /// that is still to come is called off, unless its save has begun.
    pub(super) fn settle_power_failure(&self, server: ServerId) {
        let may_be_silent = self.lab.world() == World::Real && self.may_lack_power.contains(&server);
        if self.cluster.has_lost_power(server) || may_be_silent {
            self.cluster.power_failure(server);
        } else {
            self.cluster.slow_disk(server, Duration::ZERO);
        }
    }
}
