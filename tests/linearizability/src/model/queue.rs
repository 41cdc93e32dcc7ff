//! A queue, first in first out, and one that keeps no order.

use std::collections::BTreeMap;

use super::datum::Datum;
use super::items::Items;
use super::set::show;
use crate::specification::{Call, Hint, Specification, Step, Timed};

/// Queues by name, empty at the start.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// Whether values come out in the order in which they went in. If not, any of them may come out.
    pub is_fifo: bool,
}

impl Queue {
    /// First in, first out.
    pub const FIFO: Queue = Queue { is_fifo: true };
    /// In any order.
    pub const UNORDERED: Queue = Queue { is_fifo: false };
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueInput {
    /// The name of the queue; empty if there is only one.
    pub key: String,
    /// What to do with it.
    pub op: QueueOp,
}

/// What to do with a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueOp {
    /// Put this in.
    Enqueue(Datum),
    /// Take one out.
    Dequeue,
}

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueOutput {
    /// To an enqueue: it is done.
    Done,
    /// To a dequeue: what was taken out.
    Item(Datum),
    /// To a dequeue: there was nothing.
    Empty,
}

/// What a queue holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Queued {
    /// The values: in their order, or sorted if the queue keeps none.
    pub items: Items,
    /// How many of the values of an unordered queue are gone by now, to clients that were never answered. Which ones is
    /// open until the queue is found empty: such a client may have got any, and as late as it likes.
    pub lost: usize,
}

impl Queue {
    fn dequeue(self, queued: &Queued, output: Option<&QueueOutput>) -> Step<Queued> {
        let mut next = queued.clone();
        match output {
            Some(QueueOutput::Done) => return Step::Illegal,
            Some(QueueOutput::Empty) if queued.items.is_empty() => return Step::Unchanged,
            Some(QueueOutput::Empty) if queued.items.len() == queued.lost => next = Queued::default(),
            Some(QueueOutput::Empty) => return Step::Illegal,
            Some(QueueOutput::Item(item)) if self.is_fifo => {
                if queued.items.first() != Some(item) {
                    return Step::Illegal;
                }
                next.items.pop();
            }
            Some(QueueOutput::Item(item)) => {
                // One of the others must be left for each that is lost.
                if !next.items.remove(item) || queued.lost > next.items.len() {
                    return Step::Illegal;
                }
            }
            None if queued.items.len() == queued.lost => return Step::Unchanged,
            None if self.is_fifo => next.items.pop(),
            None => next.lost += 1,
        }
        Step::To(next)
    }
}

impl Specification for Queue {
    type State = Queued;
    type Input = QueueInput;
    type Output = QueueOutput;

    fn partition<'a>(&self, input: &'a QueueInput) -> &'a str {
        &input.key
    }

    fn initial(&self, _key: &str) -> Queued {
        Queued::default()
    }

    fn step(&self, queued: &Queued, input: &QueueInput, output: Option<&QueueOutput>) -> Step<Queued> {
        match (&input.op, output) {
            (QueueOp::Dequeue, output) => self.dequeue(queued, output),
            (QueueOp::Enqueue(item), None | Some(QueueOutput::Done)) => {
                let mut next = queued.clone();
                if self.is_fifo {
                    next.items.push(item.clone());
                } else {
                    next.items.insert(item.clone());
                }
                Step::To(next)
            }
            _ => Step::Illegal,
        }
    }

    fn only_observes(&self, input: &QueueInput, output: Option<&QueueOutput>) -> bool {
        // Of an unordered queue it tells which values are lost.
        self.is_fifo && input.op == QueueOp::Dequeue && output == Some(&QueueOutput::Empty)
    }

    /// A value that came out more often than anybody had asked to put it in, or that overtook another.
    fn rules_out(&self, operations: &[Timed<'_, Self>]) -> Option<usize> {
        from_nowhere(operations).or_else(|| self.is_fifo.then(|| overtaken(operations)).flatten())
    }

    /// Values are put in in the order in which they are taken out: which order was right shows only then, and that may be
    /// thousands of operations later.
    fn hints(&self, operations: &[Timed<'_, Self>]) -> Option<Vec<Hint>> {
        if !self.is_fifo {
            return None;
        }
        let (ways, has_pending) = ways(operations);
        let hint = |operation: &Timed<'_, Self>| {
            let unknown = Hint { rank: u64::MAX, start: 0, end: u64::MAX };
            match (&operation.input.op, operation.output) {
                // One that got no reply may have taken anything, so it is the last resort.
                (QueueOp::Dequeue, None) => unknown,
                (QueueOp::Dequeue, Some(_)) => Hint { rank: 0, ..unknown },
                (QueueOp::Enqueue(item), _) => match &ways[item] {
                    Way { enqueues, dequeues } if enqueues.len() > 1 || dequeues.len() > 1 => Hint {
                        rank: dequeues.first().map_or(u64::MAX - 1, |(_, reply, _)| *reply),
                        ..unknown
                    },
                    Way { dequeues, .. } => match dequeues.first() {
                        Some(&(call, reply, _)) => Hint { rank: reply, start: call, end: reply },
                        None if has_pending => Hint { rank: u64::MAX - 1, ..unknown },
                        None => Hint { rank: u64::MAX - 1, start: u64::MAX - 1, end: u64::MAX },
                    },
                },
            }
        };
        Some(operations.iter().map(hint).collect())
    }

    /// It is empty when all that is in it is taken out in between, and that by somebody who got it.
    fn may_lead_to<'a>(
        &self,
        queued: &Queued,
        (_, found): Call<'a, Self>,
        between: impl Iterator<Item = Call<'a, Self>> + Clone,
    ) -> bool {
        if found != Some(&QueueOutput::Empty) {
            return true;
        }
        let dequeues = between.filter(|(input, _)| input.op == QueueOp::Dequeue);
        queued.items.len() <= dequeues.count()
    }

    fn state_bytes(&self, queued: &Queued) -> usize {
        queued.items.bytes()
    }

    fn reply(&self, queued: &Queued, input: &QueueInput) -> QueueOutput {
        match (&input.op, queued.items.first()) {
            (QueueOp::Enqueue(_), _) => QueueOutput::Done,
            (QueueOp::Dequeue, Some(item)) if queued.items.len() > queued.lost => {
                QueueOutput::Item(item.clone())
            }
            (QueueOp::Dequeue, _) => QueueOutput::Empty,
        }
    }

    fn describe_input(&self, input: &QueueInput) -> String {
        let key = &input.key;
        let comma = if key.is_empty() { "" } else { ", " };
        match &input.op {
            QueueOp::Enqueue(item) => format!("enqueue({key}{comma}{item})"),
            QueueOp::Dequeue => format!("dequeue({key})"),
        }
    }

    fn describe_output(&self, output: &QueueOutput) -> String {
        match output {
            QueueOutput::Done => "ok".to_string(),
            QueueOutput::Item(item) => item.to_string(),
            QueueOutput::Empty => "nothing".to_string(),
        }
    }

    fn describe_state(&self, key: &str, queued: &Queued) -> String {
        let name = if key.is_empty() { "the queue" } else { key };
        let lost = if queued.lost > 0 { format!(" without {} of them", queued.lost) } else { String::new() };
        format!("{name} = {}{lost}", show(&queued.items, '[', ']'))
    }
}

