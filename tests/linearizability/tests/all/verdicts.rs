//! Histories from the literature, legal and illegal side by side, and what the report says of them.

use expect_test::expect;
use lab_linearizability::model::Register;
use lab_linearizability::text::{Model, check_text, read_history};
use lab_linearizability::{Budget, History, ObjectResult, Specification, Step, Verdict, check};

/// Events in short form, `process type f value`, one per line, as EDN.
fn edn(events: &str) -> String {
    let line = |line: &str| {
        let [process, event_type, f, value] = line.trim().splitn(4, ' ').collect::<Vec<_>>()[..] else {
            panic!("not an event: {line}")
        };
        format!("{{:process {process}, :type :{event_type}, :f :{f}, :value {value}}}\n")
    };
    events.trim().lines().map(line).collect()
}

#[track_caller]
fn assert_verdict(model: Model, events: &str, verdict: Verdict) {
    let checked = check_text(&edn(events), model, Budget::default()).expect("the events are well formed");
    assert_eq!(checked.verdict, verdict, "{}", checked.report);
}

/// The quiz of porcupine's README, first half: the reads overlap, so the write may come between them.
#[test]
fn overlapping_reads_around_a_write() {
    let legal = "1 invoke write 100\n 2 invoke read nil\n 3 invoke read nil
                 3 ok read nil\n 2 ok read 100\n 1 ok write 100";
    assert_verdict(Model::Register, legal, Verdict::Ok);
}

/// The quiz, second half: the read of the old value began after another had returned the new one.
#[test]
fn read_after_a_read_goes_back_in_time() {
    let legal = "1 invoke write 200\n 2 invoke read nil\n 2 ok read nil\n 3 invoke read nil\n 3 ok read 200\n 1 ok write 200";
    let illegal = "1 invoke write 200\n 2 invoke read nil\n 2 ok read 200\n 3 invoke read nil\n 3 ok read nil\n 1 ok write 200";
    assert_verdict(Model::Register, legal, Verdict::Ok);
    assert_verdict(Model::Register, illegal, Verdict::Illegal);
}

/// Two clients disagree about the order of two writes that overlap.
#[test]
fn readers_must_agree_on_the_order_of_writes() {
    let writes = "1 invoke write 1\n 2 invoke write 2\n 1 ok write 1\n 2 ok write 2";
    let agree = format!("{writes}\n 3 invoke read nil\n 3 ok read 1\n 4 invoke read nil\n 4 ok read 1");
    let disagree = format!("{writes}\n 3 invoke read nil\n 3 ok read 1\n 4 invoke read nil\n 4 ok read 2");
    assert_verdict(Model::Register, &agree, Verdict::Ok);
    assert_verdict(Model::Register, &disagree, Verdict::Illegal);
}

/// A write that timed out may take effect long after; but it cannot be undone.
#[test]
fn pending_write_takes_effect_late_but_only_once() {
    let late = "1 invoke write 1\n 1 info write 1\n 2 invoke read nil\n 2 ok read nil\n 2 invoke read nil\n 2 ok read 1";
    let never = "1 invoke write 1\n 1 info write 1\n 2 invoke read nil\n 2 ok read nil";
    let undone = format!("{late}\n 2 invoke read nil\n 2 ok read nil");
    let failed = "1 invoke write 1\n 1 fail write 1\n 2 invoke read nil\n 2 ok read 1";
    assert_verdict(Model::Register, late, Verdict::Ok);
    assert_verdict(Model::Register, never, Verdict::Ok);
    assert_verdict(Model::Register, &undone, Verdict::Illegal);
    assert_verdict(Model::Register, failed, Verdict::Illegal);
}

/// Of two compare-and-sets from the same value only one can win.
#[test]
fn one_compare_and_set_wins() {
    let start = "1 invoke write 0\n 1 ok write 0\n 1 invoke cas [0 1]\n 2 invoke cas [0 2]\n 1 ok cas [0 1]";
    assert_verdict(Model::CasRegister, &format!("{start}\n 2 fail cas [0 2]"), Verdict::Ok);
    assert_verdict(Model::CasRegister, &format!("{start}\n 2 ok cas [0 2]"), Verdict::Illegal);
    assert_verdict(
        Model::CasRegister,
        &format!("{start}\n 3 invoke read nil\n 3 ok read 2"),
        Verdict::Illegal,
    );
}

