//! The paper's messages as the scripted peers write and read them: by name, whatever types the server has.
//!
//! The names are those of the implementation, or Figure 2's and Figure 13's in Rust's spelling. Where there are several names
//! for one thing, all are offered, and the server reads the one that it knows.

use labrpc::sync::Arc;
use labrpc::wire::Value;
use raft_interface::{Index, ServerId};

use super::bench::SERVER;
use super::envelope::Envelope;
use super::fields::{Fields, add, bytes, field, fields, int, number, put_under};
use super::message::{Asking, Entry, Expected, Hint, Piece, Reply, Request, TransferId};
use lab_referee::{Names, is_one_of};

/// The peer that answers, as far as a reply may tell of it.
#[derive(Clone, Debug)]
pub(super) struct Replier {
    pub(super) id: ServerId,
    pub(super) envelope: Arc<Envelope>,
    /// Where its log ends.
    pub(super) last_index: Index,
}

impl Request {
    /// The names of its method.
    pub(super) fn method<'a>(&self, names: &'a Names) -> &'a [&'static str] {
        match self {
            Self::Vote { .. } => &names.request_vote,
            Self::TimeoutNow { .. } => &names.timeout_now,
            Self::Append { .. } => &names.append_entries,
            Self::Install { .. } => &names.install_snapshot,
        }
    }

    /// What the server reads.
    pub(super) fn write(&self, names: &Names, envelope: &Envelope, sender: ServerId) -> Value {
        let mut fields = self.fields(names, &int(sender as u64));
        envelope.write(&mut fields, sender, SERVER);
        Value::Struct("", fields)
    }

    /// What the paper says of it, and what goes with that.
    fn fields(&self, names: &Names, sender: &Value) -> Fields {
        let sender = sender.clone();
        match self {
            Self::TimeoutNow { term } => fields([(&names.term, int(*term)), (&names.leader_id, sender)]),
            Self::Vote { term, last_log_index, last_log_term, asking } => {
                let mut all = fields([
                    (&names.term, int(*term)),
                    (&names.candidate_id, sender),
                    (&names.last_log_index, int(*last_log_index)),
                    (&names.last_log_term, int(*last_log_term)),
                ]);
                // Left out where it says nothing: a server may know no other votes.
                match asking {
                    Asking::Vote => {}
                    Asking::VoteForTransfer => {
                        put_under(&mut all, &names.leadership_transfer, &Value::Bool(true));
                    }
                    Asking::PreVote => put_under(&mut all, &names.pre_vote, &Value::Bool(true)),
                }
                all
            }
            Self::Append { term, prev, entries, leader_commit } => {
                let entries = (prev.0 + 1..).zip(entries).map(|(at, entry)| entry.write(names, at)).collect();
                fields([
                    (&names.term, int(*term)),
                    (&names.leader_id, sender),
                    (&names.prev_log_index, int(prev.0)),
                    (&names.prev_log_term, int(prev.1)),
                    (&names.entries, Value::Seq(entries)),
                    (&names.leader_commit, int(*leader_commit)),
                ])
            }
            Self::Install { term, last_included_index, last_included_term, piece, data } => {
                let mut all = fields([
                    (&names.term, int(*term)),
                    (&names.leader_id, sender),
                    (&names.last_included_index, int(*last_included_index)),
                    (&names.last_included_term, int(*last_included_term)),
                    (&names.offset, int(piece.offset)),
                    (&names.done, Value::Bool(piece.done)),
                    (&names.snapshot, Value::Bytes(data.clone())),
                ]);
                if let Some(transfer) = piece.transfer {
                    put_under(&mut all, &names.transfer, &transfer.write());
                }
                all
            }
        }
    }

    /// What the server wrote; `None` if it does not bear these names.
    pub(super) fn read(names: &Names, method: &str, value: &Value) -> Option<Self> {
        let term = number(value, &names.term)?;
        if is_one_of(method, &names.request_vote) {
            let (last_log_index, last_log_term) =
                (number(value, &names.last_log_index)?, number(value, &names.last_log_term)?);
            let is_ordered = number(value, &names.leadership_transfer).is_some_and(|yes| yes != 0);
            let asking = if is_ordered { Asking::VoteForTransfer } else { Asking::Vote };
            return Some(Self::Vote { term, last_log_index, last_log_term, asking });
        }
        if is_one_of(method, &names.timeout_now) {
            return Some(Self::TimeoutNow { term });
        }
        if is_one_of(method, &names.append_entries) {
            let prev = (number(value, &names.prev_log_index)?, number(value, &names.prev_log_term)?);
            let entries = field(value, &names.entries)?.as_seq()?;
            let entries = entries.iter().map(|entry| Entry::read(names, entry)).collect::<Option<_>>()?;
            let leader_commit = number(value, &names.leader_commit)?;
            return Some(Self::Append { term, prev, entries, leader_commit });
        }
        let piece = Piece {
            transfer: field(value, &names.transfer).and_then(TransferId::read),
            offset: number(value, &names.offset).unwrap_or(0),
            done: number(value, &names.done).is_none_or(|done| done != 0),
        };
        Some(Self::Install {
            term,
            last_included_index: number(value, &names.last_included_index)?,
            last_included_term: number(value, &names.last_included_term)?,
            piece,
            data: bytes(value, &names.snapshot)?,
        })
    }
}

