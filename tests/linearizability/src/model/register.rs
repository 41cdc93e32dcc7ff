//! A register, and a register with compare-and-set: the objects of most of the literature and of Jepsen.

use std::collections::BTreeMap;

use super::datum::Datum;
use crate::specification::{Call, Specification, Step, Timed};

/// Registers by name, each of which can be read, written, and compared and set. All start with the same
/// value.
///
/// By default they are empty and have compare-and-set.
#[derive(Clone, Debug)]
pub struct Register {
    /// What each register holds before the first write.
    pub initial: Datum,
    /// Whether it can be compared and set. If not, a history that does so is refused when it is read.
    pub has_cas: bool,
}

impl Default for Register {
    fn default() -> Self {
        Register { initial: Datum::nil(), has_cas: true }
    }
}

impl Register {
    /// Empty registers that can only be read and written.
    pub fn without_cas() -> Self {
        Register { has_cas: false, ..Register::default() }
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterInput {
    /// The name of the register; empty if there is only one.
    pub key: String,
    /// What to do with it.
    pub op: RegisterOp,
}

/// What to do with a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisterOp {
    /// Return its value.
    Read,
    /// Replace its value.
    Write(Datum),
    /// If it holds `expected`, replace that by `new`.
    Cas {
        /// The value that it must hold.
        expected: Datum,
        /// The value that it then gets.
        new: Datum,
    },
}

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisterOutput {
    /// To a read: the value.
    Value(Datum),
    /// To a write, or to a compare-and-set that found what it expected: it is done.
    Done,
    /// To a compare-and-set that found something else: nothing was changed.
    Mismatch,
}

impl Specification for Register {
    type State = Datum;
    type Input = RegisterInput;
    type Output = RegisterOutput;

    fn partition<'a>(&self, input: &'a RegisterInput) -> &'a str {
        &input.key
    }

    fn initial(&self, _key: &str) -> Datum {
        self.initial.clone()
    }

    fn step(&self, value: &Datum, input: &RegisterInput, output: Option<&RegisterOutput>) -> Step<Datum> {
        use RegisterOutput::{Done, Mismatch, Value};
        match (&input.op, output) {
            (RegisterOp::Read, None) => Step::Unchanged,
            (RegisterOp::Read, Some(Value(read))) if read == value => Step::Unchanged,
            (RegisterOp::Write(new), None | Some(Done)) => Step::To(new.clone()),
            (RegisterOp::Cas { expected, new }, None | Some(Done)) if expected == value => {
                Step::To(new.clone())
            }
            (RegisterOp::Cas { expected, .. }, None | Some(Mismatch)) if expected != value => Step::Unchanged,
            _ => Step::Illegal,
        }
    }

    fn only_observes(&self, input: &RegisterInput, output: Option<&RegisterOutput>) -> bool {
        input.op == RegisterOp::Read || output == Some(&RegisterOutput::Mismatch)
    }

    /// What is read later is there now, or is written in between.
    fn may_lead_to<'a>(
        &self,
        value: &Datum,
        (_, read): Call<'a, Self>,
        mut between: impl Iterator<Item = Call<'a, Self>> + Clone,
    ) -> bool {
        // A mismatch fits any other value, which nearly any write makes.
        let Some(RegisterOutput::Value(read)) = read else { return true };
        let writes = |op: &RegisterOp| match op {
            RegisterOp::Read => false,
            // Whether the compare-and-set finds what it expects depends on the order, which is the search's
            // work.
            RegisterOp::Write(new) | RegisterOp::Cas { new, .. } => new == read,
        };
        read == value || between.any(|(input, _)| writes(&input.op))
    }

    /// A read of a value that nobody had asked to write.
    fn rules_out(&self, operations: &[Timed<'_, Self>]) -> Option<usize> {
        let mut written: BTreeMap<&Datum, u64> = BTreeMap::from([(&self.initial, 0)]);
        for operation in operations {
            if let RegisterOp::Write(new) | RegisterOp::Cas { new, .. } = &operation.input.op {
                let first = written.entry(new).or_insert(operation.call);
                *first = (*first).min(operation.call);
            }
        }
        let from_nowhere = |operation: &Timed<'_, Self>| match operation.output {
            Some(RegisterOutput::Value(read)) => written.get(read).is_none_or(|&call| call > operation.reply),
            _ => false,
        };
        operations.iter().position(from_nowhere)
    }

    fn reply(&self, value: &Datum, input: &RegisterInput) -> RegisterOutput {
        match &input.op {
            RegisterOp::Read => RegisterOutput::Value(value.clone()),
            RegisterOp::Cas { expected, .. } if expected != value => RegisterOutput::Mismatch,
            RegisterOp::Write(_) | RegisterOp::Cas { .. } => RegisterOutput::Done,
        }
    }

    fn describe_input(&self, input: &RegisterInput) -> String {
        let key = &input.key;
        let comma = if key.is_empty() { "" } else { ", " };
        match &input.op {
            RegisterOp::Read => format!("read({key})"),
            RegisterOp::Write(value) => format!("write({key}{comma}{value})"),
            RegisterOp::Cas { expected, new } => format!("cas({key}{comma}{expected} -> {new})"),
        }
    }

    fn describe_output(&self, output: &RegisterOutput) -> String {
        match output {
            RegisterOutput::Value(value) => value.to_string(),
            RegisterOutput::Done => "ok".to_string(),
            RegisterOutput::Mismatch => "mismatch".to_string(),
        }
    }

    fn describe_state(&self, key: &str, value: &Datum) -> String {
        let name = if key.is_empty() { "the register" } else { key };
        format!("{name} = {value}")
    }
}
