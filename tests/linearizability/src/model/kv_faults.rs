//! What kind of fault a read of the key/value service shows.
//!
//! A value is made of what was put and what was appended to it. If it can be [taken apart](take_apart) in one way only, it
//! tells which writes had taken effect, and in which order; with writes that say the same, how many of them. What is claimed
//! here rests on that and on real time alone.

use std::collections::{BTreeMap, BTreeSet};

use super::kv::{Kv, KvOp, KvOutput};
use super::pieces::{Pieces, take_apart};
use crate::anomaly::{Anomaly, Kind};
use crate::specification::Timed;

/// All operations on one key, and how they are told.
pub(super) struct Faults<'a> {
    pub(super) operations: &'a [Timed<'a, Kv>],
    pub(super) sentence: &'a dyn Fn(usize) -> String,
}

/// A read whose value was taken apart in the only way.
struct Reading<'a> {
    read: usize,
    /// The writes of which one may have made the start of the value.
    bases: Vec<usize>,
    /// Whether it may start with what was there before any write.
    from_nothing: bool,
    /// How often each text was appended.
    counts: BTreeMap<&'a str, usize>,
    /// The appends that it shows, as far as only one can have brought the text.
    appends: Vec<usize>,
}

impl<'a> Faults<'a> {
    /// What the reply of `culprit` shows.
    pub(super) fn classify(&self, culprit: usize) -> Option<Anomaly<usize>> {
        let value = self.value(culprit)?;
        match self.pieces(culprit, value) {
            Pieces::None => Some(self.nowhere(culprit)),
            Pieces::Several => None,
            Pieces::One { start, tails } => {
                let reading = self.reading(culprit, start, &tails);
                self.applied_twice(&reading).or_else(|| self.missing(&reading))
            }
        }
    }

