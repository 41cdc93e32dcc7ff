//! The paper's messages as the scripted peers write and read them: by name, whatever types the server has.
//!
//! The names are those of the implementation, or Figure 2's and Figure 13's in Rust's spelling. Where there are several names
//! for one thing, all are offered, and the server reads the one that it knows.

use labrpc::wire::Value;
use raft_interface::{Index, ServerId, Term};

use super::bench::SERVER;
use super::envelope::Envelope;
use super::fields::{
    Fields, add, before_first_is_nothing, bytes, bytes_of, field, fields, index, int, number, place,
    put_under, written, written_index,
};
use super::kinds::command_kind;
use super::message::{Asking, Entry, Expected, Piece, Request, TransferId};
use lab_referee::{Names, is_one_of, is_place, list_at, term_and_command};

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
        envelope.number(&mut fields);
        before_first_is_nothing(&mut fields, names.before_first);
        Value::Struct("", fields)
    }

    /// What the paper says of it, and what goes with that.
    fn fields(&self, names: &Names, sender: &Value) -> Fields {
        let (sender, before_first) = (sender.clone(), names.before_first);
        match self {
            Self::TimeoutNow { term } => fields([(&names.term, int(*term)), (&names.leader_id, sender)]),
            Self::Vote { term, last_log_index, last_log_term, asking } => {
                let [last_index, last_term] = written((*last_log_index, *last_log_term), before_first);
                let mut all = fields([
                    (&names.term, int(*term)),
                    (&names.candidate_id, sender),
                    (&names.last_log_index, last_index),
                    (&names.last_log_term, last_term),
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
                let [prev_index, prev_term] = written(*prev, before_first);
                let entries_at = (prev.0 + 1..).zip(entries);
                let mut all = fields([
                    (&names.term, int(*term)),
                    (&names.leader_id, sender),
                    (&names.prev_log_index, prev_index),
                    (&names.prev_log_term, prev_term),
                    (
                        &names.entries,
                        Value::Seq(entries_at.map(|(at, entry)| entry.write(names, at)).collect()),
                    ),
                    (&names.leader_commit, written_index(*leader_commit, before_first)),
                ]);
                if let Some(of) = commit_term(*term, *prev, entries, *leader_commit) {
                    add(&mut all, [(&names.leader_commit_term, int(of))]);
                }
                all
            }
            Self::Install { term, last_included_index, last_included_term, piece, data } => {
                let mut all = fields([
                    (&names.term, int(*term)),
                    (&names.leader_id, sender),
                    (&names.last_included_index, written_index(*last_included_index, before_first)),
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

    /// What a reply may say again: the place in the log that the request is about.
    pub(super) fn place<'a>(&self, names: &'a Names) -> [(&'a [&'static str], Value); 2] {
        let Names { prev_log_index, prev_log_term, last_included_index, last_included_term, .. } = names;
        let (place, names_of_index, names_of_term) = match self {
            Self::Append { prev, .. } => (*prev, prev_log_index, prev_log_term),
            Self::Install { last_included_index: index, last_included_term: term, .. } => {
                ((*index, *term), last_included_index, last_included_term)
            }
            Self::Vote { .. } | Self::TimeoutNow { .. } => {
                return [(&[], Value::Nothing), (&[], Value::Nothing)];
            }
        };
        let [index, term] = written(place, names.before_first);
        [(names_of_index, index), (names_of_term, term)]
    }

    /// What the server wrote; `None` if it does not bear these names.
    pub(super) fn read(names: &Names, method: &str, value: &Value) -> Option<Self> {
        let (term, before_first) = (number(value, &names.term)?, names.before_first);
        if is_one_of(method, &names.request_vote) {
            let (last_log_index, last_log_term) =
                place(value, [&names.last_log_index, &names.last_log_term], before_first)?;
            let is_ordered = number(value, &names.leadership_transfer).is_some_and(|yes| yes != 0);
            let asking = if is_ordered { Asking::VoteForTransfer } else { Asking::Vote };
            return Some(Self::Vote { term, last_log_index, last_log_term, asking });
        }
        if is_one_of(method, &names.timeout_now) {
            return Some(Self::TimeoutNow { term });
        }
        if is_one_of(method, &names.heartbeat) {
            // It is about no place in the log, and all logs agree before the first entry.
            let commit = [&names.leader_commit, &names.commit_index];
            let leader_commit = commit.into_iter().find_map(|of| index(value, of, before_first)).unwrap_or(0);
            return Some(Self::Append { term, prev: (0, 0), entries: Vec::new(), leader_commit });
        }
        if is_one_of(method, &names.append_entries) {
            let prev = place(value, [&names.prev_log_index, &names.prev_log_term], before_first)?;
            let entries = list_at(value, &names.entries)?;
            let entries = entries.iter().map(|entry| Entry::read(names, entry)).collect::<Option<_>>()?;
            let leader_commit = index(value, &names.leader_commit, before_first)?;
            return Some(Self::Append { term, prev, entries, leader_commit });
        }
        let piece = Piece {
            transfer: field(value, &names.transfer).and_then(TransferId::read),
            offset: number(value, &names.offset).unwrap_or(0),
            done: number(value, &names.done).is_none_or(|done| done != 0),
        };
        Some(Self::Install {
            term,
            last_included_index: index(value, &names.last_included_index, before_first)?,
            last_included_term: number(value, &names.last_included_term)?,
            piece,
            data: bytes(value, &names.snapshot)?,
        })
    }
}

/// The term of the entry at the commit index, if it can be told. What the message does not bring yet may well be of the leader's own.
fn commit_term(term: Term, prev: (Index, Term), entries: &[Entry], commit: Index) -> Option<Term> {
    match commit.checked_sub(prev.0) {
        _ if commit == 0 => Some(0),
        None => None,
        Some(0) => Some(prev.1),
        Some(place) => Some(entries.get(place as usize - 1).map_or(term, |entry| entry.term)),
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
    pub(super) fn write(self, names: &Names) -> Value {
        let Self { transfer, offset } = self;
        Value::Struct("", fields([(&names.transfer, transfer.write()), (&names.offset, int(offset))]))
    }

    pub(super) fn read(names: &Names, value: &Value) -> Option<Self> {
        let transfer = TransferId::read(field(value, &names.transfer)?)?;
        Some(Self { transfer, offset: number(value, &names.offset)? })
    }
}

impl Entry {
    pub(super) fn write(&self, names: &Names, index: Index) -> Value {
        let command = Value::Bytes(self.command.to_vec());
        let mut fields = fields([(&names.term, int(self.term)), (&names.command, command)]);
        add(&mut fields, [(&names.entry_index, written_index(index, names.before_first))]);
        if let Some(kind) = command_kind(names) {
            add(&mut fields, [(&names.entry_kind, kind)]);
        }
        // To who has a pair there, and has told no places in it.
        if !fields.iter().any(|(name, _)| is_place(name)) {
            fields.extend([("0", int(self.term)), ("1", Value::Bytes(self.command.to_vec()))]);
        }
        Value::Struct("", fields)
    }

    pub(super) fn read(names: &Names, value: &Value) -> Option<Self> {
        if let Some(term) = number(value, &names.term) {
            return Some(Self { term, command: bytes(value, &names.command)?.into() });
        }
        let (term, command) = term_and_command(value)?;
        Some(Self { term: term.try_into().ok()?, command: bytes_of(command)?.into() })
    }
}

/// A request for a vote that does not count (thesis §9.6), and its term.
pub(super) fn pre_vote(names: &Names, method: &str, value: &Value) -> Option<u64> {
    let has_flag = || number(value, &names.pre_vote).is_some_and(|yes| yes != 0);
    if is_one_of(method, &names.request_pre_vote) || has_flag() { number(value, &names.term) } else { None }
}

#[cfg(test)]
mod tests {
    use labrpc::network::Service;

    use super::*;
    use lab_referee::BeforeFirst;

    /// As S1 sends it to a server that names no sender.
    fn written(names: &Names, request: &Request) -> Value {
        request.write(names, &Envelope::default(), 1)
    }

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
            assert_eq!(Request::read(&names, &name, &written(&names, &request)), Some(request.clone()));
            let required = names.required();
            let of_paper = required.iter().find(|(methods, _)| *methods == request.method(&names));
            for field in of_paper.map(|(_, fields)| fields).into_iter().flatten() {
                assert!(written(&names, &request).field(field[0]).is_some(), "{field:?}");
            }
        }
    }

    #[test]
    fn indexes_are_written_as_the_server_counts_them() {
        let names = Names { before_first: BeforeFirst { index: Some(-1), term: -1 }, ..Names::default() };
        let at = |value: &Value, fields: &[&str]| {
            fields.iter().map(|name| value.field(name).and_then(Value::as_int)).collect::<Vec<_>>()
        };
        let entry = Entry { term: 3, command: (*b"x").into() };
        let append = |prev| Request::Append { term: 3, prev, entries: vec![entry.clone()], leader_commit: 0 };
        let fields = ["prev_log_index", "prev_log_term", "leader_commit"];
        let first = written(&names, &append((0, 0)));
        assert_eq!(at(&first, &fields), [Some(-1), Some(-1), Some(-1)]);
        assert_eq!(
            at(&first.field("entries").and_then(Value::as_seq).expect("a list")[0], &["index"]),
            [Some(0)]
        );
        let second = written(&names, &append((1, 2)));
        assert_eq!(at(&second, &fields), [Some(0), Some(2), Some(-1)]);
        for request in [append((0, 0)), append((1, 2))] {
            let read = Request::read(&names, "Raft.AppendEntries", &written(&names, &request));
            assert_eq!(read, Some(request));
        }
        let vote = Request::Vote { term: 3, last_log_index: 0, last_log_term: 0, asking: Asking::Vote };
        assert_eq!(at(&written(&names, &vote), &["last_log_index", "last_log_term"]), [Some(-1), Some(-1)]);
        assert_eq!(Request::read(&names, "Raft.RequestVote", &written(&names, &vote)), Some(vote));
    }

    #[test]
    fn nothing_in_place_of_entries_is_none() {
        let fields = ["term", "prev_log_index", "prev_log_term", "leader_commit"].map(|name| (name, int(3)));
        let beat = Value::Struct("", fields.into_iter().chain([("entries", Value::Nothing)]).collect());
        let read = Request::read(&Names::default(), "Raft.AppendEntries", &beat);
        assert!(matches!(read, Some(Request::Append { entries, .. }) if entries.is_empty()));
    }

    #[test]
    fn heartbeat_of_another_method_is_an_append_without_entries() {
        let names = Names::default();
        let read = |fields| Request::read(&names, "Raft.Heartbeat", &Value::Struct("", fields));
        let heartbeat =
            |leader_commit| Request::Append { term: 3, prev: (0, 0), entries: Vec::new(), leader_commit };
        assert_eq!(read(vec![("term", int(3)), ("leader_commit", int(2))]), Some(heartbeat(2)));
        assert_eq!(read(vec![("term", int(3)), ("leader_id", int(1))]), Some(heartbeat(0)));
        assert_eq!(read(vec![("leader_commit", int(2))]), None, "whose term is not known");
    }

    #[test]
    fn term_at_the_commit_index_is_told_if_it_is_known() {
        let entries = [2, 3].map(|term| Entry { term, command: (*b"x").into() });
        let of = |commit| commit_term(4, (5, 1), &entries, commit);
        assert_eq!([0, 4, 5, 6, 7, 8].map(of), [Some(0), None, Some(1), Some(2), Some(3), Some(4)]);
    }

    #[test]
    fn each_request_has_a_number_of_its_own() {
        let (names, envelope) = (Names::default(), Envelope::of(&Service::new("Raft"), &Names::default()));
        let request = Request::Vote { term: 3, last_log_index: 2, last_log_term: 1, asking: Asking::Vote };
        let numbers = [(); 2].map(|()| envelope.number_of(&request.write(&names, &envelope, 1)));
        assert_eq!(numbers, [Some(1), Some(2)]);
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
    fn entry_tells_its_kind_if_that_was_told() {
        let entry = Entry { term: 3, command: (*b"x").into() };
        let kind = |names: &Names| entry.write(names, 7).field("entry_type").cloned();
        let told = |kind| Names { command_kind: vec![kind], ..Names::default() };
        assert_eq!(kind(&Names::default()), None);
        assert_eq!(kind(&told("2")), Some(int(2)));
        assert_eq!(kind(&told("Data")), Some(Value::Variant("Data", Box::new(Value::Nothing))));
    }

    #[test]
    fn messages_of_other_names_are_read_and_written() {
        let names = Names { term: vec!["cur_term"], request_vote: vec!["AskVote"], ..Names::default() };
        let request = Request::Vote { term: 3, last_log_index: 2, last_log_term: 1, asking: Asking::Vote };
        assert_eq!(written(&names, &request).field("cur_term"), Some(&int(3)));
        assert_eq!(Request::read(&names, "Raft.AskVote", &written(&names, &request)), Some(request.clone()));
        assert_eq!(Request::read(&Names::default(), "Raft.RequestVote", &written(&names, &request)), None);
    }
}
