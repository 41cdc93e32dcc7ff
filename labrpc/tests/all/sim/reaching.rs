//! What a node may do to another one: nothing.

use std::time::Duration;

use labrpc::sim::{NodeHandle, Sim};
use labrpc::thread;

/// Code under test has no business with other machines, nor with the tester.
#[test]
fn node_that_reaches_for_another_is_named() {
    type Reach = fn(NodeHandle);
    let reaches: [(Reach, &str); 5] = [
        (|other| assert!(!other.crash()), "Crash"),
        (|other| assert!(!other.pause()), "Pause"),
        (|other| assert!(!other.set_clock_rate(1)), "ClockRate"),
        (|other| drop(other.spawn("inside", || {})), "Spawn"),
        (|_| drop(NodeHandle::new("S9").spawn("elsewhere", || {})), "Spawn"),
    ];
    for name in ["S0", "tester"] {
        for (reach, what) in reaches {
            let run = Sim::new(1).run(move || {
                let _other = NodeHandle::new("S0");
                let node = NodeHandle::new("S1");
                node.spawn("culprit", move || reach(NodeHandle::find(name).unwrap()));
                thread::sleep(Duration::from_secs(1));
            });
            let text = run.unwrap_err().to_string();
            assert!(text.contains("S1/culprit") && text.contains("a thread of S1 reaches for"), "{text}");
            assert!(text.contains(what), "{text}");
        }
    }
}

#[test]
fn node_may_crash_itself() {
    let run = Sim::new(1).run(|| {
        let node = NodeHandle::new("S1");
        node.spawn("worker", || NodeHandle::current().crash());
        thread::sleep(Duration::from_secs(1));
        assert!(node.is_crashed());
    });
    run.unwrap();
}
