//! How transactions over registers are written, and which registers they connect.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::event::{Answer, Event, Textual, plain, short};
use super::models::unexpected;
use crate::history::History;
use crate::model::{Datum, Registers, Transaction, TransactionOp, TransactionReads};

/// What a transaction does with a register, and the value that stands there.
struct Micro<'a> {
    key: String,
    value: &'a Value,
    is_write: bool,
}

/// The parts of a transaction: `[[:r x 1] [:w y 2]]`, or `{x 1, y 2}` for reads or writes alone.
fn micros<'a>(event: &'a Event) -> Result<Vec<Micro<'a>>, String> {
    // A key beside it says which registers are meant, as Jepsen's `independent` has it.
    let (outer, value) = event.key_and_value();
    let name = |key: String| outer.as_ref().map_or_else(|| key.clone(), |outer| format!("{outer}/{key}"));
    let micro = |micro: &'a Value| {
        let parts = match micro {
            Value::Array(parts) if parts.len() == 3 || parts.len() == 2 => parts,
            other => {
                return Err(format!("expected [:r key value] or [:w key value], found {}", short(other)));
            }
        };
        let is_write = match plain(&parts[0]).trim_start_matches(':') {
            "r" | "read" => false,
            "w" | "write" => true,
            other => return Err(format!("expected a transaction to read (r) or write (w), found {other:?}")),
        };
        Ok(Micro { key: name(plain(&parts[1])), value: parts.get(2).unwrap_or(&Value::Null), is_write })
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(parts) => parts.iter().map(micro).collect(),
        Value::Object(entries) => {
            let is_write = event.f == "write";
            let micro =
                |(key, value): (&String, &'a Value)| Micro { key: name(key.clone()), value, is_write };
            Ok(entries.iter().map(micro).collect())
        }
        other => Err(format!("expected a list of reads and writes, found {}", short(other))),
    }
}

impl Textual for Registers {
    fn read_input(&self, event: &Event) -> Result<Transaction, String> {
        if !["txn", "read", "write"].contains(&event.f.as_str()) {
            return Err(unexpected("txn, read or write", &event.f));
        }
        let op = |Micro { key, value, is_write }| TransactionOp {
            key,
            write: is_write.then(|| Datum::from_json(value)),
        };
        Ok(Transaction { group: String::new(), ops: micros(event)?.into_iter().map(op).collect() })
    }

    fn read_answer(&self, input: &Transaction, event: &Event) -> Result<Answer<TransactionReads>, String> {
        event.answer(|| {
            let micros = micros(event)?;
            // A read of whatever there is names its registers in the reply.
            let is_same = |(op, micro): (&TransactionOp, &Micro<'_>)| {
                op.key == micro.key && op.write.is_some() == micro.is_write
            };
            let all_same = micros.len() == input.ops.len() && input.ops.iter().zip(&micros).all(is_same);
            if !input.ops.is_empty() && !all_same {
                return Err("expected the reads and writes of the invoke, in their order".to_string());
            }
            let reads = micros.into_iter().filter(|micro| !micro.is_write);
            Ok(reads.map(|read| (read.key, Datum::from_json(read.value))).collect())
        })
    }

    fn write_input(&self, input: &Transaction, event: &mut Event) {
        event.f = if input.ops.is_empty() { "read" } else { "txn" }.to_string();
        let op = |op: &TransactionOp| {
            let (f, value) = op.write.as_ref().map_or(("r", Value::Null), |value| ("w", value.to_json()));
            Value::from(vec![Value::from(f), Value::from(op.key.as_str()), value])
        };
        event.value = if input.ops.is_empty() { Value::Null } else { input.ops.iter().map(op).collect() };
    }

    fn write_output(&self, output: &TransactionReads, event: &mut Event) {
        let Value::Array(ops) = &mut event.value else {
            let entry = |(key, value): &(String, Datum)| (key.clone(), value.to_json());
            event.value = Value::Object(output.iter().map(entry).collect::<Map<_, _>>());
            return;
        };
        let reads = ops.iter_mut().filter(|op| op[0] == "r");
        for (op, (_, value)) in reads.zip(output) {
            op[2] = value.to_json();
        }
    }

    /// Finds the registers that transactions connect: the others need not be checked with them.
    fn complete(&self, history: &mut History<Transaction, TransactionReads>) {
        let mut groups = Groups::default();
        let mut firsts = Vec::new();
        for operation in history.operations() {
            let written = operation.input.ops.iter().map(|op| op.key.as_str());
            let read = operation.output().into_iter().flatten().map(|(key, _)| key.as_str());
            let mut keys = written.chain(read).map(|key| groups.number(key)).collect::<Vec<_>>().into_iter();
            let first = keys.next();
            if let Some(first) = first {
                keys.for_each(|key| groups.join(first, key));
            }
            firsts.push(first);
        }
        for (input, first) in history.inputs_mut().zip(firsts) {
            input.group = first.map(|first| groups.name(first)).unwrap_or_default();
        }
    }
}

/// Keys that belong together.
#[derive(Default)]
struct Groups {
    numbers: BTreeMap<String, usize>,
    names: Vec<String>,
    /// For each key one of its group; the first of a group is its own.
    parents: Vec<usize>,
}

impl Groups {
    fn number(&mut self, key: &str) -> usize {
        if let Some(&number) = self.numbers.get(key) {
            return number;
        }
        let number = self.names.len();
        self.numbers.insert(key.to_string(), number);
        self.names.push(key.to_string());
        self.parents.push(number);
        number
    }

    fn root(&mut self, mut key: usize) -> usize {
        while self.parents[key] != key {
            // Halves the way for the next one who asks.
            self.parents[key] = self.parents[self.parents[key]];
            key = self.parents[key];
        }
        key
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.parents[one.max(other)] = one.min(other);
    }

    fn name(&mut self, key: usize) -> String {
        let root = self.root(key);
        self.names[root].clone()
    }
}
