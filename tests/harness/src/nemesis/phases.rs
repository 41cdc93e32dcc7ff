//! Phase after phase: faults begin and end, and then the cluster must show that it has recovered.

use std::collections::BTreeSet;
use std::time::Duration;

use labrpc::network::Fault;
use raft_interface::ServerId;

use super::campaign::{Campaign, Weather};
use super::trouble::{DISK_MAX, Ending};
use crate::cluster::Cluster;
use crate::lab::Lab;
use lab_referee::Violation;

/// Does a campaign to a cluster.
#[derive(Debug)]
pub struct Nemesis<'a> {
    pub(super) lab: &'a Lab,
    pub(super) cluster: &'a Cluster,
    pub(super) campaign: Campaign,
    /// The faults in force, and when each ends.
    pub(super) endings: Vec<(Duration, Ending)>,
    weather: Vec<Fault>,
    /// Whose power was to fail at a save. In the real world nobody can tell whether it has: the server is silent.
    pub(super) doomed: BTreeSet<ServerId>,
}

impl<'a> Nemesis<'a> {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(lab: &'a Lab, cluster: &'a Cluster, campaign: Campaign) -> Self {
        Self { lab, cluster, campaign, endings: Vec::new(), weather: Vec::new(), doomed: BTreeSet::new() }
    }

    /// Goes through all phases. After each event `meanwhile` is called: to give commands, say. After each phase all is
    /// healed, and `proof` must show that the cluster makes progress.
    pub fn rage(mut self, mut meanwhile: impl FnMut(), mut proof: impl FnMut()) {
        for phase in 1..=self.campaign.phases {
            self.lab.note(format!("phase {phase} of {}", self.campaign.phases));
            self.change_weather();
            for _ in 0..self.campaign.events {
                self.strike();
                meanwhile();
                let pause = self.up_to(self.campaign.pause_max);
                self.lab.sleep(pause);
                self.end_what_is_over();
                meanwhile();
            }
            self.heal();
            proof();
        }
    }

    /// Ends all faults.
    pub fn heal(&mut self) {
        self.lab.note("all faults end");
        for (_, ending) in std::mem::take(&mut self.endings) {
            self.end(ending);
        }
        self.weather.clear();
        self.cluster.network().reliable();
        self.cluster.network().in_order();
        for server in self.cluster.servers() {
            self.revive(server);
            if self.lab.record().seen(server, |seen| seen.is_paused) {
                self.cluster.resume(server);
            }
        }
        // A power failure may be under way, in a save that takes its time.
        self.lab.sleep(DISK_MAX * 2);
        self.cluster.servers().into_iter().for_each(|server| self.revive(server));
        self.cluster.repair();
        self.doomed.clear();
    }

    fn change_weather(&mut self) {
        let Weather { late_percent, late_max, twice_percent, twice_max, .. } = self.campaign.weather;
        let share = |percent| self.lab.below(percent + 1) as f64 / 100.0;
        let (late, twice) = (share(late_percent), share(twice_percent));
        self.weather = vec![self.cluster.delays(late, late_max), self.cluster.duplicates(twice, twice_max)];
        if self.lab.happens(self.campaign.weather.unreliable_percent) {
            self.cluster.unreliable();
        }
        if self.lab.happens(self.campaign.weather.reordering_percent) {
            self.cluster.long_reordering();
        }
    }

    fn end_what_is_over(&mut self) {
        let now = self.lab.now();
        let (over, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.endings).into_iter().partition(|(until, _)| *until <= now);
        self.endings = left;
        over.into_iter().for_each(|(_, ending)| self.end(ending));
    }

    /// Any time up to this.
    pub(super) fn up_to(&self, longest: Duration) -> Duration {
        Duration::from_millis(self.lab.below(longest.as_millis() as u64 + 1))
    }

    /// Any server.
    pub(super) fn anybody(&self) -> ServerId {
        self.lab.below(self.cluster.size() as u64) as ServerId
    }
}

/// Whoever leads gets up to three commands.
pub fn offer_to_leaders(lab: &Lab, cluster: &Cluster) {
    for (_, leader) in cluster.leaders() {
        for _ in 0..=lab.below(3) {
            cluster.offer(leader);
        }
    }
}

/// Expects that all servers agree on a new command, at an index that nothing had before.
///
/// # Panics
///
/// If they do not.
#[track_caller]
pub fn prove_agreement(lab: &Lab, cluster: &Cluster) {
    let before = cluster.committed_last();
    let index = cluster.one(cluster.size());
    lab.expect(index > before, || {
        Violation::new(
            "an index was given twice",
            format!("an index above {before}"),
            format!("index {index}"),
        )
    });
}
