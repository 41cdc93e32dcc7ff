//! The paper's messages as the scripted peers write and read them: by name, whatever types the server has.
//!
//! The names are those of Figure 2 and Figure 13 in Rust's spelling. What the paper leaves open has several names that
//! people use, and all are offered: the command of an entry, and the hints of a refusal for a fast backup (§5.3).

use labrpc::wire::Value;
use raft_interface::Index;

use super::message::{Entry, Hint, Reply, Request};

/// The names that the arguments of each method must have.
pub(super) const REQUIRED: [(&str, &[&str]); 3] = [
    (".RequestVote", &["term", "candidate_id", "last_log_index", "last_log_term"]),
    (".AppendEntries", &["term", "leader_id", "prev_log_index", "prev_log_term", "entries", "leader_commit"]),
    (".InstallSnapshot", &["term", "leader_id", "last_included_index", "last_included_term"]),
];

/// Names that the command of an entry may have.
const COMMAND: [&str; 5] = ["command", "cmd", "data", "payload", "op"];
/// Names that the bytes of a snapshot may have.
const SNAPSHOT: [&str; 2] = ["data", "snapshot"];
/// Names for the term of the conflicting entry in a refusal.
const HINT_TERM: [&str; 3] = ["conflict_term", "conflicting_term", "x_term"];
/// Names for the first index of that term, or one past the end of the log.
const HINT_INDEX: [&str; 4] = ["conflict_index", "conflicting_index", "x_index", "next_index"];
/// Names for one past the end of the log.
const HINT_LEN: [&str; 2] = ["x_len", "log_len"];

fn number(value: &Value, name: &str) -> Option<u64> {
    value.field(name)?.as_int()?.try_into().ok()
}

fn int(number: u64) -> Value {
    Value::Int(number.into())
}

/// The bytes under the first of these names that has some.
fn bytes(value: &Value, names: &[&str]) -> Option<Vec<u8>> {
    names.iter().find_map(|name| match value.field(name)? {
        Value::Bytes(bytes) => Some(bytes.clone()),
        Value::Text(text) => Some(text.clone().into_bytes()),
        // A list without elements does not show of what they would be: these are no bytes, in whatever form.
        Value::Seq(elements) if elements.is_empty() => Some(Vec::new()),
        _ => None,
    })
}

impl Request {
    /// The last part of the method's name.
    pub(super) fn method(&self) -> &'static str {
        match self {
            Self::Vote { .. } => ".RequestVote",
            Self::Append { .. } => ".AppendEntries",
            Self::Install { .. } => ".InstallSnapshot",
        }
    }

    /// What the server reads.
    pub(super) fn write(&self, sender: usize) -> Value {
        let sender = int(sender as u64);
        let fields = match self {
            Self::Vote { term, last_log_index, last_log_term } => vec![
                ("term", int(*term)),
                ("candidate_id", sender),
                ("last_log_index", int(*last_log_index)),
                ("last_log_term", int(*last_log_term)),
            ],
            Self::Append { term, prev, entries, leader_commit } => vec![
                ("term", int(*term)),
                ("leader_id", sender),
                ("prev_log_index", int(prev.0)),
                ("prev_log_term", int(prev.1)),
                (
                    "entries",
                    Value::Seq((prev.0 + 1..).zip(entries).map(|(at, entry)| entry.write(at)).collect()),
                ),
                ("leader_commit", int(*leader_commit)),
            ],
            Self::Install { term, last_included_index, last_included_term, data } => {
                let mut fields = vec![
                    ("term", int(*term)),
                    ("leader_id", sender),
                    ("last_included_index", int(*last_included_index)),
                    ("last_included_term", int(*last_included_term)),
                    // Fig. 13 sends a snapshot in parts. This is the only one.
                    ("offset", int(0)),
                    ("done", Value::Bool(true)),
                ];
                fields.extend(SNAPSHOT.map(|name| (name, Value::Bytes(data.clone()))));
                fields
            }
        };
        Value::Struct("", fields)
    }

    /// What the server wrote; `None` if it does not bear the paper's names.
    pub(super) fn read(method: &str, value: &Value) -> Option<Self> {
        let term = number(value, "term")?;
        if method.ends_with(".RequestVote") {
            let (last_log_index, last_log_term) =
                (number(value, "last_log_index")?, number(value, "last_log_term")?);
            return Some(Self::Vote { term, last_log_index, last_log_term });
        }
        if method.ends_with(".AppendEntries") {
            let prev = (number(value, "prev_log_index")?, number(value, "prev_log_term")?);
            let entries = value.field("entries")?.as_seq()?.iter().map(Entry::read).collect::<Option<_>>()?;
            return Some(Self::Append {
                term,
                prev,
                entries,
                leader_commit: number(value, "leader_commit")?,
            });
        }
        Some(Self::Install {
            term,
            last_included_index: number(value, "last_included_index")?,
            last_included_term: number(value, "last_included_term")?,
            data: bytes(value, &SNAPSHOT)?,
        })
    }
}

