//! Histories from the literature, legal and illegal side by side, and what the report says of them.

use expect_test::{ExpectFile, expect_file};
use lab_linearizability::model::Register;
use lab_linearizability::text::{Model, check_text, read_history};
use lab_linearizability::{Budget, History, ObjectResult, Specification, Step, Verdict, check};

/// Events in short form, `process type f value`, one per line, as EDN.
pub(super) fn edn(events: &str) -> String {
    let line = |line: &str| {
        let [process, event_type, f, value] = line.trim().splitn(4, ' ').collect::<Vec<_>>()[..] else {
            panic!("not an event: {line}")
        };
        format!("{{:process {process}, :type :{event_type}, :f :{f}, :value {value}}}\n")
    };
    events.trim().lines().map(line).collect()
}

#[track_caller]
pub(super) fn assert_verdict(model: Model, events: &str, verdict: Verdict) {
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
    // The writes overlap, so either order is legal, but it is one order for all.
    let agree = format!("{writes}\n 3 invoke read nil\n 3 ok read 1\n 4 invoke read nil\n 4 ok read 1");
    let disagree = format!("{writes}\n 3 invoke read nil\n 3 ok read 1\n 4 invoke read nil\n 4 ok read 2");
    assert_verdict(Model::Register, &agree, Verdict::Ok);
    assert_verdict(Model::Register, &disagree, Verdict::Illegal);
}

/// A write that timed out may take effect long after; but it cannot be undone.
#[test]
fn pending_write_takes_effect_late_but_only_once() {
    let late = "1 invoke write 1\n 1 info write 1\n 2 invoke read nil\n 2 ok read nil\n 2 invoke read nil\n 2 ok read 1";
    // That a write which nobody has confirmed is never seen contradicts nothing.
    let never = "1 invoke write 1\n 1 info write 1\n 2 invoke read nil\n 2 ok read nil";
    // But once seen, it has taken effect.
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
    // A failure without a reason is no answer, so this is legal whatever the first one did.
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
    // The second register is empty and stays so: no write to the first can explain a 1 there.
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
    // Events at one time stand in the order of the table.
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
    // The read of nil comes before the write that overlaps it, and the other read after it.
    assert_eq!(order, &[1, 0, 2]);
}

/// The report on `history` is the one in the file beside it. `UPDATE_EXPECT=1 cargo test` writes it anew.
#[track_caller]
fn assert_report(model: Model, history: &str, expected: &ExpectFile) {
    let checked = check_text(history, model, Budget::default()).expect("the events are well formed");
    expected.assert_eq(&checked.report);
}

/// The report names the reply, what it would have to be, which write makes it so, and what overlaps.
#[test]
fn stale_read_in_words() {
    assert_report(Model::Kv, include_str!("reports/stale_read.edn"), &expect_file!["reports/stale_read.txt"]);
}

/// The reply that cannot be may belong to an operation whose effect others have seen.
#[test]
fn denied_effect_in_words() {
    let history = include_str!("reports/denied_effect.edn");
    assert_report(Model::CasRegister, history, &expect_file!["reports/denied_effect.txt"]);
}

/// A value that nobody wrote.
#[test]
fn value_from_nowhere_in_words() {
    let history = include_str!("reports/value_from_nowhere.edn");
    assert_report(Model::Register, history, &expect_file!["reports/value_from_nowhere.txt"]);
}
