//! `grade --rubric` and `grade --repeat`.

use std::fs;
use std::time::Duration;

use lab_grading::record::{End, Status};
use libtest_mimic::Trial;

use crate::folder::{self, Folder};
use crate::submissions::{SECRET, SEEN, SEEN_SEEDS};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("right_one_gets_all_points_and_the_same_again", right_one_gets_all_points_and_the_same_again),
        trial("share_of_seeds_counts_and_a_failure_leads_to_its_page", share_of_seeds_counts),
        trial("budget_of_time_gives_nothing_for_what_did_not_run", budget_of_time),
        trial("what_is_killed_has_left_what_is_known", what_is_killed),
        trial("secret_is_never_seen_by_code_under_test", secret_is_never_seen),
        trial("what_is_wrong_is_told_and_exits_with_2", what_is_wrong_is_told),
        trial("delay_costs_what_the_rubric_says", delay_costs),
    ]
}

/// Three tests of two parts, worth 10 and 20 points.
const RUBRIC: &str = "assignment = 'raft-2026'
[seeds]
public = 4
[[part]]
name = '3A'
points = 10
deadline = 2026-10-01T23:59:00-04:00
[[part]]
name = '3B'
points = 20
";

/// The rubric, with these tests alone.
fn rubric_of(tests: &[&str], more: &str) -> String {
    let mut text = format!("{RUBRIC}{more}");
    for case in lab::suites::TESTS.iter().filter(|case| ["3A", "3B"].contains(&case.part.name())) {
        if !tests.contains(&case.name) {
            text += &format!("[[test]]\nname = '{}'\nskip = true\n", case.name);
        }
    }
    text
}

const TESTS: [&str; 3] = ["initial_election_3a", "re_election_3a", "basic_agree_3b"];

fn right_one_gets_all_points_and_the_same_again() {
    let folder = Folder::new(&rubric_of(&TESTS, ""));
    folder
        .grade("right", "--rubric rubric.toml --out out --gradescope results.json")
        .expect(0, &["3A  leader election: 10 of 10", "30 of 30 points", "results: out/"]);
    let grade = folder.result();
    assert_eq!((grade.end, grade.tests.len()), (End::Complete, 3));
    assert!(grade.tests.iter().all(|test| test.runs == 4 && test.seeds == [1, 2, 3, 4]), "{grade:?}");
    assert!(grade.made_with.toolchain.starts_with("rustc 1."), "{:?}", grade.made_with);
    for name in [
        "results.json",
        "out/gradescope/results.json",
        "out/exercism/results.json",
        "out/junit.xml",
        "out/grade.csv",
    ] {
        assert!(folder.path(name).is_file(), "{name}");
    }
    assert!(!folder.path("out/page.html").exists() && !folder.path("out/classroom50").exists());
    folder.grade("right", "--repeat out/grade.json").expect(0, &["the same grade", "12 runs"]);
    // Another program: what differs is told.
    folder.grade("half", "--repeat out/grade.json --out again").expect(
        1,
        &["not the same grade", "initial_election_3a: 0 points, 1 of 2 seeds", "score: 0, and it was 30"],
    );
}

fn share_of_seeds_counts() {
    let more = "[[test]]\nname = 'initial_election_3a'\npolicy = 'share'\nweight = 1\n\
                [[test]]\nname = 're_election_3a'\nweight = 1\n";
    let folder = Folder::new(&rubric_of(&TESTS, more));
    folder
        .grade("half", "--rubric rubric.toml --out out")
        .expect(1, &["2.5 of 30 points", "FAILED re_election_3a"]);
    let grade = folder.result();
    let told: Vec<_> =
        grade.tests.iter().map(|test| (test.score.to_string(), test.runs, test.passed)).collect();
    // All seeds were run of the first, and of the others up to the first failure.
    assert_eq!(told, [("2.5".into(), 4, 2), ("0".into(), 2, 1), ("0".into(), 2, 1)]);
    let failure = grade.tests[0].failure.as_ref().expect("a failure");
    assert_eq!((failure.seed, &*failure.replay), (2, "cargo lab replay initial_election_3a 0x2"));
    assert!(failure.report.contains("no leader was elected"), "{}", failure.report);
    assert_eq!(failure.page.as_deref(), Some("pages/initial_election_3a.html"));
    let page = fs::read_to_string(folder.path("out/page.html")).expect("a page");
    assert!(page.contains("initial_election_3a") && page.contains("<html"), "it shows the run");
    let report = fs::read_to_string(folder.path("out/report.txt")).expect("a report");
    assert!(report.contains("cargo lab timeline initial_election_3a 0x2 --open"), "{report}");
    // Graded again by who is right, nothing of it is left.
    folder.grade("right", "--rubric rubric.toml --out out").expect(0, &["30 of 30 points"]);
    assert!(
        !folder.path("out/page.html").exists() && !folder.path("out/pages/initial_election_3a.html").exists()
    );
}

fn budget_of_time() {
    let folder = Folder::new(&rubric_of(&TESTS, "[budget]\ntime = '1h'\n"));
    // Two workers have two tests that never end. What ended before counts.
    let ran = folder.grade("stuck", "--rubric rubric.toml --out out --time 3s");
    ran.expect(2, &["0 of 30 points: time was up", "not everything was run"]);
    let grade = folder.result();
    assert_eq!(grade.end, End::OutOfTime);
    assert!(grade.tests.iter().all(|test| test.status == Status::NotRun && test.passed <= 2), "{grade:?}");
}

