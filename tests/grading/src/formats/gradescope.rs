//! Gradescope's `results.json`, as its page "Autograder Specifications" says.

use serde::Serialize;
use serde_json::{Value, json};

use super::Telling;
use crate::points::Points;
use crate::record::Grade;
use crate::rubric::Visibility;

/// What is shown of a test, in characters: its view becomes slow with very long ones.
const OUTPUT_MAX: usize = 10_000;

#[derive(Serialize)]
struct Results {
    score: Points,
    execution_time: u64,
    output: String,
    output_format: &'static str,
    test_output_format: &'static str,
    test_name_format: &'static str,
    visibility: Visibility,
    stdout_visibility: Visibility,
    tests: Vec<Test>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    leaderboard: Vec<Value>,
    extra_data: Value,
}

#[derive(Serialize)]
struct Test {
    score: Points,
    max_score: Points,
    status: &'static str,
    name: String,
    name_format: &'static str,
    number: String,
    output: String,
    output_format: &'static str,
    tags: Vec<String>,
    visibility: Visibility,
}

/// The content of the file.
///
/// # Panics
///
/// Never: what is in a grade can be written as JSON.
#[must_use]
pub fn text(grade: &Grade, telling: &Telling, has_leaderboard: bool) -> String {
    let results = Results {
        score: grade.score,
        execution_time: grade.seconds as u64,
        output: telling.summary(grade),
        output_format: "text",
        test_output_format: "text",
        test_name_format: "text",
        visibility: Visibility::Visible,
        // What submissions print goes there.
        stdout_visibility: Visibility::Hidden,
        tests: grade.tests.iter().enumerate().map(|(place, _)| test(grade, place, telling)).collect(),
        leaderboard: if has_leaderboard { leaderboard(grade) } else { Vec::new() },
        extra_data: json!({
            "assignment": grade.assignment,
            "end": grade.end,
            "harness": grade.made_with.harness,
            "toolchain": grade.made_with.toolchain,
            "rubric_sha256": grade.made_with.rubric_sha256,
        }),
    };
    serde_json::to_string_pretty(&results).expect("a grade is JSON") + "\n"
}

fn test(grade: &Grade, place: usize, telling: &Telling) -> Test {
    let test = &grade.tests[place];
    let number = grade.tests[..=place].iter().filter(|other| other.part == test.part).count();
    Test {
        score: test.score,
        max_score: test.max_score,
        // It knows two. What was skipped costs nothing mostly; all else that was not passed is failed.
        status: if test.is_met() { "passed" } else { "failed" },
        name: test.name.clone(),
        name_format: "text",
        number: format!("{}.{number}", test.part),
        output: super::cut(&telling.of(test), OUTPUT_MAX),
        output_format: "text",
        tags: vec![test.part.clone()],
        visibility: test.visibility,
    }
}

/// A row of the table of all students.
fn leaderboard(grade: &Grade) -> Vec<Value> {
    let (passed, seeds) = grade
        .tests
        .iter()
        .fold((0, 0), |(passed, seeds), test| (passed + test.passed, seeds + test.seeds.len() as u64));
    let share = if seeds == 0 { 0.0 } else { passed as f64 / seeds as f64 };
    vec![
        json!({ "name": "Points", "value": grade.score, "order": "desc" }),
        json!({ "name": "Seeds passed, %", "value": (share * 10_000.0).round() / 100.0, "order": "desc" }),
    ]
}
