//! Catch-up from peers: who asks whom for committed entries, and what is given.
//!
//! The paper has no such message. The lab reads it by the names of the [contract](raft_interface::contract), "Beyond Figure 2", and of
//! a server without it nothing is asked.

use labrpc::wire::Value;
use raft_interface::{Index, ServerId, Term};

use super::bench::{Bench, Inner, SERVER};
use super::fields::{field, fields, index, int, number, written_index};
use super::message::{Entry, command};
use super::peer::Peer;
use super::slot::no_method;
use lab_referee::{Names, is_one_of, list_at};

/// What a scripted peer gives to a server that asks it for entries.
#[derive(Clone, Debug)]
pub(super) struct Helper {
    /// The peer's current term.
    term: Term,
    /// The terms of its entries, from index 1 on. All are committed.
    log: Vec<Term>,
}

/// What was given to whom has asked for entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The term of the entry just before them.
    pub prev_log_term: Term,
    /// The entries.
    pub entries: Vec<Entry>,
    /// Up to where entries are committed, as the giver knows.
    pub commit_index: Index,
}

impl Helper {
    /// Gives what there is from `first` on, `most` entries at most.
    fn give(&self, first: Index, most: u64) -> Given {
        let term_at =
            |index: Index| index.checked_sub(1).and_then(|place| self.log.get(place as usize)).copied();
        let wanted = (first.max(1)..).take(usize::try_from(most).unwrap_or(usize::MAX));
        let entries = wanted.map_while(|index| Some((index, term_at(index)?)));
        let entries = entries.map(|(index, term)| Entry { term, command: command(index, term) }).collect();
        let prev_log_term = first.checked_sub(1).and_then(term_at).unwrap_or(0);
        Given { prev_log_term, entries, commit_index: self.log.len() as Index }
    }
}

impl Given {
    fn write(&self, names: &Names, term: Term, first: Index) -> Value {
        let entries = (first..).zip(&self.entries).map(|(index, entry)| entry.write(names, index)).collect();
        let before_first = names.before_first;
        let [first_at, commit, base] =
            [first, self.commit_index, 0].map(|index| written_index(index, before_first));
        let prev_term = before_first.write_term(first.saturating_sub(1), self.prev_log_term);
        let all = fields([
            (&names.term, int(term)),
            (&names.first, first_at),
            (&names.prev_log_term, Value::Int(prev_term)),
            (&names.entries, Value::Seq(entries)),
            (&names.commit_index, commit),
            (&names.base_index, base),
        ]);
        Value::Struct("", all)
    }

    fn read(names: &Names, value: &Value) -> Option<Self> {
        let entries = list_at(value, &names.entries)?;
        Some(Self {
            // It may be below 0 where there is no entry.
            prev_log_term: field(value, &names.prev_log_term)?.as_int()?.max(0).try_into().ok()?,
            entries: entries.iter().map(|entry| Entry::read(names, entry)).collect::<Option<_>>()?,
            commit_index: index(value, &names.commit_index, names.before_first)?,
        })
    }
}

impl Inner {
    /// The server asks a peer for entries, if that is what this message does. `Some(None)`: it gets no answer.
    #[allow(clippy::option_option, reason = "another message, and no reply to this one, are two things")]
    pub(super) fn is_asked_for_entries(
        &self,
        to: ServerId,
        method: &str,
        value: &Value,
    ) -> Option<Option<Value>> {
        if !is_one_of(method, &self.names.fetch_entries) {
            return None;
        }
        let first = index(value, &self.names.first, self.names.before_first);
        let asked = first.zip(number(value, &self.names.most));
        let Some((first, most)) = asked else {
            self.skip_unreadable(method, value);
        };
        let mut state = self.state.lock();
        state.fetches.push((to, first));
        self.changed.notify_all();
        let Some(helper) = state.helpers.get(&to).cloned() else {
            drop(state);
            self.note(format!("S{SERVER} -> S{to}: FetchEntries from {first}, at most {most}: no reply"));
            return Some(None);
        };
        let given = helper.give(first, most);
        // The server may deliver them before its next message.
        for (index, entry) in (first..).zip(&given.entries) {
            state.commands.insert((index, entry.term), entry.command.clone());
        }
        drop(state);
        let count = given.entries.len();
        self.note(format!("S{SERVER} -> S{to}: FetchEntries from {first}, at most {most}: {count} entries"));
        Some(Some(given.write(&self.names, helper.term, first)))
    }
}

impl Bench {
    /// Skips the test if the server cannot be asked for entries, or not by a name that the lab knows.
    pub fn needs_fetches(&self) {
        let methods = &self.0.names.fetch_entries;
        if self.0.slot.lock().methods.full_name(methods).is_none() {
            self.0.lab.skip(&no_method(methods));
        }
    }

    /// The first entry of each question for entries that the server has asked, oldest first.
    pub fn fetches(&self) -> Vec<Index> {
        self.0.state.lock().fetches.iter().map(|&(_, first)| first).collect()
    }
}

impl Peer<'_> {
    /// Gives entries to a server that asks for them, from now on. It is in `term`, and all entries of its log, which have these
    /// terms, are committed. In the beginning a peer does not answer.
    pub fn helps(self, term: Term, log: &[Term]) {
        let helper = Helper { term, log: log.to_vec() };
        self.bench.0.state.lock().helpers.insert(self.id, helper);
    }

    /// Asks the server for entries from `first` on, `most` at most. `None` if there is no reply. Skips the test if the reply cannot be
    /// read.
    pub fn asks_for_entries(self, first: Index, most: u64) -> Option<Given> {
        self.bench.needs_fetches();
        let Inner { names, lab, .. } = &*self.bench.0;
        let method = self.bench.0.slot.lock().methods.full_name(&names.fetch_entries)?;
        let question =
            fields([(&names.first, written_index(first, names.before_first)), (&names.most, int(most))]);
        let reply = self.call(&method, &Value::Struct("", question)).unwrap_or_else(|why| lab.skip(&why));
        lab.check();
        let value = reply?;
        let Some(given) = Given::read(names, &value) else {
            self.bench.0.skip_unreadable_reply(&method, &value);
        };
        lab.note(format!("S{} -> S{SERVER}: FetchEntries from {first}, at most {most}: {given:?}", self.id));
        Some(given)
    }
}
