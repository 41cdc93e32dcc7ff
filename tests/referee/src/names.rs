//! The names of the paper's messages and fields, as an implementation spells them.

use labrpc::wire::Value;
use raft_interface::{Index, Term};

/// The names that an implementation gives to the paper's messages and fields. Of several names the first that is there
/// counts. The name of a field may be a path with points, where the field is in another one: `meta.last_index`. A part of it that
/// begins with a capital is a variant of an enum: `payload.Normal`. Where an `Option` on the way says that there is nothing, the numbers
/// in it are 0, as before the first entry. Entries are lists, so what is in them has names of its own: `log_id.term`, and not
/// `entries.log_id.term`. In a tuple they are `0`, `1` and so on, as in Rust; an entry that is `(term, command)` needs no names.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each field is the paper's name of what it is about")]
pub struct Names {
    pub request_vote: Vec<&'static str>,
    pub append_entries: Vec<&'static str>,
    pub install_snapshot: Vec<&'static str>,
    pub term: Vec<&'static str>,
    pub candidate_id: Vec<&'static str>,
    pub last_log_index: Vec<&'static str>,
    pub last_log_term: Vec<&'static str>,
    pub vote_granted: Vec<&'static str>,
    /// The same as `rejection`, in place of `vote_granted`.
    pub vote_refused: Vec<&'static str>,
    /// In replies: for whom the voter has voted, if they say so beside `vote_granted`. It is told by scripted peers, and nothing is read
    /// of it.
    pub voted_for: Vec<&'static str>,
    pub leader_id: Vec<&'static str>,
    /// In requests: whom they are for, if they say so. It is told by scripted peers, and nothing is read of it.
    pub receiver: Vec<&'static str>,
    /// In requests and replies: who sends them, if they say so beside `candidate_id` and `leader_id`. It is told by scripted peers, and
    /// nothing is read of it.
    pub sender: Vec<&'static str>,
    /// In requests: a number that no other request has, if there is one; in replies that of the request. It is told by scripted peers, and
    /// nothing is read of it.
    pub request_number: Vec<&'static str>,
    pub prev_log_index: Vec<&'static str>,
    pub prev_log_term: Vec<&'static str>,
    pub entries: Vec<&'static str>,
    /// What an entry says; an implementation may add other things to an entry, which may change.
    pub command: Vec<&'static str>,
    /// An entry's own index, where entries say so. It is told by scripted peers, and nothing is read of it.
    pub entry_index: Vec<&'static str>,
    pub leader_commit: Vec<&'static str>,
    /// The term of the entry at `leader_commit`, where messages say so. It is told by scripted peers, and nothing is read of it.
    pub leader_commit_term: Vec<&'static str>,
    pub success: Vec<&'static str>,
    /// What stands in place of `success` in a rejection, where the two are variants of an enum: `outcome.Success` and `outcome.Conflict`, or
    /// `Ok` and `Err`, if the reply itself is one. Scripted peers say so.
    pub rejection: Vec<&'static str>,
    pub last_included_index: Vec<&'static str>,
    pub last_included_term: Vec<&'static str>,
    /// The bytes of a snapshot.
    pub snapshot: Vec<&'static str>,
    /// False in a snapshot that comes in pieces, for all but the last (Fig. 13).
    pub done: Vec<&'static str>,
    /// Where in the snapshot a piece begins, in bytes (Fig. 13).
    pub offset: Vec<&'static str>,
    /// Which transfer a piece of a snapshot belongs to, if there is such a field.
    pub transfer: Vec<&'static str>,
    /// In the reply to a piece of a snapshot: what the follower would take instead, if there is such a field. Nothing is in it
    /// if the piece was taken.
    pub expected: Vec<&'static str>,
    /// In replies: whether the server has no vote in its own configuration. Nobody counts by it, so nothing is read of it.
    pub abstained: Vec<&'static str>,
    /// In a success: up to which entry the log is sure to match, if there is such a field. It may be less than the request brings: etcd
    /// answers a late one with what is committed, and takes none of its entries.
    pub match_index: Vec<&'static str>,
    /// In a rejection: the index to which the leader should go back, if there is such a field. It is the first of the
    /// conflicting term, or one past the end of the log.
    pub conflict_index: Vec<&'static str>,
    /// In a rejection: the term of the conflicting entry.
    pub conflict_term: Vec<&'static str>,
    /// In a rejection: one past the end of the log.
    pub conflict_len: Vec<&'static str>,
    /// A request that has this set is no request for a vote (thesis §9.6).
    pub pre_vote: Vec<&'static str>,
    /// Methods that ask for a vote that does not count, where it has a method of its own.
    pub request_pre_vote: Vec<&'static str>,
    /// A request for a vote that has this set comes by order of the leader (thesis §4.2.3).
    pub leadership_transfer: Vec<&'static str>,
    /// Methods by which a leader tells a follower to stand for election at once (thesis §3.10).
    pub timeout_now: Vec<&'static str>,
    /// Methods that ask a peer for committed entries, from `first` on, `most` at most. They bring entries that no leader has sent.
    pub fetch_entries: Vec<&'static str>,
    /// In these: the index of the first entry.
    pub first: Vec<&'static str>,
    /// In these: how many entries at most.
    pub most: Vec<&'static str>,
    /// In the replies: the commit index of who answers.
    pub commit_index: Vec<&'static str>,
    /// In the replies: the last index that its snapshot covers.
    pub base_index: Vec<&'static str>,
    /// Of which kind an entry is, where entries say so.
    pub entry_kind: Vec<&'static str>,
    /// Which kind a client's command is: a variant, or a number. Scripted peers say so if it is told, and else leave the kind out, which
    /// is read as the first variant.
    pub command_kind: Vec<&'static str>,
    /// Methods of leaders that bring no entries and are about no place in the log: heartbeats that are no AppendEntries, as in etcd.
    pub heartbeat: Vec<&'static str>,
    /// Methods of other names that bring neither entries nor commit indexes. Of what servers know after any other message
    /// nothing is said.
    pub without_entries: Vec<&'static str>,
    /// What messages say of the place before the first entry. It need not be told: it is learned from a server that has no entry.
    pub before_first: BeforeFirst,
}

