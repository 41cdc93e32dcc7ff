//! Reading: from a message on the wire to the numbers that the rules are about.
//!
//! A message is known by the last part of its method's name, and its numbers by the names of their fields. Both are
//! the paper's by default, and [`Names`] takes others. Nothing else of a message is looked at, so an implementation may
//! add what it likes.

use std::hash::{DefaultHasher, Hash, Hasher};

use labrpc::network::Message;
use labrpc::wire::{Elements, Value};
use raft_interface::{Index, Term};

use crate::message::{Entry, Kind, Piece, Position, Reply, Request};
use crate::names::{Names, field_at, is_one_of, list_at, term_and_command};
use crate::reader::{List, Reader, Unreadable, first, unsigned};

impl Names {
    /// Which message a method takes; `None` if none of the paper's.
    pub(crate) fn kind(&self, method: &str) -> Option<Kind> {
        let kinds = [
            (&self.append_entries, Kind::Append),
            (&self.request_vote, Kind::Vote),
            (&self.install_snapshot, Kind::Snapshot),
        ];
        kinds.into_iter().find(|(names, _)| is_one_of(method, names)).map(|(_, kind)| kind)
    }

    /// Whether a method that is none of the paper's may bring entries, or tell what is committed.
    pub(crate) fn may_bring_entries(&self, method: &str) -> bool {
        ![&self.request_pre_vote, &self.timeout_now, &self.without_entries]
            .into_iter()
            .any(|names| is_one_of(method, names))
    }

    /// Whether a method tells a follower to stand for election at once.
    pub(crate) fn is_timeout_now(&self, method: &str) -> bool {
        is_one_of(method, &self.timeout_now)
    }

    /// The term for which the sender of a message stands, if the message asks for a vote that counts.
    pub fn candidacy(&self, message: &Message<'_>) -> Option<Term> {
        let is_candidacy = message.is_request()
            && self.kind(message.method) == Some(Kind::Vote)
            && !self.is_pre_vote(Kind::Vote, message);
        if is_candidacy { numbers(message, [&self.term])[0] } else { None }
    }

    /// The term of who answers a request for a vote.
    pub(crate) fn answer_to_candidate(&self, message: &Message<'_>) -> Option<Term> {
        let is_answer = !message.is_request() && self.kind(message.method) == Some(Kind::Vote);
        if is_answer { numbers(message, [&self.term])[0] } else { None }
    }

    /// The term of the leader that a message answers.
    pub fn answer_to_leader(&self, message: &Message<'_>) -> Option<Term> {
        let is_answer =
            !message.is_request() && self.kind(message.method).is_some_and(|kind| kind != Kind::Vote);
        if is_answer { numbers(message, [&self.term])[0] } else { None }
    }

    /// The term for which the sender of a request would stand, if the request asks for a vote that does not count.
    pub(crate) fn pre_vote(&self, message: &Message<'_>) -> Option<Term> {
        let has_flag = || self.kind(message.method).is_some_and(|kind| self.is_pre_vote(kind, message));
        let asks = is_one_of(message.method, &self.request_pre_vote) || has_flag();
        if asks { numbers(message, [&self.term])[0] } else { None }
    }

    /// Whether this asks for a vote that does not count.
    pub(crate) fn is_pre_vote(&self, kind: Kind, message: &Message<'_>) -> bool {
        kind == Kind::Vote && numbers(message, [&self.pre_vote])[0].is_some_and(|yes| yes != 0)
    }

