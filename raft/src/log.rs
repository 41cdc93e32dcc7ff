//! The replicated log: entries after a base, which is the last index that the snapshot covers (§5.3, §7).
//!
//! ```text
//!   index    1   2   3   4 | 5   6   7   8
//!   term    (1   1   2   2)| 2   3   3   5        base 4 of term 2; last 8 of term 5
//!            in the snapshot  entries
//! ```
//!
//! A new log has base 0 of term 0, so the consistency check of AppendEntries needs no special case: everybody has
//! entry 0. The log also remembers how it has changed since it was last saved, so that a growing log can be saved
//! without writing all of it again.

use raft_interface::{Configuration, Index, Term};

use crate::entry::Entry;

/// A server's log.
///
/// Invariants, checked where the log changes: an entry's term is at least that of the entry before it, and the
/// base never moves back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    /// The last index that the snapshot covers; 0 without a snapshot. Only grows.
    base_index: Index,
    /// The term of the entry at `base_index`; 0 without a snapshot.
    base_term: Term,
    /// The entry of index `base_index + 1 + i` is `entries[i]`.
    entries: Vec<Entry>,
    /// The configuration at the base, if an entry up to there has set one.
    base_configuration: Option<Configuration>,
    /// The configurations in `entries`, with their indexes, in order.
    configurations: Vec<(Index, Configuration)>,
    /// What has happened since [`Self::take_change`].
    change: Change,
}

/// How a log differs from what was last saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// At most by entries added at its end.
    Grown,
    /// In any way.
    Rewritten,
}

impl Log {
    /// The log that was saved: a base, and the entries after it.
    pub(crate) fn new(base_index: Index, base_term: Term, entries: Vec<Entry>) -> Self {
        let configurations = (base_index + 1..)
            .zip(&entries)
            .filter_map(|(index, entry)| Some((index, entry.configuration()?)))
            .collect();
        Self {
            base_index,
            base_term,
            entries,
            base_configuration: None,
            configurations,
            change: Change::Rewritten,
        }
    }

    /// The last configuration in the log, committed or not: it is in force (§6). `None` when no entry has ever set one.
    pub(crate) fn configuration(&self) -> Option<&Configuration> {
        let last = self.configurations.last().map(|(_, configuration)| configuration);
        last.or(self.base_configuration.as_ref())
    }

    /// Where that one stands; 0 if it is at or before the base, or there is none.
    pub(crate) fn configuration_index(&self) -> Index {
        self.configurations.last().map_or(0, |&(index, _)| index)
    }

    /// The one that was in force when the log ended with `index`, the base or an entry after it.
    pub(crate) fn configuration_at(&self, index: Index) -> Option<Configuration> {
        let known = self.configurations.iter().rev().find(|&&(at, _)| at <= index);
        known.map_or(self.base_configuration, |&(_, configuration)| Some(configuration))
    }

    /// Those of entries after `index`, in order.
    pub(crate) fn configurations_after(&self, index: Index) -> impl Iterator<Item = Configuration> {
        self.configurations
            .iter()
            .filter(move |&&(at, _)| at > index)
            .map(|&(_, configuration)| configuration)
    }

    /// A configuration in the log that a cluster of `servers` cannot have.
    pub(crate) fn impossible_configuration(&self, servers: usize) -> Option<Configuration> {
        let mut all = self.configurations_after(self.base_index).chain(self.base_configuration);
        all.find(|configuration| !configuration.is_possible(servers))
    }

    /// The configuration at the base; `None` when no entry up to there has set one.
    pub(crate) fn base_configuration(&self) -> Option<Configuration> {
        self.base_configuration
    }

    /// The last index that the snapshot covers; 0 without a snapshot.
    pub(crate) fn base_index(&self) -> Index {
        self.base_index
    }

    /// The term of the entry at the base; 0 without a snapshot.
    pub(crate) fn base_term(&self) -> Term {
        self.base_term
    }