impl TransferId {
    fn write(self) -> Value {
        let Self { leader, term, index, number } = self;
        let fields = [("leader", leader as u64), ("term", term), ("index", index), ("number", number)];
        Value::Struct("", fields.map(|(name, value)| (name, int(value))).into())
    }

    fn read(value: &Value) -> Option<Self> {
        let of = |name: &str| number(value, &[name]);
        let leader = ServerId::try_from(of("leader")?).ok()?;
        Some(Self { leader, term: of("term")?, index: of("index")?, number: of("number")? })
    }
}

impl Expected {
    fn write(self, names: &Names) -> Value {
        let Self { transfer, offset } = self;
        Value::Struct("", fields([(&names.transfer, transfer.write()), (&names.offset, int(offset))]))
    }

    fn read(names: &Names, value: &Value) -> Option<Self> {
        let transfer = TransferId::read(field(value, &names.transfer)?)?;
        Some(Self { transfer, offset: number(value, &names.offset)? })
    }
}

impl Entry {
    pub(super) fn write(&self, names: &Names, index: Index) -> Value {
        let command = Value::Bytes(self.command.to_vec());
        let mut fields = fields([(&names.term, int(self.term)), (&names.command, command)]);
        add(&mut fields, [(&names.entry_index, int(index))]);
        Value::Struct("", fields)
    }

    pub(super) fn read(names: &Names, value: &Value) -> Option<Self> {
        Some(Self { term: number(value, &names.term)?, command: bytes(value, &names.command)?.into() })
    }
}

impl Reply {
    /// The reply to that request. It says as well what followers may say of themselves, and a success how far the log has come: a leader
    /// that reads 0 there would go back.
    pub(super) fn write_to(self, request: &Request, names: &Names, replier: &Replier) -> Value {
        let mut fields = self.fields(names);
        let last_index = match self {
            Self::Append { success: true, hint: None, .. } => {
                let last = request.last_index();
                add(&mut fields, [(&names.match_index, int(last)), (&names.conflict_index, int(last + 1))]);
                replier.last_index.max(last)
            }
            Self::Append { hint: Some(Hint { len, .. }), .. } => len.saturating_sub(1),
            Self::Install { expected, .. } => {
                add(&mut fields, [(&names.success, Value::Bool(expected.is_none()))]);
                replier.last_index
            }
            _ => replier.last_index,
        };
        add(&mut fields, [(&names.last_log_index, int(last_index))]);
        replier.envelope.write(&mut fields, replier.id, SERVER);
        Value::Struct("", fields)
    }

