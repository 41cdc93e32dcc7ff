//! Snapshots: the machine's state, labelled with the index of the last entry in it.
//!
//! The label travels inside the bytes. A server that restarts finds them in its persister, where no message says up to
//! which index they go.

use raft_interface::Index;
use serde::{Deserialize, Serialize};

use super::StateMachine;
use crate::op::encode;

/// Bytes that are not a snapshot, and what is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot is damaged: {0}")]
pub struct Damaged(pub String);

/// What the Raft keeps for the service.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    /// The index of the last entry that the machine has applied.
    applied: Index,
    /// The machine's own bytes.
    machine: Vec<u8>,
}

/// The snapshot of a machine that has applied everything up to `applied`.
pub(super) fn take(applied: Index, machine: &impl StateMachine) -> Vec<u8> {
    encode(&Snapshot { applied, machine: machine.snapshot() })
}

/// Puts the machine into the state of a snapshot, and returns up to which index it goes.
pub(super) fn restore(machine: &mut impl StateMachine, data: &[u8]) -> Result<Index, Damaged> {
    let snapshot: Snapshot = postcard::from_bytes(data).map_err(|error| Damaged(error.to_string()))?;
    machine.restore(&snapshot.machine)?;
    Ok(snapshot.applied)
}

/// Up to which index a snapshot goes.
///
/// # Errors
///
/// [`Damaged`] when the bytes are not a snapshot.
pub fn snapshot_index(data: &[u8]) -> Result<Index, Damaged> {
    let snapshot: Result<Snapshot, _> = postcard::from_bytes(data);
    snapshot.map(|snapshot| snapshot.applied).map_err(|error| Damaged(error.to_string()))
}

/// As [`restore`], from what a persister holds: nothing before the first snapshot.
pub(super) fn restore_stored(machine: &mut impl StateMachine, stored: &[u8]) -> Result<Index, Damaged> {
    if stored.is_empty() { Ok(0) } else { restore(machine, stored) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::KvMachine;
    use crate::op::{Command, Write};

    /// Snapshots and entries that no server wrote: refused, or a machine that goes on working.
    #[test]
    fn reader_of_snapshots_and_entries_survives_fuzzing() {
        let write = |sequence, write| Command::Once { session: 1, sequence, key: "k".into(), write };
        let commands = [
            Command::Register,
            write(1, Write::Put("v".into())),
            write(2, Write::Append("w".into())),
            write(3, Write::PutIf("x".into(), 2)),
            Command::Plain { key: "p".into(), write: Write::PutIf("y".into(), 0) },
            Command::Get { key: "k".into() },
        ];
        let mut machine = KvMachine::default();
        let mut examples: Vec<Vec<u8>> = Vec::new();
        for (index, command) in (1..).zip(&commands) {
            machine.apply(index, &command.encode());
            examples.extend([command.encode().to_vec(), take(index, &machine)]);
        }
        lab_fuzzing::fuzz("snapshots-and-entries", &examples, |input| {
            let mut copy = KvMachine::default();
            let _ = (restore_stored(&mut copy, input), snapshot_index(input));
            copy.apply(100, input);
            for (index, command) in (101..).zip(&commands) {
                copy.apply(index, &command.encode());
            }
            assert_eq!(restore(&mut KvMachine::default(), &take(200, &copy)), Ok(200));
        });
    }

    #[test]
    fn snapshot_knows_how_far_it_goes() {
        let mut machine = KvMachine::default();
        machine.apply(1, &Command::Register.encode());
        let mut copy = KvMachine::default();
        assert_eq!(restore_stored(&mut copy, b""), Ok(0));
        assert_eq!(restore_stored(&mut copy, &take(1, &machine)), Ok(1));
        assert_eq!(copy, machine);
        assert!(restore(&mut copy, b"\x05").is_err());
        assert_eq!(copy, machine, "a damaged snapshot changes nothing");
    }
}
