//! Tables as comma-separated values (RFC 4180): of one grade's tests, and what tables of a class need.

use std::fmt::Write;

use labrpc::printable;

use super::{Telling, word};
use crate::record::Grade;

/// The tests of a grade, a line each.
#[must_use]
pub fn text(grade: &Grade, telling: &Telling) -> String {
    let mut text = String::from("part,test,score,max_score,status,seeds,runs,passed,failed_seed,headline\n");
    for test in &grade.tests {
        let seed = match &test.failure {
            Some(failure) if telling.is_seed_shown => format!("{:#x}", failure.seed),
            _ => String::new(),
        };
        let headline = test.failure.as_ref().map_or("", |failure| &failure.headline);
        let fields = [
            test.part.clone(),
            test.name.clone(),
            test.score.to_string(),
            test.max_score.to_string(),
            word(test.status).to_owned(),
            test.seeds.len().to_string(),
            test.runs.to_string(),
            test.passed.to_string(),
            seed,
            headline.to_owned(),
        ];
        let _ = write!(text, "{}", line(&fields));
    }
    text
}

/// A line of fields.
#[must_use]
pub fn line(fields: &[String]) -> String {
    fields.iter().map(|value| field(value)).collect::<Vec<_>>().join(",") + "\n"
}

/// A field. What a table would calculate is text: names and messages come from people who are graded.
fn field(value: &str) -> String {
    let value = printable(value);
    let is_formula = value.starts_with(['=', '+', '-', '@', '\t']) && value.parse::<f64>().is_err();
    let value = if is_formula { format!("'{value}") } else { value.into_owned() };
    if value.contains([',', '"', '\n', '\r']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_formulas_are_text() {
        for (value, wanted) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"x\"\nand", "\"say \"\"x\"\"\nand\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("-1.5", "-1.5"),
            ("@SUM(1)", "'@SUM(1)"),
            ("\u{1b}[31m", "\\u{1b}[31m"),
        ] {
            assert_eq!(field(value), wanted);
        }
    }
}