/// What messages say of the place before the first entry, and so from which index on entries are counted in them. The paper counts from
/// 1, and says 0 there (Fig. 2). Who counts from 0, as the places of a list are counted, says -1 in an index, and 0 or -1 in its term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeforeFirst {
    /// What stands in an index; `None` if nobody knows what an index means.
    pub index: Option<i64>,
    /// What stands in the term of that place.
    pub term: i64,
}

impl BeforeFirst {
    /// As in the paper.
    pub const PAPER: Self = Self { index: Some(0), term: 0 };

    /// The index, in the paper's count, that a number in a message means.
    #[must_use]
    pub fn read(self, written: i128) -> Option<Index> {
        written.checked_sub(self.index?.into())?.try_into().ok()
    }

    /// What stands in a message for an index of the paper's count.
    #[must_use]
    pub fn write(self, index: Index) -> i128 {
        i128::from(index) + i128::from(self.index.unwrap_or(0))
    }

    /// What stands in a message for the term of the entry at that index.
    #[must_use]
    pub fn write_term(self, index: Index, term: Term) -> i128 {
        if index == 0 { self.term.into() } else { term.into() }
    }
}

impl Names {
    /// The fields that scripted messages need, of each of the paper's messages, after the names of the method. `leader_id` is none of
    /// them: it is there so that followers can redirect clients (Fig. 2), and who does that otherwise, or not, needs none.
    #[must_use]
    pub fn required(&self) -> [(&[&'static str], Vec<&[&'static str]>); 3] {
        let append = [&self.term, &self.prev_log_index, &self.prev_log_term, &self.entries];
        [
            (
                &self.request_vote,
                [&self.term, &self.candidate_id, &self.last_log_index, &self.last_log_term]
                    .map(|names| &names[..])
                    .into(),
            ),
            (
                &self.append_entries,
                append.into_iter().chain([&self.leader_commit]).map(|names| &names[..]).collect(),
            ),
            (
                &self.install_snapshot,
                [&self.term, &self.last_included_index, &self.last_included_term]
                    .map(|names| &names[..])
                    .into(),
            ),
        ]
    }
}

/// What is in a field, which may be [in another one](Names).
#[must_use]
pub fn field_at<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    name.split('.').try_fold(value, |value, part| match value {
        Value::Variant(variant, content) if is_variant(part) => (*variant == part).then_some(&**content),
        value => value.field(part),
    })
}

/// The number in a field, which may be in another one; `nothing` if the message says that the other one is not there, as before the
/// first entry.
#[must_use]
pub fn int_or_nothing_at(value: &Value, name: &str, nothing: i128) -> Option<i128> {
    let is_nothing = || {
        let outer = name.rmatch_indices('.').map(|(point, _)| &name[..point]);
        outer.into_iter().any(|outer| field_at(value, outer) == Some(&Value::Nothing))
    };
    field_at(value, name).map_or_else(|| is_nothing().then_some(nothing), Value::as_int)
}

/// Whether that is so: a truth value, or the variant with which the [path](Names) ends is the one that is there.
#[must_use]
pub fn flag_at(value: &Value, name: &str) -> Option<bool> {
    let (outer, last) = name.rsplit_once('.').map_or((None, name), |(outer, last)| (Some(outer), last));
    if !is_variant(last) {
        return Some(field_at(value, name)?.as_int()? == 1);
    }
    match outer.map_or(Some(value), |outer| field_at(value, outer))? {
        Value::Variant(variant, _) => Some(*variant == last),
        _ => None,
    }
}

/// The elements of the list under the first of these names that is there. Nothing in its place is none, as in a heartbeat to who has
/// an `Option` there.
#[must_use]
pub fn list_at<'a>(value: &'a Value, names: &[&str]) -> Option<&'a [Value]> {
    match names.iter().find_map(|name| field_at(value, name))? {
        Value::Nothing => Some(&[]),
        list => list.as_seq(),
    }
}

/// The term and the command of an entry that is a pair of a number and something else, `(term, command)`.
#[must_use]
pub fn term_and_command(entry: &Value) -> Option<(i128, &Value)> {
    match entry.as_seq()? {
        [term, command] if command.as_int().is_none() => Some((term.as_int()?, command)),
        [command, term] if command.as_int().is_none() => Some((term.as_int()?, command)),
        _ => None,
    }
}

/// Whether a name is a place in a tuple, as Rust writes it in `.0`.
#[must_use]
pub fn is_place(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a part of a [path](Names) is a variant of an enum.
#[must_use]
pub fn is_variant(part: &str) -> bool {
    part.starts_with(char::is_uppercase)
}

/// Whether a method is one of these, in whatever service.
#[must_use]
pub fn is_one_of(method: &str, names: &[&str]) -> bool {
    names.iter().any(|name| is_method(method, name))
}

fn is_method(method: &str, name: &str) -> bool {
    match method.len().checked_sub(name.len()) {
        None => false,
        Some(0) => method == name,
        // The point first, which rules out most names.
        Some(before) => method.as_bytes()[before - 1] == b'.' && method.ends_with(name),
    }
}
