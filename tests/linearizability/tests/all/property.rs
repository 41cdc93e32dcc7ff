//! The checker against one that tries everything, on small histories.

use lab_linearizability::model::{
    Datum, Items, Kv, KvInput, KvOp, KvOutput, Mutex, MutexInput, MutexOp, MutexOutput, Queue, QueueInput,
    QueueOp, QueueOutput, Register, RegisterInput, RegisterOp, RegisterOutput, Registers, Set, SetInput,
    SetOp, SetOutput, Transaction, TransactionOp, TransactionReads, VersionedInput, VersionedKv, VersionedOp,
    VersionedOutput,
};
use lab_linearizability::{Budget, Verdict, check};
use proptest::prelude::*;

use super::brute_force::{agrees, history, is_legal_bag};

fn dice() -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    prop::collection::vec(any::<(u8, u8, u8)>(), 0..18)
}

fn kv_inputs() -> Vec<KvInput> {
    let put = |value: &str| KvOp::Put(value.to_string());
    let append = |tail: &str| KvOp::Append(tail.to_string());
    // Tails of which one is the start of another, or nothing, so that a value may be made in several ways.
    let ops = [
        KvOp::Get,
        KvOp::Get,
        KvOp::Get,
        put("a"),
        put(""),
        append("a"),
        append("b"),
        append("ab"),
        append(""),
        KvOp::Delete,
    ];
    ops.map(|op| KvInput { key: "x".to_string(), op }).into()
}

fn kv_outputs() -> Vec<KvOutput> {
    ["", "a", "b", "ab", "aab", "aba"].map(|value| KvOutput::Value(value.to_string())).into()
}

fn register_inputs() -> Vec<RegisterInput> {
    // Of any kind, and a number and its text are two.
    let cas = |expected: Datum, new: Datum| RegisterOp::Cas { expected, new };
    let ops = [
        RegisterOp::Read,
        RegisterOp::Read,
        RegisterOp::Write(1.into()),
        RegisterOp::Write("1".into()),
        cas(1.into(), "1".into()),
        cas("1".into(), 3.into()),
        cas(3.into(), 1.into()),
    ];
    ops.map(|op| RegisterInput { key: "x".to_string(), op }).into()
}

fn register_outputs() -> Vec<RegisterOutput> {
    let value = RegisterOutput::Value;
    let values = [value(Datum::nil()), value(1.into()), value("1".into()), value(3.into())];
    [&values[..], &[RegisterOutput::Done, RegisterOutput::Mismatch]].concat()
}

fn versioned_inputs() -> Vec<VersionedInput> {
    let put = |value: &str, version| VersionedOp::Put { value: value.to_string(), version };
    let ops =
        [VersionedOp::Get, VersionedOp::Get, put("a", 0), put("b", 0), put("a", 1), put("b", 1), put("c", 2)];
    ops.map(|op| VersionedInput { key: "x".to_string(), op }).into()
}

fn versioned_outputs() -> Vec<VersionedOutput> {
    let value = |value: &str, version| VersionedOutput::Value { value: value.to_string(), version };
    use VersionedOutput::{Done, ErrNoKey, ErrVersion, Maybe};
    vec![Done, ErrVersion, ErrNoKey, Maybe, Maybe, value("a", 1), value("b", 1), value("a", 2), value("b", 2)]
}

fn mutex_inputs() -> Vec<MutexInput> {
    [MutexOp::Acquire, MutexOp::Release].map(|op| MutexInput { key: "x".to_string(), op }).into()
}

fn set_inputs() -> Vec<SetInput> {
    let (add, remove) = (|item: i64| SetOp::Add(item.into()), |item: i64| SetOp::Remove(item.into()));
    let ops = [SetOp::Read, SetOp::Read, SetOp::Read, add(1), add(2), add(3), remove(1), remove(2)];
    ops.map(|op| SetInput { key: "x".to_string(), op }).into()
}

