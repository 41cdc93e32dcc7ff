//! What is delivered to the service, and in which order (Fig. 2, Rules for all servers 1).
//!
//! An index counts as applied when the applier takes it, under the lock and before it is sent. What the applier
//! takes next therefore never overlaps with what it has in its hands, whatever happens to the log meanwhile.
//! There is one applier, so the channel sees what it takes in the order in which it takes it.

use raft_interface::{ApplyMsg, Index};

use crate::entry::Payload;
use crate::state::State;

/// How many entries the applier takes at once: enough to make its visits to the lock cheap, few enough to stop
/// soon when the server is killed.
const BATCH_MAX: usize = 128;

impl State {
    /// Whether there is something to deliver.
    pub(crate) fn has_work_for_applier(&self) -> bool {
        self.last_applied < self.commit_index
    }

    /// Takes what to deliver next: the leader's snapshot when the next entry is in it, or else entries.
    pub(crate) fn next_to_apply(&mut self) -> Vec<ApplyMsg> {
        // The snapshot takes its place in the order: entries that it covers are not in the log any more, and
        // those after it cannot be applied to a service that lacks them.
        if self.last_applied < self.log.base_index() {
            let (index, term) = (self.log.base_index(), self.log.base_term());
            // Marked when it is taken, under the lock. Marked after the send, the same entries would be taken
            // again, or, read from a commit index that has moved meanwhile, some would be left out.
            self.last_applied = index;
            return vec![ApplyMsg::Snapshot { index, term, data: self.snapshot.clone() }];
        }
        let first = self.last_applied + 1;
        let committed = (self.commit_index - self.last_applied) as usize;
        let entries = &self.log.entries_from(first)[..committed.min(BATCH_MAX)];
        let batch: Vec<_> = (first..)
            .zip(entries)
            .map(|(index, entry)| {
                let term = entry.term;
                match &entry.payload {
                    Payload::Command(command) => ApplyMsg::Command { index, term, command: command.clone() },
                    &Payload::Own(entry) => ApplyMsg::Own { index, term, entry },
                }
            })
            .collect();
        self.last_applied += batch.len() as Index;
        batch
    }
}

#[cfg(test)]
mod tests {
    use labrpc::sync::Arc;
    use raft_interface::{Configuration, OwnEntry, Servers};

    use super::*;
    use crate::config::Config;
    use crate::entry::Entry;
    use crate::log::Log;
    use crate::persist::Restored;
    use crate::state::Moment;

    /// Raft's own entries take their place in the order, so that whoever counts indexes misses none.
    #[test]
    fn each_kind_of_entry_is_delivered_in_its_place() {
        let configuration = Configuration::of(Servers::first(3));
        let entries = vec![
            Entry::command(1, Arc::from(*b"a")),
            Entry::own(2, OwnEntry::NoOp),
            Entry::own(2, OwnEntry::Configuration(configuration)),
            Entry::command(2, Arc::from(*b"b")),
        ];
        let log = Log::new(0, 0, entries);
        let restored = Restored::of(2, log);
        let mut state = State::new(0, 3, Config::default(), restored, &Moment::now());
        state.follow_commit_index(4);
        let wanted = [
            ApplyMsg::Command { index: 1, term: 1, command: Arc::from(*b"a") },
            ApplyMsg::Own { index: 2, term: 2, entry: OwnEntry::NoOp },
            ApplyMsg::Own { index: 3, term: 2, entry: OwnEntry::Configuration(configuration) },
            ApplyMsg::Command { index: 4, term: 2, command: Arc::from(*b"b") },
        ];
        assert_eq!(state.next_to_apply(), wanted);
        assert!(!state.has_work_for_applier());
    }
}
