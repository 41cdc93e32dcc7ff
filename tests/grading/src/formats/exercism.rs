//! `results.json` of Exercism's test runner interface, version 3: a part is a task.

use serde::Serialize;

use super::Telling;
use crate::record::{End, Grade, Status, TestGrade};

/// What the interface allows of a message, in characters.
const MESSAGE_MAX: usize = 65_535;

#[derive(Serialize)]
struct Results {
    version: u32,
    status: &'static str,
    message: Option<String>,
    tests: Vec<Test>,
}

#[derive(Serialize)]
struct Test {
    name: String,
    status: &'static str,
    message: Option<String>,
    test_code: String,
    task_id: usize,
}

/// The content of the file.
///
/// # Panics
///
/// Never: what is in a grade can be written as JSON.
#[must_use]
pub fn text(grade: &Grade, telling: &Telling) -> String {
    let error = (grade.end == End::NotGraded).then(|| super::cut(&telling.summary(grade), MESSAGE_MAX));
    let is_passed = grade.tests.iter().all(TestGrade::is_met);
    let results = Results {
        version: 3,
        status: match (&error, is_passed) {
            (Some(_), _) => "error",
            (None, true) => "pass",
            (None, false) => "fail",
        },
        tests: grade.tests.iter().map(|test| of_test(grade, test, telling)).collect(),
        message: error,
    };
    serde_json::to_string_pretty(&results).expect("a grade is JSON") + "\n"
}

fn of_test(grade: &Grade, test: &TestGrade, telling: &Telling) -> Test {
    let status = match test.status {
        _ if test.is_met() => "pass",
        Status::Passed | Status::Failed | Status::Skipped => "fail",
        Status::NotRun | Status::Unknown => "error",
    };
    let task = grade.parts.iter().position(|part| part.name == test.part).unwrap_or(0) + 1;
    Test {
        name: test.name.clone(),
        status,
        message: (status != "pass").then(|| super::cut(&telling.of(test), MESSAGE_MAX)),
        test_code: format!("// {}\n{} grade {}", test.about, telling.words, test.name),
        task_id: task,
    }
}
