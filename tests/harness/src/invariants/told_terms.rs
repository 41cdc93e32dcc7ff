//! A command is delivered with the term in which it was appended (`ApplyMsg::Command`), which is the one that `start` told.
//!
//! The referee compares it with the messages, but only where it can read them and indexes are those on the wire. A wrong term harms
//! nobody by itself; but committed entries are known by it, and a true one that comes later, with a snapshot, would seem to be the wrong
//! one.

use std::collections::BTreeMap;

use raft_interface::{Command, Index, ServerId, Term};

use super::invariant::Invariant;
use crate::committed::CommittedLog;
use crate::observation::{Observation, show_command};
use lab_referee::Violation;

/// Remembers in which terms each command was appended.
#[derive(Debug, Default)]
pub(super) struct ToldTerms {
    given: BTreeMap<Command, Given>,
}

/// What has become of a command that was given to servers, the same bytes once or more often.
#[derive(Debug, Default)]
struct Given {
    /// How many calls may have appended it, and have not said where: they are under way, or the power failed meanwhile.
    open: u32,
    /// Where calls have appended it.
    appended: Vec<(Index, Term)>,
}

impl Given {
    /// The term in which it was appended at this index, if no call can have appended it there in the term that was told.
    fn contradicts(&self, index: Index, told: Term) -> Option<Term> {
        let mut terms = self.appended.iter().filter(|(at, _)| *at == index).map(|&(_, term)| term);
        let first = terms.next()?;
        (self.open == 0 && first != told && terms.all(|term| term != told)).then_some(first)
    }
}

impl ToldTerms {
    /// A command is about to be given to a server.
    pub(super) fn offered(&mut self, command: &Command) {
        self.given.entry(command.clone()).or_default().open += 1;
    }

    /// A server has said that it has not appended it.
    pub(super) fn refused(&mut self, command: &Command) {
        if let Some(given) = self.given.get_mut(command) {
            given.open = given.open.saturating_sub(1);
        }
    }

    fn check(&self, server: ServerId, index: Index, told: Term, command: &Command) -> Result<(), Violation> {
        let Some(term) = self.given.get(command).and_then(|given| given.contradicts(index, told)) else {
            return Ok(());
        };
        Err(Violation::new(
            format!("S{server} delivers entry {index}, of term {term}, as one of term {told}"),
            format!("{} of term {term}: start told so when it was appended", show_command(command)),
            format!("the same command, of term {told}"),
        )
        .rule("a command is delivered with the term in which it was appended (ApplyMsg::Command)")
        .hint("the term told to the service is not the entry's: the current term in its place, or none")
        .servers([server])
        .term(told)
        .entry(index))
    }
}

impl Invariant for ToldTerms {
    fn observe(
        &mut self,
        server: ServerId,
        fact: &Observation<'_>,
        committed: &CommittedLog,
    ) -> Result<(), Violation> {
        match *fact {
            Observation::Accepted { index, term, command, .. } => {
                // One that nobody has announced is none whose calls are counted.
                let Some(given) = self.given.get_mut(command) else { return Ok(()) };
                given.open = given.open.saturating_sub(1);
                given.appended.push((index, term));
                // It may be applied before `start` has returned.
                match committed.get(index) {
                    Some(known) if known.command == *command => {
                        self.check(known.first, index, known.term, command)
                    }
                    _ => Ok(()),
                }
            }
            Observation::Applied { index, term, command } => {
                // Whoever applied it first was asked.
                if committed.get(index).is_some_and(|known| known.term == term && known.command == *command) {
                    return Ok(());
                }
                self.check(server, index, term, command)
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committed::CommittedEntry;
    use crate::observation::Before;

    /// What comes of these facts, after which the entry at index 1 is delivered as one of term `told`.
    fn deliver(command: &Command, offers: u32, accepted: &[Term], told: Term) -> Result<(), Violation> {
        let (mut invariant, committed) = (ToldTerms::default(), CommittedLog::default());
        (0..offers).for_each(|_| invariant.offered(command));
        for &term in accepted {
            let fact = Observation::Accepted { index: 1, term, command, before: Before::default() };
            invariant.observe(0, &fact, &committed)?;
        }
        invariant.observe(1, &Observation::Applied { index: 1, term: told, command }, &committed)
    }

    #[test]
    fn another_term_than_start_told_is_found() {
        let command: Command = b"x".as_slice().into();
        deliver(&command, 1, &[3], 3).expect("the entry's term");
        let violation = deliver(&command, 1, &[3], 0).expect_err("none");
        assert_eq!(violation.headline, "S1 delivers entry 1, of term 3, as one of term 0");
        deliver(&command, 1, &[3], 4).expect_err("a later one");
        deliver(&command, 2, &[3, 5], 4).expect_err("neither");
    }

    #[test]
    fn command_that_may_have_been_appended_otherwise_is_left_alone() {
        let command: Command = b"x".as_slice().into();
        deliver(&command, 2, &[3, 4], 4).expect("the second leader has appended it, too");
        deliver(&command, 2, &[3], 4)
            .expect("the power failed in the second call, which may have appended it");
        deliver(&command, 0, &[3], 4).expect("nobody has said who was given it");
    }

    #[test]
    fn entry_may_be_applied_before_start_returns() {
        let command: Command = b"x".as_slice().into();
        let accept = |term| {
            let mut committed = CommittedLog::default();
            committed.extend(1, CommittedEntry { term: 3, command: command.clone(), first: 2 });
            let mut invariant = ToldTerms::default();
            invariant.offered(&command);
            let fact = Observation::Accepted { index: 1, term, command: &command, before: Before::default() };
            invariant.observe(0, &fact, &committed)
        };
        accept(3).expect("the entry's term");
        assert_eq!(accept(5).expect_err("another one").servers, [2]);
    }
}
