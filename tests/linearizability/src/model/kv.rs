//! The key/value service of the classic labs (6.824 lab 3): `Get`, `Put` and `Append` on strings.

use super::kv_faults::Faults;
use super::quote::quote;
use crate::anomaly::Anomaly;
use crate::specification::{Call, Specification, Step, Timed};

/// A map from keys to strings. A key that was never written holds the empty string.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kv;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvInput {
    /// The key that it works on.
    pub key: String,
    /// What to do with its value.
    pub op: KvOp,
}

/// What to do with the value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KvOp {
    /// Return it.
    Get,
    /// Replace it.
    Put(String),
    /// Put this at its end.
    Append(String),
    /// Make it what it was before the first write.
    Delete,
}

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KvOutput {
    /// To a `Get`: the value.
    Value(String),
    /// To anything else: it is done.
    Done,
}

impl Specification for Kv {
    type State = String;
    type Input = KvInput;
    type Output = KvOutput;

    fn partition<'a>(&self, input: &'a KvInput) -> &'a str {
        &input.key
    }

    fn initial(&self, _key: &str) -> String {
        String::new()
    }

    fn step(&self, value: &String, input: &KvInput, output: Option<&KvOutput>) -> Step<String> {
        match (&input.op, output) {
            (KvOp::Get, None) => Step::Unchanged,
            (KvOp::Get, Some(KvOutput::Value(read))) if read == value => Step::Unchanged,
            (KvOp::Put(new), None | Some(KvOutput::Done)) => Step::To(new.clone()),
            (KvOp::Delete, None | Some(KvOutput::Done)) => Step::To(String::new()),
            (KvOp::Append(tail), None | Some(KvOutput::Done)) => Step::To([value.as_str(), tail].concat()),
            _ => Step::Illegal,
        }
    }

    fn only_observes(&self, input: &KvInput, _output: Option<&KvOutput>) -> bool {
        input.op == KvOp::Get
    }

    /// A value grows until it is replaced. So what is read later is the value now, or one that is put in
    /// between, followed by what is appended in between.
    fn may_lead_to<'a>(
        &self,
        value: &String,
        (_, read): Call<'a, Self>,
        between: impl Iterator<Item = Call<'a, Self>> + Clone,
    ) -> bool {
        // Only reads observe here; anything else would be a case for the search.
        let Some(KvOutput::Value(read)) = read else { return true };
        let grows_from = |start: &str| {
            read.strip_prefix(start)
                .is_some_and(|rest| may_be_appended(rest, between.clone().map(|(input, _)| &input.op)))
        };
        // Which writes are used, how often and in which order is not asked: that is the search's work. This
        // is to see cheaply that there is no way at all.
        let starts_over = |op: &KvOp| match op {
            KvOp::Put(new) => grows_from(new),
            KvOp::Delete => grows_from(""),
            KvOp::Get | KvOp::Append(_) => false,
        };
        grows_from(value) || between.clone().any(|(input, _)| starts_over(&input.op))
    }

    fn classify(
        &self,
        operations: &[Timed<'_, Self>],
        culprit: usize,
        sentence: &dyn Fn(usize) -> String,
    ) -> Option<Anomaly<usize>> {
        Faults { operations, sentence }.classify(culprit)
    }

    fn state_bytes(&self, value: &String) -> usize {
        value.len() + size_of::<String>()
    }

    fn reply(&self, value: &String, input: &KvInput) -> KvOutput {
        match input.op {
            KvOp::Get => KvOutput::Value(value.clone()),
            KvOp::Put(_) | KvOp::Append(_) | KvOp::Delete => KvOutput::Done,
        }
    }

    fn describe_input(&self, input: &KvInput) -> String {
        let key = &input.key;
        match &input.op {
            KvOp::Get => format!("get({key})"),
            KvOp::Put(value) => format!("put({key}, {})", quote(value)),
            KvOp::Append(tail) => format!("append({key}, {})", quote(tail)),
            KvOp::Delete => format!("delete({key})"),
        }
    }

    fn describe_output(&self, output: &KvOutput) -> String {
        match output {
            KvOutput::Value(value) => quote(value),
            KvOutput::Done => "ok".to_string(),
        }
    }

    fn describe_state(&self, key: &str, value: &String) -> String {
        format!("{key} = {}", quote(value))
    }
}

/// Whether `rest` may be made of the tails that `ops` append. Where two different tails fit, the answer is
/// yes.
fn may_be_appended<'a>(mut rest: &str, ops: impl Iterator<Item = &'a KvOp> + Clone) -> bool {
    while !rest.is_empty() {
        let mut fitting = ops.clone().filter_map(|op| match op {
            // An empty tail fits everywhere, and brings nobody further.
            KvOp::Append(tail) if !tail.is_empty() => rest.strip_prefix(tail.as_str()),
            _ => None,
        });
        let Some(after) = fitting.next() else { return false };
        // Here it would have to try both. A wrong yes costs time, a wrong no a false verdict.
        if fitting.any(|other| other.len() != after.len()) {
            return true;
        }
        rest = after;
    }
    true
}
