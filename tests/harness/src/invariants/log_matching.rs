//! Log Matching: an index and a term name one entry, and one past before it (Fig. 3; §5.3).
//!
//! As far as servers tell: what `start` accepted is what is applied with that index and term, and no two commands are
//! accepted with the same index and term. The logs that servers send each other are judged by the referee.

use hashbrown::HashTable;
use raft_interface::{Command, Index, ServerId, Term};

use super::invariant::Invariant;
use crate::committed::CommittedLog;
use crate::observation::{Observation, show_command};
use lab_referee::Violation;

const RULE: &str = "Log Matching: an index and a term name one entry and one past (Fig. 3, §5.3)";
const HINT: &str = "a leader that overwrites its own log, two leaders in a term, or a follower that keeps conflicting entries";

/// Remembers what stands where.
#[derive(Debug, Default)]
pub(super) struct LogMatching {
    /// What `start` accepted. Every entry that any server applies is looked up here.
    accepted: HashTable<Accepted>,
}

/// What `start` accepted, where, and who.
#[derive(Debug)]
struct Accepted {
    index: Index,
    term: Term,
    server: ServerId,
    command: Command,
}

impl Accepted {
    fn is_at(&self, index: Index, term: Term) -> bool {
        self.index == index && self.term == term
    }

    fn hash(&self) -> u64 {
        hash(self.index, self.term)
    }
}

/// The same in every run. The table is never walked, so its order decides nothing.
fn hash(index: Index, term: Term) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 divided by the golden ratio
    (index ^ term.rotate_left(32)).wrapping_mul(ODD)
}

impl Invariant for LogMatching {
    fn observe(
        &mut self,
        server: ServerId,
        fact: &Observation<'_>,
        committed: &CommittedLog,
    ) -> Result<(), Violation> {
        match *fact {
            Observation::Accepted { index, term, command, .. } => {
                self.accepted(server, index, term, command, committed)
            }
            Observation::Applied { index, term, command } => {
                self.applied(server, index, term, command, committed)
            }
            _ => Ok(()),
        }
    }
}

impl LogMatching {
    fn accepted(
        &mut self,
        server: ServerId,
        index: Index,
        term: Term,
        command: &Command,
        committed: &CommittedLog,
    ) -> Result<(), Violation> {
        let accepted = self.accept(Accepted { index, term, server, command: command.clone() });
        let accepted = accepted.map(|before| (before.server, before.command));
        // The entry may be applied before `start` has returned: the leader needs a majority, not its caller.
        // Then it is this command, of this server, and no second one.
        let applied = committed.get(index).filter(|entry| entry.term == term);
        let Some((first, before)) = accepted.or_else(|| applied.map(|entry| (server, entry.command.clone())))
        else {
            return Ok(());
        };
        if before == *command && first == server {
            return Ok(());
        }
        Err(Violation::new(
            format!("index {index} of term {term} was given to two commands"),
            format!("S{first} accepted {} there, and a leader only appends", show_command(&before)),
            format!("S{server} accepted {} there", show_command(command)),
        )
        .rule(RULE)
        .hint(HINT)
        .servers([first, server])
        .term(term))
    }

    /// Returns what was accepted there before.
    fn accept(&mut self, new: Accepted) -> Option<Accepted> {
        match self.accepted.find_mut(new.hash(), |old| old.is_at(new.index, new.term)) {
            Some(old) => Some(std::mem::replace(old, new)),
            None => {
                self.accepted.insert_unique(new.hash(), new, Accepted::hash);
                None
            }
        }
    }

    fn applied(
        &mut self,
        server: ServerId,
        index: Index,
        term: Term,
        command: &Command,
        committed: &CommittedLog,
    ) -> Result<(), Violation> {
        // Whoever applied it first was asked.
        if committed.get(index).is_some_and(|known| known.term == term && known.command == *command) {
            return Ok(());
        }
        let accepted = self.accepted.find(hash(index, term), |old| old.is_at(index, term));
        match accepted {
            Some(Accepted { server: leader, command: accepted, .. }) if accepted != command => Err(Violation::new(
                format!(
                    "S{server} applied another command than the leader of term {term} put at index {index}"
                ),
                format!("{}, which S{leader} accepted there", show_command(accepted)),
                show_command(command),
            )
            .rule(RULE)
            .hint(HINT)
            .servers([*leader, server])
            .term(term)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::testing::breaks_at_the_last;
    use crate::observation::Before;

    #[test]
    fn another_command_at_the_same_index_and_term_is_found() {
        let [x, y]: [Command; 2] = [b"x".as_slice().into(), b"y".as_slice().into()];
        let accept =
            |command| Observation::Accepted { index: 1, term: 1, command, before: Before::default() };
        let apply = |command| Observation::Applied { index: 1, term: 1, command };
        let committed = CommittedLog::default();
        breaks_at_the_last(LogMatching::default(), &committed, &[(0, accept(&x)), (0, accept(&y))]);
        breaks_at_the_last(
            LogMatching::default(),
            &committed,
            &[(0, accept(&x)), (1, apply(&x)), (1, apply(&y))],
        );
    }
}
