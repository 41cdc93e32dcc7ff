//! A set: what was added and not removed is in it, and is in it once.

use std::collections::BTreeMap;

use super::datum::Datum;
use super::items::Items;
use crate::specification::{Call, Specification, Step, Timed};

/// Sets by name, empty at the start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Set;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetInput {
    /// The name of the set; empty if there is only one.
    pub key: String,
    /// What to do with it.
    pub op: SetOp,
}

/// What to do with a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetOp {
    /// Return all elements.
    Read,
    /// Put this into it, if it is not there.
    Add(Datum),
    /// Take this out of it, if it is there.
    Remove(Datum),
}

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetOutput {
    /// To a read: the elements, sorted. An element that was returned twice is in it twice, which no set agrees with.
    Elements(Items),
    /// To all else: it is done.
    Done,
}

impl Specification for Set {
    type State = Items;
    type Input = SetInput;
    type Output = SetOutput;

    fn partition<'a>(&self, input: &'a SetInput) -> &'a str {
        &input.key
    }

    fn initial(&self, _key: &str) -> Items {
        Items::default()
    }

    fn step(&self, set: &Items, input: &SetInput, output: Option<&SetOutput>) -> Step<Items> {
        match (&input.op, output) {
            (SetOp::Read, None) => Step::Unchanged,
            (SetOp::Read, Some(SetOutput::Elements(read))) if read == set => Step::Unchanged,
            (SetOp::Add(element), None | Some(SetOutput::Done)) if !set.contains(element) => {
                let mut set = set.clone();
                set.insert(element.clone());
                Step::To(set)
            }
            (SetOp::Remove(element), None | Some(SetOutput::Done)) if set.contains(element) => {
                let mut set = set.clone();
                set.remove(element);
                Step::To(set)
            }
            (SetOp::Add(_) | SetOp::Remove(_), None | Some(SetOutput::Done)) => Step::Unchanged,
            _ => Step::Illegal,
        }
    }

    fn only_observes(&self, input: &SetInput, _output: Option<&SetOutput>) -> bool {
        input.op == SetOp::Read
    }

    /// What is missing must be added in between, and what is too much must be removed.
    fn may_lead_to<'a>(
        &self,
        set: &Items,
        (_, read): Call<'a, Self>,
        between: impl Iterator<Item = Call<'a, Self>> + Clone,
    ) -> bool {
        let Some(SetOutput::Elements(read)) = read else { return true };
        let (mut adds, mut removes) = (Vec::new(), Vec::new());
        for (input, _) in between {
            match &input.op {
                SetOp::Add(element) => adds.push(element),
                SetOp::Remove(element) => removes.push(element),
                SetOp::Read => {}
            }
        }
        // The cheap question first: each add makes the set larger by one at most.
        if read.len() > set.len() + adds.len() || set.len() > read.len() + removes.len() {
            return false;
        }
        adds.sort_unstable();
        removes.sort_unstable();
        read.iter().all(|element| set.contains(element) || adds.binary_search(&element).is_ok())
            && set.iter().all(|element| read.contains(element) || removes.binary_search(&element).is_ok())
    }

    /// A read that misses what had been added before it was called, or shows what nobody had asked to add.
    fn rules_out(&self, operations: &[Timed<'_, Self>]) -> Option<usize> {
        // An element that is removed at any time is left to the search.
        let mut elements: BTreeMap<&Datum, Option<(u64, u64)>> = BTreeMap::new();
        for operation in operations {
            match &operation.input.op {
                SetOp::Read => {}
                SetOp::Remove(element) => drop(elements.insert(element, None)),
                SetOp::Add(element) => {
                    let added = (operation.call, operation.reply);
                    let known = elements.entry(element).or_insert(Some(added));
                    *known = known.map(|(call, reply)| (call.min(added.0), reply.min(added.1)));
                }
            }
        }
        let mut added: Vec<(u64, &Datum)> =
            elements.iter().filter_map(|(element, times)| Some(((*times)?.1, *element))).collect();
        added.sort_unstable();
        let is_impossible = |operation: &Timed<'_, Self>| {
            let Some(SetOutput::Elements(read)) = operation.output else { return false };
            let before = added.partition_point(|(reply, _)| *reply < operation.call);
            let from_nowhere = |element: &Datum| match elements.get(element) {
                None => true,
                Some(times) => times.is_some_and(|(call, _)| call > operation.reply),
            };
            let twice = read.iter().zip(read.iter().skip(1)).any(|(one, next)| one == next);
            twice
                || added[..before].iter().any(|(_, element)| !read.contains(element))
                || read.iter().any(from_nowhere)
        };
        operations.iter().position(is_impossible)
    }

    fn state_bytes(&self, set: &Items) -> usize {
        set.bytes()
    }

    fn reply(&self, set: &Items, input: &SetInput) -> SetOutput {
        match input.op {
            SetOp::Read => SetOutput::Elements(set.clone()),
            SetOp::Add(_) | SetOp::Remove(_) => SetOutput::Done,
        }
    }

    fn describe_input(&self, input: &SetInput) -> String {
        let key = &input.key;
        let comma = if key.is_empty() { "" } else { ", " };
        match &input.op {
            SetOp::Read => format!("read({key})"),
            SetOp::Add(element) => format!("add({key}{comma}{element})"),
            SetOp::Remove(element) => format!("remove({key}{comma}{element})"),
        }
    }

    fn describe_output(&self, output: &SetOutput) -> String {
        match output {
            SetOutput::Elements(elements) => show(elements, '{', '}'),
            SetOutput::Done => "ok".to_string(),
        }
    }

    fn describe_state(&self, key: &str, set: &Items) -> String {
        let name = if key.is_empty() { "the set" } else { key };
        format!("{name} = {}", show(set, '{', '}'))
    }
}

/// How many values of a list are shown.
const VALUES_SHOWN: usize = 12;

/// The values of a list, or the first of them and how many there are.
pub(super) fn show(items: &Items, open: char, close: char) -> String {
    let shown: Vec<String> = items.iter().take(VALUES_SHOWN).map(Datum::to_string).collect();
    let more =
        if items.len() > VALUES_SHOWN { format!(" .. ({} in all)", items.len()) } else { String::new() };
    format!("{open}{}{more}{close}", shown.join(" "))
}
