//! A class in one command: the reference, two controls, five broken submissions and ten hostile ones, and the table that they must
//! come to.
//!
//! It builds each of them, which takes minutes, so it is ignored: `cargo test -p lab-grading --test class -- --include-ignored`,
//! as the gate does.

mod room;
mod submissions;

use std::fs;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use room::Room;
use submissions::{MARK, SUBMISSIONS};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trial = Trial::test("class_gets_the_right_table", || {
        class_gets_the_right_table();
        Ok(())
    });
    libtest_mimic::run(&arguments, vec![trial.with_ignored_flag(true)]).exit_code()
}

fn class_gets_the_right_table() {
    if cfg!(not(target_os = "linux")) {
        return; // What is done here to a process is Linux's.
    }
    let room = Room::new();
    let ran = room.grade("");
    let untold = "of these not everything could be told";
    assert!(ran.code == Some(0) || ran.code == Some(2) && ran.text.contains(untold), "{}", ran.text);
    let table = fs::read_to_string(room.path("out/class.csv")).expect("a table");
    let mut wrong = Vec::new();
    for submission in SUBMISSIONS {
        let begin = format!("{},{},", submission.name, submission.points);
        let line = table.lines().find(|line| line.starts_with(&begin));
        let report = fs::read_to_string(room.path(&format!("out/students/{}/report.txt", submission.name)));
        let all = format!("{}\n{}", line.unwrap_or_default(), report.unwrap_or_default());
        if line.is_none() || !all.contains(submission.says) {
            wrong.push(format!("no line {begin:?}, or {:?} is not said in\n{all}", submission.says));
        }
    }
    assert!(wrong.is_empty(), "{}\n{table}\n{}", wrong.join("\n"), ran.text);
    assert_eq!(table.lines().count(), SUBMISSIONS.len() + 1, "{table}");
    // What hostile ones would have left where they should not be able to write, or run.
    let marks: Vec<_> =
        room.files().into_iter().filter(|path| path.to_string_lossy().contains(MARK)).collect();
    assert!(marks.is_empty(), "{marks:?}");
    let similarity = fs::read_to_string(room.path("out/similarity.csv")).expect("a table");
    assert!(
        similarity.lines().nth(1).is_some_and(|line| line.starts_with("100,") && line.contains("copy")),
        "{similarity}"
    );
    // What lies in the repository is found where it came from.
    for line in [",reference,raft,", ",polling,tests/controls/polling,", ",copy,tests/controls/polling,"] {
        assert!(
            similarity.lines().any(|there| there.starts_with("100,") && there.contains(line)),
            "{similarity}"
        );
    }
    goes_on_where_it_was_stopped(&room);
}

/// Nothing is graded again that is the same; what has changed is.
fn goes_on_where_it_was_stopped(room: &Room) {
    room.write("submissions/empty/src/lib.rs", "fn");
    let ran = room.grade("--only reference,polling,empty");
    assert!(ran.text.contains("[3/3] reference: 30 of 30 points, as before"), "{}", ran.text);
    assert!(ran.text.contains("[2/3] polling: 30 of 30 points, as before"), "{}", ran.text);
    assert!(ran.text.contains("[1/3] empty: 0 of 30 points: error: expected identifier"), "{}", ran.text);
    // And a grade of it is made again, of the program that was built for it last.
    let ran = room.grade("--only reference --fresh");
    assert!(ran.text.contains("[1/1] reference: 30 of 30 points\n"), "{}", ran.text);
    room.repeat("reference");
}
