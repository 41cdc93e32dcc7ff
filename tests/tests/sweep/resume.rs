//! A sweep goes on where it was stopped.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};

use crate::program::{Ran, command, run};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("what_was_run_is_taken_over", taken_over),
        trial("ctrl_c_ends_with_a_summary_and_the_next_sweep_goes_on", interrupted),
        trial("interrupted_grade_is_no_pass", interrupted_grade),
        trial("workers_end_when_their_sweep_is_killed", orphans),
    ]
}

fn taken_over() {
    let target = tempfile::tempdir().unwrap();
    let sweep = |arguments: &str| run(target.path(), &format!("sweep {arguments}"));
    sweep("initial_election_3a re_election_3a -n 4").expect(0, &["8 runs in", "all passed: 8 runs"]);
    sweep("initial_election_3a re_election_3a -n 6").expect(0, &["4 runs in", "8 more were taken over from"]);
    sweep("initial_election_3a -n 5")
        .expect(0, &["0 runs in", "5 more were taken over", "all passed: 5 runs"]);
    sweep("initial_election_3a -n 5 --policy pct").expect(0, &["5 runs in"]);
    sweep("initial_election_3a -n 6 --fresh").expect(0, &["6 runs in", "all passed: 6 runs"]);
    // What may come to another end is run again.
    sweep("initial_election_3a -n 5 --limit 60s").expect(0, &["5 runs in"]);
    let mut switched = command(target.path(), "sweep initial_election_3a -n 5");
    Ran::from(switched.env("LAB_MY_SWITCH", "1").output().unwrap()).expect(0, &["5 runs in"]);
    // What was fresh is known as well now, and the rest still is.
    sweep("initial_election_3a re_election_3a -n 6").expect(0, &["0 runs in", "12 more were taken over"]);
}

/// Waits until a sweep has written results down.
fn wait_for_results(target: &Path) {
    for _ in 0..1000 {
        let builds = std::fs::read_dir(target.join("lab/sweep")).into_iter().flatten().flatten();
        let is_there = |build: std::fs::DirEntry| {
            std::fs::metadata(build.path().join("0001.jsonl")).is_ok_and(|file| file.len() > 1000)
        };
        if builds.into_iter().any(is_there) {
            return;
        }
        labrpc::thread::sleep(Duration::from_millis(10));
    }
    panic!("no results after ten seconds");
}

fn start_endless(target: &Path, jobs: usize) -> Child {
    let mut sweep = command(target, &format!("sweep initial_election_3a --until-fail -j {jobs}"));
    sweep.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupted() {
    let target = tempfile::tempdir().unwrap();
    // One worker goes through the seeds in order. Of two, one may have begun late, and miss the first ones.
    let child = start_endless(target.path(), 1);
    wait_for_results(target.path());
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ran: Ran = child.wait_with_output().unwrap().into();
    ran.expect(2, &["at most", "Interrupted. The same command goes on from here.", "not everything was run"]);
    assert!(!ran.out.contains("all passed"), "{}", ran.out);
    run(target.path(), "sweep initial_election_3a -n 5").expect(0, &["0 runs in", "5 more were taken over"]);
}

fn interrupted_grade() {
    let target = tempfile::tempdir().unwrap();
    let mut grade = command(target.path(), "grade initial_election_3a --seeds 1000000");
    let mut child = grade.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It says which part it begins with when it has begun to listen for Ctrl-C.
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut stderr, &mut String::new()).unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ran: Ran = child.wait_with_output().unwrap().into();
    assert!(ran.out.contains("interrupted, not everything was run"), "{}", ran.out);
    ran.expect(2, &[]);
}

/// The processes whose environment says that they belong to this target directory.
fn processes_of(target: &Path) -> usize {
    let wanted = format!("CARGO_TARGET_DIR={}", target.display()).into_bytes();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let environments = processes.filter_map(|process| std::fs::read(process.path().join("environ")).ok());
    environments.filter(|text| text.windows(wanted.len()).any(|window| window == wanted)).count()
}

fn orphans() {
    if cfg!(not(target_os = "linux")) {
        return; // Elsewhere they end with their next answer, and there is no /proc to see it.
    }
    let target = tempfile::tempdir().unwrap();
    let mut child = start_endless(target.path(), 2);
    wait_for_results(target.path());
    assert!(processes_of(target.path()) >= 2, "a sweep and its workers");
    child.kill().unwrap();
    child.wait().unwrap();
    for _ in 0..500 {
        if processes_of(target.path()) == 0 {
            return;
        }
        labrpc::thread::sleep(Duration::from_millis(10));
    }
    panic!("workers are left behind");
}