/// Keys are checked one by one, and the verdict is that of the worst.
#[test]
fn one_bad_key_is_enough() {
    let good = "1 invoke write [0 1]\n 1 ok write [0 1]\n 1 invoke read [0 nil]\n 1 ok read [0 1]";
    let bad = format!("{good}\n 1 invoke read [1 nil]\n 1 ok read [1 1]");
    assert_verdict(Model::Register, good, Verdict::Ok);
    assert_verdict(Model::Register, &bad, Verdict::Illegal);
}

/// A first-in-first-out queue, to check the histories with which Herlihy and Wing open their paper (Figure
/// 1).
struct Queue;

enum QueueOp {
    Enqueue(char),
    Dequeue,
}

impl Specification for Queue {
    type State = Vec<char>;
    type Input = QueueOp;
    type Output = Option<char>;

    fn initial(&self, _: &str) -> Vec<char> {
        Vec::new()
    }

    fn step(&self, queue: &Vec<char>, input: &QueueOp, output: Option<&Option<char>>) -> Step<Vec<char>> {
        match (input, output) {
            (QueueOp::Enqueue(item), _) => Step::To([&queue[..], &[*item]].concat()),
            (QueueOp::Dequeue, output) => match queue.split_first() {
                Some((first, rest)) if output.is_none_or(|item| *item == Some(*first)) => {
                    Step::To(rest.to_vec())
                }
                None if output.is_none_or(Option::is_none) => Step::Unchanged,
                _ => Step::Illegal,
            },
        }
    }

    fn reply(&self, queue: &Vec<char>, input: &QueueOp) -> Option<char> {
        match input {
            QueueOp::Enqueue(_) => None,
            QueueOp::Dequeue => queue.first().copied(),
        }
    }

    fn describe_input(&self, input: &QueueOp) -> String {
        match input {
            QueueOp::Enqueue(item) => format!("enqueue({item})"),
            QueueOp::Dequeue => "dequeue()".to_string(),
        }
    }

    fn describe_output(&self, output: &Option<char>) -> String {
        format!("{output:?}")
    }

    fn describe_state(&self, _: &str, queue: &Vec<char>) -> String {
        format!("queue = {queue:?}")
    }
}

/// Client, what it enqueues or else it dequeues, time of the call, time of the reply, what was dequeued.
type QueueOperation = (u64, Option<char>, u64, u64, Option<char>);

fn queue_verdict(operations: &[QueueOperation]) -> Verdict {
    let mut events: Vec<(u64, usize, bool)> = Vec::new();
    for (place, &(_, _, call, reply, _)) in operations.iter().enumerate() {
        events.extend([(call, place, false), (reply, place, true)]);
    }
    events.sort_unstable();
    let mut history = History::new();
    let mut ids = vec![0; operations.len()];
    for (time, place, is_reply) in events {
        let (client, item, _, _, output) = operations[place];
        if is_reply {
            history.complete(ids[place], Some(time), output);
        } else {
            let input = item.map_or(QueueOp::Dequeue, QueueOp::Enqueue);
            ids[place] = history.invoke(client, Some(time), input);
        }
    }
    check(&Queue, &history, Budget::default()).verdict()
}

#[test]
fn queues_of_herlihy_and_wing() {
    let (x, y) = (Some('x'), Some('y'));
    // Two enqueues overlap, so either item may come out first.
    let overlap = [(1, x, 0, 3, None), (2, y, 1, 2, None), (2, None, 4, 5, x), (1, None, 6, 7, y)];
    let overlap_swapped = [(1, x, 0, 3, None), (2, y, 1, 2, None), (2, None, 4, 5, y), (1, None, 6, 7, x)];
    // They do not: x was in before y.
    let in_order = [(1, x, 0, 1, None), (2, y, 2, 3, None), (1, None, 4, 5, x)];
    let out_of_order = [(1, x, 0, 1, None), (2, y, 2, 3, None), (1, None, 4, 5, y)];
    // An item comes out while it still goes in, but not before.
    let during = [(1, x, 0, 3, None), (2, None, 1, 2, x)];
    let before = [(2, None, 0, 1, x), (1, x, 2, 3, None)];
    // One item comes out twice.
    let twice = [(1, x, 0, 1, None), (2, y, 0, 1, None), (1, None, 2, 5, y), (3, None, 3, 4, y)];
    assert_eq!(queue_verdict(&overlap), Verdict::Ok);
    assert_eq!(queue_verdict(&overlap_swapped), Verdict::Ok);
    assert_eq!(queue_verdict(&in_order), Verdict::Ok);
    assert_eq!(queue_verdict(&out_of_order), Verdict::Illegal);
    assert_eq!(queue_verdict(&during), Verdict::Ok);
    assert_eq!(queue_verdict(&before), Verdict::Illegal);
    assert_eq!(queue_verdict(&twice), Verdict::Illegal);
}

