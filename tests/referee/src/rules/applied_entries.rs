//! A follower applies only what it has in common with a leader, up to that leader's commit index (Fig. 2,
//! AppendEntries, receiver 5; §5.3).

use raft_interface::{Index, ServerId, Term};

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::ledger::Ledger;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "a follower commits min(leaderCommit, index of the last new entry) (Fig. 2, AppendEntries, receiver 5)",
    why: "Behind the last entry that was compared, a follower's log may differ from the leader's. What it applies from \
          there is not what was committed.",
    hint: "the minimum is missing or is taken with the end of the own log; what is applied from there may be what was never \
           committed",
    on: &[On::Applied],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let applied = Applied::of(case)?;
    if applied.index <= applied.commit_max {
        return None;
    }
    // That it is another one says more than that it came too early, which may turn out to be right.
    applied.another_than_committed().or_else(|| {
        let Applied { server, index, commit_max, .. } = applied;
        Some(applied.accusation(
            format!(
                "S{server} applies entry {index}, but can know only of {commit_max} that it is committed"
            ),
            format!(
                "entries up to {commit_max}: further no leader has compared this log and called it committed"
            ),
        ))
    })
}

/// An entry that a server applies. `conflicting_entries` looks at the others.
pub(super) struct Applied<'a> {
    ledger: &'a Ledger,
    server: ServerId,
    pub(super) index: Index,
    term: Term,
    /// Up to there the server can know what is committed.
    pub(super) commit_max: Index,
}

impl<'a> Applied<'a> {
    pub(super) fn of(case: &Case<'a>) -> Option<Self> {
        let Case { ledger, fact, .. } = *case;
        let What::Applied { index, term } = fact.what else { return None };
        let server = fact.envelope.caller;
        Some(Self { ledger, server, index, term, commit_max: ledger.servers[server].commit_max })
    }

    /// What is to be said if another entry was committed there.
    pub(super) fn another_than_committed(&self) -> Option<Accusation> {
        let Self { ledger, server, index, term, .. } = *self;
        let (of, _) = ledger.committed.get(index)?;
        // Where nobody tells what was given to the leaders, their indexes may not be those on the wire.
        (of != term && ledger.has_told_calls).then(|| {
            self.accusation(
                format!("S{server} applies entry {index} of term {term}; the committed one is of term {of}"),
                format!("the entry of term {of}"),
            )
        })
    }

    fn accusation(&self, headline: String, expected: String) -> Accusation {
        let Self { ledger, server, index, term, .. } = *self;
        Accusation {
            headline,
            expected,
            seen: format!("S{server} delivers entry {index} of term {term} to its service"),
            servers: vec![server],
            term,
            entry: Some(index),
            proof: proof([ledger.servers[server].floor.line]),
        }
    }
}
