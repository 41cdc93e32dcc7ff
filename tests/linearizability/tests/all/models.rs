//! A quiz for each model: histories that are legal beside the nearest that are not.

use lab_linearizability::Verdict::{Illegal, Ok};
use lab_linearizability::model::{Mutex, Queue, Registers, Set};
use lab_linearizability::text::{Format, Model, Textual, read_history, write_history};

use super::verdicts::{assert_verdict, edn};

#[test]
fn register_holds_anything() {
    let write = |value: &str, read: &str| {
        format!("1 invoke write {value}\n 1 ok write {value}\n 1 invoke read nil\n 1 ok read {read}")
    };
    for (value, same, other) in [
        ("\"a\"", "\"a\"", "\"b\""),
        (":a", ":a", ":b"),
        ("1", "1", "\"1\""),
        ("123N", "123", "124"),
        (
            "123456789012345678901234567890N",
            "123456789012345678901234567890N",
            "123456789012345678901234567891N",
        ),
        ("1.5", "1.5", "1.25"),
        ("2", "2.0", "2.5"),
        ("[1 2]", "[1 2]", "[2 1]"),
        ("#{1 2}", "#{2 1}", "#{1}"),
        ("{:a 1 :b 2}", "{:b 2, :a 1}", "{:a 1}"),
        ("true", "true", "false"),
    ] {
        assert_verdict(Model::Register, &write(value, same), Ok);
        assert_verdict(Model::Register, &write(value, other), Illegal);
        let cas =
            |found: &str| format!("{}\n 1 invoke cas [{found} 9]\n 1 ok cas [{found} 9]", write(value, same));
        assert_verdict(Model::CasRegister, &cas(same), Ok);
        assert_verdict(Model::CasRegister, &cas(other), Illegal);
    }
}

#[test]
fn deleted_key_is_empty() {
    let deleted = "1 invoke put [:k 1]\n 1 ok put [:k 1]\n 1 invoke delete [:k nil]\n 1 ok delete [:k nil]";
    let get = |value: &str| format!("{deleted}\n 1 invoke get [:k nil]\n 1 ok get [:k {value}]");
    assert_verdict(Model::Kv, &get("nil"), Ok);
    assert_verdict(Model::Kv, &get("1"), Illegal);
    let append = |value: &str| {
        format!(
            "{deleted}\n 2 invoke append [:k 2]\n 2 ok append [:k 2]\n 1 invoke get [:k nil]\n 1 ok get [:k {value}]"
        )
    };
    assert_verdict(Model::Kv, &append("\"2\""), Ok);
    assert_verdict(Model::Kv, &append("\"12\""), Illegal);
}

#[test]
fn lock_has_one_holder() {
    let two = "0 invoke acquire nil\n 0 ok acquire nil\n 1 invoke acquire nil";
    assert_verdict(Model::Mutex, &format!("{two}\n 1 ok acquire nil"), Illegal);
    // The second waits until the first lets go.
    let waits = format!("{two}\n 0 invoke release nil\n 1 ok acquire nil\n 0 ok release nil");
    assert_verdict(Model::Mutex, &waits, Ok);
    assert_verdict(Model::Mutex, "0 invoke release nil\n 0 ok release nil", Illegal);
    // A release that nobody has confirmed may have worked.
    let crashed = "0 invoke acquire nil\n 0 ok acquire nil\n 0 invoke release nil\n 0 info release nil";
    assert_verdict(Model::Mutex, &format!("{crashed}\n 1 invoke acquire nil\n 1 ok acquire nil"), Ok);
    let twice = format!(
        "{crashed}\n 1 invoke acquire nil\n 1 ok acquire nil\n 2 invoke acquire nil\n 2 ok acquire nil"
    );
    assert_verdict(Model::Mutex, &twice, Illegal);
}

#[test]
fn set_keeps_what_was_added() {
    let adds = "0 invoke add 1\n 0 ok add 1\n 1 invoke add 2\n 1 info add 2\n 2 invoke add 3\n 2 fail add 3";
    let read = |value: &str| format!("{adds}\n 0 invoke read nil\n 0 ok read {value}");
    assert_verdict(Model::Set, &read("#{1}"), Ok);
    assert_verdict(Model::Set, &read("[2 1]"), Ok);
    assert_verdict(Model::Set, &read("#{2}"), Illegal); // Lost.
    assert_verdict(Model::Set, &read("#{1 3}"), Illegal); // Failed, and there all the same.
    assert_verdict(Model::Set, &read("[1 1]"), Illegal); // Twice.
    assert_verdict(Model::Set, &read("nil"), Illegal);
    // Two readers see two adds in opposite orders.
    let readers = |second: &str| {
        format!(
            "0 invoke add 1\n 1 invoke add 2\n 2 invoke read nil\n 2 ok read #{{1}}\n 3 invoke read nil\n 3 ok read {second}"
        )
    };
    assert_verdict(Model::Set, &readers("#{1 2}"), Ok);
    assert_verdict(Model::Set, &readers("#{2}"), Illegal);
    let remove = |value: &str| {
        format!("{adds}\n 3 invoke remove 1\n 3 ok remove 1\n 0 invoke read nil\n 0 ok read {value}")
    };
    assert_verdict(Model::Set, &remove("#{}"), Ok);
    assert_verdict(Model::Set, &remove("#{1}"), Illegal);
}

