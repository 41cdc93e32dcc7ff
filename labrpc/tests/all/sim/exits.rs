//! Code under test that ends the process: the test program fails, and says who did it.

use std::process::{Command, Output};

use labrpc::search::{Check, Exhaustive};
use labrpc::sim::{NodeHandle, Policy, Sim};
use labrpc::thread;

/// Asks a test, as a process of its own, to do what it says.
const ASKED: &str = "LABRPC_TEST_EXIT";

/// Runs a test of this file again, as a process of its own that is asked for `how`.
fn run_again(test: &str, how: &str) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("sim::exits::{test}"), "--nocapture"]).env(ASKED, how);
    command.output().unwrap()
}

fn exits() {
    let node = NodeHandle::new("S1");
    node.spawn("ends", || std::process::exit(0));
    thread::sleep(std::time::Duration::from_millis(1));
}

struct ExitsWhenDropped;

impl Drop for ExitsWhenDropped {
    fn drop(&mut self) {
        std::process::exit(0);
    }
}

/// In every way to make a run.
#[test]
fn exit_in_a_run_is_a_failure_that_names_thread_run_and_place() {
    const TEST: &str = "exit_in_a_run_is_a_failure_that_names_thread_run_and_place";
    match std::env::var(ASKED).as_deref() {
        Ok("check") => return Check::new().policy(Policy::Random).check(exits),
        Ok("exhaustive") => return drop(Exhaustive::new(2).search(exits)),
        Ok("run") => return drop(Sim::new(0).run(exits)),
        Ok("destructor") => {
            let run = Sim::new(0).run(|| {
                thread::spawn(|| {
                    let _exits = ExitsWhenDropped;
                    thread::park();
                });
                thread::yield_now();
            });
            return drop(run);
        }
        _ => {}
    }
    for how in ["check", "exhaustive", "run", "destructor"] {
        let output = run_again(TEST, how);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{how}: {stderr}");
        // The file and line in a build that has them, or the function.
        let what = "the code under test ended the process (std::process::exit) in the middle of a run, at ";
        let place = stderr.split_once(what).map_or("", |(_, place)| place.lines().next().unwrap_or_default());
        assert!(place.contains("sim::exits::") || place.contains("sim/exits.rs:"), "{how}: {stderr}");
        let run = format!(" of sim::exits::{TEST}\n");
        assert!(stderr.contains(", in the run seed=0x0 policy=") && stderr.contains(&run), "{how}: {stderr}");
        if how != "destructor" {
            assert!(stderr.contains("It was S1/ends"), "{how}: {stderr}");
        }
    }
}

/// When no run is under way, and in a worker, an exit is nobody's business.
#[test]
fn other_exits_are_left_alone() {
    match std::env::var(ASKED).as_deref() {
        Ok("after") => {
            Sim::new(1).run(thread::yield_now).unwrap();
            std::process::exit(7);
        }
        Ok("worker") => {
            labrpc::sim::allow_exits();
            drop(Sim::new(1).run(|| std::process::exit(7)));
        }
        _ => {}
    }
    for how in ["after", "worker"] {
        let output = run_again("other_exits_are_left_alone", how);
        assert_eq!(output.status.code(), Some(7), "{how}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
