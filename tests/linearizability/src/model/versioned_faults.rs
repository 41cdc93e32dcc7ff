//! What kind of fault a reply of the key/value service with versions shows.
//!
//! Version n is made once, by a put of version n - 1. So a value with its version tells which put made it, and versions tell
//! the order of all puts.

use super::versioned::{Version, VersionedKv, VersionedOp, VersionedOutput};
use crate::anomaly::{Anomaly, Kind};
use crate::specification::Timed;

/// All operations on one key, and how they are told.
pub(super) struct Faults<'a> {
    pub(super) operations: &'a [Timed<'a, VersionedKv>],
    pub(super) sentence: &'a dyn Fn(usize) -> String,
}

/// A put that took effect, or may have.
#[derive(Clone, Copy)]
struct Put<'a> {
    place: usize,
    value: &'a str,
    /// The version that it replaces.
    version: Version,
    succeeded: bool,
}

/// What a get returned: version 0 is that of a key that was never written.
#[derive(Clone, Copy)]
struct Read<'a> {
    place: usize,
    value: &'a str,
    version: Version,
}

impl<'a> Faults<'a> {
    /// What the reply of `culprit` shows.
    pub(super) fn classify(&self, culprit: usize) -> Option<Anomaly<usize>> {
        // Whatever else goes wrong, this comes first: it makes versions that no put accounts for.
        let mut versions: Vec<Version> = self.puts().map(|put| put.version).collect();
        versions.sort_unstable();
        if let Some(twice) = versions.into_iter().find_map(|version| self.two_successes(version)) {
            return Some(twice);
        }
        if let Some(read) = self.read(culprit) {
            return self.of_read(read);
        }
        match (&self.operations[culprit].input.op, self.operations[culprit].output?) {
            (VersionedOp::Put { .. }, VersionedOutput::Done) => self.of_success(self.put(culprit)?),
            (VersionedOp::Put { version, .. }, refusal) => self.of_refusal(culprit, *version, refusal),
            (VersionedOp::Get, _) => None,
        }
    }

