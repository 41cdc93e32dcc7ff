//! A simulated thread that overflows its stack: the process dies, and says why.

use std::process::Command;

use labrpc::sim::{NodeHandle, Sim};

/// Asks this test, as a process of its own, to do it.
const ASKED: &str = "LABRPC_TEST_OVERFLOW";

#[allow(unconditional_recursion, reason = "that is what this is about")]
fn without_end(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    without_end(frame[0] + 1) + frame[1]
}

#[test]
fn stack_overflow_says_so() {
    if std::env::var_os(ASKED).is_some() {
        let _ = Sim::new(7).run(|| NodeHandle::new("S1").spawn("deep", || without_end(0)).join().unwrap());
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sim::overflow::stack_overflow_says_so", "--nocapture"])
        .env(ASKED, "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(stderr.contains("a simulated thread has overflowed its stack"), "{}: {stderr}", output.status);
    let names = "It was S1/deep, in the run seed=0x7 policy=random step=1000ns of sim::overflow::stack_overflow_says_so\n";
    assert!(stderr.contains(names), "{stderr}");
}
