//! The threads of a run: when each lived, and what it waited for.

use std::collections::BTreeMap;

use labrpc::sim::{Event, Kind, Trace, Words};

use super::encode::Encoder;
use super::model::Thread;

/// Threads that lived shorter than this are handlers that did their work: they show as messages.
const LIFE_MIN_NS: u64 = 5_000_000;
/// The shortest wait that is shown.
const WAIT_MIN_NS: u64 = 1_000_000;
/// How many threads, and how many waits of all of them, are kept: the last ones.
const THREADS_MAX: usize = 1_500;
const WAITS_MAX: usize = 6_000;

struct Life<'a> {
    node: usize,
    name: usize,
    born: u64,
    ended: Option<u64>,
    /// The wait that is under way: since when, and what for.
    waits: Option<(u64, &'a Words)>,
    waited: Vec<(u64, u64, usize)>,
}

/// The threads that lived long enough to be seen, in the order in which they began.
pub(super) fn threads(trace: &Trace, encoder: &mut Encoder) -> Vec<Thread> {
    let mut lives: BTreeMap<u64, Life<'_>> = BTreeMap::new();
    let mut born: BTreeMap<u64, u64> = BTreeMap::new();
    for event in &trace.events {
        let at = event.time_ns;
        // Whoever tells of the crash is another thread, or the network.
        if event.kind == Kind::Crash
            && let Some(node) = event.words.to_string().strip_prefix("Crash ")
        {
            let node = encoder.text(node);
            let crashed = lives.values_mut().filter(|life| life.node == node && life.ended.is_none());
            crashed.for_each(|life| {
                life.end_wait(at, encoder);
                life.ended = Some(at);
            });
        }
        if event.thread_number == Event::NETWORK {
            continue;
        }
        if event.kind == Kind::Spawn {
            born.insert(event.payload, at);
        }
        let life = lives.entry(event.thread_number).or_insert_with(|| Life {
            node: encoder.text(&event.node),
            name: encoder.text(&event.thread),
            born: born.get(&event.thread_number).copied().unwrap_or(at),
            ended: None,
            waits: None,
            waited: Vec::new(),
        });
        life.end_wait(at, encoder);
        match event.kind {
            Kind::Block => life.waits = Some((at, &event.words)),
            Kind::Exit => life.ended = Some(at),
            _ => {}
        }
    }
    let end = trace.events.last().map_or(0, |event| event.time_ns);
    lives.values_mut().for_each(|life| life.end_wait(end, encoder));
    lives.retain(|_, life| life.ended.is_none_or(|ended| ended - life.born >= LIFE_MIN_NS));
    let waits: usize = lives.values().map(|life| life.waited.len()).sum();
    if waits > WAITS_MAX {
        let mut begun: Vec<u64> =
            lives.values().flat_map(|life| life.waited.iter().map(|wait| wait.0)).collect();
        begun.sort_unstable();
        let first = begun[waits - WAITS_MAX];
        lives.values_mut().for_each(|life| life.waited.retain(|wait| wait.0 >= first));
    }
    let skipped = lives.len().saturating_sub(THREADS_MAX);
    let kept = lives.into_iter().skip(skipped);
    kept.map(|(number, life)| (life.node, life.name, number, life.born, life.ended, life.waited)).collect()
}

impl Life<'_> {
    fn end_wait(&mut self, at: u64, encoder: &mut Encoder) {
        if let Some((since, what)) = self.waits.take()
            && at - since >= WAIT_MIN_NS
        {
            // Made only here: most waits are short, and nobody reads their words.
            self.waited.push((since, at, encoder.text(&what.to_string())));
        }
    }
}
