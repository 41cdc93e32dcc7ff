//! All formats of grades that have everything in them, each against its schema and against a file beside this one.

use expect_test::{ExpectFile, expect_file};
use serde_json::Value;

use super::schema::violations;
use super::{Telling, classroom50, csv, exercism, gradescope, junit};
use crate::moment::Moment;
use crate::points::Points;
use crate::record::{End, Failure, Grade, MadeWith, PartGrade, SCHEMA, Status, TestGrade};
use crate::rubric::{Policy, Visibility};

/// What terminals, viewers and readers would obey, or refuse.
const BAD: &str = "\u{1b}[31mred \0\u{8}\u{fffe}é𝄞]]><&\"\u{202e}";

fn test(name: &str, part: &str, score: f64, max: f64, status: Status) -> TestGrade {
    TestGrade {
        name: name.to_owned(),
        part: part.to_owned(),
        about: format!("what {name} is about"),
        score: Points::read(score).unwrap(),
        max_score: Points::read(max).unwrap(),
        status,
        policy: Policy::All,
        visibility: Visibility::Visible,
        seeds: vec![1, 2, 0xdead_beef_dead_beef],
        runs: 3,
        passed: 3,
        failure_rate_max: 0.6316,
        runs_hash: "0123456789abcdef".to_owned(),
        failure: None,
        reason: None,
        seconds: 0.25,
    }
}

fn failed(name: &str, score: f64, report: &str) -> TestGrade {
    let replay = format!("cargo lab replay {name} 0xdeadbeefdeadbeef");
    TestGrade {
        policy: Policy::Share,
        visibility: Visibility::AfterPublished,
        passed: 2,
        failure: Some(Failure {
            seed: 0xdead_beef_dead_beef,
            headline: "two leaders in term 3: S0 and S1".to_owned(),
            report: format!("{report}\nreplay: {replay}\ntrace:  target/lab/{name}/0xdeadbeefdeadbeef/"),
            replay,
            page: Some(format!("pages/{name}.html")),
        }),
        ..test(name, "3A", score, 7.5, Status::Failed)
    }
}

fn part(name: &str, score: f64, max: f64, days_late: u64, lost: u64) -> PartGrade {
    let (score, max_score) = (Points::read(score).unwrap(), Points::read(max).unwrap());
    PartGrade { name: name.to_owned(), title: "a part".to_owned(), score, max_score, days_late, lost }
}

/// Everything that can come of a test.
fn grade() -> Grade {
    let tests = vec![
        test("initial_election_3a", "3A", 2.5, 2.5, Status::Passed),
        failed("re_election_3a", 5.0, &format!("re_election_3a: two leaders\n{}", labrpc::printable(BAD))),
        TestGrade { runs: 1, passed: 1, ..test("many_elections_3a", "3A", 0.0, 5.0, Status::NotRun) },
        TestGrade {
            reason: Some("messages cannot be read".to_owned()),
            ..test("few_terms_3a", "3A", 0.0, 0.0, Status::Skipped)
        },
        TestGrade {
            reason: Some("signal 9".to_owned()),
            ..test("basic_agree_3b", "3B", 0.0, 10.0, Status::Unknown)
        },
    ];
    Grade {
        schema: SCHEMA.to_owned(),
        assignment: "raft-2026".to_owned(),
        student: String::new(),
        score: Points::read(7.5).unwrap(),
        max_score: Points::whole(25),
        end: End::OutOfTime,
        error: None,
        parts: vec![part("3A", 7.5, 15.0, 0, 0), part("3B", 0.0, 10.0, 2, 20)],
        tests,
        made_with: MadeWith {
            harness: "0.2.0".to_owned(),
            commit: "c9205f7".to_owned(),
            toolchain: "rustc 1.95.0".to_owned(),
            program: "0123456789abcdef".to_owned(),
            sources: String::new(),
            rubric_sha256: "00".repeat(32),
            rubric: "assignment = 'raft-2026'".to_owned(),
            submitted: Some(Moment::read("2026-10-01T23:59:00-04:00").unwrap()),
        },
        seconds: 12.25,
    }
}

