//! The keys, their values and their versions: what the service is about, and a plain map.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::op::{Reply, VALUE_BYTES_MAX, Version, Write};

/// A map from keys to values with versions. Each write that takes effect raises its key's version by one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    cells: BTreeMap<String, Cell>,
}

/// What is stored for one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cell {
    value: String,
    /// 1 or more, once it is stored; 0 before its first write.
    version: Version,
}

impl Store {
    /// The value and version of a key; `None` if it was never written.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<(&str, Version)> {
        self.cells.get(key).map(|cell| (cell.value.as_str(), cell.version))
    }

    /// Applies a write, now: conditions are judged against the state at the entry's place in the log, and nowhere
    /// before.
    pub fn write(&mut self, key: &str, write: Write) -> Reply {
        if let Some(cell) = self.cells.get_mut(key) {
            return cell.write(write);
        }
        let mut cell = Cell::default();
        let reply = cell.write(write);
        // A refused write leaves no trace: an empty cell would turn "was never written" into "holds nothing"
        // for readers.
        if reply == Reply::Done {
            self.cells.insert(key.to_owned(), cell);
        }
        reply
    }
}

impl Cell {
    fn write(&mut self, write: Write) -> Reply {
        let version = self.version;
        match write {
            Write::PutIf(_, expected) if expected != version => return Reply::WrongVersion(version),
            Write::Append(tail) if self.value.len() + tail.len() > VALUE_BYTES_MAX => {
                return Reply::ValueTooLong;
            }
            Write::Append(tail) => self.value.push_str(&tail),
            Write::Put(value) | Write::PutIf(value, _) => self.value = value,
        }
        // Also when the value stays the same: whoever made a write conditional on the old version has not seen
        // this one.
        self.version = version + 1;
        Reply::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_do_what_they_say() {
        let mut store = Store::default();
        let rows = [
            ("a condition on a missing key", Write::PutIf("x".into(), 1), Reply::WrongVersion(0), None),
            ("an append to a missing key", Write::Append("a".into()), Reply::Done, Some(("a", 1))),
            ("an append", Write::Append("b".into()), Reply::Done, Some(("ab", 2))),
            (
                "version 0 is for a missing key",
                Write::PutIf("x".into(), 0),
                Reply::WrongVersion(2),
                Some(("ab", 2)),
            ),
            ("an old version", Write::PutIf("x".into(), 1), Reply::WrongVersion(2), Some(("ab", 2))),
            ("a version to come", Write::PutIf("x".into(), 3), Reply::WrongVersion(2), Some(("ab", 2))),
            ("the right version", Write::PutIf("c".into(), 2), Reply::Done, Some(("c", 3))),
            ("a put", Write::Put("d".into()), Reply::Done, Some(("d", 4))),
            ("the same put once more", Write::Put("d".into()), Reply::Done, Some(("d", 5))),
        ];
        for (name, write, reply, after) in rows {
            assert_eq!(store.write("k", write), reply, "{name}");
            assert_eq!(store.get("k"), after, "{name}");
            assert_eq!(store.get("other"), None, "{name}");
        }
        assert_eq!(store.write("new", Write::PutIf("n".into(), 0)), Reply::Done);
        assert_eq!(store.get("new"), Some(("n", 1)));
    }

    #[test]
    fn append_beyond_the_limit_changes_nothing() {
        let mut store = Store::default();
        assert_eq!(store.write("k", Write::Put("v".repeat(VALUE_BYTES_MAX - 1))), Reply::Done);
        assert_eq!(store.write("k", Write::Append("12".into())), Reply::ValueTooLong);
        assert_eq!(store.write("k", Write::Append("1".into())), Reply::Done);
        assert_eq!(store.get("k").map(|(value, version)| (value.len(), version)), Some((VALUE_BYTES_MAX, 2)));
    }
}
