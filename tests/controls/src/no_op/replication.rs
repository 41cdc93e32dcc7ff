//! Replication, from the leader's side (§5.3, §7).

use labrpc::sync::Arc;
use labrpc::time::{Duration, Instant};
use raft_interface::{Index, ServerId};

use super::Node;
use super::messages::{AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs, InstallSnapshotReply};
use super::state::{Role, State};

/// Also how long it takes until a message without an answer is repeated.
const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(100);

/// What a leader knows of a follower, and where it stands in telling it.
pub(super) struct Progress {
    next_index: Index,
    match_index: Index,
    /// How many messages there were.
    sent: u64,
    /// Whether the last of them may still be answered. What is new waits for that, or for the next heartbeat, and is
    /// sent all together.
    is_waiting: bool,
    heartbeat_due: Instant,
}

impl Progress {
    /// For a new leader, which announces itself at once.
    pub(super) fn new(next_index: Index) -> Self {
        Self { next_index, match_index: 0, sent: 0, is_waiting: false, heartbeat_due: Instant::now() }
    }

    /// The follower's log is the leader's up to this index. Replies come in any order, so it may be old news.
    fn matches(&mut self, index: Index) {
        self.match_index = self.match_index.max(index);
        self.next_index = self.next_index.max(self.match_index + 1);
    }
}

/// What goes to a follower, with its number.
enum Request {
    Append(u64, AppendEntriesArgs),
    Snapshot(u64, InstallSnapshotArgs),
}

impl Node {
    /// The replicator thread of one peer.
    pub(super) fn run_replicator(self: &Arc<Self>, peer: ServerId) {
        let wake = &self.replicators[peer];
        let mut state = self.state.lock();
        while !state.is_stopped() {
            match state.due(peer) {
                None => wake.wait(&mut state),
                Some(due) if Instant::now() < due => {
                    wake.wait_until(&mut state, due);
                }
                Some(_) => {
                    let Some(request) = state.next_request(peer) else { continue };
                    self.spawn(format!("leader to {peer}"), move |node| node.send(peer, request));
                }
            }
        }
    }

    fn send(&self, peer: ServerId, request: Request) {
        let end = &self.peers[peer];
        match request {
            Request::Append(number, args) => {
                if let Some(reply) = end.call("Raft.AppendEntries", &args) {
                    self.update(|state| state.on_append_reply(peer, number, &args, &reply));
                }
            }
            Request::Snapshot(number, args) => {
                if let Some(reply) = end.call("Raft.InstallSnapshot", &args) {
                    self.update(|state| state.on_snapshot_reply(peer, number, &args, &reply));
                }
            }
        }
    }
}

impl State {
    /// Whether a peer can be sent something that it has not got, before the next heartbeat.
    pub(super) fn has_something_for(&self, peer: ServerId) -> bool {
        let Role::Leader(progress) = &self.role else { return false };
        let progress = &progress[peer];
        !progress.is_waiting && progress.next_index <= self.log.last_index()
    }

    /// When a leader has to send a peer something.
    fn due(&self, peer: ServerId) -> Option<Instant> {
        let Role::Leader(progress) = &self.role else { return None };
        if self.has_something_for(peer) { Some(Instant::now()) } else { Some(progress[peer].heartbeat_due) }
    }

    /// The next message to a peer: the entries from nextIndex on, or the snapshot if some of these are in it.
    fn next_request(&mut self, peer: ServerId) -> Option<Request> {
        let Role::Leader(progress) = &mut self.role else { return None };
        let progress = &mut progress[peer];
        progress.sent += 1;
        progress.is_waiting = true;
        progress.heartbeat_due = Instant::now() + HEARTBEAT_INTERVAL;
        let prev_log_index = progress.next_index - 1;
        let (term, leader_id) = (self.current_term, self.me);
        let Some(prev_log_term) = self.log.term_at(prev_log_index) else {
            let base = self.log.base();
            let args = InstallSnapshotArgs {
                term,
                leader_id,
                last_included_index: base.index,
                last_included_term: base.term,
                last_included_commands: base.commands,
                data: Arc::clone(&self.snapshot),
            };
            return Some(Request::Snapshot(progress.sent, args));
        };
        let args = AppendEntriesArgs {
            term,
            leader_id,
            prev_log_index,
            prev_log_term,
            entries: self.log.since(progress.next_index),
            leader_commit: self.commit_index,
        };
        Some(Request::Append(progress.sent, args))
    }

    fn on_append_reply(
        &mut self,
        peer: ServerId,
        number: u64,
        args: &AppendEntriesArgs,
        reply: &AppendEntriesReply,
    ) {
        self.adopt_term(reply.term);
        // A server that has stopped answers in term 0.
        if self.current_term != args.term || reply.term != args.term {
            return;
        }
        let Role::Leader(progress) = &mut self.role else { return };
        let progress = &mut progress[peer];
        let is_last = progress.sent == number;
        if reply.success {
            progress.matches(args.prev_log_index + args.entries.len() as Index);
            progress.is_waiting &= !is_last;
            self.advance_commit_index();
            return;
        }
        // The last entry of the follower's conflicting term may match, if the leader has such entries.
        let last_of_term = reply.conflict_term.and_then(|term| self.log.last_of_term(term));
        let hint = last_of_term.map_or(reply.conflict_index, |index| index + 1);
        let next_index = hint.min(args.prev_log_index).max(progress.match_index + 1);
        // An old rejection may be overtaken. One that leads nowhere is not answered at once.
        if next_index < progress.next_index {
            progress.next_index = next_index;
            progress.is_waiting &= !is_last || self.is_patient;
        }
    }

    fn on_snapshot_reply(
        &mut self,
        peer: ServerId,
        number: u64,
        args: &InstallSnapshotArgs,
        reply: &InstallSnapshotReply,
    ) {
        self.adopt_term(reply.term);
        if self.current_term != args.term || reply.term != args.term {
            return;
        }
        let Role::Leader(progress) = &mut self.role else { return };
        let progress = &mut progress[peer];
        progress.matches(args.last_included_index);
        progress.is_waiting &= progress.sent != number;
        self.advance_commit_index();
    }

    /// A leader commits what a majority stores, if it is of its own term (Fig. 2, Leaders 4; §5.4.2).
    pub(super) fn advance_commit_index(&mut self) {
        let Role::Leader(progress) = &self.role else { return };
        let mut stored: Vec<Index> = progress.iter().map(|progress| progress.match_index).collect();
        stored[self.me] = self.log.last_index();
        stored.sort_unstable();
        // Of 5 servers the third lowest: three of them store as much or more. Of 4 the second.
        let by_majority = stored[(self.servers - 1) / 2];
        let is_own_term = self.log.term_at(by_majority) == Some(self.current_term);
        if by_majority > self.commit_index && is_own_term {
            self.commit_index = by_majority;
        }
    }
}