fn not_graded() -> Grade {
    let tests = vec![TestGrade {
        runs: 0,
        passed: 0,
        failure_rate_max: 1.0,
        ..test("initial_election_3a", "3A", 0.0, 2.5, Status::NotRun)
    }];
    let error = Some("error[E0425]: cannot find value `x` in this scope\n --> src/lib.rs:1:1".to_owned());
    Grade { end: End::NotGraded, error, score: Points::default(), tests, ..grade() }
}

fn telling(is_seed_shown: bool) -> Telling {
    Telling { words: "cargo lab".to_owned(), is_seed_shown }
}

fn context() -> classroom50::Context {
    let value = |name: &str| {
        let value = match name {
            "SUBMISSION_TAG" => "submit/2026-06-01T14-32-05Z-a1b2c3d",
            "REVIEW_URL" | "USERNAME" | "ASSIGNMENT_TYPE" => return None,
            other => other,
        };
        Some(value.to_owned())
    };
    classroom50::Context::from_lookup(value).unwrap()
}

#[track_caller]
fn obeys(schema: &str, text: &str) -> Value {
    let value: Value = serde_json::from_str(text).unwrap();
    let violations = violations(&serde_json::from_str(schema).unwrap(), &value);
    assert!(violations.is_empty(), "{violations:#?}\n{text}");
    value
}

#[track_caller]
fn is_expected(file: ExpectFile, text: &str) {
    file.assert_eq(text);
}

#[test]
fn gradescope_obeys_its_schema() {
    let schema = include_str!("schemas/gradescope-results.json");
    let text = gradescope::text(&grade(), &telling(true), true);
    let value = obeys(schema, &text);
    is_expected(expect_file!["expected/gradescope.json"], &text);
    let sum: f64 =
        value["tests"].as_array().unwrap().iter().map(|test| test["score"].as_f64().unwrap()).sum();
    assert!((sum - value["score"].as_f64().unwrap()).abs() < 1e-9);
    let of_none = obeys(schema, &gradescope::text(&not_graded(), &telling(true), false));
    assert!(of_none["output"].as_str().unwrap().contains("E0425"));
    assert!(of_none.get("leaderboard").is_none());
}

#[test]
fn classroom50_obeys_its_schema() {
    let schema = include_str!("schemas/classroom50-result-v1.json");
    let now = Moment::from_unix(1_800_000_000);
    let text = classroom50::text(&grade(), &telling(true), &context(), now);
    let value = obeys(schema, &text);
    is_expected(expect_file!["expected/classroom50.json"], &text);
    // What its collector asks, and no schema can say.
    for scored in value["tests"].as_array().unwrap().iter().chain([&value]) {
        assert!(scored["score"].as_u64() <= scored["max-score"].as_u64());
    }
    let unknown_time = Grade { made_with: MadeWith { submitted: None, ..grade().made_with }, ..not_graded() };
    let value = obeys(schema, &classroom50::text(&unknown_time, &telling(true), &context(), now));
    assert_eq!(value["datetime"], "2027-01-15T08:00:00Z");
    let nowhere = classroom50::Context::from_lookup(|_| None);
    assert!(nowhere.is_none());
}

#[test]
fn classroom50_cuts_what_is_long_behind_the_way_to_the_page() {
    let long = failed("re_election_3a", 5.0, &"é".repeat(3000));
    let grade = Grade { tests: vec![long], ..grade() };
    let now = Moment::from_unix(0);
    let text = classroom50::text(&grade, &telling(true), &context(), now);
    let value = obeys(include_str!("schemas/classroom50-result-v1.json"), &text);
    let output = value["tests"][0]["output"].as_str().unwrap();
    assert_eq!(output.chars().count(), classroom50::OUTPUT_MAX);
    for words in
        ["cargo lab replay re_election_3a 0xdeadbeefdeadbeef", "cargo lab timeline re_election_3a", "(cut)"]
    {
        assert!(output.contains(words), "{output}");
    }
}

#[test]
fn exercism_obeys_its_schema() {
    let schema = include_str!("schemas/exercism-v3.json");
    let text = exercism::text(&grade(), &telling(true));
    let value = obeys(schema, &text);
    is_expected(expect_file!["expected/exercism.json"], &text);
    assert_eq!((&value["status"], &value["message"]), (&"fail".into(), &Value::Null));
    let value = obeys(schema, &exercism::text(&not_graded(), &telling(true)));
    assert_eq!(value["status"], "error");
    assert!(value["message"].as_str().unwrap().contains("E0425"));
}

