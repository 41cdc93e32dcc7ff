//! The nemesis: faults of every kind, drawn at random, in phases that each end in the proof that the cluster has
//! recovered.
//!
//! # How it works
//!
//! A [`Nemesis`] goes through the phases of a [`Campaign`]. Each phase has its own [weather](Weather): a share of all messages
//! is late, comes twice, or is lost. In it, one event follows the other: a fault is drawn by the
//! [weights](Weights), aimed at the leader or at anybody, and lasts for a while, into later events. So several faults
//! are in force at a time. Then everything is [healed](Nemesis::heal), and the test proves that there is progress. What must
//! hold at all times is judged by the [invariants](crate::invariants), as in every test.
//!
//! All chance comes from the run's seed, and everything that is done is done by a function of [`Cluster`].
//!
//! # What it leaves out
//!
//! Disks that lose or change what they had stored: Raft assumes that they do not (§5.1, Fig. 2).

mod trouble;

use std::collections::BTreeSet;
use std::time::Duration;

use labrpc::network::Fault;
use raft_interface::ServerId;

use crate::cluster::Cluster;
use crate::lab::Lab;
use lab_referee::Violation;
use trouble::Ending;

/// How much of what happens. The constants are what the suites use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// How many phases there are. Each ends with all faults.
    pub phases: u32,
    /// How many faults begin in a phase.
    pub events: u32,
    /// The longest pause between two of them.
    pub pause_max: Duration,
    /// The longest time for which a fault lasts, if the phase does not end before.
    pub fault_max: Duration,
    /// How often a fault is aimed at the server that leads, in percent. Otherwise it is aimed at any.
    pub at_leaders: u64,
    /// How often each kind of fault is drawn.
    pub weights: Weights,
    /// What happens to messages all the time.
    pub weather: Weather,
}

/// How often each kind of fault is drawn, each in proportion to the sum of all; 0 is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// A server is killed, and started again later.
    pub crash: u64,
    /// A server loses its power at any moment, and is started again later.
    pub power_failure: u64,
    /// A server loses its power just before or after one of its next saves, perhaps on a slow disk.
    pub power_failure_at_save: u64,
    /// All servers lose their power at once, and are started again at once.
    pub blackout: u64,
    /// A server's threads stand still, and go on later.
    pub pause: u64,
    /// A server's clock runs too fast or too slow.
    pub clock: u64,
    /// A server's saves take their time.
    pub slow_disk: u64,
    /// A server is cut off from all others; calls hang for up to seven seconds.
    pub disconnect: u64,
    /// The servers are tossed into two or three sets.
    pub split: u64,
    /// Two halves that share one server.
    pub bridge: u64,
    /// Messages from one set of servers to another are lost, those the other way are not.
    pub one_way: u64,
    /// A server gets no requests, while its own are answered.
    pub deaf: u64,
}

/// What happens to messages during a phase: drawn anew for each, up to these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// The largest share of messages that are late, in percent.
    pub late_percent: u64,
    /// The longest delay.
    pub late_max: Duration,
    /// The largest share of messages that arrive twice, in percent.
    pub twice_percent: u64,
    /// How much later the second time is at most.
    pub twice_max: Duration,
    /// How often a phase has MIT's unreliable network: one message in ten lost each way.
    pub unreliable_percent: u64,
    /// How often a phase has MIT's long reordering: two replies of three up to 2.2 s late.
    pub reordering_percent: u64,
}

impl Campaign {
    /// Faults of the network alone, and of clocks: for servers that store nothing yet.
    pub const NETWORK: Self = Self {
        phases: 3,
        events: 12,
        pause_max: Duration::from_millis(350),
        fault_max: Duration::from_millis(1500),
        at_leaders: 50,
        weights: Weights {
            crash: 0,
            power_failure: 0,
            power_failure_at_save: 0,
            blackout: 0,
            pause: 3,
            clock: 1,
            slow_disk: 0,
            disconnect: 3,
            split: 4,
            bridge: 2,
            one_way: 3,
            deaf: 1,
        },
        weather: Weather {
            late_percent: 30,
            late_max: Duration::from_millis(400),
            twice_percent: 30,
            twice_max: Duration::from_millis(800),
            unreliable_percent: 60,
            reordering_percent: 20,
        },
    };

    /// Faults of every kind.
    pub const EVERYTHING: Self = Self {
        phases: 4,
        weights: Weights {
            crash: 2,
            power_failure: 4,
            power_failure_at_save: 4,
            blackout: 1,
            slow_disk: 2,
            ..Self::NETWORK.weights
        },
        ..Self::NETWORK
    };

    /// The same for a service, whose clients need time to find a leader between two faults.
    pub const SERVICE: Self = Self {
        phases: 3,
        events: 8,
        pause_max: Duration::from_millis(600),
        weather: Weather { reordering_percent: 0, ..Self::EVERYTHING.weather },
        ..Self::EVERYTHING
    };
}

/// Does a campaign to a cluster.
#[derive(Debug)]
pub struct Nemesis<'a> {
    lab: &'a Lab,
    cluster: &'a Cluster,
    campaign: Campaign,
    /// The faults in force, and when each ends.
    endings: Vec<(Duration, Ending)>,
    weather: Vec<Fault>,
    /// Whose power was to fail at a save. In the real world nobody can tell whether it has: the server is silent.
    doomed: BTreeSet<ServerId>,
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
        self.lab.sleep(trouble::DISK_MAX * 2);
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
    fn up_to(&self, longest: Duration) -> Duration {
        Duration::from_millis(self.lab.below(longest.as_millis() as u64 + 1))
    }

    /// Any server.
    fn anybody(&self) -> ServerId {
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