    /// # Errors
    ///
    /// Why it cannot be read.
    pub(crate) fn request(&self, kind: Kind, message: &Message<'_>) -> Result<Request, Unreadable> {
        let reader = &Reader::new(message);
        Ok(match kind {
            Kind::Vote => {
                let (term, last) = self.term_and_last(reader, [&self.last_log_index, &self.last_log_term])?;
                Request::Vote { term, last }
            }
            Kind::Snapshot => {
                let last = [&self.last_included_index, &self.last_included_term];
                let (term, last) = self.term_and_last(reader, last)?;
                Request::Snapshot { term, last, piece: self.piece(reader)? }
            }
            Kind::Append => {
                // Most messages of a run are these. If everything has the first of its names, one walk over
                // the message finds it all.
                let names = [&self.term, &self.prev_log_index, &self.prev_log_term, &self.leader_commit];
                let mut list = List::default();
                let [field, int, content, kind] =
                    [&self.entries, &self.term, &self.command, &self.entry_kind].map(first);
                let elements = Elements { field, int, content, kind };
                let (found, len) = reader.numbers_and_list(names, elements, &mut list);
                let [term, index, of, commit] = reader.all(found, names, self.nothing())?;
                let entries = if list.is_whole(len) { list.entries } else { self.entries(reader)? };
                Request::Append {
                    term: unsigned(term, &self.term)?,
                    prev: self.position((index, &self.prev_log_index), (of, &self.prev_log_term))?,
                    entries,
                    commit: self.index(commit, &self.leader_commit)?,
                }
            }
        })
    }