    fn op(&self, place: usize) -> &'a KvOp {
        &self.operations[place].input.op
    }

    /// What a get returned.
    fn value(&self, place: usize) -> Option<&'a str> {
        match (self.op(place), self.operations[place].output) {
            (KvOp::Get, Some(KvOutput::Value(value))) => Some(value),
            _ => None,
        }
    }

    /// What had been called when `read` was answered.
    fn called_before_reply(&self, read: usize) -> impl Iterator<Item = (usize, &'a KvOp)> {
        let until = self.operations[read].reply;
        (0..self.operations.len())
            .filter(move |&place| self.operations[place].call < until)
            .map(|place| (place, self.op(place)))
    }

    fn pieces(&self, read: usize, value: &'a str) -> Pieces<'a> {
        let (mut starts, mut tails) = (BTreeSet::new(), BTreeSet::new());
        for (_, op) in self.called_before_reply(read) {
            match op {
                KvOp::Put(start) => drop(starts.insert(start.as_str())),
                KvOp::Append(tail) => drop(tails.insert(tail.as_str())),
                KvOp::Get | KvOp::Delete => {}
            }
        }
        take_apart(value, &starts, &tails)
    }

    fn reading(&self, read: usize, start: &'a str, tails: &[&'a str]) -> Reading<'a> {
        let is_base = |op: &KvOp| match op {
            KvOp::Put(value) => value == start,
            KvOp::Delete => start.is_empty(),
            KvOp::Get | KvOp::Append(_) => false,
        };
        let bases: Vec<usize> =
            self.called_before_reply(read).filter(|(_, op)| is_base(op)).map(|(place, _)| place).collect();
        let mut counts = BTreeMap::new();
        tails.iter().for_each(|&tail| *counts.entry(tail).or_default() += 1);
        let appends = counts.keys().filter_map(|tail| self.only_append(read, tail)).collect();
        Reading { read, bases, from_nothing: start.is_empty(), counts, appends }
    }

    fn appends_of(&self, read: usize, text: &str) -> Vec<usize> {
        let is_it = |op: &KvOp| matches!(op, KvOp::Append(tail) if tail == text);
        self.called_before_reply(read).filter(|(_, op)| is_it(op)).map(|(place, _)| place).collect()
    }

    /// The append of a text that `read` may show, if there is only one.
    fn only_append(&self, read: usize, text: &str) -> Option<usize> {
        <[usize; 1]>::try_from(self.appends_of(read, text)).ok().map(|[append]| append)
    }

    fn nowhere(&self, culprit: usize) -> Anomaly<usize> {
        Anomaly {
            kind: Kind::ValueFromNowhere,
            operation: culprit,
            other: None,
            expected: "what somebody put at this key, or nothing, and behind it what was appended".to_owned(),
            seen: format!(
                "{}: no writes of this key that had been called by then make this",
                (self.sentence)(culprit)
            ),
        }
    }

    /// A text that is there more often than it was appended.
    fn applied_twice(&self, reading: &Reading<'a>) -> Option<Anomaly<usize>> {
        // Of several appends of one text it would be too many as well, and nobody could say which.
        let (append, count) = reading.appends.iter().find_map(|&append| {
            let KvOp::Append(tail) = self.op(append) else { return None };
            let count = *reading.counts.get(tail.as_str())?;
            (count > 1).then_some((append, count))
        })?;
        Some(Anomaly {
            kind: Kind::DoubleApply,
            operation: append,
            other: None,
            expected: format!("the effect of {} once", (self.sentence)(append)),
            seen: format!("{}, where it is {count} times", (self.sentence)(reading.read)),
        })
    }

    /// A write that must show in a reading and does not.
    fn missing(&self, reading: &Reading<'a>) -> Option<Anomaly<usize>> {
        let readings = self.other_readings(reading.read);
        let known = self.known_by(&readings);
        let missing: Vec<usize> =
            (0..self.operations.len()).filter(|&write| self.is_missing(write, reading, &known)).collect();
        let first = *missing.first()?;
        if let Some(&lost) = missing.iter().find(|&&write| self.is_lost(write, reading, &known)) {
            return Some(self.lost(lost, reading, &known));
        }
        // Who sees a write after the read has ended knows that it was neither lost nor undone. Of several the newest tells most.
        let end = self.operations[reading.read].reply;
        let shown_after = self.shown(&missing, &readings, |other| self.operations[other].call > end);
        if let Some((write, witness)) = shown_after {
            return Some(self.stale(reading, write, witness));
        }
        let lost_later = |&write: &usize| {
            let loses = |other: &&Reading<'a>| {
                self.is_missing(write, other, &known) && self.is_lost(write, other, &known)
            };
            Some((write, readings.iter().find(loses)?))
        };
        if let Some((write, other)) = missing.iter().find_map(lost_later) {
            return Some(self.lost(write, other, &known));
        }
        let shown_before = self.shown(&missing, &readings, |_| true);
        match shown_before.filter(|&(write, _)| self.is_base_older(write, reading, &known)) {
            Some((write, witness)) => Some(self.stale(reading, write, witness)),
            None => Some(self.unclear(reading, first)),
        }
    }

    fn other_readings(&self, read: usize) -> Vec<Reading<'a>> {
        let taken_apart = |other: usize| match self.pieces(other, self.value(other)?) {
            Pieces::One { start, tails } => Some(self.reading(other, start, &tails)),
            Pieces::None | Pieces::Several => None,
        };
        (0..self.operations.len()).filter(|&other| other != read).filter_map(taken_apart).collect()
    }

    /// For each operation the event by which it had certainly taken effect: its reply, or the first that shows it.
    fn known_by(&self, readings: &[Reading<'a>]) -> Vec<u64> {
        let mut known: Vec<u64> = self.operations.iter().map(|operation| operation.reply).collect();
        for reading in readings {
            for write in reading.shown() {
                known[write] = known[write].min(self.operations[reading.read].reply);
            }
        }
        known
    }

    /// The last of `writes` that one of the readings shows, and the first read that does.
    fn shown(
        &self,
        writes: &[usize],
        readings: &[Reading<'a>],
        counts: impl Fn(usize) -> bool,
    ) -> Option<(usize, usize)> {
        writes.iter().rev().find_map(|&write| {
            let shows =
                |other: &&Reading<'a>| counts(other.read) && other.shown().any(|shown| shown == write);
            Some((write, readings.iter().find(shows)?.read))
        })
    }

    /// Whether a write took effect before the read was called, certainly after the base of the value, and does not show.
    fn is_missing(&self, write: usize, reading: &Reading<'a>, known: &[u64]) -> bool {
        let shows = match self.op(write) {
            KvOp::Get => return false,
            // Of several that say the same nobody knows which is missing.
            KvOp::Append(tail) => {
                tail.is_empty()
                    || reading.counts.contains_key(tail.as_str())
                    || self.only_append(reading.read, tail).is_none()
            }
            KvOp::Put(_) | KvOp::Delete => reading.bases.contains(&write),
        };
        let is_after_base = || reading.bases.iter().all(|&base| known[base] < self.operations[write].call);
        !shows && known[write] < self.operations[reading.read].call && is_after_base()
    }

    /// Whether a write that is missing in a reading is lost: a later one is there. A put that took effect again would also
    /// wipe it out, but then what is older would be gone as well.
    fn is_lost(&self, write: usize, reading: &Reading<'a>, known: &[u64]) -> bool {
        self.later(write, reading, known).is_some() && self.is_base_older(write, reading, known)
    }

    /// An append that a reading shows and that was called after `write` had taken effect.
    fn later(&self, write: usize, reading: &Reading<'a>, known: &[u64]) -> Option<usize> {
        let is_later = |&&later: &&usize| self.operations[later].call > known[write];
        reading.appends.iter().find(is_later).copied()
    }

    /// Whether the base of a reading took effect before a write, and not again after it.
    fn is_base_older(&self, write: usize, reading: &Reading<'a>, known: &[u64]) -> bool {
        let only_nothing = reading.from_nothing && reading.bases.is_empty();
        only_nothing || reading.appends.iter().any(|&older| known[older] < self.operations[write].call)
    }

    /// `append(x, "1") by client 3 ..., which had completed before the get was called`, or was seen before.
    fn before(&self, write: usize, reading: &Reading<'a>) -> String {
        let is_complete = self.operations[write].reply < self.operations[reading.read].call;
        let how = if is_complete { "which had completed" } else { "which had been read" };
        format!("{}, {how} before this get was called", (self.sentence)(write))
    }

    fn stale(&self, reading: &Reading<'a>, write: usize, witness: usize) -> Anomaly<usize> {
        let sentence = self.sentence;
        Anomaly {
            kind: Kind::StaleRead,
            operation: reading.read,
            other: Some(write),
            expected: format!("a value with the effect of {}", self.before(write, reading)),
            seen: format!("{}, without it; {} shows it", sentence(reading.read), sentence(witness)),
        }
    }

    fn lost(&self, write: usize, reading: &Reading<'a>, known: &[u64]) -> Anomaly<usize> {
        let later = self.later(write, reading, known).map_or_else(String::new, |later| {
            format!(", and with that of {}, which was called after it", (self.sentence)(later))
        });
        Anomaly {
            kind: Kind::LostUpdate,
            operation: write,
            other: Some(reading.read),
            expected: format!("the effect of {} stays until it is overwritten", (self.sentence)(write)),
            seen: format!("{}, without it{later}", (self.sentence)(reading.read)),
        }
    }

    fn unclear(&self, reading: &Reading<'a>, write: usize) -> Anomaly<usize> {
        Anomaly {
            kind: Kind::MissingWrite,
            operation: reading.read,
            other: Some(write),
            expected: format!("a value with the effect of {}", self.before(write, reading)),
            seen: format!(
                "{}; nothing that was read tells whether it is stale or the write is gone",
                (self.sentence)(reading.read)
            ),
        }
    }
}

impl Reading<'_> {
    /// The writes of which it shows that they had taken effect.
    fn shown(&self) -> impl Iterator<Item = usize> {
        // The start shows a put only if nothing else makes it.
        let base = match self.bases[..] {
            [base] if !self.from_nothing => Some(base),
            _ => None,
        };
        self.appends.iter().copied().chain(base)
    }
}
