//! `result.json` of Classroom 50, `classroom50/result/v1`. Who and what is graded stands in the environment of its runner.
//!
//! Scores are whole numbers there, and most tests are worth less than a point of a hundred. So they are in hundredths of a point:
//! 10000 is all of 100 points.

use std::env;

use serde::Serialize;

use super::Telling;
use crate::moment::Moment;
use crate::record::{Grade, TestGrade};

/// What is shown of a test, in characters.
pub const OUTPUT_MAX: usize = 2_000;

/// What its runner tells by the environment.
#[derive(Clone, Debug)]
pub struct Context {
    /// `CLASSROOM`.
    pub classroom: String,
    /// `ASSIGNMENT`.
    pub assignment: String,
    /// `ASSIGNMENT_TYPE`: `individual` or `group`.
    pub assignment_type: String,
    /// `OWNER`, or `USERNAME`.
    pub owner: String,
    /// `SUBMISSION_TAG`.
    pub submission: String,
    /// `COMMIT_URL`.
    pub commit: String,
    /// `RELEASE_URL`.
    pub release: String,
    /// `REVIEW_URL`, or the commit.
    pub review: String,
}

/// What its runner sets, and a result cannot be written without.
const NEEDED: [&str; 5] = ["CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL"];

/// What a variable of the environment is set to.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

impl Context {
    /// The variables of the environment that a result needs and that are not set.
    #[must_use]
    pub fn missing() -> Vec<&'static str> {
        NEEDED.into_iter().filter(|name| variable(name).is_none()).collect()
    }

    /// From the environment; `None` where its runner does not run.
    #[must_use]
    pub fn find() -> Option<Self> {
        Self::from_lookup(variable)
    }

    pub(super) fn from_lookup(value: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let [classroom, assignment, submission, commit, release] = NEEDED.map(&value);
        let commit = commit?;
        Some(Self {
            classroom: classroom?,
            assignment: assignment?,
            assignment_type: value("ASSIGNMENT_TYPE").unwrap_or_else(|| "individual".to_owned()),
            owner: value("OWNER").or_else(|| value("USERNAME")).unwrap_or_else(|| "unknown".to_owned()),
            submission: submission?,
            release: release?,
            review: value("REVIEW_URL").unwrap_or_else(|| commit.clone()),
            commit,
        })
    }
}

#[derive(Serialize)]
struct Result<'a> {
    schema: &'static str,
    classroom: &'a str,
    assignment: &'a str,
    assignment_type: &'a str,
    owner: &'a str,
    submission: &'a str,
    commit: &'a str,
    release: &'a str,
    review: &'a str,
    datetime: Moment,
    score: u64,
    #[serde(rename = "max-score")]
    max_score: u64,
    tests: Vec<Test<'a>>,
}

#[derive(Serialize)]
struct Test<'a> {
    #[serde(rename = "test-name")]
    name: &'a str,
    passed: bool,
    score: u64,
    #[serde(rename = "max-score")]
    max_score: u64,
    output: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
}

/// The content of the file; `now` stands where nobody has said when it was handed in.
///
/// # Panics
///
/// Never: what is in a grade can be written as JSON.
#[must_use]
pub fn text(grade: &Grade, telling: &Telling, context: &Context, now: Moment) -> String {
    let tests: Vec<Test<'_>> = grade.tests.iter().map(|test| of_test(test, telling)).collect();
    let result = Result {
        schema: "classroom50/result/v1",
        classroom: &context.classroom,
        assignment: &context.assignment,
        assignment_type: &context.assignment_type,
        owner: &context.owner,
        submission: &context.submission,
        commit: &context.commit,
        release: &context.release,
        review: &context.review,
        datetime: grade.made_with.submitted.unwrap_or(now),
        score: tests.iter().map(|test| test.score).sum(),
        max_score: tests.iter().map(|test| test.max_score).sum(),
        tests,
    };
    serde_json::to_string_pretty(&result).expect("a grade is JSON") + "\n"
}

fn of_test<'a>(test: &'a TestGrade, telling: &Telling) -> Test<'a> {
    Test {
        name: &test.name,
        passed: test.is_met(),
        score: test.score.to_hundredths(),
        max_score: test.max_score.to_hundredths(),
        output: super::cut(&telling.of(test), OUTPUT_MAX),
        page: test.failure.as_ref().and_then(|failure| failure.page.as_deref()),
    }
}
