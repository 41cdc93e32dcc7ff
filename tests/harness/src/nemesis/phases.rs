//! Phase after phase: faults begin and end, and then the cluster must show that it has recovered.

use std::collections::BTreeSet;
use std::time::Duration;

use labrpc::network::Fault;
use raft_interface::ServerId;

use super::kinds::{DISK_MAX, Repair};
use super::plan::{FaultPlan, MessageFaults};
use crate::cluster::Cluster;
use crate::lab::Lab;
use lab_referee::Violation;

/// Injects the faults of a plan into a cluster.
#[derive(Debug)]
pub struct Nemesis<'a> {
    pub(super) lab: &'a Lab,
    pub(super) cluster: &'a Cluster,
    pub(super) plan: FaultPlan,
    /// The faults in force, and when each ends.
    pub(super) in_force: Vec<(Duration, Repair)>,
    message_faults: Vec<Fault>,
    /// Whose power was to fail at a save. In the real world nobody can tell whether it has: the server is silent.
    pub(super) may_lack_power: BTreeSet<ServerId>,
}

impl<'a> Nemesis<'a> {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(lab: &'a Lab, cluster: &'a Cluster, plan: FaultPlan) -> Self {
        Self {
            lab,
            cluster,
            plan,
            in_force: Vec::new(),
            message_faults: Vec::new(),
            may_lack_power: BTreeSet::new(),
        }
    }

    /// Goes through all phases. After each event `meanwhile` is called: to give commands, say. After each phase all is
    /// healed, and `expect_recovery` must show that the cluster makes progress.
    pub fn run(mut self, mut meanwhile: impl FnMut(), mut expect_recovery: impl FnMut()) {
        for phase in 1..=self.plan.phases {
            self.lab.note(format!("phase {phase} of {}", self.plan.phases));
            self.draw_message_faults();
            for _ in 0..self.plan.events {
                self.inject();
                meanwhile();
                let pause = self.up_to(self.plan.pause_max);
                self.lab.sleep(pause);
                self.repair_what_is_over();
                meanwhile();
            }
            // A cluster owes no progress while a majority may be down or cut off. Healed, it does.
            self.heal();
            expect_recovery();
        }
    }

    /// Ends all faults.
    pub fn heal(&mut self) {
        self.lab.note("all faults end");
        // Each by its own repair, so that the timeline and the log of actions tell of it. Then what may be left
        // over.
        for (_, repair) in std::mem::take(&mut self.in_force) {
            self.repair(repair);
        }
        self.message_faults.clear();
        self.cluster.network().reliable();
        self.cluster.network().in_order();
        for server in self.cluster.servers() {
            self.settle_power_failure(server);
            if self.lab.record().seen(server, |seen| seen.is_paused) {
                self.cluster.resume(server);
            }
        }
        // A power failure may be under way, in a save that takes its time.
        self.lab.sleep(DISK_MAX * 2);
        self.cluster.servers().for_each(|server| self.settle_power_failure(server));
        // Those whose power has failed at a save only now: their faults have ended, so nothing else starts
        // them.
        self.cluster.repair();
        self.may_lack_power.clear();
    }

    fn draw_message_faults(&mut self) {
        let MessageFaults { delay_percent, delay_max, duplicate_percent, duplicate_delay_max, .. } =
            self.plan.messages;
        // Drawn anew for each phase, zero included: some mistakes need late messages, and late messages hide
        // others.
        let share = |percent| self.lab.below(percent + 1) as f64 / 100.0;
        let (late, twice) = (share(delay_percent), share(duplicate_percent));
        self.message_faults =
            vec![self.cluster.delays(late, delay_max), self.cluster.duplicates(twice, duplicate_delay_max)];
        if self.lab.happens(self.plan.messages.unreliable_percent) {
            self.cluster.unreliable();
        }
        if self.lab.happens(self.plan.messages.reordering_percent) {
            self.cluster.long_reordering();
        }
    }

    fn repair_what_is_over(&mut self) {
        let now = self.lab.now();
        let (over, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.in_force).into_iter().partition(|(until, _)| *until <= now);
        self.in_force = left;
        over.into_iter().for_each(|(_, repair)| self.repair(repair));
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
pub fn expect_agreement(lab: &Lab, cluster: &Cluster) {
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
