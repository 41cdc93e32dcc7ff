//! The verdict comes first, and neither steps nor memory grow without bound.

use lab_linearizability::model::Kv;
use lab_linearizability::text::{Model, check_text, check_text_telling};
use lab_linearizability::workload::Workload;
use lab_linearizability::{Budget, ObjectResult, Verdict, check, explain};

/// As porcupine does, and as nobody reads more than one refutation.
#[test]
fn first_illegal_object_ends_the_check() {
    let mut text = String::new();
    for key in 0..200 {
        text.push_str(&format!("0 :invoke :write [{key} 1]\n0 :ok :write [{key} 1]\n"));
    }
    text.push_str(
        "0 :invoke :read [50 nil]\n0 :ok :read [50 2]\n0 :invoke :read [60 nil]\n0 :ok :read [60 2]\n",
    );
    let mut lines = Vec::new();
    let verdict =
        check_text_telling(&text, Model::Register, Budget::default(), |line| lines.push(line.to_string()))
            .unwrap();
    assert_eq!(verdict, Verdict::Illegal);
    assert!(lines[0].starts_with("illegal: 202 operations, 200 objects"), "{lines:?}");
    // Object 60 is illegal as well, and nobody has looked.
    assert!(lines.iter().any(|line| line == "50: not linearizable"), "{lines:?}");
    assert!(!lines.iter().any(|line| line == "60: not linearizable"), "{lines:?}");
    assert!(lines.last().is_some_and(|line| line.contains("others were not searched")), "{lines:?}");
}

/// The verdict on a history with a hard object and an easy illegal one costs no more than the easy one.
#[test]
fn hard_object_does_not_hold_up_an_easy_one() {
    // Many writes that overlap, and reads that no order explains: hard. On an object that is called first.
    let mut text = String::new();
    for process in 0..14 {
        text.push_str(&format!("{process} :invoke :write [0 {process}]\n"));
    }
    for process in 20..26 {
        text.push_str(&format!("{process} :invoke :read [0 nil]\n{process} :ok :read [0 {}]\n", process % 2));
    }
    text.push_str("90 :invoke :read [1 nil]\n90 :ok :read [1 7]\n");
    let check = check_text(&text, Model::Register, Budget::default()).unwrap();
    assert_eq!(check.verdict, Verdict::Illegal);
    let steps: u64 = check.report.split(' ').nth(5).unwrap().parse().unwrap();
    assert!(steps < 20_000, "{}", check.report);
}

#[test]
fn memory_is_bounded_and_running_out_is_unknown() {
    let history = Workload { keys: 1, ..Workload::new(10, 200, 1) }.history();
    let budget = Budget { bytes_max: 10_000, ..Budget::default() };
    let result = check(&Kv, &history, budget);
    assert_eq!(result.verdict(), Verdict::Unknown);
    assert!(matches!(result.objects[0].result, ObjectResult::OutOfMemory));
    assert!(explain(&Kv, &history, &result).contains("the memory is full. This is not a pass"));
}

/// A large set, and a long queue: what Jepsen's tests of these make.
#[test]
fn large_sets_and_queues_take_few_steps() {
    let count = 1_000;
    let mut set = String::new();
    let mut queue = String::new();
    for item in 0..count {
        // Five at a time.
        let process = item % 5;
        set.push_str(&format!("{process} :invoke :add {item}\n"));
        queue.push_str(&format!("{process} :invoke :enqueue {item}\n"));
        if process == 4 {
            for done in item - 4..=item {
                set.push_str(&format!("{} :ok :add {done}\n", done % 5));
                queue.push_str(&format!("{} :ok :enqueue {done}\n", done % 5));
            }
        }
    }
    for item in 0..count {
        queue.push_str(&format!("0 :invoke :dequeue nil\n0 :ok :dequeue {item}\n"));
    }
    let read = |lost: i32| {
        let items: Vec<String> =
            (0..count).filter(|item| *item != lost).map(|item| item.to_string()).collect();
        format!("{set}0 :invoke :read nil\n0 :ok :read #{{{}}}\n", items.join(" "))
    };
    let budget = Budget { steps_max: 100_000, bytes_max: 64 << 20 };
    let verdict = |text: &str, model| check_text(text, model, budget).unwrap().verdict;
    assert_eq!(verdict(&read(-1), Model::Set), Verdict::Ok);
    assert_eq!(verdict(&read(500), Model::Set), Verdict::Illegal);
    assert_eq!(verdict(&queue, Model::Queue), Verdict::Ok);
    assert_eq!(verdict(&queue, Model::UnorderedQueue), Verdict::Ok);
    let twice = format!("{queue}0 :invoke :dequeue nil\n0 :ok :dequeue 7\n");
    assert_eq!(verdict(&twice, Model::Queue), Verdict::Illegal);
    assert_eq!(verdict(&twice, Model::UnorderedQueue), Verdict::Illegal);
}

/// Enqueues that overlap in tens, and come out in another order long after; and a value from nowhere, read after many writes
/// that overlap.
#[test]
fn order_that_shows_late_takes_few_steps() {
    let mut queue = String::new();
    for item in 0..600 {
        let process = item % 10;
        queue.push_str(&format!("{process} :invoke :enqueue {item}\n"));
        if process == 9 {
            (0..10).for_each(|done| queue.push_str(&format!("{done} :ok :enqueue {}\n", item - 9 + done)));
        }
    }
    let dequeue = |item: i32| format!("0 :invoke :dequeue nil\n0 :ok :dequeue {item}\n");
    let backwards = |ten: i32| (0..10).rev().map(move |item| 10 * ten + item);
    queue.extend((0..60).flat_map(backwards).map(dequeue));
    let budget = Budget::of_steps(20_000);
    let check =
        check_text(&format!("{queue}0 :invoke :dequeue nil\n0 :ok :dequeue nil\n"), Model::Queue, budget);
    assert_eq!(check.unwrap().verdict, Verdict::Ok);
    let swapped = queue
        .replace(":ok :dequeue 19\n", ":ok :dequeue X\n")
        .replace(":ok :dequeue 25\n", ":ok :dequeue 19\n");
    let swapped = swapped.replace(":ok :dequeue X\n", ":ok :dequeue 25\n");
    assert_eq!(check_text(&swapped, Model::Queue, budget).unwrap().verdict, Verdict::Illegal);

    let writes: String =
        (0..30).map(|process| format!("{process} :invoke :cas [{} {process}]\n", process + 1)).collect();
    let register = format!("{writes}99 :invoke :read nil\n99 :ok :read 77\n");
    assert_eq!(check_text(&register, Model::CasRegister, budget).unwrap().verdict, Verdict::Illegal);
}