    fn put(&self, place: usize) -> Option<Put<'a>> {
        let Timed { input, output, .. } = self.operations[place];
        let VersionedOp::Put { value, version } = &input.op else { return None };
        let is_refused = matches!(output, Some(VersionedOutput::ErrVersion | VersionedOutput::ErrNoKey));
        let succeeded = output == Some(&VersionedOutput::Done);
        (!is_refused).then_some(Put { place, value, version: *version, succeeded })
    }

    fn read(&self, place: usize) -> Option<Read<'a>> {
        let Timed { input, output, .. } = self.operations[place];
        match (&input.op, output?) {
            (VersionedOp::Get, VersionedOutput::Value { value, version }) => {
                Some(Read { place, value, version: *version })
            }
            (VersionedOp::Get, VersionedOutput::ErrNoKey) => Some(Read { place, value: "", version: 0 }),
            _ => None,
        }
    }

    fn puts(&self) -> impl Iterator<Item = Put<'a>> {
        (0..self.operations.len()).filter_map(|place| self.put(place))
    }

    fn reads(&self) -> impl Iterator<Item = Read<'a>> {
        (0..self.operations.len()).filter_map(|place| self.read(place))
    }

    /// The puts that may have taken effect when `place` was answered.
    fn puts_before_reply(&self, place: usize) -> impl Iterator<Item = Put<'a>> {
        let until = self.operations[place].reply;
        self.puts().filter(move |put| self.operations[put.place].call < until)
    }

    /// Whether `one` had ended when `other` began.
    fn precedes(&self, one: usize, other: usize) -> bool {
        self.operations[one].reply < self.operations[other].call
    }

    fn of_read(&self, read: Read<'a>) -> Option<Anomaly<usize>> {
        let Read { place, value, version } = read;
        if version > 0 {
            let with_value = self.puts_before_reply(place).find(|put| put.value == value);
            let Some(put) = with_value else { return Some(self.nowhere(place)) };
            if self.maker(read).is_none() {
                let expected = format!(
                    "this value at a version that a put of it makes, such as {}: {}",
                    put.version + 1,
                    (self.sentence)(put.place)
                );
                return Some(self.wrong_version(place, Some(put.place), expected));
            }
        }
        self.gap(place, version)
            .or_else(|| self.replaced_at_its_version(read))
            .or_else(|| self.two_values(read))
            .or_else(|| self.old_version(read))
    }

    /// A put succeeded.
    fn of_success(&self, put: Put<'a>) -> Option<Anomaly<usize>> {
        let Put { place, version, .. } = put;
        if let Some(found) = self.gap(place, version) {
            return Some(found);
        }
        // Versions never go back: at a later one it had to be refused.
        let reached_before = self.reached_before(place).filter(|&(_, reached)| reached > version);
        let Some((witness, reached)) = reached_before else { return self.made_by_another(put) };
        let expected = format!("a refusal: {} had shown version {reached} before", (self.sentence)(witness));
        Some(self.wrong_version(place, Some(witness), expected))
    }

    /// A put was refused.
    fn of_refusal(
        &self,
        place: usize,
        version: Version,
        refusal: &VersionedOutput,
    ) -> Option<Anomaly<usize>> {
        let reached = self.reached_before(place);
        let is_no_key = matches!(refusal, VersionedOutput::ErrNoKey);
        if let Some((witness, reached)) = reached.filter(|_| is_no_key) {
            let expected =
                format!("another answer: {} had shown version {reached} before", (self.sentence)(witness));
            return Some(self.wrong_version(place, Some(witness), expected));
        }
        if is_no_key && version == 0 {
            let expected = "success, as version 0 is that of a key that was never written".to_owned();
            return Some(self.wrong_version(place, None, expected));
        }
        let others = || self.puts_before_reply(place).filter(|put| put.place != place);
        if !is_no_key && !others().any(|put| put.version == 0) {
            let expected =
                "what a key at version 0 answers: no other put of version 0 had been called by then"
                    .to_owned();
            return Some(self.wrong_version(place, None, expected));
        }
        let (witness, reached) = reached?;
        // Nobody could replace that version, so it was current all the while.
        (reached == version && !others().any(|put| put.version == version)).then(|| {
            let expected = format!(
                "success: {} shows version {version}, and no other put of that version had been called by then",
                (self.sentence)(witness)
            );
            self.wrong_version(place, Some(witness), expected)
        })
    }

    /// The highest version that is known to have been reached before an operation was called, if any was, and who tells.
    fn reached_before(&self, place: usize) -> Option<(usize, Version)> {
        let puts = self.puts().filter(|put| put.succeeded).map(|put| (put.place, put.version + 1));
        let reads = self.reads().filter(|read| read.version > 0).map(|read| (read.place, read.version));
        let before = puts.chain(reads).filter(|&(witness, _)| self.precedes(witness, place));
        // Of those that tell the same the one that was called first.
        before.max_by_key(|&(witness, version)| (version, std::cmp::Reverse(witness)))
    }

    /// A version is only reached through all below it.
    fn gap(&self, place: usize, version: Version) -> Option<Anomaly<usize>> {
        let mut replaced: Vec<Version> =
            self.puts_before_reply(place).map(|put| put.version).filter(|&it| it < version).collect();
        replaced.sort_unstable();
        replaced.dedup();
        let missing = (0..).zip(&replaced).find(|(wanted, it)| wanted != *it).map(|(wanted, _)| wanted);
        let missing = missing.unwrap_or(replaced.len() as Version);
        (missing < version).then(|| {
            let expected =
                format!("version {missing} at most: no other put of that version had been called by then");
            self.wrong_version(place, None, expected)
        })
    }

    /// Two puts of one version succeeded.
    fn two_successes(&self, version: Version) -> Option<Anomaly<usize>> {
        let mut puts = self.puts().filter(|put| put.succeeded && put.version == version);
        let (one, other) = (puts.next()?, puts.next()?);
        Some(self.twice(other.place, one.place, version, one.place, other.place))
    }

    /// A put that may have made what was read.
    fn maker(&self, read: Read<'a>) -> Option<Put<'a>> {
        self.puts_before_reply(read.place)
            .find(|put| put.version + 1 == read.version && put.value == read.value)
    }

    /// Two values were read at one version.
    fn two_values(&self, read: Read<'a>) -> Option<Anomaly<usize>> {
        let is_other = |other: &Read<'a>| other.version == read.version && other.value != read.value;
        let other = self.reads().find(|other| is_other(other) && self.maker(*other).is_some())?;
        let (one, two) = (self.maker(other)?, self.maker(read)?);
        Some(self.twice(two.place, one.place, read.version - 1, other.place, read.place))
    }

    fn twice(
        &self,
        operation: usize,
        other: usize,
        version: Version,
        one: usize,
        two: usize,
    ) -> Anomaly<usize> {
        Anomaly {
            kind: Kind::DoubleApply,
            operation,
            other: Some(other),
            expected: format!("version {version} is replaced once"),
            seen: format!("{}; {}", (self.sentence)(one), (self.sentence)(two)),
        }
    }

    /// A put succeeded, and a read shows that another one made its version.
    fn replaced_at_its_version(&self, read: Read<'a>) -> Option<Anomaly<usize>> {
        let is_lost =
            |put: &Put<'a>| put.succeeded && put.version + 1 == read.version && put.value != read.value;
        self.puts().find(is_lost).map(|put| self.lost(put, read))
    }

    /// The same, of any read.
    fn made_by_another(&self, put: Put<'a>) -> Option<Anomaly<usize>> {
        let is_it = |read: &Read<'a>| {
            read.version == put.version + 1 && read.value != put.value && self.maker(*read).is_some()
        };
        self.reads().find(is_it).map(|read| self.lost(put, read))
    }

    /// A version that had been replaced before the read was called.
    fn old_version(&self, read: Read<'a>) -> Option<Anomaly<usize>> {
        let (witness, reached) = self.reached_before(read.place)?;
        if reached <= read.version {
            return None;
        }
        let put = self.put(witness);
        let lost = put.and_then(|put| self.made_by_another(put));
        if lost.is_some() {
            return lost;
        }
        let shown_by = put.map_or(Some(witness), |put| self.shown_by(put));
        let told = match shown_by {
            None => "; nothing that was read tells whether it is stale or the put is gone".to_owned(),
            Some(by) if by == witness => String::new(),
            Some(by) => format!("; {} shows that it was reached", (self.sentence)(by)),
        };
        let before = (self.sentence)(witness);
        Some(Anomaly {
            kind: if shown_by.is_some() { Kind::StaleRead } else { Kind::MissingWrite },
            operation: read.place,
            // A read has replaced nothing.
            other: put.map(|put| put.place),
            expected: format!(
                "version {reached} or a later one: {before} had ended before this get was called"
            ),
            seen: format!("{}{told}", (self.sentence)(read.place)),
        })
    }

    /// A read that shows that a put took effect: of what it made, or of a later version, which only it can have led to.
    fn shown_by(&self, put: Put<'a>) -> Option<usize> {
        let made = put.version + 1;
        let is_only = self.puts().filter(|other| other.version == put.version).count() == 1;
        let shows = |read: &Read<'a>| {
            (read.version == made && read.value == put.value || read.version > made && is_only)
                && self.maker(*read).is_some()
        };
        self.reads().find(shows).map(|read| read.place)
    }

    fn lost(&self, put: Put<'a>, read: Read<'a>) -> Anomaly<usize> {
        Anomaly {
            kind: Kind::LostUpdate,
            operation: put.place,
            other: Some(read.place),
            expected: format!("version {} is what {} made", put.version + 1, (self.sentence)(put.place)),
            seen: (self.sentence)(read.place),
        }
    }

    fn nowhere(&self, place: usize) -> Anomaly<usize> {
        Anomaly {
            kind: Kind::ValueFromNowhere,
            operation: place,
            other: None,
            expected: "a value that somebody put at this key".to_owned(),
            seen: format!("{}: no put of it at this key had been called by then", (self.sentence)(place)),
        }
    }

    fn wrong_version(&self, place: usize, other: Option<usize>, expected: String) -> Anomaly<usize> {
        Anomaly { kind: Kind::WrongVersion, operation: place, other, expected, seen: (self.sentence)(place) }
    }
}
