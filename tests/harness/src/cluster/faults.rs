//! What a scenario does to a cluster.

use std::time::Duration;

use labrpc::network::{
    Chance, Delay, Delays, Duplication, Fault, Message, Partition, Rule, Traffic, Verdict,
};
use labrpc::sync::Arc;
use raft_interface::{SaveError, SaveHook, SavePoint, ServerId};

use super::handle::Cluster;
use crate::lab::Lab;
use crate::observation::show_servers;
use crate::timeline::TimelineEvent;
use lab_runs::actions::ActionKind;
use lab_runs::settings::World;

/// When a server loses its power, seen from a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Just before the save: what was to be stored is lost.
    BeforeSave,
    /// Just after the save, before the server does anything else: it is stored, and nobody was told.
    AfterSave,
}

impl Cluster {
    /// Cuts a server off from all others. Calls to and from it get no reply, after up to seven seconds.
    pub fn disconnect(&self, server: ServerId) {
        if !self.performs(ActionKind::Fault, "disconnect", server) {
            return;
        }
        self.inner.lab.record().surroundings_changed(
            self.inner.lab.now(),
            server,
            TimelineEvent::Disconnected(server),
        );
        self.cut_off(server, true);
    }

    /// Connects a server again.
    pub fn connect(&self, server: ServerId) {
        let was_cut_off = !self.inner.lab.record().seen(server, |seen| seen.is_connected);
        // Only what mends something is an action. Scenarios connect servers that are connected, to be sure, and
        // a smaller run should not be a list of that.
        if was_cut_off && !self.performs(ActionKind::Repair, "connect", server) {
            return;
        }
        self.inner.lab.record().surroundings_changed(
            self.inner.lab.now(),
            server,
            TimelineEvent::Connected(server),
        );
        self.cut_off(server, false);
    }

    /// Cuts several servers off, each from everybody.
    pub fn disconnect_all(&self, servers: impl IntoIterator<Item = ServerId>) {
        servers.into_iter().for_each(|server| self.disconnect(server));
    }

    /// Connects several servers.
    pub fn connect_all(&self, servers: impl IntoIterator<Item = ServerId>) {
        servers.into_iter().for_each(|server| self.connect(server));
    }

    /// Kills several servers, as [`crash`](Self::crash), and starts them again.
    pub fn bounce(&self, servers: impl IntoIterator<Item = ServerId>) {
        let servers: Vec<ServerId> = servers.into_iter().collect();
        // All go before the first comes back. One by one, the others would carry the term and the log over in
        // their memory, and nobody would notice what is not stored.
        servers.iter().for_each(|&server| self.crash(server));
        servers.iter().for_each(|&server| self.restart(server));
    }

    /// Starts all servers that are down and connects all.
    pub fn repair(&self) {
        for server in self.servers() {
            self.restart(server);
            // After the restart: a server that is down is not connected, whether or not it is cut off.
            if !self.is_connected(server) {
                self.connect(server);
            }
        }
    }

    /// From now on messages from `senders` do not reach `receivers`, while those the other way do. Requests and
    /// replies alike. It ends when the fault is dropped.
    pub fn one_way(&self, senders: &[ServerId], receivers: &[ServerId]) -> Fault {
        let what = format!("messages from {} to {} are lost", show_servers(senders), show_servers(receivers));
        if !self.performs_on_network(&what) {
            return self.no_fault();
        }
        let [senders, receivers] =
            [senders, receivers].map(|servers| servers.iter().map(|&server| server as u32));
        self.network().add_rule(Partition::one_way(senders, receivers))
    }

    /// From now on requests do not reach a server, while its own requests and their replies pass. It ends when the
    /// fault is dropped.
    pub fn deaf_to_requests(&self, server: ServerId) -> Fault {
        if !self.performs_on_network(&format!("requests to S{server} are lost")) {
            return self.no_fault();
        }
        let lose = |_: &Message<'_>, _: &mut Chance<'_>| Verdict::Unreachable;
        self.network().add_rule(lose.on(Traffic::requests().to(server as u32)))
    }

    /// From now on each set of servers reaches only itself. A server in two sets is a bridge between them.
    pub fn partition(&self, sets: &[&[ServerId]]) -> Fault {
        let shown: Vec<String> = sets.iter().map(|set| show_servers(set)).collect();
        if !self.performs_on_network(&format!("the network is split: {}", shown.join(" | "))) {
            return self.no_fault();
        }
        self.network().add_rule(Partition::of(sets.iter().map(|set| set.iter().map(|&server| server as u32))))
    }