    /// The sender's term, and the entry whose index and term are in these fields.
    ///
    /// # Errors
    ///
    /// Why they cannot be read.
    fn term_and_last(
        &self,
        reader: &Reader<'_>,
        [index, of]: [&Vec<&'static str>; 2],
    ) -> Result<(Term, Position), Unreadable> {
        let [term, last, last_term] = reader.needed([&self.term, index, of], self.nothing())?;
        Ok((unsigned(term, &self.term)?, self.position((last, index), (last_term, of))?))
    }

    /// What an index is where messages say that there is nothing.
    fn nothing(&self) -> i128 {
        self.before_first.write(0)
    }

    /// # Errors
    ///
    /// That it is none.
    fn index(&self, written: i128, names: &[&'static str]) -> Result<Index, Unreadable> {
        let of = names.first().copied().unwrap_or_default();
        self.before_first.read(written).ok_or(match self.before_first.index {
            Some(_) => Unreadable::Negative(of),
            None => Unreadable::UnknownCount(of),
        })
    }

    /// An index and its term, each with the names of its field. There is no entry 0, so its term means nothing.
    ///
    /// # Errors
    ///
    /// Which of them is none.
    fn position(
        &self,
        (index, names): (i128, &[&'static str]),
        (term, names_of_term): (i128, &[&'static str]),
    ) -> Result<Position, Unreadable> {
        let index = self.index(index, names)?;
        Ok(Position { index, term: if index == 0 { 0 } else { unsigned(term, names_of_term)? } })
    }

    /// Which piece of a snapshot a message brings; `None` for all of it.
    fn piece(&self, reader: &Reader<'_>) -> Result<Option<Piece>, Unreadable> {
        let [done, offset] = reader.numbers([&self.done, &self.offset]);
        let is_last = done.is_none_or(|done| done != 0);
        if is_last && offset.unwrap_or(0) == 0 {
            return Ok(None);
        }
        let offset = offset.ok_or_else(|| Unreadable::missing(&self.offset))?;
        let len = self.snapshot.iter().find_map(|name| reader.message.len_of(name));
        let len = len.ok_or_else(|| Unreadable::missing(&self.snapshot))?;
        let end = offset.saturating_add(len as u64);
        Ok(Some(Piece { id: self.transfer(reader), offset, end, is_last }))
    }

    /// A hash of the name of a transfer; the same for all that have none.
    fn transfer(&self, reader: &Reader<'_>) -> u64 {
        let name = reader.field(&self.transfer);
        let mut hasher = DefaultHasher::new();
        format!("{name:?}").hash(&mut hasher);
        hasher.finish()
    }

    /// Whether a reply says that a piece was taken; `None` if it cannot.
    fn has_taken(&self, reply: &Reader<'_>) -> Option<bool> {
        Some(matches!(reply.field(&self.expected)?, Value::Nothing))
    }

    /// The entries, where they do not have the first of their names: whatever names give them terms, and commands if
    /// they have any.
    fn entries(&self, reader: &Reader<'_>) -> Result<Vec<Entry>, Unreadable> {
        for &field in &self.entries {
            let mut without_commands = None;
            for &int in &self.term {
                // Last without commands. Then entries are told apart by their terms only, which finds less
                // and accuses nobody.
                for content in self.command.iter().copied().chain([""]) {
                    let mut list = List::default();
                    let elements = Elements { field, int, content, kind: first(&self.entry_kind) };
                    let (_, len) = reader.numbers_and_list([], elements, &mut list);
                    if list.is_whole(len) {
                        return Ok(list.entries);
                    }
                    if let Some(len) = len {
                        let entries = Some(list.entries).filter(|entries| entries.len() == len);
                        without_commands = entries.or(without_commands);
                    }
                }
            }
            if let Some(entries) = self.entries_by_paths(reader, field) {
                return Ok(entries);
            }
            // The list is there, under this name. Other names would be other lists.
            if reader.message.len_of(field).is_some() {
                return without_commands.ok_or(Unreadable::Missing("term in its entries"));
            }
        }
        Err(Unreadable::missing(&self.entries))
    }

    /// The same, where a name of what is in an entry is a path, or an entry is a tuple.
    fn entries_by_paths(&self, reader: &Reader<'_>, list: &str) -> Option<Vec<Entry>> {
        let has_paths = self.term.iter().chain(&self.command).any(|name| name.contains('.'));
        let entries = list_at(reader.tree()?, &[list])?;
        if !has_paths && !entries.iter().all(|entry| entry.as_seq().is_some()) {
            return None;
        }
        let read = |entry: &Value| {
            let said_at = |names: &[&str]| names.iter().find_map(|name| field_at(entry, name));
            let told = self.term.iter().find_map(|name| field_at(entry, name)?.as_int());
            let (term, command) = match told {
                Some(term) => (term, said_at(&self.command)),
                None => term_and_command(entry).map(|(term, command)| (term, Some(command)))?,
            };
            let (term, said) = (term.try_into().ok()?, [command, said_at(&self.entry_kind)]);
            let mut hasher = DefaultHasher::new();
            format!("{said:?}").hash(&mut hasher);
            Some(Entry { term, digest: said[0].map_or(0, |_| hasher.finish().max(1)) })
        };
        entries.iter().map(read).collect()
    }

    /// A reply of term 0 that says no says nothing: every server that has handled a request is in a term above, and one
    /// that was told to end may answer anything. `Ok(None)` then. A yes counts, whatever its term: some servers answer
    /// with the term that they were in before.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub(crate) fn reply(&self, kind: Kind, message: &Message<'_>) -> Result<Option<Reply>, Unreadable> {
        let reader = Reader::new(message);
        let reply = match kind {
            Kind::Vote => {
                let (term, granted) = reader.term_and_flag(&self.term, &self.vote_granted)?;
                Reply::Vote { term, granted }
            }
            Kind::Snapshot => {
                let [term] = reader.needed([&self.term], 0)?;
                Reply::Snapshot { term: unsigned(term, &self.term)?, has_taken: self.has_taken(&reader) }
            }
            Kind::Append => {
                let (term, success) = reader.term_and_flag(&self.term, &self.success)?;
                // A rejection says where to go on, and a success how far it has come. 0 is what stands in fields that are not used.
                let told = reader.numbers([if success { &self.match_index } else { &self.conflict_index }]);
                let [index] =
                    told.map(|index| self.before_first.read(index.filter(|&index| index > 0)?.into()));
                let (matched, conflict) = if success { (index, None) } else { (None, index) };
                Reply::Append { term, success, conflict, matched }
            }
        };
        Ok((reply.term() > 0 || reply.is_yes()).then_some(reply))
    }
}

/// The numbers in fields of a message, each known by several names; `None` for what is not there.
fn numbers<const N: usize>(message: &Message<'_>, names: [&Vec<&'static str>; N]) -> [Option<u64>; N] {
    Reader::new(message).numbers(names)
}