    /// The index of the last entry, or the base when there is none.
    pub(crate) fn last_index(&self) -> Index {
        self.base_index + self.entries.len() as Index
    }

    /// The term of the last entry, or the base's when there is none.
    pub(crate) fn last_term(&self) -> Term {
        self.entries.last().map_or(self.base_term, |entry| entry.term)
    }

    /// The term of the entry at `index`, the base included; `None` before the base and after the end.
    pub(crate) fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.base_index { Some(self.base_term) } else { Some(self.entry(index)?.term) }
    }

    /// The entry at `index`; `None` when it is in the snapshot or after the end.
    pub(crate) fn entry(&self, index: Index) -> Option<&Entry> {
        self.entries.get(self.position(index)?)
    }

    /// The entries from `first` to the end; none when `first` is after the end.
    ///
    /// # Panics
    ///
    /// When `first` is in the snapshot: its entries are gone.
    pub(crate) fn entries_from(&self, first: Index) -> &[Entry] {
        let position = self.position(first).unwrap_or_else(|| panic!("entry {first} is in the snapshot"));
        self.entries.get(position..).unwrap_or(&[])
    }

    /// Whether a candidate with this last entry may lead a server with this log (§5.4.1): the later last term
    /// wins, and with equal terms the longer log.
    pub(crate) fn is_covered_by(&self, last_log_term: Term, last_log_index: Index) -> bool {
        // Term first: a deposed leader can have a long tail that nobody else has, and by length it would win
        // and replace shorter logs with committed entries of later terms. And "at least", or equal logs would
        // elect nobody.
        (last_log_term, last_log_index) >= (self.last_term(), self.last_index())
    }

    /// The first index of the run of `term` that ends at `index`. The base ends the search: what is before it
    /// is committed and cannot conflict.
    pub(crate) fn first_index_of_term_at(&self, index: Index) -> Index {
        let term = self.term_at(index);
        let mut first = index;
        while first > self.base_index + 1 && self.term_at(first - 1) == term {
            first -= 1;
        }
        first
    }

    /// The last index, the base included, whose entry has `term`; `None` when there is none.
    pub(crate) fn last_index_of_term(&self, term: Term) -> Option<Index> {
        // Terms never decrease along the log, so the entries up to `term` are a prefix.
        let upto = self.entries.partition_point(|entry| entry.term <= term) as Index;
        let index = self.base_index + upto;
        (self.term_at(index) == Some(term)).then_some(index)
    }

    /// Adds an entry at the end and returns its index.
    pub(crate) fn append(&mut self, entry: Entry) -> Index {
        let last = self.last_term();
        // A leader appends in its current term, which only grows; a follower copies a leader's log. Fast backup
        // and the commit rule both search by term and rely on the order.
        assert!(entry.term >= last, "an entry of term {} cannot follow one of term {last}", entry.term);
        let configuration = entry.configuration();
        self.entries.push(entry);
        let index = self.last_index();
        self.configurations.extend(configuration.map(|configuration| (index, configuration)));
        index
    }

    /// Removes the entry at `first` and all that follow it.
    pub(crate) fn truncate_from(&mut self, first: Index) {
        let position = self.position(first).unwrap_or_else(|| panic!("entry {first} is in the snapshot"));
        self.entries.truncate(position);
        // With the entry goes its configuration, and the one before is in force again.
        self.configurations.retain(|&(index, _)| index < first);
        self.change = Change::Rewritten;
    }

    /// Makes `index`, whose entry has `term`, the base. Entries after it stay if this log has that very entry;
    /// else the whole log goes (Fig. 13, receiver 6 and 7).
    pub(crate) fn compact(&mut self, index: Index, term: Term) {
        assert!(index >= self.base_index, "the base cannot move back from {} to {index}", self.base_index);
        // The same index and term means the same log up to there, and what follows may be acknowledged: a
        // leader may have counted it. Another term there means that all that follows was built on what never
        // committed.
        if self.term_at(index) == Some(term) {
            self.entries.drain(..(index - self.base_index) as usize);
            let covered = self.configurations.partition_point(|&(at, _)| at <= index);
            let last_covered = self.configurations.drain(..covered).next_back();
            self.base_configuration = last_covered.map_or(self.base_configuration, |(_, last)| Some(last));
        } else {
            // What the snapshot says of the configuration comes with it.
            self.entries.clear();
            self.configurations.clear();
        }
        self.base_index = index;
        self.base_term = term;
        self.change = Change::Rewritten;
    }

    /// What is stored, or the leader's snapshot that is the base now, says this of the configuration there.
    pub(crate) fn set_base_configuration(&mut self, configuration: Option<Configuration>) {
        self.base_configuration = configuration;
        self.change = Change::Rewritten;
    }

    /// How the log has changed since the last call.
    pub(crate) fn take_change(&mut self) -> Change {
        std::mem::replace(&mut self.change, Change::Grown)
    }

    /// Where the entry of `index` is in `entries`, be it there or after the end.
    fn position(&self, index: Index) -> Option<usize> {
        Some(index.checked_sub(self.base_index + 1)? as usize)
    }
}

