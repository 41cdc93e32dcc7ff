//! Log compaction (§7, Fig. 13).
//!
//! In the order in which it happens: the service hands over a snapshot of everything up to an index that it has
//! applied, and the log forgets the entries up to there. A follower that needs one of those gets the snapshot
//! instead. It keeps the entries that follow, if its own entry at the last included index is the very one that
//! the snapshot ends with; else its whole log goes. The applier then delivers the snapshot in its place in the
//! order.
//!
//! If it is asked to, a leader sends it in pieces: see [`crate::chunks`].
//!
//! # A snapshot against a stale AppendEntries
//!
//! ```text
//!   snapshot up to 5 of term 2 | 6 7         the leader sent "prev 3: entries 4 5 6" before the snapshot,
//!                                            and the network delivers it now
//! ```
//!
//! Entries 4 and 5 are in the snapshot: committed, hence the same. The consistency check moves to the base, entry
//! 6 is stored or found, and the answer is success up to 6. A rejection would send the leader back for nothing.

use labrpc::sync::Arc;
use raft_interface::{Index, ServerId};

use crate::chunks::{Received, Transfer};
use crate::rpc::{InstallSnapshotArgs, InstallSnapshotReply, SnapshotId, Tag};
use crate::state::{Moment, Role, State};

impl State {
    /// MIT's Snapshot: `data` covers everything up to and including `index`. An old one is ignored.
    ///
    /// # Panics
    ///
    /// When `index` has not been applied yet: the service cannot know what it would say.
    pub(crate) fn take_snapshot(&mut self, index: Index, data: Vec<u8>) {
        // The service takes its snapshot without this server's lock. Meanwhile the leader's may have been
        // installed, which covers more: going back would leave a base whose following entries are not there.
        if index <= self.log.base_index() {
            return;
        }
        assert!(
            index <= self.last_applied,
            "S{}: a snapshot up to {index}, but only {} is applied",
            self.me,
            self.last_applied,
        );
        let term = self.log.term_at(index).expect("applied entries after the base are in the log");
        self.replace_prefix(index, term, data.into());
        log::debug!(target: "SNAP", "S{} T{} forgets entries up to {index}", self.me, self.current_term);
    }

    /// Puts a snapshot in the place of all entries up to `index`.
    fn replace_prefix(&mut self, index: Index, term: u64, data: Arc<[u8]>) {
        // Log and snapshot change in one step and are saved with one call. A crash between two saves could
        // leave a log that begins after an index which no stored snapshot reaches.
        self.log.compact(index, term);
        self.snapshot = data;
        self.snapshot_changed = true;
        self.dirty = true;
    }

    /// The message for a follower that needs entries which this leader has forgotten.
    pub(crate) fn install_snapshot_args(&self) -> InstallSnapshotArgs {
        InstallSnapshotArgs {
            term: self.current_term,
            leader_id: self.me,
            last_included_index: self.log.base_index(),
            last_included_term: self.log.base_term(),
            last_configuration: self.log.base_configuration(),
            snapshot_id: SnapshotId {
                leader: self.me,
                term: self.current_term,
                index: self.log.base_index(),
                number: 0,
            },
            offset: 0,
            data: self.snapshot.clone(),
            done: true,
        }
    }

    /// What to send next to a follower that needs entries which this leader has forgotten: the snapshot, or a piece of it.
    pub(crate) fn next_piece(&mut self, peer: ServerId) -> InstallSnapshotArgs {
        let whole = self.install_snapshot_args();
        let (Some(bytes_max), Role::Leader(leadership)) =
            (self.config.features.snapshot_chunk_bytes, &mut self.role)
        else {
            return whole;
        };
        // A newer snapshot does not disturb a transfer: begun anew at each, one to a slow follower would never end. One that
        // would bring nothing is gone: see `Progress::matches`.
        let transfer = leadership.progress[peer].transfer.get_or_insert_with(|| {
            leadership.transfers += 1;
            Transfer::new(whole, leadership.transfers)
        });
        transfer.piece(bytes_max)
    }

    /// Fig. 13, InstallSnapshot, receiver.
    pub(crate) fn on_install_snapshot(
        &mut self,
        args: &InstallSnapshotArgs,
        moment: &Moment,
    ) -> InstallSnapshotReply {
        let term = self.current_term;
        let answer = |expected| InstallSnapshotReply { term, expected };
        if args.term < self.current_term {
            return answer(None); // receiver 1
        }
        self.hear_leader(args.leader_id, moment);
        // At or below the commit index everything is here, and applied or about to be: an old snapshot has
        // nothing to give. Whoever installs and delivers one that comes late takes the service back to a state
        // whose successors its clients have seen; and below the base, the entries between are gone.
        if args.last_included_index <= self.commit_index {
            self.receiver.forget_up_to(self.commit_index);
            return answer(None);
        }
        if self.refuses(args.last_configuration) {
            return answer(Some(self.receiver.expected(args)));
        }
        // Receiver 2 to 4. Each piece was a word of the leader, and has restarted the timer above: however many there are,
        // nobody stands for election meanwhile.
        let data = match self.receiver.receive(args) {
            Ok(Received::Done(data)) => data,
            Ok(Received::More) => return answer(None),
            Ok(Received::Refused(instead)) => return answer(Some(instead)),
            Err(error) => {
                log::error!(target: "SNAP", "S{} T{term} cannot keep a piece: {args}: {error}", self.me);
                return answer(Some(self.receiver.expected(args)));
            }
        };
        // Receiver 5 to 8. The applier delivers the snapshot, because the base is now above `last_applied`.
        self.replace_prefix(args.last_included_index, args.last_included_term, data);
        self.log.set_base_configuration(args.last_configuration);
        // A snapshot holds applied entries only, hence committed ones. Without this an older snapshot that
        // comes after would pass the check above, although it says less.
        self.follow_commit_index(args.last_included_index);
        log::debug!(target: "SNAP", "S{} T{term} installs a snapshot of S{}: {args}", self.me, args.leader_id);
        answer(None)
    }

    /// The call to a follower has ended, with a reply or without one. A reply of this term to the last piece means that it
    /// has everything up to the last included index, unless it refuses the piece.
    pub(crate) fn on_install_snapshot_reply(
        &mut self,
        tag: Tag,
        args: &InstallSnapshotArgs,
        reply: Option<&InstallSnapshotReply>,
        moment: &Moment,
    ) {
        if let Some(reply) = reply {
            self.observe_term(reply.term, moment);
        }
        if !self.settle(tag, args.term, reply.map(|reply| reply.term), moment) {
            return;
        }
        let Role::Leader(leadership) = &mut self.role else { return };
        let progress = &mut leadership.progress[tag.peer];
        if let Some(expected) = reply.and_then(|reply| reply.expected) {
            if let Some(transfer) = &mut progress.transfer {
                transfer.refused(args, expected);
            }
            progress.retry_at = moment.now + self.config.retry_pause; // not worth a tight loop
            return;
        }
        if !args.done {
            if let Some(transfer) = &mut progress.transfer {
                transfer.arrived(args);
            }
            return;
        }
        progress.matches(args.last_included_index);
        progress.commit_known = progress.commit_known.max(args.last_included_index);
        self.advance_commit_index(moment);
    }
}
