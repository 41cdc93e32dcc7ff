//! Replies as the scripted peers write and read them, and what they cannot say in them.

use labrpc::sync::Arc;
use labrpc::wire::Value;
use raft_interface::{Index, ServerId, Term};

use super::bench::SERVER;
use super::envelope::Envelope;
use super::fields::{
    Fields, add, before_first_is_nothing, field, fields, flag, index, int, number, outermost, put_under,
    with_flag, written_index,
};
use super::message::{Expected, Hint, Reply, Request};
use lab_referee::Names;

/// The peer that answers, as far as a reply may tell of it.
#[derive(Clone, Debug)]
pub(super) struct Replier {
    pub(super) id: ServerId,
    pub(super) envelope: Arc<Envelope>,
    /// Where its log ends.
    pub(super) last: (Index, Term),
    /// The number of the request, if it has one.
    pub(super) number: Option<u64>,
}

impl Reply {
    /// The reply to that request. It says as well what followers may say of themselves, and a success how far the log has come: a leader
    /// that reads 0 there would go back.
    pub(super) fn write_to(self, request: &Request, names: &Names, replier: &Replier) -> Value {
        let mut fields = self.fields(names);
        let (own_last, before_first) = (replier.last.0, names.before_first);
        let at = |index| written_index(index, before_first);
        let last_index = match self {
            Self::Append { success: true, hint: None, .. } => {
                let last = request.last_index();
                add(&mut fields, [(&names.match_index, at(last)), (&names.conflict_index, at(last + 1))]);
                own_last.max(last)
            }
            Self::Append { hint: Some(Hint { len, .. }), .. } => len.saturating_sub(1),
            Self::Install { expected, .. } => {
                add(&mut fields, [(&names.success, Value::Bool(expected.is_none()))]);
                own_last
            }
            Self::Vote { vote_granted: true, .. } => {
                add(&mut fields, [(&names.voted_for, int(SERVER as u64))]);
                own_last
            }
            _ => own_last,
        };
        add(&mut fields, [(&names.last_log_index, at(last_index))]);
        if let Some(of) = self.term_of_last(last_index, replier.last, request) {
            let of = Value::Int(before_first.write_term(last_index, of));
            add(&mut fields, [(&names.last_log_term, of)]);
        }
        replier.envelope.write(&mut fields, replier.id, SERVER);
        if let Some(number) = replier.number {
            replier.envelope.write_number(&mut fields, number);
        }
        add(&mut fields, request.place(names));
        before_first_is_nothing(&mut fields, before_first);
        match self {
            Self::Append { success, .. } => with_flag(fields, success, &names.success, &names.rejection),
            Self::Vote { vote_granted, .. } => {
                with_flag(fields, vote_granted, &names.vote_granted, &names.vote_refused)
            }
            Self::Install { .. } | Self::TimeoutNow { .. } => Value::Struct("", fields),
        }
    }

    /// The term of the entry with which it says that a log ends, if it can be told.
    fn term_of_last(self, index: Index, own: (Index, Term), request: &Request) -> Option<Term> {
        match request {
            _ if index == 0 => Some(0),
            _ if index == own.0 => Some(own.1),
            // Who refuses has another entry there.
            Request::Append { prev, entries, .. }
                if matches!(self, Self::Append { success: true, .. }) && index == request.last_index() =>
            {
                Some(entries.last().map_or(prev.1, |entry| entry.term))
            }
            _ => None,
        }
    }