#[test]
fn order_found_is_in_the_result() {
    let events = "1 invoke write 1\n 2 invoke read nil\n 2 ok read nil\n 1 ok write 1\n 2 invoke read nil\n 2 ok read 1";
    let register = Register::default();
    let history = read_history(&register, &edn(events)).unwrap();
    let result = check(&register, &history, Budget::default());
    let ObjectResult::Linearizable(order) = &result.objects[0].result else { panic!("{result:?}") };
    assert_eq!(order, &[1, 0, 2]);
}

/// The report names the reply, what it would have to be, which write makes it so, and what overlaps.
#[test]
fn stale_read_in_words() {
    let history = r#"
        {:time 4800000000, :process 1, :type :invoke, :f :put, :key "x", :value "1"}
        {:time 4850000000, :process 1, :type :ok, :f :put, :key "x", :value "1"}
        {:time 4860000000, :process 1, :type :invoke, :f :put, :key "x", :value "2"}
        {:time 4870000000, :process 2, :type :invoke, :f :append, :key "x", :value "3"}
        {:time 4900000000, :process 1, :type :ok, :f :put, :key "x", :value "2"}
        {:time 5020000000, :process 3, :type :invoke, :f :get, :key "x", :value nil}
        {:time 5100000000, :process 3, :type :ok, :f :get, :key "x", :value "1"}"#;
    let report = check_text(history, Model::Kv, Budget::default()).unwrap().report;
    expect![[r#"
        illegal: 4 operations, 1 objects, 10 steps
        x: not linearizable
          get(x) by client 3 returned "1" between 5.02 s and 5.1 s
          No order of the operations agrees with this reply.
          Until just before it everything has a legal order, which leads to:
          - x = "23", where get(x) must return "23"
              what it returned was right until this took effect: put(x, "2") by client 1 returned ok between 4.86 s and 4.9 s
              it had completed at 4.9 s, before get(x) was called at 5.02 s
          - x = "2", where get(x) must return "2"
              what it returned was right until this took effect: append(x, "3") by client 2, called at 4.87 s, got no reply
              then put(x, "2") by client 1 returned ok between 4.86 s and 4.9 s; it had completed at 4.9 s, before get(x) was called at 5.02 s
          These overlap it, and may take effect before or after it:
            append(x, "3") by client 2, called at 4.87 s, got no reply
    "#]].assert_eq(&report);
}

/// The reply that cannot be may belong to an operation whose effect others have seen.
#[test]
fn denied_effect_in_words() {
    let history = r#"
        {:process 1, :type :invoke, :f :cas, :value [nil 7]}
        {:process 2, :type :invoke, :f :read, :value nil}
        {:process 2, :type :ok, :f :read, :value 7}
        {:process 1, :type :fail, :f :cas, :value [nil 7], :error :mismatch}"#;
    let report = check_text(history, Model::CasRegister, Budget::default()).unwrap().report;
    expect![[r#"
        illegal: 2 operations, 1 objects, 2 steps
        the object: not linearizable
          cas(nil -> 7) by client 1 returned mismatch between event 0 and event 3
          No order of the operations agrees with this reply.
          Until just before it everything has a legal order, which leads to:
          - the register = 7, with cas(nil -> 7) in effect: others have seen it
          These overlap it, and may take effect before or after it:
            read() by client 2 returned 7 between event 1 and event 2
    "#]]
    .assert_eq(&report);
}

/// A value that nobody wrote.
#[test]
fn value_from_nowhere_in_words() {
    let report = check_text(
        &edn("1 invoke write 1\n 2 invoke read nil\n 2 ok read 9\n 1 ok write 1"),
        Model::Register,
        Budget::default(),
    );
    expect![[r#"
        illegal: 2 operations, 1 objects, 4 steps
        the object: not linearizable
          read() by client 2 returned 9 between event 1 and event 2
          No order of the operations agrees with this reply.
          Until just before it everything has a legal order, which leads to:
          - the register = 1, where read() must return 1
              (what it returned was right at no time on the way there)
              after write(1) by client 1 returned ok between event 0 and event 3
          - the register = nil, where read() must return nil
              (what it returned was right at no time on the way there)
          These overlap it, and may take effect before or after it:
            write(1) by client 1 returned ok between event 0 and event 3
    "#]]
    .assert_eq(&report.unwrap().report);
}
