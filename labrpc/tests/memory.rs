//! Memory of the whole process, which is why no other test may run in it.

use std::time::Duration;

use labrpc::sim::{HeapMark, NodeHandle, Sim};
use labrpc::thread;

#[test]
fn memory_of_this_process() {
    heap_of_a_simulation_is_known_while_it_is_alone();
    memory_does_not_grow_over_ten_thousand_runs_with_crashes();
}

fn heap_of_a_simulation_is_known_while_it_is_alone() {
    const BYTES: usize = 1_000_000;
    assert!(HeapMark::now().is_none(), "there is no simulation");
    let body = || {
        let Some(mark) = HeapMark::now() else { return }; // not on this system
        let kept = vec![1_u8; BYTES];
        let growth = mark.growth().expect("it is alone");
        assert!((BYTES..2 * BYTES).contains(&growth), "{growth} bytes");
        drop(kept);
        assert!(mark.growth().expect("it is alone") < BYTES / 2);
        let other =
            std::thread::spawn(|| Sim::new(2).run(|| assert!(HeapMark::now().is_none(), "there are two")));
        assert!(other.join().is_ok_and(|outcome| outcome.is_ok()));
        assert_eq!(mark.growth(), None, "another one has run since");
    };
    Sim::new(1).run(body).unwrap();
    // What the simulator itself notes of a run is not measured: a trace of thousands of bytes for each thread, and objects by the thousand.
    let busy = || {
        let Some(mark) = HeapMark::now() else { return };
        for _ in 0..10_000 {
            let (sender, receiver) = labrpc::channel::bounded(1);
            thread::spawn(move || sender.send(1)).join().expect("it ends").expect("somebody reads");
            assert_eq!(receiver.recv(), Ok(1));
        }
        let growth = mark.growth().expect("it is alone");
        assert!(growth < BYTES / 20, "{growth} bytes");
    };
    let noted = Sim::new(1).tracing(labrpc::sim::Tracing::Last(1_000_000)).coverage(true);
    noted.run(busy).unwrap();
}

fn memory_does_not_grow_over_ten_thousand_runs_with_crashes() {
    /// Resident memory of this process in KiB, on Linux.
    fn resident_kib() -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
    fn run(seed: u64) {
        let body = || {
            let node = NodeHandle::new("S1");
            for _ in 0..5 {
                node.spawn("worker", || {
                    let _owned = vec![0_u8; 10_000];
                    thread::sleep(Duration::from_secs(60));
                });
            }
            thread::sleep(Duration::from_millis(1));
            node.crash();
        };
        Sim::new(seed).run(body).unwrap();
    }
    (0..1_000).for_each(run);
    let before = resident_kib();
    (0..10_000).for_each(run);
    if let (Some(before), Some(after)) = (before, resident_kib()) {
        // Leaking what one crashed thread owns would come to 500 MB.
        assert!(after < before + 16_384, "resident memory grew from {before} to {after} KiB");
    }
}
