//! Entries are applied in the order of their index and each once (Fig. 2, Rules for all servers 1).
//!
//! An incarnation begins after the snapshot that its service restored from, and a delivered snapshot takes the
//! place of the entries that it covers. One that covers what was delivered, and no more, changes nothing: that of the storage after a
//! start, or one that came while the entries did.

use raft_interface::{Index, ServerId};

use super::invariant::Invariant;
use crate::committed::CommittedLog;
use crate::observation::Observation;
use lab_referee::Violation;

/// How far each server has come, by id; `None` where the service has begun with a snapshot that does not say how far it goes: then the
/// first delivery does.
#[derive(Debug, Default)]
pub(super) struct AppliedInOrder {
    last: Vec<Option<Index>>,
}

impl AppliedInOrder {
    pub(super) fn new(servers: usize) -> Self {
        Self { last: vec![Some(0); servers] }
    }
}

impl Invariant for AppliedInOrder {
    fn observe(
        &mut self,
        server: ServerId,
        fact: &Observation<'_>,
        _: &CommittedLog,
    ) -> Result<(), Violation> {
        let last = match (*fact, self.last[server]) {
            (Observation::Started { base }, _) => {
                self.last[server] = base;
                return Ok(());
            }
            (Observation::Applied { index, .. }, None) => index.saturating_sub(1),
            (_, last) => last.unwrap_or(0),
        };
        let broken = match *fact {
            Observation::Applied { index, .. } if index != last + 1 => {
                Some((format!("the entry {}", last + 1), format!("the entry {index}")))
            }
            Observation::Installed { index, .. } if index < last => {
                Some((format!("nothing that ends before {last}"), format!("a snapshot up to {index}")))
            }
            Observation::Applied { index, .. } | Observation::Installed { index, .. } => {
                self.last[server] = Some(index);
                None
            }
            _ => None,
        };
        let Some((expected, seen)) = broken else { return Ok(()) };
        Err(Violation::new(
            format!("S{server} delivered {seen} after the entry {last}"),
            expected,
            seen,
        )
        .rule("entries are applied in order and once (Fig. 2, Rules for all servers 1)")
        .hint(
            "lastApplied raised at the wrong moment, two threads that deliver, or a snapshot below the commit index \
             that was installed",
        )
        .servers([server])
        .entry(last + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::testing::breaks_at_the_last;
    use raft_interface::Command;

    #[test]
    fn gaps_repeats_and_steps_back_are_found() {
        let command: Command = b"x".as_slice().into();
        let apply = |index| (0, Observation::Applied { index, term: 1, command: &command });
        let install = |index| (0, Observation::Installed { index, term: 1, data: &[], counts_all: true });
        let made = |base| (0, Observation::Started { base: Some(base) });
        let made_somewhere = (0, Observation::Started { base: None });
        let rows: [&[_]; 8] = [
            &[made(0), apply(1), apply(3)],
            &[made(0), apply(1), apply(1)],
            &[made(0), apply(1), install(1), install(5), apply(6), install(6), apply(7), install(6)],
            &[made(9), install(9), apply(10), made(0), apply(1), apply(2), made(2), apply(4)],
            &[made(9), install(9), install(9), install(8)],
            &[made_somewhere, apply(0)],
            &[made_somewhere, apply(7), apply(8), apply(10)],
            &[made_somewhere, install(7), apply(8), made_somewhere, apply(5), apply(6), apply(6)],
        ];
        for row in rows {
            breaks_at_the_last(AppliedInOrder::new(1), &CommittedLog::default(), row);
        }
    }
}