#[cfg(test)]
mod tests {
    use labrpc::sync::Arc;
    use raft_interface::{OwnEntry, Servers};

    use super::*;

    fn entry(term: Term) -> Entry {
        Entry::command(term, Arc::from([]))
    }

    /// An entry that makes the first `voters` servers the voters.
    fn configuration(term: Term, voters: usize) -> Entry {
        Entry::own(term, OwnEntry::Configuration(Configuration::of(Servers::first(voters))))
    }

    fn voters(log: &Log) -> Option<usize> {
        log.configuration().map(|configuration| configuration.voters.len())
    }

    /// A log whose entries have these terms.
    fn log(base_index: Index, base_term: Term, terms: &[Term]) -> Log {
        Log::new(base_index, base_term, terms.iter().map(|&term| entry(term)).collect())
    }

    fn terms(log: &Log) -> Vec<Term> {
        log.entries.iter().map(|entry| entry.term).collect()
    }

    #[test]
    fn terms_and_ends() {
        // name, log, (last index, last term), [(index, term there)]
        let rows = [
            ("empty", log(0, 0, &[]), (0, 0), vec![(0, Some(0)), (1, None)]),
            (
                "entries",
                log(0, 0, &[1, 1, 3]),
                (3, 3),
                vec![(0, Some(0)), (2, Some(1)), (3, Some(3)), (4, None)],
            ),
            ("snapshot only", log(5, 2, &[]), (5, 2), vec![(4, None), (5, Some(2)), (6, None)]),
            (
                "both",
                log(5, 2, &[2, 4]),
                (7, 4),
                vec![(0, None), (5, Some(2)), (6, Some(2)), (7, Some(4)), (8, None)],
            ),
        ];
        for (name, log, last, at) in rows {
            assert_eq!((log.last_index(), log.last_term()), last, "{name}");
            for (index, term) in at {
                assert_eq!(log.term_at(index), term, "{name}, index {index}");
            }
        }
    }

    #[test]
    fn more_up_to_date_log_wins() {
        // §5.4.1. The voter's log has 3 entries, the last of term 2.
        let voter = log(0, 0, &[1, 2, 2]);
        let rows = [
            ("the same log", 2, 3, true),
            ("same term, longer", 2, 4, true),
            ("same term, shorter", 2, 2, false),
            ("later term, shorter", 3, 1, true),
            ("earlier term, longer", 1, 9, false),
        ];
        for (name, term, index, may_lead) in rows {
            assert_eq!(voter.is_covered_by(term, index), may_lead, "{name}");
        }
    }

