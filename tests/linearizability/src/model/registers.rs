//! Registers that one transaction reads and writes at a time: Knossos's multi-register.

use std::collections::BTreeMap;

use super::datum::Datum;
use crate::specification::{Call, Specification, Step};

/// Registers by name, empty at the start. A transaction takes effect as a whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Registers;

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The registers that are checked as one, by the name of one of them: all that transactions connect, directly or through
    /// others. Empty is right as well, and slower: then all registers are one object.
    pub group: String,
    /// What it does, one after the other. If it does nothing, it reads what its reply tells.
    pub ops: Vec<TransactionOp>,
}

/// What a transaction does with a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionOp {
    /// The name of the register.
    pub key: String,
    /// What to write, or `None` to read.
    pub write: Option<Datum>,
}

/// What a transaction has read: registers and their values, in the order of its reads.
pub type TransactionReads = Vec<(String, Datum)>;

/// The registers that were written.
type Written = BTreeMap<String, Datum>;

fn get(registers: &Written, key: &str) -> Datum {
    registers.get(key).cloned().unwrap_or_else(Datum::nil)
}

impl Specification for Registers {
    type State = Written;
    type Input = Transaction;
    type Output = TransactionReads;

    fn partition<'a>(&self, input: &'a Transaction) -> &'a str {
        &input.group
    }

    fn initial(&self, _group: &str) -> Written {
        Written::new()
    }

    fn step(
        &self,
        registers: &Written,
        input: &Transaction,
        output: Option<&TransactionReads>,
    ) -> Step<Written> {
        let agrees = |registers: &Written, (key, value): &(String, Datum)| get(registers, key) == *value;
        if input.ops.is_empty() {
            let all_agree = output.is_none_or(|reads| reads.iter().all(|read| agrees(registers, read)));
            return if all_agree { Step::Unchanged } else { Step::Illegal };
        }
        let mut next = None;
        let mut reads = output.map(|reads| reads.iter());
        for op in &input.ops {
            match &op.write {
                Some(value) => {
                    next.get_or_insert_with(|| registers.clone()).insert(op.key.clone(), value.clone());
                }
                None => {
                    let read = reads.as_mut().map(|reads| reads.next());
                    let now = next.as_ref().unwrap_or(registers);
                    if read
                        .is_some_and(|read| !read.is_some_and(|read| read.0 == op.key && agrees(now, read)))
                    {
                        return Step::Illegal;
                    }
                }
            }
        }
        next.map_or(Step::Unchanged, Step::To)
    }

    fn only_observes(&self, input: &Transaction, _output: Option<&TransactionReads>) -> bool {
        input.ops.iter().all(|op| op.write.is_none())
    }

    /// What is read later is there now, or is written in between.
    fn may_lead_to<'a>(
        &self,
        registers: &Written,
        (_, reads): Call<'a, Self>,
        between: impl Iterator<Item = Call<'a, Self>> + Clone,
    ) -> bool {
        let writes = || between.clone().flat_map(|(input, _)| &input.ops);
        let may_be = |(key, value): &(String, Datum)| {
            get(registers, key) == *value
                || writes().any(|op| op.key == *key && op.write.as_ref() == Some(value))
        };
        reads.is_none_or(|reads| reads.iter().all(may_be))
    }

    fn state_bytes(&self, registers: &Written) -> usize {
        registers.keys().map(|key| key.len() + 64).sum::<usize>() + size_of::<Written>()
    }

    fn reply(&self, registers: &Written, input: &Transaction) -> TransactionReads {
        let mut registers = registers.clone();
        if input.ops.is_empty() {
            return registers.into_iter().collect();
        }
        let mut reads = Vec::new();
        for TransactionOp { key, write } in &input.ops {
            match write {
                Some(value) => drop(registers.insert(key.clone(), value.clone())),
                None => reads.push((key.clone(), get(&registers, key))),
            }
        }
        reads
    }

    fn describe_input(&self, input: &Transaction) -> String {
        let op = |op: &TransactionOp| match &op.write {
            Some(value) => format!("{} = {value}", op.key),
            None => op.key.clone(),
        };
        let ops: Vec<String> = input.ops.iter().map(op).collect();
        format!("transaction({})", ops.join(", "))
    }

    fn describe_output(&self, reads: &TransactionReads) -> String {
        show(reads.iter().map(|(key, value)| (key, value)))
    }

    fn describe_state(&self, _group: &str, registers: &Written) -> String {
        show(registers.iter())
    }
}

/// How many registers are shown.
const REGISTERS_SHOWN: usize = 12;

fn show<'a>(registers: impl ExactSizeIterator<Item = (&'a String, &'a Datum)>) -> String {
    let count = registers.len();
    let shown: Vec<String> =
        registers.take(REGISTERS_SHOWN).map(|(key, value)| format!("{key} = {value}")).collect();
    match count {
        0 => "nothing".to_string(),
        _ if count > REGISTERS_SHOWN => format!("{} and {} more", shown.join(", "), count - REGISTERS_SHOWN),
        _ => shown.join(", "),
    }
}