    /// What the paper says of it, and a fast backup.
    fn fields(self, names: &Names) -> Fields {
        match self {
            Self::TimeoutNow { term } => fields([(&names.term, int(term))]),
            Self::Vote { term, .. } => fields([(&names.term, int(term))]),
            Self::Append { term, hint, .. } => {
                let mut all = fields([(&names.term, int(term))]);
                if let Some(Hint { term, index, len }) = hint {
                    let [index, len] = [index, len].map(|index| written_index(index, names.before_first));
                    all.extend(fields([
                        (&names.conflict_term, term.map_or(Value::Nothing, int)),
                        (&names.conflict_index, index),
                        (&names.conflict_len, len),
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
            Request::Vote { .. } => Self::Vote { term, vote_granted: flag(value, &names.vote_granted)? },
            Request::Append { .. } => {
                let at = |of: &[&str]| index(value, of, names.before_first);
                let hint = at(&names.conflict_index).map(|index| Hint {
                    term: number(value, &names.conflict_term),
                    index,
                    len: at(&names.conflict_len).unwrap_or(index),
                });
                Self::Append { term, success: flag(value, &names.success)?, hint }
            }
            Request::Install { .. } => {
                let expected = field(value, &names.expected).and_then(|value| Expected::read(names, value));
                Self::Install { term, expected }
            }
        })
    }
}

/// A field of a reply to AppendEntries that is not known here, if there is one: a hint that nobody can give truly.
pub(super) fn unknown_hint(names: &Names, envelope: &Envelope, reply: &Value) -> Option<&'static str> {
    let fields = match reply {
        Value::Struct(_, fields) => fields,
        Value::Variant(_, content) => return unknown_hint(names, envelope, content),
        _ => return None,
    };
    let known = of_append_reply(names);
    let is_known = |name: &str| {
        known.iter().any(|names| names.iter().any(|known| outermost(known) == name))
            || envelope.names().any(|known| known == name)
    };
    fields.iter().map(|&(name, _)| name).find(|name| !is_known(name))
}

/// The fields of a reply to AppendEntries, each with all its names.
pub(super) fn of_append_reply(names: &Names) -> [&Vec<&'static str>; 11] {
    let Names { term, success, match_index, conflict_term, conflict_index, conflict_len, .. } = names;
    let Names { abstained, last_log_index, last_log_term, .. } = names;
    [
        term,
        success,
        match_index,
        conflict_term,
        conflict_index,
        conflict_len,
        abstained,
        last_log_index,
        last_log_term,
        &names.prev_log_index,
        &names.prev_log_term,
    ]
}

/// Whether a reply to InstallSnapshot can say that a piece did not fit.
pub(super) fn can_refuse_pieces(names: &Names, reply: &Value) -> bool {
    let is_readable =
        |value: &Value| matches!(value, Value::Nothing) || Expected::read(names, value).is_some();
    field(reply, &names.expected).is_some_and(is_readable)
}

#[cfg(test)]
mod tests {
    use labrpc::network::Service;

    use super::*;
    use crate::conformance::message::{Asking, Piece, TransferId};
    use lab_referee::BeforeFirst;

    #[test]
    fn written_replies_are_read_back() {
        let names = Names::default();
        let hint = Some(Hint { term: Some(2), index: 3, len: 7 });
        let envelope = Arc::new(Envelope::of(&Service::new("Raft"), &names));
        let replier = Replier { id: 1, envelope: Arc::clone(&envelope), last: (3, 2), number: Some(8) };
        let request = Request::Append { term: 3, prev: (0, 0), entries: vec![], leader_commit: 0 };
        let reply = Reply::Append { term: 3, success: false, hint };
        assert_eq!(Reply::read(&names, &request, &reply.write_to(&request, &names, &replier)), Some(reply));
        assert_eq!(unknown_hint(&names, &envelope, &reply.write_to(&request, &names, &replier)), None);
        let request = Request::Append { term: 3, prev: (4, 2), entries: vec![], leader_commit: 0 };
        let success =
            Reply::Append { term: 3, success: true, hint: None }.write_to(&request, &names, &replier);
        assert_eq!(unknown_hint(&names, &envelope, &success), None);
        assert_eq!(
            [number(&success, &names.match_index), number(&success, &["next_index"])],
            [Some(4), Some(5)]
        );
        let ends = |reply: &Value| number(reply, &["last_log_index"]);
        assert_eq!(ends(&success), Some(4), "at least what it has said to have");
        assert_eq!(ends(&reply.write_to(&request, &names, &replier)), Some(6), "what its hint says");
        assert_eq!(number(&reply.write_to(&request, &names, &replier), &names.match_index), None);
        let says = |name| number(&success, &[name]);
        assert_eq!([says("seq"), says("prev_log_index"), says("prev_log_term")], [Some(8), Some(4), Some(2)]);
        let unknown = Value::Struct("", vec![("match_hint", Value::Nothing)]);
        assert_eq!(unknown_hint(&names, &envelope, &unknown), Some("match_hint"));
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
    fn places_are_told_as_the_server_counts_them() {
        let names = Names { before_first: BeforeFirst { index: Some(-1), term: 0 }, ..Names::default() };
        let replier = Replier { id: 1, envelope: Arc::default(), last: (3, 2), number: None };
        let append = |prev| Request::Append { term: 3, prev, entries: vec![], leader_commit: 0 };
        let told = |reply: Reply, fields: [&str; 4]| {
            let value = reply.write_to(&append((4, 2)), &names, &replier);
            fields.map(|name| value.field(name).and_then(Value::as_int))
        };
        let success = Reply::Append { term: 3, success: true, hint: None };
        let fields = ["match_index", "next_index", "last_log_index", "prev_log_index"];
        assert_eq!(told(success, fields), [Some(3), Some(4), Some(3), Some(3)]);
        let hint = Some(Hint { term: Some(2), index: 1, len: 3 });
        let refusal = Reply::Append { term: 3, success: false, hint };
        let fields = ["x_term", "x_index", "x_len", "last_log_index"];
        assert_eq!(told(refusal, fields), [Some(2), Some(0), Some(2), Some(1)]);
        let request = append((4, 2));
        assert_eq!(
            Reply::read(&names, &request, &refusal.write_to(&request, &names, &replier)),
            Some(refusal)
        );
    }

    #[test]
    fn yes_and_no_may_be_variants() {
        let names = Names {
            vote_granted: vec!["Ok"],
            vote_refused: vec!["Err"],
            success: vec!["outcome.Success"],
            rejection: vec!["outcome.Conflict"],
            conflict_index: vec!["outcome.from"],
            ..Names::default()
        };
        let replier = Replier { id: 1, envelope: Arc::default(), last: (3, 2), number: None };
        let ask = Request::Vote { term: 3, last_log_index: 2, last_log_term: 1, asking: Asking::Vote };
        for (vote_granted, variant) in [(true, "Ok"), (false, "Err")] {
            let reply = Reply::Vote { term: 3, vote_granted };
            let value = reply.write_to(&ask, &names, &replier);
            assert!(matches!(value, Value::Variant(name, _) if name == variant), "{value:?}");
            assert_eq!(Reply::read(&names, &ask, &value), Some(reply));
        }
        let append = Request::Append { term: 3, prev: (4, 2), entries: vec![], leader_commit: 0 };
        let refusal =
            Reply::Append { term: 3, success: false, hint: Some(Hint { term: None, index: 4, len: 4 }) };
        let value = refusal.write_to(&append, &names, &replier);
        let Some(Value::Variant("Conflict", content)) = value.field("outcome") else { panic!("{value:?}") };
        assert_eq!(content.field("from"), Some(&int(4)), "{value:?}");
        assert_eq!(Reply::read(&names, &append, &value), Some(refusal));
        let success = Reply::Append { term: 3, success: true, hint: None };
        let value = success.write_to(&append, &names, &replier);
        assert_eq!(flag(&value, &names.success), Some(true), "{value:?}");
        assert_eq!(unknown_hint(&names, &Envelope::default(), &value), None);
        // Of one that cannot say no nothing is written, and the network says what it would make up.
        let silent = Names { rejection: Vec::new(), ..names };
        assert_eq!(flag(&refusal.write_to(&append, &silent, &replier), &silent.success), None);
    }

    #[test]
    fn whole_place_of_the_last_entry_is_told_if_it_is_known() {
        let names = Names {
            last_log_term: vec!["last.term"],
            last_log_index: vec!["last.index"],
            ..Names::default()
        };
        let replier = Replier { id: 1, envelope: Arc::default(), last: (3, 2), number: None };
        let last = |reply: Reply, request: &Request| {
            let value = reply.write_to(request, &names, &replier);
            [&names.last_log_index, &names.last_log_term].map(|names| number(&value, names))
        };
        let append = |prev| Request::Append { term: 5, prev, entries: vec![], leader_commit: 0 };
        let success = Reply::Append { term: 5, success: true, hint: None };
        assert_eq!(last(success, &append((4, 4))), [Some(4), Some(4)], "the request brings it");
        assert_eq!(last(success, &append((1, 1))), [Some(3), Some(2)], "its own");
        let hint = Some(Hint { term: None, index: 2, len: 2 });
        let refusal = Reply::Append { term: 5, success: false, hint };
        assert_eq!(
            last(refusal, &append((1, 1))),
            [Some(1), None],
            "of an entry before that nothing is known"
        );
    }
}
