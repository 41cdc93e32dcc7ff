//! What happened: events, the fingerprint over all of them, and the full trace when it is asked for.
//!
//! Every event goes into the fingerprint: when, on which node, in which thread, of which kind, and a hash of what
//! it carried. Events are buffered as words and hashed a block at a time, each block seeded with the hash of
//! those before it; the hash after a block is a *checkpoint*. Two runs with the same fingerprint did the same
//! things in the same order; of two runs that differ, the first checkpoint that differs says about where.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::event::{Event, Kind};
use super::message_times::time_messages;
use super::words::Words;

/// Events in a block of the fingerprint.
pub(crate) const BLOCK_EVENTS: usize = 256;
const EVENT_BYTES: usize = 24;

/// A rolling 64-bit hash over all events of a run. Equal fingerprints mean equal runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which events a run keeps in full; see [`Sim::tracing`](super::Sim::tracing).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Tracing {
    /// None: only the fingerprint is kept. Costs nothing.
    #[default]
    Off,
    /// The last `n` events: what led to a failure.
    Last(usize),
    /// `len` events from the one with index `from` on: where two runs part.
    Window {
        /// The index of the first event that is kept.
        from: u64,
        /// How many are kept.
        len: usize,
    },
}

/// For how many events a trace has room from the start.
const ROOM_MAX: usize = 1 << 18;

impl Tracing {
    fn kept_max(self) -> usize {
        match self {
            Self::Off => 0,
            Self::Last(len) | Self::Window { len, .. } => len,
        }
    }
}

/// The trace of one run while it is being written.
pub(crate) struct Recorder {
    /// The events of the block that is being filled, as bytes.
    block: Box<[u8; BLOCK_EVENTS * EVENT_BYTES]>,
    /// How many of them are filled.
    filled: usize,
    hash: u64,
    checkpoints: Vec<u64>,
    events: u64,
    tracing: Tracing,
    /// Nothing is kept for a while, whatever was asked for.
    pub(crate) is_paused: bool,
    kept: VecDeque<Event>,
}

/// An event as the scheduler hands it over.
#[derive(Clone, Copy)]
pub(crate) struct RawEvent {
    pub(crate) time_ns: u64,
    pub(crate) node: u32,
    pub(crate) thread: u64,
    pub(crate) kind: Kind,
    pub(crate) payload: u64,
}

impl Recorder {
    pub(crate) fn new(tracing: Tracing, seed: u64) -> Self {
        Self {
            block: Box::new([0; BLOCK_EVENTS * EVENT_BYTES]),
            filled: 0,
            // So that runs of different seeds differ from the start, even where the same things happen.
            hash: seed,
            checkpoints: Vec::new(),
            events: 0,
            tracing,
            is_paused: false,
            // As long as nothing is written there, room costs nothing; to move what is kept would.
            kept: VecDeque::with_capacity(tracing.kept_max().min(ROOM_MAX)),
        }
    }

    /// Adds an event to the fingerprint. Returns whether it is to be kept in full as well.
    #[inline]
    pub(crate) fn add(&mut self, event: RawEvent) -> bool {
        // 16 bits for the node, 40 for the thread, 8 for the kind. By hand and little-endian, so that the
        // bytes are the same on every machine and do not depend on how the compiler lays out a struct.
        let who = u64::from(event.node) << 48 | (event.thread << 8 & 0xffff_ffff_ff00) | event.kind as u64;
        let bytes = &mut self.block[self.filled..self.filled + EVENT_BYTES];
        bytes[..8].copy_from_slice(&event.time_ns.to_le_bytes());
        bytes[8..16].copy_from_slice(&who.to_le_bytes());
        bytes[16..].copy_from_slice(&event.payload.to_le_bytes());
        self.filled += EVENT_BYTES;
        if self.filled == BLOCK_EVENTS * EVENT_BYTES {
            self.fold();
        }
        let index = self.events;
        self.events += 1;
        self.keeps(index)
    }

    #[inline]
    fn keeps(&self, index: u64) -> bool {
        match self.tracing {
            Tracing::Off => false,
            _ if self.is_paused => false,
            Tracing::Last(n) => n > 0,
            Tracing::Window { from, len } => (from..from.saturating_add(len as u64)).contains(&index),
        }
    }

    /// Keeps a line that is not an event: it has no part in the fingerprint, so a run that keeps it is the same run.
    pub(crate) fn annotate(&mut self, event: RawEvent, step: u64, names: (Arc<str>, Arc<str>), words: Words) {
        if self.keeps_next() {
            self.keep_at(self.events, event, step, names, words);
        }
    }

    /// Whether details are worth writing for the next event.
    pub(crate) fn keeps_next(&self) -> bool {
        self.keeps(self.events)
    }

    #[cold]
    fn fold(&mut self) {
        self.hash = xxh3_64_with_seed(&self.block[..self.filled], self.hash);
        self.checkpoints.push(self.hash);
        self.filled = 0;
    }

    /// Keeps the event that was added last, when so many steps were taken.
    pub(crate) fn keep(&mut self, event: RawEvent, step: u64, names: (Arc<str>, Arc<str>), words: Words) {
        self.keep_at(self.events - 1, event, step, names, words);
    }

    fn keep_at(&mut self, index: u64, event: RawEvent, step: u64, names: (Arc<str>, Arc<str>), words: Words) {
        if let Tracing::Last(n) = self.tracing
            && self.kept.len() >= n
        {
            self.kept.pop_front();
        }
        let RawEvent { time_ns, thread: thread_number, kind, payload, .. } = event;
        let (node, thread) = names;
        self.kept.push_back(Event {
            index,
            step,
            time_ns,
            node,
            thread,
            thread_number,
            kind,
            payload,
            words,
        });
    }

    /// Ends the trace.
    pub(crate) fn finish(&mut self) -> Trace {
        if self.filled > 0 {
            self.fold();
        }
        let mut events: Vec<Event> = std::mem::take(&mut self.kept).into();
        time_messages(&mut events);
        Trace {
            fingerprint: Fingerprint(self.hash),
            checkpoints: std::mem::take(&mut self.checkpoints),
            total: self.events,
            events,
        }
    }
}

/// What a run leaves behind of what happened in it.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The hash over all events.
    pub fingerprint: Fingerprint,
    /// The hash after every block of 256 events.
    pub checkpoints: Vec<u64>,
    /// How many events there were, kept or not.
    pub total: u64,
    /// The events that [`Tracing`] asked for, in order.
    pub events: Vec<Event>,
}

impl Trace {
    /// Writes the kept events as JSON lines: one object a line, with the fields of [`Event`].
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_json_lines(&self, mut out: impl Write) -> io::Result<()> {
        // Into memory first, and without `out` in the types: the code for it is then this crate's, which is optimised, and not that
        // of whoever calls.
        let mut line = Vec::new();
        for event in &self.events {
            json_line(event, &mut line)?;
            out.write_all(&line)?;
        }
        Ok(())
    }

    /// The index of the first event of the block in which two runs differ first; `None` when they are the same.
    #[must_use]
    pub fn first_difference(&self, other: &Self) -> Option<u64> {
        if self.fingerprint == other.fingerprint && self.total == other.total {
            return None;
        }
        let same = self.checkpoints.iter().zip(&other.checkpoints).take_while(|(a, b)| a == b).count();
        Some((same * BLOCK_EVENTS) as u64)
    }
}

/// An event as a line of a file, in place of what stands in `line`.
fn json_line(event: &Event, line: &mut Vec<u8>) -> io::Result<()> {
    line.clear();
    serde_json::to_writer(&mut *line, event)?;
    line.push(b'\n');
    Ok(())
}
