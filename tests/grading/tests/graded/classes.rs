//! `grade-class`, as far as no submission compiles: the handout is one that depends on nothing.

use std::fs;

use libtest_mimic::Trial;

use crate::folder::{self, Folder, Ran};
use crate::rubrics::is_root;
use crate::submissions::SECRET;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("class_stays_in_the_table_when_some_are_graded", class_stays_in_the_table),
        trial("interrupted_class_keeps_its_table_and_says_how_to_go_on", interrupted_class),
        trial("two_calls_never_grade_into_the_same_folder", two_calls),
        trial("grade_that_was_interrupted_is_made_again", interrupted_grade),
        trial("what_is_wrong_with_a_class_is_told_before_anything_is_built", what_is_wrong_is_told_first),
        trial("check_finds_what_is_wrong_with_rubric_secret_and_handout", check_finds_what_is_wrong),
    ]
}

const RUBRIC: &str = "assignment = 'raft'\n[[part]]\nname = '3A'\npoints = 10\n";
const CLASS: &str = "submissions --rubric rubric.toml --out out --handout handout";

/// A class of three, of whom nobody has handed in a library.
fn class() -> Folder {
    let folder = Folder::new(RUBRIC);
    for name in ["ann", "bob", "eve"] {
        write(&folder, &format!("submissions/{name}/README"), "to do");
    }
    write(
        &folder,
        "handout/Cargo.toml",
        "[package]\nname = \"handout\"\n[[bin]]\nname = \"lab\"\npath = \"src/main.rs\"\n",
    );
    write(&folder, "handout/src/lib.rs", "");
    write(&folder, "handout/src/main.rs", "fn main() {}\n");
    folder
}

