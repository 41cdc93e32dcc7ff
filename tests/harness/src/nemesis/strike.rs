//! How each kind of fault begins, and how it ends.

use std::time::Duration;

use raft_interface::ServerId;

use super::phases::Nemesis;
use super::trouble::{DISK_MAX, Ending, Trouble};
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
    pub(super) fn strike(&mut self) {
        let weights = self.campaign.weights;
        let all: u64 = weights.each().iter().map(|(_, weight)| weight).sum();
        let Some(trouble) = weights.at(self.lab.below(all.max(1))) else { return };
        let server = self.target();
        let ending = match trouble {
            Trouble::Crash | Trouble::PowerFailure | Trouble::PowerFailureAtSave | Trouble::Blackout => {
                self.stop(trouble, server)
            }
            Trouble::Pause | Trouble::Clock | Trouble::SlowDisk => self.hinder(trouble, server),
            _ => Some(self.cut(trouble, server)),
        };
        if let Some(ending) = ending {
            let until = self.lab.now() + self.up_to(self.campaign.fault_max);
            self.endings.push((until, ending));
        }
    }

    /// The leader of the highest term, or anybody.
    fn target(&self) -> ServerId {
        let leader = self.cluster.leaders().into_iter().max().map(|(_, leader)| leader);
        leader.filter(|_| self.lab.happens(self.campaign.at_leaders)).unwrap_or_else(|| self.anybody())
    }

    fn stop(&mut self, trouble: Trouble, server: ServerId) -> Option<Ending> {
        if self.lab.record().seen(server, |seen| seen.is_paused) {
            // Else `kill` would wait for a lock that a paused thread may hold.
            self.cluster.resume(server);
        }
        match trouble {
            Trouble::Crash => self.cluster.crash(server),
            Trouble::PowerFailure => self.cluster.power_failure(server),
            Trouble::PowerFailureAtSave => {
                let moment = if self.lab.happens(50) { Moment::BeforeSave } else { Moment::AfterSave };
                let disk = self.up_to(DISK_MAX) * self.lab.below(2) as u32;
                self.doomed.insert(server);
                self.cluster.power_failure_at_save(server, 1 + self.lab.below(SAVES_MAX), moment, disk);
            }
            _ => {
                let all = self.cluster.servers();
                all.iter().for_each(|&server| self.cluster.power_failure(server));
                all.iter().for_each(|&server| self.cluster.restart(server));
                return None;
            }
        }
        Some(Ending::Restart(server))
    }

    fn hinder(&mut self, trouble: Trouble, server: ServerId) -> Option<Ending> {
        match trouble {
            Trouble::Pause => self.cluster.pause(server).then_some(Ending::Resume(server)),
            Trouble::Clock => {
                let ppm = u64::from(CLOCK_PPM) - CLOCK_OFF_PPM + self.lab.below(2 * CLOCK_OFF_PPM);
                self.cluster.set_clock_rate(server, ppm as u32).then_some(Ending::RightClock(server))
            }
            _ => {
                let time = self.up_to(DISK_MAX);
                self.cluster.slow_disk(server, time);
                Some(Ending::FastDisk(server))
            }
        }
    }

    fn cut(&mut self, trouble: Trouble, server: ServerId) -> Ending {
        let cluster = self.cluster;
        let half: Vec<ServerId> = (0..cluster.size() / 2).map(|step| cluster.next(server, step)).collect();
        let rest: Vec<ServerId> =
            (cluster.size() / 2..cluster.size()).map(|step| cluster.next(server, step)).collect();
        Ending::Rule(match trouble {
            Trouble::Disconnect => {
                cluster.disconnect(server);
                return Ending::Connect(server);
            }
            Trouble::Split => {
                let sets = 2 + self.lab.below(2);
                let mut split = vec![Vec::new(); sets as usize];
                cluster
                    .servers()
                    .into_iter()
                    .for_each(|server| split[self.lab.below(sets) as usize].push(server));
                cluster.partition(&split.iter().map(Vec::as_slice).collect::<Vec<_>>())
            }
            Trouble::Bridge => {
                let bridged = [half.as_slice(), &rest[..1]].concat();
                cluster.partition(&[&bridged, &rest])
            }
            Trouble::OneWay => match self.lab.below(4) {
                0 => cluster.one_way(&cluster.others(server), &[server]),
                1 => cluster.one_way(&[server], &cluster.others(server)),
                2 => cluster.one_way(&half, &rest),
                _ => cluster.one_way(&[server], &[self.anybody()]),
            },
            _ => cluster.deaf_to_requests(server),
        })
    }

    pub(super) fn end(&mut self, ending: Ending) {
        match ending {
            Ending::Rule(fault) => fault.end(),
            Ending::Connect(server) => self.cluster.connect(server),
            Ending::Restart(server) => {
                self.revive(server);
                self.cluster.restart(server);
            }
            Ending::Resume(server) => self.cluster.resume(server),
            Ending::RightClock(server) => {
                self.cluster.set_clock_rate(server, CLOCK_PPM);
            }
            Ending::FastDisk(server) => self.cluster.slow_disk(server, Duration::ZERO),
        }
    }

    /// Takes a server whose power has failed at a save from the network, so that it can be started again. A power failure
    /// that is still to come is called off, unless its save has begun.
    pub(super) fn revive(&self, server: ServerId) {
        let may_be_silent = self.lab.world() == World::Real && self.doomed.contains(&server);
        if self.cluster.has_lost_power(server) || may_be_silent {
            self.cluster.power_failure(server);
        } else {
            self.cluster.slow_disk(server, Duration::ZERO);
        }
    }
}
