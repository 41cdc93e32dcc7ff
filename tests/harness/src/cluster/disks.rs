//! Servers that store what they save on disks of their own, and what happens to these.

use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use raft_interface::{DiskFault, FaultyDisk, Loss, Persister, SaveHook, ServerId};

use super::faults::{PANICS_WHEN_SAVE_FAILS, skip_where_panics_do_not_end_a_server};
use super::handle::Cluster;
use super::storage::{OnDisk, SaveCall, Storage};
use crate::on_node::on_node;
use crate::timeline::TimelineEvent;
use lab_referee::Violation;
use lab_runs::actions::ActionKind;

impl Cluster {
    /// The disk of a server in a cluster that [stores on disks](super::ClusterBuilder::on_disks); of one that is down, as its next
    /// start will find it.
    ///
    /// # Panics
    ///
    /// If the cluster stores in memory.
    #[must_use]
    pub fn disk(&self, server: ServerId) -> Arc<FaultyDisk> {
        match &self.inner.slots.lock()[server].storage {
            Storage::Disk { disk, .. } => Arc::clone(disk),
            Storage::Memory(_) => panic!("S{server} stores in memory: ClusterBuilder::on_disks"),
        }
    }

    /// What a server has saved since it last started, in order, in a cluster that stores on disks.
    #[must_use]
    pub fn saves(&self, server: ServerId) -> Vec<SaveCall> {
        match &self.inner.slots.lock()[server].storage {
            Storage::Disk { opened: Some(opened), .. } => opened.saves(),
            Storage::Disk { opened: None, .. } | Storage::Memory(_) => Vec::new(),
        }
    }

    /// A server will lose its power in the middle of what it stores: so many [steps](FaultyDisk::steps) of its disk from now.
    /// In the real world, where threads cannot be stopped, nothing counts that they do.
    pub fn power_failure_on_disk(&self, server: ServerId, steps: u64) {
        if !self.performs(ActionKind::Fault, "power failure on the disk", server) {
            return;
        }
        self.note(format!("S{server} will lose its power {steps} steps of its disk from now"));
        self.disk(server).power_fails_after(steps);
    }

    /// After so many flushes that succeed, one of a server's disk fails and forgets what it was to flush. A server may panic then, by
    /// which the test ends without points; in the real world the test is skipped, for there a panic ends one thread only.
    /// [`slow_disk`](Self::slow_disk) with no time ends that pardon, when the server is down.
    pub fn flush_fails(&self, server: ServerId, after: u64) {
        skip_where_panics_do_not_end_a_server(&self.inner.lab);
        if !self.performs(ActionKind::Fault, "failing flush", server) {
            return;
        }
        self.note(format!("after {after} flushes, one of the disk of S{server} fails"));
        self.disk(server).flush_fails(after);
    }

    /// What a server that starts is given: its memory, or what the implementation opens on its disk.
    pub(super) fn open_storage(&self, server: ServerId, node: &NodeHandle) -> Arc<dyn Persister> {
        let disk = match &self.inner.slots.lock()[server].storage {
            Storage::Memory(persister) => return Arc::clone(persister) as Arc<dyn Persister>,
            Storage::Disk { disk, .. } => Arc::clone(disk),
        };
        let lab = self.inner.lab.clone();
        let opening = (lab.clone(), Arc::clone(&disk));
        // On the server's node: threads that it starts for this end with the power.
        let opened = on_node(node, "open storage", move || opening.0.open_storage(&opening.1));
        let persister = match opened.expect("a node that was just made has power") {
            Ok(persister) => persister,
            Err(words) => lab.fail(
                Violation::new(
                    format!("S{server} cannot open its storage"),
                    "what a crash or a power failure leaves can be opened",
                    words,
                )
                .rule("after a crash the old pair is there or the new one (Persister)")
                .hint("a record that was torn by a power failure is none, and nobody was told of it")
                .servers([server]),
            ),
        };
        let node = node.clone();
        disk.set_alarm(Some(Arc::new(move |fault| match fault {
            // In a simulation the server's thread ends here.
            DiskFault::PowerFailed => {
                node.lose_power();
            }
            // Only from here on: a panic before has nothing to do with the disk.
            DiskFault::FlushFailed | DiskFault::Full => {
                lab.record().pardon_panics(Some(PANICS_WHEN_SAVE_FAILS));
            }
        })));
        let opened = Arc::new(OnDisk::new(persister));
        self.inner.slots.lock()[server].storage = Storage::Disk { disk, opened: Some(Arc::clone(&opened)) };
        opened
    }

    /// Keeps a server's storage as it is at this moment, for its next start.
    pub(super) fn keep_storage(&self, server: ServerId, how: &TimelineEvent) {
        let is_killed = matches!(how, TimelineEvent::Killed(_));
        // The lock is given back meanwhile: to draw may give way.
        let storage = self.inner.slots.lock()[server].storage.clone();
        let storage = storage.successor(|disk| match is_killed && !disk.is_off() {
            // What the process has written is the system's now.
            true => disk.after_kill(),
            false => disk.after_power_failure(self.drawn_loss()),
        });
        self.inner.slots.lock()[server].storage = storage;
    }

    /// What a power failure takes: all that was not flushed, nothing, or mostly some of it.
    fn drawn_loss(&self) -> Loss {
        let lab = &self.inner.lab;
        match lab.below(4) {
            0 => Loss::Unflushed,
            1 => Loss::Nothing,
            _ => Loss::Drawn(lab.below(u64::MAX)),
        }
    }

    /// Returns the hook before.
    pub(super) fn set_save_hook(&self, server: ServerId, hook: Option<SaveHook>) -> Option<SaveHook> {
        let storage = self.inner.slots.lock()[server].storage.clone();
        storage.set_hook(hook)
    }
}
