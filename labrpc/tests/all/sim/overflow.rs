//! A simulated thread that overflows its stack: the process dies, and says why.

use std::process::Command;

use labrpc::sim::Sim;
use labrpc::thread;

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
        let _ = Sim::new(1).run(|| thread::spawn(|| without_end(0)).join().unwrap());
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
}