    #[test]
    fn runs_of_a_term() {
        let log = log(4, 2, &[2, 2, 4, 4, 7]); // indexes 5 to 9
        let firsts = [("run that reaches the base", 6, 5), ("middle of a run", 8, 7), ("run of one", 9, 9)];
        for (name, index, first) in firsts {
            assert_eq!(log.first_index_of_term_at(index), first, "{name}");
        }
        let lasts =
            [("after the base", 2, Some(6)), ("in the middle", 4, Some(8)), ("at the end", 7, Some(9))];
        let absent = [("before the base", 1, None), ("in a gap", 3, None), ("after all", 8, None)];
        for (name, term, last) in lasts.into_iter().chain(absent) {
            assert_eq!(log.last_index_of_term(term), last, "{name}");
        }
        assert_eq!(super::Log::new(4, 2, vec![]).last_index_of_term(2), Some(4), "only the base has it");
    }

    #[test]
    fn entries_from_an_index() {
        let log = log(4, 2, &[2, 3, 3]);
        let rows = [("all", 5, 3), ("some", 7, 1), ("none, at the end", 8, 0), ("none, past the end", 20, 0)];
        for (name, first, len) in rows {
            assert_eq!(log.entries_from(first).len(), len, "{name}");
        }
    }

    #[test]
    #[should_panic(expected = "entry 4 is in the snapshot")]
    fn entries_of_the_snapshot_are_gone() {
        log(4, 2, &[2]).entries_from(4);
    }

    #[test]
    fn compaction() {
        // The log before: base 2 of term 1, entries 3 to 6 of terms 1, 2, 2, 3.
        let rows: [(&str, Index, Term, &[Term]); 5] = [
            ("to the base itself", 2, 1, &[1, 2, 2, 3]),
            ("keeps the suffix", 4, 2, &[2, 3]),
            ("to the last entry", 6, 3, &[]),
            ("another term there: all goes", 4, 3, &[]),
            ("past the end: all goes", 9, 3, &[]),
        ];
        for (name, index, term, left) in rows {
            let mut log = log(2, 1, &[1, 2, 2, 3]);
            log.compact(index, term);
            assert_eq!(
                (log.base_index(), log.base_term(), terms(&log)),
                (index, term, left.to_vec()),
                "{name}"
            );
        }
    }

    #[test]
    #[should_panic(expected = "the base cannot move back from 4 to 3")]
    fn base_never_moves_back() {
        log(4, 2, &[2]).compact(3, 2);
    }

    #[test]
    #[should_panic(expected = "an entry of term 1 cannot follow one of term 2")]
    fn terms_never_decrease() {
        log(4, 2, &[]).append(entry(1));
    }

    #[test]
    fn last_configuration_is_in_force_and_goes_with_its_entry() {
        let mut log = Log::new(2, 1, vec![configuration(1, 3), entry(1)]);
        assert_eq!(voters(&log), Some(3), "restored");
        log.append(configuration(2, 4));
        assert_eq!(voters(&log), Some(4), "in force when it is appended");
        log.truncate_from(5);
        assert_eq!(voters(&log), Some(3), "rolled back");
        log.append(entry(2));
        log.append(configuration(2, 5));
        log.compact(4, 1);
        assert_eq!(
            (log.base_configuration().map(|base| base.voters.len()), voters(&log)),
            (Some(3), Some(5))
        );
        log.truncate_from(6);
        assert_eq!(voters(&log), Some(3), "the one at the base");
        log.compact(9, 4);
        assert_eq!(voters(&log), Some(3), "until a snapshot says another one");
        assert_eq!(voters(&Log::new(0, 0, vec![entry(1)])), None);
    }

    #[test]
    fn only_growth_counts_as_growth() {
        let mut log = log(0, 0, &[1, 1]);
        assert_eq!(log.take_change(), Change::Rewritten, "new");
        log.append(entry(2));
        assert_eq!(log.take_change(), Change::Grown, "appended");
        log.truncate_from(3);
        log.append(entry(3));
        assert_eq!(log.take_change(), Change::Rewritten, "truncated, then appended");
        log.compact(1, 1);
        assert_eq!(log.take_change(), Change::Rewritten, "compacted");
        assert_eq!(log.take_change(), Change::Grown, "untouched");
    }
}