impl Entry {
    fn write(&self, index: Index) -> Value {
        let mut fields = vec![("term", int(self.term)), ("index", int(index))];
        // Under all names at once: the server reads the field that it knows, and skips the others.
        fields.extend(COMMAND.map(|name| (name, Value::Bytes(self.command.to_vec()))));
        Value::Struct("", fields)
    }

    pub(super) fn read(value: &Value) -> Option<Self> {
        Some(Self { term: number(value, "term")?, command: bytes(value, &COMMAND)?.into() })
    }
}

impl Reply {
    pub(super) fn write(self) -> Value {
        let fields = match self {
            Self::Vote { term, vote_granted } => {
                vec![("term", int(term)), ("vote_granted", Value::Bool(vote_granted))]
            }
            Self::Append { term, success, hint } => {
                let mut fields = vec![("term", int(term)), ("success", Value::Bool(success))];
                if let Some(Hint { term, index, len }) = hint {
                    fields.extend(HINT_TERM.map(|name| (name, term.map_or(Value::Nothing, int))));
                    fields.extend(HINT_INDEX.map(|name| (name, int(index))));
                    fields.extend(HINT_LEN.map(|name| (name, int(len))));
                }
                fields
            }
            Self::Install { term } => vec![("term", int(term))],
        };
        Value::Struct("", fields)
    }

    /// What the server answered to that request; `None` if it does not bear the paper's names.
    pub(super) fn read(request: &Request, value: &Value) -> Option<Self> {
        let term = number(value, "term")?;
        Some(match request {
            Request::Vote { .. } => Self::Vote { term, vote_granted: number(value, "vote_granted")? == 1 },
            Request::Append { .. } => {
                let field = |names: &[&str]| names.iter().find_map(|name| number(value, name));
                let hint = field(&HINT_INDEX).map(|index| Hint {
                    term: field(&HINT_TERM),
                    index,
                    len: field(&HINT_LEN).unwrap_or(index),
                });
                Self::Append { term, success: number(value, "success")? == 1, hint }
            }
            Request::Install { .. } => Self::Install { term },
        })
    }
}

/// A field of a reply to AppendEntries that is not known here, if there is one: a hint that nobody can give truly.
pub(super) fn unknown_hint(reply: &Value) -> Option<&'static str> {
    let Value::Struct(_, fields) = reply else { return None };
    let is_known = |name: &str| {
        ["term", "success"].contains(&name)
            || HINT_TERM.contains(&name)
            || HINT_INDEX.contains(&name)
            || HINT_LEN.contains(&name)
    };
    fields.iter().map(|(name, _)| *name).find(|name| !is_known(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_messages_are_read_back() {
        let entry = |term, command: &[u8]| Entry { term, command: command.into() };
        let requests = [
            Request::Vote { term: 3, last_log_index: 2, last_log_term: 1 },
            Request::Append {
                term: 3,
                prev: (4, 2),
                entries: vec![entry(2, b"x"), entry(3, b"")],
                leader_commit: 4,
            },
            Request::Install {
                term: 3,
                last_included_index: 9,
                last_included_term: 2,
                data: b"snap".to_vec(),
            },
        ];
        for request in requests {
            let name = format!("Raft{}", request.method());
            assert_eq!(Request::read(&name, &request.write(1)), Some(request.clone()));
            let names = REQUIRED.iter().find(|(method, _)| *method == request.method()).unwrap().1;
            for name in names {
                assert!(request.write(1).field(name).is_some(), "{name}");
            }
        }
        let hint = Some(Hint { term: Some(2), index: 3, len: 7 });
        let request = Request::Append { term: 3, prev: (0, 0), entries: vec![], leader_commit: 0 };
        let reply = Reply::Append { term: 3, success: false, hint };
        assert_eq!(Reply::read(&request, &reply.write()), Some(reply));
        assert_eq!(unknown_hint(&reply.write()), None);
        assert_eq!(
            unknown_hint(&Value::Struct("", vec![("match_hint", Value::Nothing)])),
            Some("match_hint")
        );
    }
}
