//! State Machine Safety: no two servers ever apply different entries at one index (Fig. 3; §5.4.3).
//!
//! Compared with everything that was ever applied by anybody, so an entry that is lost when all servers restart is
//! found as well. A snapshot must hold the effect of exactly the entries that it covers.

use raft_interface::{Command, Index, ServerId, Term};

use super::invariant::Invariant;
use crate::committed::CommittedLog;
use crate::observation::{Observation, show_command};
use crate::service_state::ServiceState;
use lab_referee::Violation;

const RULE: &str = "State Machine Safety: all servers apply the same entry at an index (Fig. 3, §5.4.3)";

/// Compares with what was committed before.
#[derive(Debug, Default)]
pub(super) struct StateMachineSafety;

impl Invariant for StateMachineSafety {
    fn observe(
        &mut self,
        server: ServerId,
        fact: &Observation<'_>,
        committed: &CommittedLog,
    ) -> Result<(), Violation> {
        match *fact {
            Observation::Applied { index, term, command } => applied(server, index, term, command, committed),
            Observation::Installed { index, term, data, counts_all } => {
                label(server, index, term, counts_all, committed)?;
                installed(server, index, term, data, committed)
            }
            _ => Ok(()),
        }
    }
}

fn applied(
    server: ServerId,
    index: Index,
    term: Term,
    command: &Command,
    committed: &CommittedLog,
) -> Result<(), Violation> {
    let Some(before) = committed.get(index) else { return Ok(()) };
    if before.command == *command && before.term == term {
        return Ok(());
    }
    let show = |command: &[u8], term| format!("{} of term {term}", show_command(command));
    Err(Violation::new(
        format!("S{server} applied another entry at index {index} than S{} did", before.first),
        show(&before.command, before.term),
        show(command, term),
    )
    .rule(RULE)
    .hint(
        "committed without a majority, a leader elected without the committed entries, a prevLog check that lets \
         a wrong log pass, or entries lost in a crash",
    )
    .servers([before.first, server])
    .term(term)
    .entry(index))
}

fn wrong_snapshot(
    server: ServerId,
    index: Index,
    term: Term,
    expected: String,
    seen: String,
) -> Result<(), Violation> {
    Err(Violation::new(format!("S{server} delivered a wrong snapshot at index {index}"), expected, seen)
        .rule(RULE)
        .hint("the bytes of one snapshot with the index or the term of another")
        .servers([server])
        .term(term)
        .entry(index))
}

/// The term of the last entry in a snapshot. If the service does not see them all, that one may come after the last that it has
/// seen, from a leader of a later term, but not behind the next that anybody has seen: terms in a log never go back.
fn label(
    server: ServerId,
    index: Index,
    term: Term,
    counts_all: bool,
    committed: &CommittedLog,
) -> Result<(), Violation> {
    let Some(last) = committed.get(index) else { return Ok(()) };
    let highest = match committed.get(index + 1) {
        _ if counts_all => last.term,
        next => next.map_or(Term::MAX, |next| next.term),
    };
    if (last.term..=highest).contains(&term) {
        return Ok(());
    }
    let expected = match highest {
        _ if highest == last.term => format!("term {}, that of the entry {index}", last.term),
        Term::MAX => format!("term {} or above, as the entry {index} has it", last.term),
        _ => format!("term {} to {highest}, those of the entries {index} and {}", last.term, index + 1),
    };
    wrong_snapshot(server, index, term, expected, format!("term {term}"))
}

fn installed(
    server: ServerId,
    index: Index,
    term: Term,
    data: &[u8],
    committed: &CommittedLog,
) -> Result<(), Violation> {
    let wrong = |expected, seen| wrong_snapshot(server, index, term, expected, seen);
    // Whoever made the snapshot had applied this index. If nobody has, the index or the bytes are made up.
    if committed.get(index).is_none() {
        return wrong(
            format!("at most index {}, the last that anybody applied", committed.last()),
            format!("index {index}"),
        );
    }
    match ServiceState::decode(data) {
        Some(state) if state.index == index && Some(state.digest) == committed.digest(index) => Ok(()),
        Some(state) => wrong(
            format!("the effect of the entries 1 to {index}"),
            format!("the effect of the entries 1 to {}", state.index),
        ),
        None => wrong(
            "the bytes that a service once gave to snapshot".into(),
            format!("{} other bytes", data.len()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committed::CommittedEntry;
    use crate::invariants::testing::breaks_at_the_last;
    use crate::service_state::Padding;

    fn committed() -> CommittedLog {
        let mut committed = CommittedLog::default();
        for index in 1..=3 {
            committed.extend(
                index,
                CommittedEntry { term: 1, command: [index as u8].as_slice().into(), first: 0 },
            );
        }
        committed
    }

    #[test]
    fn another_command_and_another_term_are_found() {
        let [same, other]: [Command; 2] = [[2].as_slice().into(), [9].as_slice().into()];
        let apply = |term, command| (1, Observation::Applied { index: 2, term, command });
        breaks_at_the_last(StateMachineSafety, &committed(), &[apply(1, &same), apply(1, &other)]);
        breaks_at_the_last(StateMachineSafety, &committed(), &[apply(1, &same), apply(2, &same)]);
    }

    #[test]
    fn snapshot_of_other_entries_is_found() {
        let committed = committed();
        let [two, three] = [2, 3].map(|index| {
            ServiceState { index, digest: committed.digest(index).unwrap() }.encode(Padding::Same(5))
        });
        let install = |index, data| (1, Observation::Installed { index, term: 1, data, counts_all: true });
        let violation =
            breaks_at_the_last(StateMachineSafety, &committed, &[install(2, &two), install(2, &three)]);
        assert_eq!(violation.seen, "the effect of the entries 1 to 3");
        breaks_at_the_last(StateMachineSafety, &committed, &[install(3, &three), install(4, &three)]);
    }

    /// Behind what the service has seen, a snapshot may cover the entry with which a later leader began its term.
    #[test]
    fn term_of_a_snapshot_is_that_of_an_entry_that_it_can_cover() {
        let mut committed = CommittedLog::default();
        for (index, term) in [(1, 2), (2, 4)] {
            committed.extend(index, CommittedEntry { term, command: [1].as_slice().into(), first: 0 });
        }
        let [one, two] = [1, 2].map(|index| {
            ServiceState { index, digest: committed.digest(index).unwrap() }.encode(Padding::Same(5))
        });
        let install = |index, term, counts_all| {
            let data = if index == 1 { &one } else { &two };
            (1, Observation::Installed { index, term, data, counts_all })
        };
        let legal = [install(1, 2, true), install(1, 2, false), install(1, 4, false), install(2, 9, false)];
        for (index, term, counts_all) in
            [(1, 1, false), (1, 5, false), (2, 3, false), (1, 3, true), (2, 5, true)]
        {
            let facts = [&legal[..], &[install(index, term, counts_all)]].concat();
            breaks_at_the_last(StateMachineSafety, &committed, &facts);
        }
    }
}