fn what_is_killed() {
    let more = "[[test]]\nname = 'initial_election_3a'\npolicy = 'best of 4'\n";
    let folder = Folder::new(&rubric_of(&TESTS, &format!("[budget]\nrun = '1s'\n{more}")));
    // The third seed is ended after a second, as a failure; then all others are run. By the second test it is ended.
    let mut child = folder.command("stuck", "--rubric rubric.toml --out out").spawn().expect("it starts");
    let path = folder.path("out/grade.json");
    let is_known = || folder::read(&path).is_some_and(|grade| grade.tests.iter().any(|test| test.runs > 0));
    while !is_known() {
        assert!(child.try_wait().expect("a state").is_none(), "it has not ended before anything is known");
        labrpc::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it has ended");
    let grade = folder.result();
    assert_eq!(grade.end, End::UnderWay);
    let sum: f64 = grade.tests.iter().map(|test| test.score.to_f64()).sum();
    assert!((sum - grade.score.to_f64()).abs() < 1e-9);
    let results = fs::read_to_string(folder.path("out/gradescope/results.json")).expect("results");
    assert!(results.contains("not all tests have run"), "{results}");
}

/// The first in the environment of the program, as root of a worker that is somebody else.
fn secret_is_never_seen() {
    let folder = Folder::new(&rubric_of(&TESTS, "").replace("public = 4", "public = 1\nhidden = 3"));
    let as_user = if is_root() { "--as-user nobody" } else { "" };
    let mut command = folder.command("spy", &format!("--rubric rubric.toml --out out {as_user}"));
    command.env(lab_grading::seeds::SECRET, SECRET);
    let ran = folder::run(command);
    ran.expect(0, &["30 of 30 points"]);
    assert!(!ran.text.contains(SEEN), "{}", ran.text);
    // Whoever is the same user may read what that user has written.
    assert_eq!(ran.text.contains(SEEN_SEEDS), !is_root(), "{}", ran.text);
    let grade = folder.result();
    assert!(grade.tests.iter().all(|test| test.seeds[0] == 1 && test.seeds[1] > 1_000_000), "hidden ones");
    let text = fs::read_to_string(folder.path("out/grade.json")).expect("a grade");
    assert!(!text.contains(SECRET), "it is kept nowhere");
    // It is repeated without the secret.
    folder.grade("spy", &format!("--repeat out/grade.json {as_user}")).expect(0, &["the same grade"]);
    if is_root() {
        let mut command = folder.command("spy", "--rubric rubric.toml --out out");
        command.env(lab_grading::seeds::SECRET, SECRET);
        folder::run(command).expect(2, &["would run as root", "--as-user nobody"]);
        // As anybody makes it, everybody can read it.
        let arguments = "--rubric rubric.toml --out out --as-user nobody --secret-file secret";
        fs::write(folder.path("secret"), SECRET).expect("a file");
        folder.grade("spy", arguments).expect(2, &["the user nobody can read", "chmod go-rwx secret"]);
        folder.close("secret");
        folder.grade("spy", arguments).expect(0, &["30 of 30 points"]);
    }
}

pub(crate) fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    return false;
}

fn what_is_wrong_is_told() {
    let folder = Folder::new("assignment = 'x'\n[[part]]\nname = '3Z'\n");
    folder
        .grade("right", "--rubric rubric.toml --out out")
        .expect(2, &["rubric.toml, line 3: \"3Z\" is not a part"]);
    folder
        .grade("right", "--rubric nowhere.toml --out out")
        .expect(2, &["cannot read the rubric nowhere.toml"]);
    folder.grade("right", "--rubric rubric.toml").expect(2, &["--out"]);
    folder.grade("right", "--repeat rubric.toml --out out").expect(2, &["is no grade"]);
    assert!(!folder.path("out").exists());
    fs::write(folder.path("rubric.toml"), rubric_of(&TESTS, "").replace("public = 4", "hidden = 4"))
        .expect("a file");
    let words = if is_root() { "as root" } else { "LAB_COURSE_SECRET" };
    folder.grade("right", "--rubric rubric.toml --out out").expect(2, &[words]);
    folder.grade("right", "--write-rubric rubric.toml").expect(2, &["is there already"]);
    folder.grade("right", "--write-rubric new.toml").expect(0, &["grade --rubric new.toml"]);
    fs::write(folder.path("secret"), "short").expect("a file");
    let arguments = "--rubric new.toml --out out --secret-file secret";
    folder.grade("right", arguments).expect(2, &["12 or more"]);
    folder.grade("right", "--rubric new.toml --out out --submitted yesterday").expect(2, &["--submitted"]);
    folder.grade(".", "--rubric new.toml --out out").expect(2, &["cannot start"]);
}

fn delay_costs() {
    let folder = Folder::new(&rubric_of(&TESTS, ""));
    for (submitted, words) in [
        ("2026-10-02T04:00:00Z", "30 of 30 points"), // within the grace of ten minutes
        ("2026-10-02T12:00:00Z", "3A  leader election: 9 of 10 (a day late: 10 % lost)"),
        ("2026-12-24T00:00:00Z", "20 of 30 points"),
    ] {
        let arguments = format!("--rubric rubric.toml --out out --submitted {submitted}");
        folder.grade("right", &arguments).expect(0, &[words]);
    }
    let grade = folder.result();
    assert_eq!((grade.parts[0].days_late, grade.parts[0].lost, grade.parts[1].lost), (83, 100, 0));
}