#[test]
fn what_follows_for_all_seeds_is_told_of_many_runs_only() {
    let told = |runs: u64, passed: u64| {
        let test = TestGrade {
            runs,
            passed,
            seeds: (1..=runs).collect(),
            failure_rate_max: 0.0495,
            policy: Policy::Share,
            ..test("few_terms_3a", "3A", 1.0, 1.0, Status::Passed)
        };
        telling(true).of(&test)
    };
    assert!(
        told(100, 100)
            .contains("100 of 100 seeds passed; with 95 % certainty at most 4.95 % of all seeds fail")
    );
    for (runs, passed) in [(5, 5), (5, 3), (59, 59)] {
        let text = told(runs, passed);
        assert!(
            text.contains(&format!("{passed} of {runs} seeds passed\n")) && !text.contains("certainty"),
            "{text}"
        );
    }
}

/// Which they were stands nowhere else but in the output of each test.
#[test]
fn tests_that_were_skipped_are_named_with_what_that_costs() {
    let skipped = |name: &str, part: &str, max: f64, reason: &str| TestGrade {
        reason: Some(reason.to_owned()),
        ..test(name, part, 0.0, max, Status::Skipped)
    };
    let tests = vec![
        test("initial_election_3a", "3A", 2.5, 2.5, Status::Passed),
        skipped("hint_names_a_leader_3a", "3A", 0.0, "it names no leader"),
        skipped("few_terms_3a", "3A", 2.0, "no field term"),
        skipped("timeouts_differ_3a", "3A", 2.0, "no field term"),
    ];
    let grade = Grade { tests, ..grade() };
    let [free, paid] = ["skipped, which costs nothing", "skipped: what is not judged gives no points"];
    let text = super::skipped(&grade);
    assert!(text.contains(&format!("{free} (it names no leader): hint_names_a_leader_3a\n")), "{text}");
    assert!(text.contains("(no field term): few_terms_3a, timeouts_differ_3a\n"), "{text}");
    for (place, words, status, is_passed) in [(1, free, "passed", true), (2, paid, "failed", false)] {
        let told = telling(true).of(&grade.tests[place]);
        assert!(told.contains(words) && !told.contains("skipped\n"), "{told}");
        let read = |text: String| serde_json::from_str::<Value>(&text).unwrap()["tests"][place].clone();
        assert_eq!(read(gradescope::text(&grade, &telling(true), false))["status"], status);
        let now = Moment::from_unix(0);
        assert_eq!(read(classroom50::text(&grade, &telling(true), &context(), now))["passed"], is_passed);
        let of_exercism = if is_passed { "pass" } else { "fail" };
        assert_eq!(read(exercism::text(&grade, &telling(true)))["status"], of_exercism);
    }
}

#[test]
fn junit_can_be_read_by_a_reader_of_xml() {
    let text = String::from_utf8(junit::text(&grade(), &telling(true)).unwrap()).unwrap();
    is_expected(expect_file!["expected/junit.xml"], &text);
    let mut reader = quick_xml::Reader::from_str(&text);
    while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
}

#[test]
fn table_has_a_line_for_each_test() {
    is_expected(expect_file!["expected/grade.csv"], &csv::text(&grade(), &telling(true)));
}

/// Who knows a hidden seed can try it as often as he likes.
#[test]
fn seeds_are_told_only_where_they_are_to_be() {
    let all = |telling: &Telling| {
        let grade = grade();
        let junit = String::from_utf8(junit::text(&grade, telling).unwrap()).unwrap();
        let now = Moment::from_unix(0);
        [
            gradescope::text(&grade, telling, true),
            classroom50::text(&grade, telling, &context(), now),
            exercism::text(&grade, telling),
            junit,
            csv::text(&grade, telling),
        ]
    };
    for text in all(&telling(true)) {
        assert!(text.contains("deadbeef"), "{text}");
    }
    for text in all(&telling(false)) {
        assert!(!text.contains("deadbeef"), "{text}");
        assert!(text.contains("two leaders in term 3"), "{text}");
    }
}

#[test]
fn grade_is_read_as_it_was_written() {
    let text = serde_json::to_string_pretty(&grade()).unwrap();
    assert_eq!(serde_json::from_str::<Grade>(&text).unwrap(), grade());
    is_expected(expect_file!["expected/grade.json"], &text);
}