#[test]
fn queue_keeps_the_order_and_the_other_does_not() {
    let two =
        "0 invoke enqueue 1\n 0 ok enqueue 1\n 0 invoke enqueue 2\n 0 ok enqueue 2\n 1 invoke dequeue nil";
    assert_verdict(Model::Queue, &format!("{two}\n 1 ok dequeue 1"), Ok);
    assert_verdict(Model::Queue, &format!("{two}\n 1 ok dequeue 2"), Illegal);
    assert_verdict(Model::UnorderedQueue, &format!("{two}\n 1 ok dequeue 2"), Ok);
    for model in [Model::Queue, Model::UnorderedQueue] {
        assert_verdict(model, &format!("{two}\n 1 ok dequeue 3"), Illegal); // From nowhere.
        assert_verdict(model, &format!("{two}\n 1 ok dequeue nil"), Illegal); // There is something.
        let one = format!("{two}\n 1 ok dequeue 1\n 1 invoke dequeue nil");
        assert_verdict(model, &format!("{one}\n 1 ok dequeue 1"), Illegal); // Twice.
        // Somebody who got no reply may have taken the other.
        let rest = format!("{one}\n 1 info dequeue nil\n 2 invoke dequeue nil");
        assert_verdict(model, &format!("{rest}\n 2 ok dequeue nil"), Ok);
        assert_verdict(model, &format!("{rest}\n 2 ok dequeue 2"), Ok);
        assert_verdict(
            model,
            &format!("{rest}\n 2 ok dequeue nil\n 3 invoke dequeue nil\n 3 ok dequeue 2"),
            Illegal,
        );
    }
}

#[test]
fn transaction_is_seen_as_a_whole() {
    let write = "0 invoke txn [[:w :x 1] [:w :y 1]]\n 0 ok txn [[:w :x 1] [:w :y 1]]";
    let read = |x: &str, y: &str| {
        format!(
            "0 invoke txn [[:w :x 1] [:w :y 1]]\n 1 invoke txn [[:r :x nil] [:r :y nil]]\n 1 ok txn [[:r :x {x}] [:r :y {y}]]"
        )
    };
    assert_verdict(Model::MultiRegister, &read("1", "1"), Ok);
    assert_verdict(Model::MultiRegister, &read("nil", "nil"), Ok);
    assert_verdict(Model::MultiRegister, &read("1", "nil"), Illegal);
    // As Knossos writes it, and as a map.
    let all = |value: &str| format!("{write}\n 1 invoke read nil\n 1 ok read {value}");
    assert_verdict(Model::MultiRegister, &all("{:x 1 :y 1}"), Ok);
    assert_verdict(Model::MultiRegister, &all("{:x 1 :y 2}"), Illegal);
    let own = |x: &str| {
        format!(
            "{write}\n 1 invoke txn [[:read :x nil] [:write :x 2] [:read :x nil]]\n 1 ok txn [[:read :x 1] [:write :x 2] [:read :x {x}]]"
        )
    };
    assert_verdict(Model::MultiRegister, &own("2"), Ok);
    assert_verdict(Model::MultiRegister, &own("1"), Illegal);
    // Two that each miss what the other wrote: serializable in no order.
    let skew = |y: &str| {
        format!(
            "0 invoke txn [[:r :x nil] [:w :y 1]]\n 1 invoke txn [[:r :y nil] [:w :x 1]]
             0 ok txn [[:r :x nil] [:w :y 1]]\n 1 ok txn [[:r :y {y}] [:w :x 1]]"
        )
    };
    assert_verdict(Model::MultiRegister, &skew("1"), Ok);
    assert_verdict(Model::MultiRegister, &skew("nil"), Illegal);
}

#[test]
fn new_models_are_written_as_read() {
    fn round<P: Textual>(specification: &P, events: &str)
    where
        P::Input: PartialEq + std::fmt::Debug,
        P::Output: PartialEq + std::fmt::Debug,
    {
        let history = read_history(specification, &edn(events)).expect("the events are well formed");
        for format in [Format::JsonLines, Format::Edn, Format::Porcupine] {
            let text = write_history(specification, &history, format);
            assert_eq!(
                read_history(specification, &text).as_ref().map(|read| read.operations().len()),
                Result::Ok(history.operations().len()),
                "{text}"
            );
            assert_eq!(
                write_history(specification, &read_history(specification, &text).unwrap(), format),
                text
            );
        }
    }
    round(&Mutex, "0 invoke acquire nil\n 0 ok acquire nil\n 1 invoke release nil");
    round(
        &Set,
        "0 invoke add \"a\"\n 0 ok add \"a\"\n 0 invoke read nil\n 0 ok read [1 2]\n :b invoke remove 1",
    );
    round(
        &Queue::FIFO,
        "0 invoke enqueue [1 2]\n 0 ok enqueue [1 2]\n 0 invoke dequeue nil\n 0 ok dequeue nil",
    );
    round(
        &Registers,
        "0 invoke txn [[:r x nil] [:w y 1]]\n 0 ok txn [[:r x 3] [:w y 1]]\n 0 invoke read nil\n 0 ok read {:x 1}",
    );
}
