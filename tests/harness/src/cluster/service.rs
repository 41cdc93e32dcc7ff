//! The service on top of each server: reads the apply channel, tells the record, and takes snapshots.

use std::time::Duration;

use labrpc::channel::{self, Receiver, TryRecvError};
use labrpc::rand::{self, RngExt};
use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use labrpc::thread;
use raft_interface::{ApplyMsg, Command, Index, OwnEntry, ServerId, Term};

use super::handle::Cluster;
use super::options::{Reading, Snapshots};
use crate::implementation::AnyRaft;
use crate::marks;
use crate::observation::Observation;
use crate::service_state::{Padding, ServiceState};

/// MIT's interval between snapshots, in entries.
const SNAPSHOT_INTERVAL: Index = 10;
/// The longest pause of a slow service before it looks for a message, in milliseconds.
const SLOW_PAUSE_MAX_MS: u64 = 20;
/// The longest pause of a service that takes snapshots in a thread of its own, in milliseconds.
const SNAPSHOT_PAUSE_MAX_MS: u64 = 60;

impl Cluster {
    /// Starts the service of an incarnation, on its node.
    pub(super) fn spawn_service(
        &self,
        node: &NodeHandle,
        server: ServerId,
        start: u64,
        applied: Receiver<ApplyMsg>,
    ) {
        let Some(raft) = self.raft(server) else { return };
        let cluster = self.clone();
        let snapshots_of = Arc::clone(&raft);
        node.spawn("service", move || cluster.serve(&*raft, server, start, &applied));
        if self.inner.snapshots == Snapshots::FromAnotherThread {
            let cluster = self.clone();
            node.spawn("snapshots", move || cluster.take_snapshots(&*snapshots_of, server, start));
        }
    }

    /// Reads the apply channel until the server closes it.
    fn serve(&self, raft: &dyn AnyRaft, server: ServerId, start: u64, applied: &Receiver<ApplyMsg>) {
        let mut read = 0;
        while let Some(message) = self.receive(applied) {
            read += 1;
            match &message {
                ApplyMsg::Command { index, .. } | ApplyMsg::Own { index, .. } => {
                    // Before the snapshot: its digest is read from the committed log, which has the entry only
                    // now.
                    self.observe_delivery(server, start, &message);
                    if self.snapshot_is_due(server, *index) {
                        self.take_snapshot(raft, server, *index);
                    }
                }
                ApplyMsg::Snapshot { index, term, data } => {
                    self.observe_snapshot(server, start, (*index, *term), data);
                }
            }
            if self.inner.reading == Reading::UpTo(read) {
                // Stuck, with the channel open.
                thread::park();
            }
        }
    }

    /// The next message; `None` when the server has closed the channel.
    fn receive(&self, applied: &Receiver<ApplyMsg>) -> Option<ApplyMsg> {
        if self.inner.reading != Reading::Slowly {
            return applied.recv().ok();
        }
        loop {
            // It looks instead of waiting: a server that hands over with a lock held finds nobody there, most
            // of the time.
            thread::sleep(Duration::from_millis(self.inner.lab.below(SLOW_PAUSE_MAX_MS)));
            match applied.try_recv() {
                Ok(message) => return Some(message),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return None,
            }
        }
    }

    /// What a server delivers, as late as the scenario says: a service that applies slowly, to whoever waits for it.
    pub(super) fn paced(&self, server: ServerId, delivered: Receiver<ApplyMsg>) -> Receiver<ApplyMsg> {
        if self.inner.reading != Reading::Paced {
            return delivered;
        }
        let (later, paced) = channel::bounded(0);
        let cluster = self.clone();
        // Beside the service, which is not held up with a lock of its own in its hands. On the server's node, for it
        // is called there.
        thread::spawn(move || {
            while let Ok(message) = delivered.recv() {
                let pace = cluster.inner.slots.lock()[server].pace;
                if !pace.is_zero() {
                    thread::sleep(pace);
                }
                if later.send(message).is_err() {
                    return; // the service has ended
                }
            }
        });
        paced
    }

    /// Sees what a service is about to handle, of which only the harness' own can say what is in a snapshot.
    pub(super) fn observe_delivery(&self, server: ServerId, start: u64, message: &ApplyMsg) {
        match *message {
            ApplyMsg::Command { index, term, ref command } => {
                self.observe(server, start, &Observation::Applied { index, term, command });
            }
            ApplyMsg::Own { index, term, entry } => {
                self.observe(server, start, &Observation::Applied { index, term, command: &shown(entry) });
                if let OwnEntry::Configuration(configuration) = entry {
                    self.observe(server, start, &Observation::Configured { index, term, configuration });
                }
            }
            ApplyMsg::Snapshot { index, term, .. } => {
                // What is in it is the service's own affair: the histories of its clients judge that.
                let digest = self.inner.lab.record().digest(index).unwrap_or_default();
                let data = &ServiceState { index, digest }.encode(Padding::Same(0));
                self.observe_snapshot(server, start, (index, term), data);
            }
        }
    }

    fn observe_snapshot(&self, server: ServerId, start: u64, (index, term): (Index, Term), data: &[u8]) {
        // Where indexes are those of the wire, nothing is left out between one command and the next.
        let counts_all = self.inner.referee.knows_the_indexes();
        self.observe(server, start, &Observation::Installed { index, term, data, counts_all });
    }

    fn snapshot_is_due(&self, server: ServerId, index: Index) -> bool {
        match self.inner.snapshots {
            Snapshots::Never | Snapshots::FromAnotherThread => false,
            Snapshots::EveryTen => (index + 1).is_multiple_of(SNAPSHOT_INTERVAL),
            Snapshots::Staggered => (index + 1 + 3 * server as Index).is_multiple_of(SNAPSHOT_INTERVAL),
        }
    }

    fn take_snapshot(&self, raft: &dyn AnyRaft, server: ServerId, index: Index) {
        // The history has all that anybody applied, unless an invariant is broken already.
        let Some(digest) = self.inner.lab.record().digest(index) else { return };
        // Before the call, for the server may send the snapshot before it returns from it.
        self.inner.referee.takes_snapshot(server, index);
        marks::takes_snapshot(server, index);
        raft.snapshot(index, ServiceState { index, digest }.encode(self.inner.snapshot_padding));
    }

    /// A service that takes snapshots beside applying: at what it has applied, or, as a slow disk would, at what it
    /// had applied a few entries ago, which may be older than a snapshot that was installed meanwhile.
    fn take_snapshots(&self, raft: &dyn AnyRaft, server: ServerId, start: u64) {
        loop {
            thread::sleep(Duration::from_millis(rand::rng().random_range(1..=SNAPSHOT_PAUSE_MAX_MS)));
            let Some((now, before)) = self.inner.lab.record().before(server) else { return };
            // The next incarnation has a thread of its own for this.
            if now != start || self.is_over() {
                return;
            }
            let behind = rand::rng().random_range(0..=SNAPSHOT_INTERVAL);
            if let Some(index) = before.applied.checked_sub(behind).filter(|&index| index > 0) {
                self.take_snapshot(raft, server, index);
            }
        }
    }
}

/// An entry that is Raft's own, for those who compare what servers apply: as a command that nobody starts.
fn shown(entry: OwnEntry) -> Command {
    format!("\0{entry:?}").into_bytes().into()
}