    /// What the paper says of it, and a fast backup.
    fn fields(self, names: &Names) -> Fields {
        match self {
            Self::TimeoutNow { term } => fields([(&names.term, int(term))]),
            Self::Vote { term, vote_granted } => {
                fields([(&names.term, int(term)), (&names.vote_granted, Value::Bool(vote_granted))])
            }
            Self::Append { term, success, hint } => {
                let mut all = fields([(&names.term, int(term)), (&names.success, Value::Bool(success))]);
                if let Some(Hint { term, index, len }) = hint {
                    all.extend(fields([
                        (&names.conflict_term, term.map_or(Value::Nothing, int)),
                        (&names.conflict_index, int(index)),
                        (&names.conflict_len, int(len)),
                    ]));
                }
                all
            }
            Self::Install { term, expected } => {
                let mut all = fields([(&names.term, int(term))]);
                if let Some(expected) = expected {
                    put_under(&mut all, &names.expected, &expected.write(names));
                }
                all
            }
        }
    }

    /// What the server answered to that request; `None` if it does not bear these names.
    pub(super) fn read(names: &Names, request: &Request, value: &Value) -> Option<Self> {
        let term = number(value, &names.term)?;
        Some(match request {
            Request::TimeoutNow { .. } => Self::TimeoutNow { term },
            Request::Vote { .. } => {
                Self::Vote { term, vote_granted: number(value, &names.vote_granted)? == 1 }
            }
            Request::Append { .. } => {
                let hint = number(value, &names.conflict_index).map(|index| Hint {
                    term: number(value, &names.conflict_term),
                    index,
                    len: number(value, &names.conflict_len).unwrap_or(index),
                });
                Self::Append { term, success: number(value, &names.success)? == 1, hint }
            }
            Request::Install { .. } => {
                let expected = field(value, &names.expected).and_then(|value| Expected::read(names, value));
                Self::Install { term, expected }
            }
        })
    }
}

/// A request for a vote that does not count (thesis §9.6), and its term.
pub(super) fn pre_vote(names: &Names, method: &str, value: &Value) -> Option<u64> {
    let has_flag = || number(value, &names.pre_vote).is_some_and(|yes| yes != 0);
    if is_one_of(method, &names.request_pre_vote) || has_flag() { number(value, &names.term) } else { None }
}

/// A field of a reply to AppendEntries that is not known here, if there is one: a hint that nobody can give truly.
pub(super) fn unknown_hint(names: &Names, envelope: &Envelope, reply: &Value) -> Option<&'static str> {
    let Value::Struct(_, fields) = reply else { return None };
    let known = of_append_reply(names);
    let is_known = |name: &str| {
        known.iter().any(|names| names.contains(&name)) || envelope.names().any(|known| known == name)
    };
    fields.iter().map(|&(name, _)| name).find(|name| !is_known(name))
}

/// The fields of a reply to AppendEntries, each with all its names.
pub(super) fn of_append_reply(names: &Names) -> [&Vec<&'static str>; 8] {
    let Names { term, success, match_index, conflict_term, conflict_index, conflict_len, .. } = names;
    let Names { abstained, last_log_index, .. } = names;
    [term, success, match_index, conflict_term, conflict_index, conflict_len, abstained, last_log_index]
}