    /// From now on this share of the messages, from 0 to 1, arrives up to `longest` late.
    pub fn delays(&self, share: f64, longest: Duration) -> Fault {
        let what = format!("{:.0} % of the messages are up to {longest:?} late", share * 100.0);
        if !self.performs_on_network(&what) {
            return self.no_fault();
        }
        self.network().add_rule(Delay::sometimes(share, Delays::Between(Duration::ZERO, longest)))
    }

    /// From now on this share of the messages, from 0 to 1, arrives twice, the second time up to `later` after the first.
    pub fn duplicates(&self, share: f64, later: Duration) -> Fault {
        if !self.performs_on_network(&format!("{:.0} % of the messages arrive twice", share * 100.0)) {
            return self.no_fault();
        }
        self.network().add_rule(Duplication::new(share, Delays::Between(Duration::ZERO, later)))
    }

    /// From now on the network is MIT's unreliable one: a request waits 0 to 26 ms; one in ten is lost, and one reply in
    /// ten. `network().reliable()` ends it.
    pub fn unreliable(&self) {
        if self.performs_on_network("one message in ten is lost, and requests are up to 26 ms late") {
            self.network().unreliable();
        }
    }

    /// From now on two replies of three come up to 2.2 s late, as in MIT's tests with long reordering.
    /// `network().in_order()` ends it.
    pub fn long_reordering(&self) {
        if self.performs_on_network("two replies of three are up to 2.2 s late") {
            self.network().long_reordering();
        }
    }

    /// Stops a server's threads for a while, as a long garbage collection would. Returns whether it could be done:
    /// not in the real world.
    pub fn pause(&self, server: ServerId) -> bool {
        if self.is_up(server) && !self.performs(ActionKind::Fault, "pause", server) {
            return true; // for the scenario it was done
        }
        let is_paused = self.node(server).is_some_and(|node| node.pause());
        if is_paused {
            self.inner.lab.record().surroundings_changed(
                self.inner.lab.now(),
                server,
                TimelineEvent::Paused(server),
            );
        }
        is_paused
    }

    /// Lets a paused server go on.
    pub fn resume(&self, server: ServerId) {
        let was_paused = self.inner.lab.record().seen(server, |seen| seen.is_paused);
        if was_paused && !self.performs(ActionKind::Repair, "resume", server) {
            return;
        }
        // Before the threads run: a server that has slept for two seconds owes nobody a heartbeat or an answer for
        // them.
        self.inner.referee.resumes(server);
        if self.node(server).is_some_and(|node| node.resume()) {
            self.inner.lab.record().surroundings_changed(
                self.inner.lab.now(),
                server,
                TimelineEvent::Resumed(server),
            );
        }
    }

    /// Lets a server's clock run at that many parts per million of true time. Returns whether it could be done: not in the
    /// real world.
    pub fn set_clock_rate(&self, server: ServerId, ppm: u32) -> bool {
        if !self.performs_on_network(&format!(
            "the clock of S{server} runs at {:.1} %",
            f64::from(ppm) / 10_000.0
        )) {
            return true; // for the scenario it was done
        }
        self.node(server).is_some_and(|node| node.set_clock_rate(ppm))
    }

    /// A server will lose its power at its `count`-th save from now, counted from 1, and wait on a slow disk for
    /// `disk` before. In the real world, where threads cannot be stopped, the save fails as well, and nothing counts that they do.
    pub fn power_failure_at_save(&self, server: ServerId, count: u64, moment: Moment, disk: Duration) {
        let Some(node) = self.node(server) else { return };
        if !self.performs(ActionKind::Fault, "power failure at a save", server) {
            return;
        }
        self.note(format!("S{server} will lose its power at its {count}. save from now"));
        let left = std::sync::atomic::AtomicU64::new(count);
        let hook: SaveHook = Arc::new(move |point| {
            // Each save passes `Before` once. In the real world the server's threads live on and save again: the count
            // stays at zero, and those saves fail as well.
            if point == SavePoint::Before {
                left.fetch_update(
                    std::sync::atomic::Ordering::Relaxed,
                    std::sync::atomic::Ordering::Relaxed,
                    |left| left.checked_sub(1),
                )
                .ok();
            }
            let is_due = left.load(std::sync::atomic::Ordering::Relaxed) == 0;
            if !is_due || (moment == Moment::AfterSave && point == SavePoint::Before) {
                return Ok(());
            }
            // A server that answers while its save is still under way has time to do so now. After the restart
            // it does not know what it has said.
            labrpc::thread::sleep(disk);
            // In a simulation the server's thread ends here.
            node.lose_power();
            Err(SaveError("the power failed".into()))
        });
        self.set_save_hook(server, Some(hook));
    }

