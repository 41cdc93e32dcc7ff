//! What is printed and cannot be written is said, and so is a machine that starts nothing.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use libtest_mimic::Trial;

use crate::program::{Ran, command, json, run};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("output_that_is_lost_is_exit_code_2", full),
        trial("who_stops_reading_gets_no_complaint", closed),
        trial("files_are_opened_before_the_work_and_replaced_after_it", files),
        trial("machine_that_starts_no_threads_is_named", no_threads),
    ]
}

/// Subcommands that print.
const PRINTING: [&str; 6] = [
    "",
    "--help",
    "list",
    "grade initial_election_3a",
    "replay initial_election_3a 1",
    "sweep initial_election_3a -n 2",
];

fn full() {
    let Ok(full) = File::options().write(true).open("/dev/full") else { return };
    let target = tempfile::tempdir().unwrap();
    let history = target.path().join("history.txt");
    std::fs::write(&history, "0 :invoke :write 1\n0 :ok :write 1\n").unwrap();
    let check = format!("check --model register {}", history.display());
    let export = "export trace initial_election_3a 1";
    for arguments in PRINTING.into_iter().chain([export, &check]) {
        let mut program = command(target.path(), arguments);
        let ran: Ran = program.stdout(full.try_clone().unwrap()).output().unwrap().into();
        ran.expect(2, &["cannot write to the standard output"]);
        assert!(!ran.err.contains("panicked"), "{arguments}: {}", ran.err);
        // Where only its complaints are lost, the verdict stays.
        let mut program = command(target.path(), arguments);
        let ran: Ran = program.stderr(full.try_clone().unwrap()).output().unwrap().into();
        ran.expect(0, &[]);
    }
}

fn closed() {
    let target = tempfile::tempdir().unwrap();
    for arguments in PRINTING.into_iter().chain(["replay chaos_3b 1 --around all"]) {
        let mut program = command(target.path(), arguments);
        let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // As `head -1` does.
        let mut line = String::new();
        BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ran: Ran = child.wait_with_output().unwrap().into();
        ran.expect(0, &[]);
        assert!(!ran.err.contains("panicked") && !ran.err.contains("pipe"), "{arguments}: {}", ran.err);
    }
}

fn files() {
    let target = tempfile::tempdir().unwrap();
    let (nowhere, good) = (target.path().join("nodir/x"), target.path().join("good"));
    let (nowhere, good_name) = (nowhere.display(), good.display());
    std::fs::write(&good, "of yesterday").unwrap();
    for arguments in [
        format!("sweep initial_election_3a -n 2 --json {nowhere}"),
        format!("sweep initial_election_3a -n 2 --json {good_name} --junit {nowhere}"),
        format!("merge --json {nowhere} {good_name}"),
        format!("export trace initial_election_3a 1 -o {nowhere}"),
        format!("sweep initial_election_3a -n 2 --json {}", target.path().display()),
    ] {
        let ran: Ran = command(target.path(), &arguments).output().unwrap().into();
        ran.expect(2, &["cannot write"]);
        assert!(!ran.err.contains("no results"), "files were read before: {}", ran.err);
    }
    let same = format!("sweep initial_election_3a -n 2 --json {good_name} --junit {good_name}");
    run(target.path(), &same).expect(2, &["name the same file"]);
    assert!(!target.path().join("lab/sweep").exists(), "it was noticed after the work");
    // Where the work fails, the good file stays.
    run(target.path(), &format!("merge --json {good_name} {good_name}")).expect(2, &["holds no results"]);
    assert_eq!(std::fs::read(&good).unwrap(), b"of yesterday");
    run(target.path(), &format!("sweep initial_election_3a -n 2 --json {good_name}")).expect(0, &[]);
    assert_eq!(json(&good)["is_complete"], true);
    let left = std::fs::read_dir(target.path()).unwrap().count();
    assert_eq!(left, 2, "only the file and the folder lab");
    run(target.path(), "sweep initial_election_3a -n 2 --json /dev/stdout").expect(0, &["\"format\": "]);
}

fn no_threads() {
    use std::os::unix::process::CommandExt;
    let target = tempfile::tempdir().unwrap();
    let limited = |limit: &str| {
        let program = command(target.path(), "grade initial_election_3a");
        let mut shell = std::process::Command::new("sh");
        shell.arg("-c").arg(format!("{limit} exec \"$0\" \"$@\"")).arg(program.get_program());
        shell.args(program.get_args());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if rustix::process::geteuid().is_root() {
            // The limit holds for others only, and nobody else has this number.
            shell.uid(54_321);
        }
        shell.output().map(Ran::from)
    };
    // Where another user cannot run this file, or the shell knows no such limit, there is nothing to see.
    if !limited("").is_ok_and(|ran| ran.code == Some(0)) || !cfg!(target_os = "linux") {
        return;
    }
    // Shells differ in the letter.
    limited("ulimit -u 2 2>/dev/null || ulimit -p 2;")
        .unwrap()
        .expect(2, &["cannot start", "Raise the limit of processes and threads"]);
}