/// A dequeue of a value that nobody had asked to put in, or not as often.
fn from_nowhere(operations: &[Timed<'_, Queue>]) -> Option<usize> {
    let mut events: Vec<(u64, &Datum, Option<usize>)> = Vec::new();
    for (place, operation) in operations.iter().enumerate() {
        match (&operation.input.op, operation.output) {
            (QueueOp::Enqueue(item), _) => events.push((operation.call, item, None)),
            (QueueOp::Dequeue, Some(QueueOutput::Item(item))) => {
                events.push((operation.reply, item, Some(place)));
            }
            _ => {}
        }
    }
    events.sort_unstable();
    let mut inside: BTreeMap<&Datum, usize> = BTreeMap::new();
    for (_, item, dequeue) in events {
        let count = inside.entry(item).or_default();
        match dequeue {
            None => *count += 1,
            Some(place) if *count == 0 => return Some(place),
            Some(_) => *count -= 1,
        }
    }
    None
}

/// The way of a value through a queue: when it was put in and taken out, and by which operation.
#[derive(Default)]
struct Way {
    /// Call and reply, of each enqueue.
    enqueues: Vec<(u64, u64)>,
    /// Call, reply and place, of each dequeue.
    dequeues: Vec<(u64, u64, usize)>,
}

/// The ways of all values, and whether somebody may have taken one and was not told.
fn ways<'a>(operations: &[Timed<'a, Queue>]) -> (BTreeMap<&'a Datum, Way>, bool) {
    let mut ways: BTreeMap<&Datum, Way> = BTreeMap::new();
    let mut has_pending = false;
    for (place, operation) in operations.iter().enumerate() {
        let (call, reply) = (operation.call, operation.reply);
        match (&operation.input.op, operation.output) {
            (QueueOp::Enqueue(item), _) => ways.entry(item).or_default().enqueues.push((call, reply)),
            (QueueOp::Dequeue, Some(QueueOutput::Item(item))) => {
                ways.entry(item).or_default().dequeues.push((call, reply, place));
            }
            (QueueOp::Dequeue, None) => has_pending = true,
            (QueueOp::Dequeue, Some(_)) => {}
        }
    }
    (ways, has_pending)
}

/// A dequeue of a value that was over before another was called, of a value that had been put in before.
fn overtaken(operations: &[Timed<'_, Queue>]) -> Option<usize> {
    let (ways, has_pending) = ways(operations);
    // Of values that were put in more than once nobody knows which one came out.
    let ways: Vec<Way> =
        ways.into_values().filter(|way| way.enqueues.len() == 1 && way.dequeues.len() < 2).collect();
    // One that never came out stays for ever, unless somebody took it and was not told.
    let left = |way: &Way| match way.dequeues.first() {
        Some((call, ..)) => *call,
        None if has_pending => 0,
        None => u64::MAX,
    };
    let mut earlier: Vec<(u64, u64)> = ways.iter().map(|way| (way.enqueues[0].1, left(way))).collect();
    earlier.sort_unstable();
    let mut later: Vec<(u64, u64, usize)> = Vec::new();
    for way in &ways {
        later.extend(way.dequeues.first().map(|(_, reply, place)| (way.enqueues[0].0, *reply, *place)));
    }
    later.sort_unstable();
    // The latest call of a dequeue, of all values that were in before the one looked at was put in.
    let (mut next, mut latest) = (0, 0);
    later.into_iter().find_map(|(put_in, taken, place)| {
        while next < earlier.len() && earlier[next].0 < put_in {
            latest = latest.max(earlier[next].1);
            next += 1;
        }
        (latest > taken).then_some(place)
    })
}