/// Whether a reply to InstallSnapshot can say that a piece did not fit.
pub(super) fn can_refuse_pieces(names: &Names, reply: &Value) -> bool {
    let is_readable =
        |value: &Value| matches!(value, Value::Nothing) || Expected::read(names, value).is_some();
    field(reply, &names.expected).is_some_and(is_readable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_messages_are_read_back() {
        let entry = |term, command: &[u8]| Entry { term, command: command.into() };
        let transfer = TransferId { leader: 1, term: 3, index: 9, number: 7 };
        let install = |piece| Request::Install {
            term: 3,
            last_included_index: 9,
            last_included_term: 2,
            piece,
            data: b"snap".to_vec(),
        };
        let requests = [
            Request::Vote { term: 3, last_log_index: 2, last_log_term: 1, asking: Asking::Vote },
            Request::Vote { term: 3, last_log_index: 2, last_log_term: 1, asking: Asking::VoteForTransfer },
            Request::TimeoutNow { term: 3 },
            Request::Append {
                term: 3,
                prev: (4, 2),
                entries: vec![entry(2, b"x"), entry(3, b"")],
                leader_commit: 4,
            },
            install(Piece::WHOLE),
            install(Piece { transfer: Some(transfer), offset: 4, done: false }),
        ];
        let names = Names::default();
        for request in requests {
            let name = format!("Raft.{}", request.method(&names)[0]);
            assert_eq!(
                Request::read(&names, &name, &request.write(&names, &Envelope::default(), 1)),
                Some(request.clone())
            );
            let required = names.required();
            let of_paper = required.iter().find(|(methods, _)| *methods == request.method(&names));
            for field in of_paper.map(|(_, fields)| fields).into_iter().flatten() {
                assert!(
                    request.write(&names, &Envelope::default(), 1).field(field[0]).is_some(),
                    "{field:?}"
                );
            }
        }
    }

    #[test]
    fn written_replies_are_read_back() {
        let names = Names::default();
        let hint = Some(Hint { term: Some(2), index: 3, len: 7 });
        let replier = Replier { id: 1, envelope: Arc::default(), last_index: 3 };
        let request = Request::Append { term: 3, prev: (0, 0), entries: vec![], leader_commit: 0 };
        let reply = Reply::Append { term: 3, success: false, hint };
        assert_eq!(Reply::read(&names, &request, &reply.write_to(&request, &names, &replier)), Some(reply));
        assert_eq!(
            unknown_hint(&names, &Envelope::default(), &reply.write_to(&request, &names, &replier)),
            None
        );
        let request = Request::Append { term: 3, prev: (4, 2), entries: vec![], leader_commit: 0 };
        let success =
            Reply::Append { term: 3, success: true, hint: None }.write_to(&request, &names, &replier);
        assert_eq!(unknown_hint(&names, &Envelope::default(), &success), None);
        assert_eq!(
            [number(&success, &names.match_index), number(&success, &["next_index"])],
            [Some(4), Some(5)]
        );
        let ends = |reply: &Value| number(reply, &["last_log_index"]);
        assert_eq!(ends(&success), Some(4), "at least what it has said to have");
        assert_eq!(ends(&reply.write_to(&request, &names, &replier)), Some(6), "what its hint says");
        assert_eq!(number(&reply.write_to(&request, &names, &replier), &names.match_index), None);
        let unknown = Value::Struct("", vec![("match_hint", Value::Nothing)]);
        assert_eq!(unknown_hint(&names, &Envelope::default(), &unknown), Some("match_hint"));
        let install = Request::Install {
            term: 3,
            last_included_index: 9,
            last_included_term: 2,
            piece: Piece::WHOLE,
            data: Vec::new(),
        };
        let transfer = TransferId { leader: 1, term: 3, index: 9, number: 7 };
        for expected in [None, Some(Expected { transfer, offset: 8 })] {
            let reply = Reply::Install { term: 3, expected };
            assert_eq!(
                Reply::read(&names, &install, &reply.write_to(&request, &names, &replier)),
                Some(reply)
            );
        }
    }

    #[test]
    fn entry_tells_its_index_under_the_names_that_are_told() {
        let entry = Entry { term: 3, command: (*b"x").into() };
        let index = |names: &Names, name| entry.write(names, 7).field(name).cloned();
        assert_eq!(index(&Names::default(), "index"), Some(int(7)));
        let told = Names { entry_index: vec!["log_index"], ..Names::default() };
        assert_eq!((index(&told, "log_index"), index(&told, "index")), (Some(int(7)), None));
        // What bears that name says something else.
        let taken = Names { term: vec!["index"], ..Names::default() };
        assert_eq!(index(&taken, "index"), Some(int(3)));
    }

    #[test]
    fn messages_of_other_names_are_read_and_written() {
        let names = Names { term: vec!["cur_term"], request_vote: vec!["AskVote"], ..Names::default() };
        let request = Request::Vote { term: 3, last_log_index: 2, last_log_term: 1, asking: Asking::Vote };
        assert_eq!(request.write(&names, &Envelope::default(), 1).field("cur_term"), Some(&int(3)));
        assert_eq!(
            Request::read(&names, "Raft.AskVote", &request.write(&names, &Envelope::default(), 1)),
            Some(request.clone())
        );
        assert_eq!(
            Request::read(
                &Names::default(),
                "Raft.RequestVote",
                &request.write(&names, &Envelope::default(), 1)
            ),
            None
        );
    }
}