    /// Every save of a server takes this long from now on; zero for no time, as by default.
    pub fn slow_disk(&self, server: ServerId, time: Duration) {
        // Zero ends a fault, as the drop of a rule of the network does, and is never left out. It also takes
        // away the hook of a power failure that has not come yet.
        if !time.is_zero() && !self.performs(ActionKind::Fault, "slow disk", server) {
            return;
        }
        self.inner.referee.disk_changes(server, !time.is_zero());
        let before = self.set_save_hook(server, (!time.is_zero()).then(|| slow_saves(time)));
        // Repairs come to whoever is whole as well, and tell nothing then.
        match (time.is_zero(), before) {
            (false, _) => self.note(format!("saves of S{server} take {time:?}")),
            (true, Some(_)) => self.note(format!("saves of S{server} take no time")),
            (true, None) => {}
        }
        self.inner.lab.record().pardon_panics(None);
    }

    /// No save of a server stores anything from now on, and each says so. [`slow_disk`](Self::slow_disk) with no time mends the
    /// disk. A server may panic then, by which the test ends without points; in the real world the test is skipped, for there
    /// a panic ends one thread only.
    pub fn failing_disk(&self, server: ServerId) {
        skip_where_panics_do_not_end_a_server(&self.inner.lab);
        if !self.performs(ActionKind::Fault, "failing disk", server) {
            return;
        }
        self.note(format!("saves of S{server} fail"));
        let lab = self.inner.lab.clone();
        let hook: SaveHook = Arc::new(move |point| {
            if point == SavePoint::After {
                return Ok(());
            }
            // Only from here on: a panic before has nothing to do with the disk.
            lab.record().pardon_panics(Some(PANICS_WHEN_SAVE_FAILS));
            Err(SaveError("the disk failed".into()))
        });
        self.set_save_hook(server, Some(hook));
    }

    /// From now on each message that a server delivers reaches its service this much later; zero for at once, as in the
    /// beginning. For clusters that were [made for it](crate::kv::KvBuilder::paced).
    pub fn pace(&self, server: ServerId, time: Duration) {
        if !time.is_zero() && !self.performs(ActionKind::Fault, "slow service", server) {
            return;
        }
        self.note(format!("the service of S{server} takes {time:?} for each message"));
        self.inner.slots.lock()[server].pace = time;
    }

    /// Whether a server's node has lost its power of itself, by [`power_failure_at_save`](Self::power_failure_at_save).
    #[must_use]
    pub fn has_lost_power(&self, server: ServerId) -> bool {
        self.node(server).is_some_and(|node| node.is_crashed())
    }

    pub(super) fn note(&self, text: String) {
        self.inner.lab.note(text);
    }

    /// Whether something is to be done to a server; see [`lab_runs::actions`].
    pub(super) fn performs(&self, kind: ActionKind, what: &str, server: ServerId) -> bool {
        self.inner.lab.performs(kind, || format!("{what} S{server}"))
    }

    /// Whether something is to be done to the network or a clock. If so, the timeline tells of it.
    fn performs_on_network(&self, what: &str) -> bool {
        let does = self.inner.lab.performs(ActionKind::Fault, || what.to_owned());
        if does {
            self.note(what.to_owned());
        }
        does
    }

    /// What stands for a fault that is left out.
    fn no_fault(&self) -> Fault {
        // The scenario holds what it is given and ends it later, so it must be given something.
        self.network().add_rule(|_: &Message<'_>, _: &mut Chance<'_>| Verdict::Pass)
    }
}

/// What a test says of a server that ends when it cannot save.
pub(crate) const PANICS_WHEN_SAVE_FAILS: &str =
    "legal, but unusual: it panics when a save fails, which ends the test";

/// Ends the run as skipped where a panic ends one thread, and no lock is poisoned: the others would go on with what is not
/// stored, which a server that ends so when a save fails did not mean.
pub(crate) fn skip_where_panics_do_not_end_a_server(lab: &Lab) {
    if lab.world() == World::Real {
        lab.skip("in the real world a server that panics when a save fails does not end");
    }
}

/// With this each save takes that long.
pub(crate) fn slow_saves(time: Duration) -> SaveHook {
    Arc::new(move |point| {
        if point == SavePoint::Before {
            labrpc::thread::sleep(time);
        }
        Ok(())
    })
}
