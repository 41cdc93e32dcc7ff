//! Log Matching: an index and a term name one entry, and one past before it (Fig. 3; §5.3).
//!
//! As far as it shows from outside: what `start` accepted is what is applied with that index and term, no two
//! commands are accepted with the same index and term, and in all AppendEntries the entry before a given entry has the
//! same term.

use std::collections::BTreeMap;

use raft_interface::{Command, Index, ServerId, Term};

use super::Invariant;
use crate::finding::Finding;
use crate::history::History;
use crate::observation::{Observation, show_command};

const RULE: &str = "Log Matching: an index and a term name one entry and one past (Fig. 3, §5.3)";
const HINT: &str = "a leader that overwrites its own log, two leaders in a term, or a follower that keeps conflicting entries";

/// No log of the lab is longer. Messages can say anything.
const INDEX_MAX: Index = 1 << 22;

/// Remembers what stands where.
#[derive(Debug, Default)]
pub(super) struct LogMatching {
    /// What `start` accepted, and who.
    accepted: BTreeMap<(Index, Term), (ServerId, Command)>,
    /// By index: the terms of which an entry was sent there, each with the term of the entry before it. Hardly ever more
    /// than two, and looked at for every entry of every message.
    before: Vec<Vec<(Term, Term)>>,
}

impl Invariant for LogMatching {
    fn observe(
        &mut self,
        server: ServerId,
        fact: &Observation<'_>,
        history: &History,
    ) -> Result<(), Finding> {
        match *fact {
            Observation::Accepted { index, term, command, .. } => {
                self.accepted(server, index, term, command, history)
            }
            Observation::Applied { index, term, command } => self.applied(server, index, term, command),
            Observation::Appending { prev, entries, .. } => self.sent(server, prev, entries),
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
        history: &History,
    ) -> Result<(), Finding> {
        let accepted = self.accepted.insert((index, term), (server, command.clone()));
        let applied = history.get(index).filter(|entry| entry.term == term);
        let Some((first, before)) = accepted.or_else(|| applied.map(|entry| (server, entry.command.clone())))
        else {
            return Ok(());
        };
        if before == *command && first == server {
            return Ok(());
        }
        Err(Finding::new(
            format!("index {index} of term {term} was given to two commands"),
            format!("S{first} accepted {} there, and a leader only appends", show_command(&before)),
            format!("S{server} accepted {} there", show_command(command)),
        )
        .rule(RULE)
        .hint(HINT)
        .servers([first, server])
        .term(term))
    }

    fn applied(
        &mut self,
        server: ServerId,
        index: Index,
        term: Term,
        command: &Command,
    ) -> Result<(), Finding> {
        match self.accepted.get(&(index, term)) {
            Some((leader, accepted)) if accepted != command => Err(Finding::new(
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

    /// The term of the entry before the one at `index` of `term`; it is `before` if none was sent so far.
    fn before_or_insert(&mut self, index: Index, term: Term, before: Term) -> Term {
        let place = index as usize;
        if self.before.len() <= place {
            self.before.resize_with(place + 1, Vec::new);
        }
        let known = &mut self.before[place];
        match known.iter().find(|(of, _)| *of == term) {
            Some(&(_, before)) => before,
            None => {
                known.push((term, before));
                before
            }
        }
    }

    fn sent(&mut self, server: ServerId, prev: (Index, Term), entries: &[Term]) -> Result<(), Finding> {
        let (mut index, mut term) = prev;
        if index > INDEX_MAX {
            return Err(Finding::new(
                format!("S{server} sends entries after index {index}"),
                "the index of an entry, or 0 before the first",
                "an index that no log of the lab reaches",
            )
            .rule(RULE)
            .hint("an index of 0 from which something was subtracted")
            .servers([server]));
        }
        for &next in entries {
            index += 1;
            let before = self.before_or_insert(index, next, term);
            if before != term || next < term {
                return Err(Finding::new(
                    format!("S{server} sends a log whose past differs at index {}", index - 1),
                    format!("before the entry {index} of term {next} stands one of term {before}"),
                    format!("S{server} sent it with one of term {term} before it"),
                )
                .rule(RULE)
                .hint(HINT)
                .servers([server])
                .term(next));
            }
            term = next;
        }
        Ok(())
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
        let history = History::default();
        breaks_at_the_last(LogMatching::default(), &history, &[(0, accept(&x)), (0, accept(&y))]);
        breaks_at_the_last(
            LogMatching::default(),
            &history,
            &[(0, accept(&x)), (1, apply(&x)), (1, apply(&y))],
        );
    }

    #[test]
    fn an_index_below_zero_is_found_and_takes_no_memory() {
        let send = |prev| Observation::Appending { term: 1, prev, entries: &[1], commit: 0 };
        breaks_at_the_last(
            LogMatching::default(),
            &History::default(),
            &[(0, send((0, 0))), (0, send((u64::MAX, 0)))],
        );
    }

    #[test]
    fn another_past_of_the_same_entry_is_found() {
        let send = |prev, entries| Observation::Appending { term: 9, prev, entries, commit: 0 };
        let facts = [(0, send((0, 0), &[1, 1, 3])), (1, send((2, 1), &[3, 4])), (1, send((1, 1), &[2, 3]))];
        let finding = breaks_at_the_last(LogMatching::default(), &History::default(), &facts);
        assert!(finding.headline.contains("index 2"), "{}", finding.headline);
    }
}