fn set_outputs() -> Vec<SetOutput> {
    let read = |items: &[i64]| SetOutput::Elements(Items::sorted(items.iter().copied().map(Datum::from)));
    vec![SetOutput::Done, read(&[]), read(&[1]), read(&[3]), read(&[1, 2]), read(&[1, 1]), read(&[1, 2, 3])]
}

fn queue_inputs() -> Vec<QueueInput> {
    let enqueue = |item: i64| QueueOp::Enqueue(item.into());
    let ops = [QueueOp::Dequeue, QueueOp::Dequeue, QueueOp::Dequeue, enqueue(1), enqueue(2), enqueue(2)];
    ops.map(|op| QueueInput { key: "x".to_string(), op }).into()
}

fn queue_outputs() -> Vec<QueueOutput> {
    let item = |item: i64| QueueOutput::Item(item.into());
    vec![QueueOutput::Done, QueueOutput::Empty, item(1), item(2), item(3)]
}

fn transactions() -> Vec<Transaction> {
    let read = |key: &str| TransactionOp { key: key.to_string(), write: None };
    let write = |key: &str, value: i64| TransactionOp { key: key.to_string(), write: Some(value.into()) };
    let ops = [
        vec![],
        vec![read("a"), read("b")],
        vec![read("b")],
        vec![write("a", 1), write("b", 1)],
        vec![write("a", 2), read("a"), read("b")],
        vec![read("a"), write("b", 2)],
    ];
    ops.map(|ops| Transaction { group: "x".to_string(), ops }).into()
}

fn transaction_reads() -> Vec<TransactionReads> {
    let reads = |a: i64, b: i64| vec![("a".to_string(), a.into()), ("b".to_string(), b.into())];
    let none = vec![("a".to_string(), Datum::nil()), ("b".to_string(), Datum::nil())];
    vec![vec![], none, reads(1, 1), reads(2, 1), reads(2, 2), reads(1, 2)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kv_agrees_with_brute_force(dice in dice()) {
        agrees(&Kv, &history(&Kv, &dice, &kv_inputs(), &kv_outputs()))?;
    }

    #[test]
    fn register_agrees_with_brute_force(dice in dice()) {
        let register = Register::default();
        agrees(&register, &history(&register, &dice, &register_inputs(), &register_outputs()))?;
    }

    #[test]
    fn versioned_kv_agrees_with_brute_force(dice in dice()) {
        agrees(&VersionedKv, &history(&VersionedKv, &dice, &versioned_inputs(), &versioned_outputs()))?;
    }

    #[test]
    fn mutex_agrees_with_brute_force(dice in dice()) {
        agrees(&Mutex, &history(&Mutex, &dice, &mutex_inputs(), &[MutexOutput::Done]))?;
    }

    #[test]
    fn set_agrees_with_brute_force(dice in dice()) {
        agrees(&Set, &history(&Set, &dice, &set_inputs(), &set_outputs()))?;
    }

    #[test]
    fn queue_agrees_with_brute_force(dice in dice()) {
        agrees(&Queue::FIFO, &history(&Queue::FIFO, &dice, &queue_inputs(), &queue_outputs()))?;
    }

    #[test]
    fn unordered_queue_agrees_with_brute_force(dice in dice()) {
        let history = history(&Queue::UNORDERED, &dice, &queue_inputs(), &queue_outputs());
        agrees(&Queue::UNORDERED, &history)?;
        let expected = is_legal_bag(history.operations(), &(0..history.operations().len()).collect::<Vec<_>>(), &[]);
        let verdict = check(&Queue::UNORDERED, &history, Budget::default()).verdict();
        prop_assert_eq!(verdict == Verdict::Ok, expected);
    }

    #[test]
    fn transactions_agree_with_brute_force(dice in dice()) {
        agrees(&Registers, &history(&Registers, &dice, &transactions(), &transaction_reads()))?;
    }
}
