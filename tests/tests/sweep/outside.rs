//! What somebody else does to a worker is no failure of the code under test.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};

use crate::bad::VARIABLE;
use crate::program::{Ran, command};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("worker_that_is_killed_once_costs_nothing", killed_once),
        trial("worker_that_is_stopped_and_goes_on_costs_nothing", stopped),
        trial("workers_that_are_killed_each_time_are_told_and_end_the_sweep", killed_each_time),
        trial("grade_whose_workers_are_killed_each_time_gives_no_points", grade_killed_each_time),
    ]
}

fn start(target: &Path, arguments: &str) -> Child {
    // The thread of seed 7 never gives way, so that its run is under way when its worker is ended.
    command(target, arguments)
        .env(VARIABLE, "7")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The children of a process.
fn workers_of(parent: &Child) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |number: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        let parent_of_it = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        parent_of_it == Some(parent.id())
    };
    numbers.filter(is_child).filter_map(Pid::from_raw).collect()
}

/// Waits for the first worker.
fn first_worker(sweep: &Child) -> Pid {
    for _ in 0..5000 {
        if let Some(worker) = workers_of(sweep).first() {
            // So that it is at work, and not about to begin.
            labrpc::thread::sleep(Duration::from_millis(100));
            return *worker;
        }
        labrpc::thread::sleep(Duration::from_millis(1));
    }
    panic!("no worker after five seconds");
}

/// Some thousand runs of a test that takes milliseconds.
const MANY: &str = "sweep initial_election_3a -n 1500 --seed-from 100 -j 1 --stall 1s --limit 2s";

fn killed_once() {
    let target = tempfile::tempdir().unwrap();
    let sweep = start(target.path(), MANY);
    kill_process(first_worker(&sweep), Signal::KILL).unwrap();
    Ran::from(sweep.wait_with_output().unwrap()).expect(0, &["all passed: 1500 runs"]);
}

fn stopped() {
    let target = tempfile::tempdir().unwrap();
    let sweep = start(target.path(), MANY);
    let worker = first_worker(&sweep);
    kill_process(worker, Signal::STOP).unwrap();
    // Longer than a thread may take to give way, and than a run may take.
    labrpc::thread::sleep(Duration::from_millis(2500));
    // It may have been given up by now.
    let _ = kill_process(worker, Signal::CONT);
    Ran::from(sweep.wait_with_output().unwrap()).expect(0, &["all passed: 1500 runs"]);
}

/// Ends each worker as soon as there is one, until the program has ended.
fn end_all_workers(mut program: Child) -> Ran {
    while program.try_wait().unwrap().is_none() {
        for worker in workers_of(&program) {
            let _ = kill_process(worker, Signal::TERM);
        }
        labrpc::thread::sleep(Duration::from_millis(20));
    }
    program.wait_with_output().unwrap().into()
}

fn killed_each_time() {
    let target = tempfile::tempdir().unwrap();
    let arguments = "sweep initial_election_3a -n 1 --seed-from 7 -j 1";
    end_all_workers(start(target.path(), arguments)).expect(2, &["SIGTERM"]);
}

fn grade_killed_each_time() {
    let target = tempfile::tempdir().unwrap();
    let ran = end_all_workers(start(target.path(), "grade initial_election_3a --seed 7"));
    ran.expect(2, &["SIGTERM"]);
}