fn write(folder: &Folder, name: &str, text: &str) {
    let path = folder.path(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn grade(folder: &Folder, arguments: &str) -> Ran {
    folder::run(folder.program(&format!("grade-class {CLASS} --same-user {arguments}")))
}

/// The first words of the lines of the table, and what is said at their ends.
#[track_caller]
fn expect_table(folder: &Folder, wanted: &[(&str, &str)]) {
    let table = fs::read_to_string(folder.path("out/class.csv")).expect("a table");
    let lines: Vec<&str> = table.lines().skip(1).collect();
    assert_eq!(lines.len(), wanted.len(), "{table}");
    for (line, (name, note)) in lines.iter().zip(wanted) {
        assert!(line.starts_with(&format!("{name},0,10,")) && line.contains(note), "{name}, {note}: {table}");
    }
}

fn class_stays_in_the_table() {
    let folder = class();
    let none = "not graded,there is no src/lib.rs in it";
    grade(&folder, "").expect(0, &["[3/3] eve: 0 of 10 points"]);
    expect_table(&folder, &[("ann", none), ("bob", none), ("eve", none)]);
    // One of them alone, and another has handed in something else since.
    write(&folder, "submissions/eve/src/lib.rs", "include!(\"x\");");
    grade(&folder, "--only bob").expect(0, &["[1/1] bob: 0 of 10 points, as before", "ann", "eve"]);
    let older = "not graded,\"of an earlier submission, moment, secret or lab: there is no";
    expect_table(&folder, &[("ann", none), ("bob", none), ("eve", older)]);
    fs::remove_dir_all(folder.path("submissions/ann")).expect("it was there");
    grade(&folder, "--only eve").expect(0, &["[1/1] eve: 0 of 10 points: src/lib.rs, line 1"]);
    let gone = "not graded,no submission of this name any more: there is no";
    expect_table(&folder, &[("ann", gone), ("bob", none), ("eve", "include! reads a file")]);
    // By another rubric nobody else has been graded yet.
    write(&folder, "rubric.toml", &format!("{RUBRIC}# another\n"));
    let others = "not in the table, since they were graded with another rubric: ann, eve\n";
    grade(&folder, "--only bob").expect(0, &["[1/1] bob: 0 of 10 points", others]);
    expect_table(&folder, &[("bob", none)]);
    // Another assignment would write over all of it.
    let before = fs::read_to_string(folder.path("out/students/bob/grade.json")).expect("a grade");
    write(&folder, "rubric.toml", &RUBRIC.replace("'raft'", "'raft-2'"));
    let words = ["grades of the assignment \"raft\", and the rubric is that of \"raft-2\"", "--out"];
    let ran = grade(&folder, "");
    ran.expect(2, &words);
    assert!(!ran.text.contains("building"), "{}", ran.text);
    expect_table(&folder, &[("bob", none)]);
    assert_eq!(fs::read_to_string(folder.path("out/students/bob/grade.json")).ok(), Some(before));
}

/// Interrupted while bob, whose program never answers, is graded.
#[cfg(unix)]
fn interrupted_class() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::Stdio;
    use std::time::Duration;

    use lab_grading::record::End;
    use rustix::process::{Pid, Signal, kill_process};

    let folder = class();
    grade(&folder, "").expect(0, &["[3/3] eve"]);
    write(&folder, "handout/src/main.rs", "fn main() { loop { std::thread::park() } }\n");
    write(&folder, "submissions/bob/src/lib.rs", "");
    let mut command = folder.program(&format!("grade-class {CLASS} --same-user"));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut text = String::new();
    while !text.contains("[1/3] ann") {
        assert_ne!(said.read_line(&mut text).expect("a line"), 0, "{text}");
    }
    // Of the call before there is one that was not graded.
    let grade = folder.path("out/students/bob/grade.json");
    while folder::read(&grade).is_none_or(|grade| grade.end != End::UnderWay) {
        assert!(child.try_wait().expect("a state").is_none(), "bob's grading has begun before it ends");
        labrpc::thread::sleep(Duration::from_millis(2));
    }
    kill_process(Pid::from_child(&child), Signal::INT).expect("it is there");
    said.read_to_string(&mut text).expect("a text");
    assert_eq!(child.wait().expect("it ends").code(), Some(2), "{text}");
    let goes_on =
        format!("1 of 3 were graded. The same command goes on: cargo lab grade-class {CLASS} --same-user");
    assert!(text.contains(&goes_on), "{text}");
    let table = fs::read_to_string(folder.path("out/class.csv")).expect("a table");
    assert!(table.contains("\neve,0,10,"), "{table}");
}

#[cfg(not(unix))]
fn interrupted_class() {}

fn two_calls() {
    let folder = class();
    fs::create_dir(folder.path("out")).expect("a folder");
    let file = fs::File::create(folder.path("out/lock")).expect("a file");
    file.lock().expect("nobody else has it");
    let words = ["somebody else is grading into", "--out"];
    grade(&folder, "").expect(2, &words);
    folder::run(folder.program("prepare --handout handout --out out")).expect(2, &words);
    let left: Vec<_> = fs::read_dir(folder.path("out")).expect("a folder").flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    drop(file);
    grade(&folder, "").expect(0, &["[3/3] eve: 0 of 10 points"]);
}

/// Whatever key lies beside it.
fn interrupted_grade() {
    let folder = class();
    grade(&folder, "").expect(0, &["[2/3] bob: 0 of 10 points"]);
    let path = folder.path("out/students/bob/grade.json");
    for end in ["interrupted", "under_way"] {
        let text = fs::read_to_string(&path).expect("a grade");
        assert!(text.contains("\"end\": \"not_graded\""), "{text}");
        fs::write(&path, text.replace("\"not_graded\"", &format!("{end:?}"))).expect("a file");
        grade(&folder, "--only ann").expect(0, &["[1/1] ann: 0 of 10 points, as before"]);
        let none = "not graded,there is no src/lib.rs in it";
        expect_table(&folder, &[("ann", none), ("eve", none)]);
        let ran = grade(&folder, "");
        ran.expect(
            0,
            &["[2/3] bob: 0 of 10 points: there is no src/lib.rs", "[3/3] eve: 0 of 10 points, as"],
        );
    }
}

fn what_is_wrong_is_told_first() {
    let folder = class();
    // What is none is no student, of whom a time would be asked.
    write(&folder, "submissions/notes.txt", "call bob");
    write(&folder, "submissions/__MACOSX/x", "");
    fs::write(folder.path("times"), "bob,2026-10-01T12:00:00Z\nbop,2026-10-01T12:00:00Z\n").expect("a file");
    let stray = "nobody's submission: notes.txt\n";
    grade(&folder, "--times times").expect(2, &["were handed in: ann, eve\n", stray]);
    let ran = grade(&folder, "--times times --only bob");
    ran.expect(0, &["names some who have no submission: bop", stray]);
    expect_table(&folder, &[("bob", "not graded,there is no src/lib.rs in it")]);
    fs::remove_dir_all(folder.path("out")).expect("it was there");
    fs::remove_file(folder.path("handout/src/main.rs")).expect("it was there");
    let handout = "handout is no handout: it has no src/main.rs";
    grade(&folder, "").expect(2, &[handout]);
    // Outside of its runner there is nothing to be told to it.
    let words = [
        "--classroom50 writes",
        "has not set CLASSROOM, ASSIGNMENT, SUBMISSION_TAG, COMMIT_URL, RELEASE_URL",
    ];
    grade(&folder, "--classroom50 result.json --only bob").expect(2, &words);
    let arguments = format!("grade-class {CLASS} --as-user nobody-of-this-name");
    folder::run(folder.program(&arguments)).expect(2, &["there is no user nobody-of-this-name"]);
    if is_root() {
        // What root runs may read the secret out of this very process.
        write(&folder, "rubric.toml", &RUBRIC.replace("[[part]]", "[seeds]\nhidden = 3\n[[part]]"));
        write(&folder, "secret", SECRET);
        let words = ["there are hidden seeds", "--as-user nobody", "--same-user is for public seeds"];
        grade(&folder, "--secret-file secret").expect(2, &words);
        let arguments = format!("grade-class {CLASS} --as-user nobody --secret-file secret");
        let words = ["the user nobody can read the course's secret in secret", "chmod go-rwx secret"];
        folder::run(folder.program(&arguments)).expect(2, &words);
    }
    assert!(!folder.path("out").exists(), "nothing was begun");
}

fn check_finds_what_is_wrong() {
    let folder = class();
    let check = |arguments: &str| {
        let arguments = format!("check --rubric rubric.toml --handout handout {arguments}");
        let mut command = folder.program(&arguments);
        // It is not packed.
        command.env(lab_grading::seeds::SECRET, SECRET);
        folder::run(command)
    };
    check("").expect(0, &[]);
    let solved = include_str!("../../../handout/shapes/solved.md");
    write(&folder, "handout/README.md", &format!("# my-raft\n\n{solved}\n## More\n"));
    check("").expect(2, &["handout has the solution in it"]);
    fs::remove_file(folder.path("handout/README.md")).expect("it was there");
    write(&folder, "rubric.toml", &format!("{RUBRIC}pionts = 3\n"));
    check("").expect(2, &["rubric.toml, line 5", "pionts"]);
    write(&folder, "rubric.toml", &RUBRIC.replace("[[part]]", "[seeds]\nhidden = 3\n[[part]]"));
    check("").expect(2, &["3 hidden seeds", "--secret-file"]);
    write(&folder, "secret", SECRET);
    check("--secret-file secret").expect(0, &[]);
    fs::remove_file(folder.path("handout/src/lib.rs")).expect("it was there");
    check("--secret-file secret").expect(2, &["is no handout"]);
}
