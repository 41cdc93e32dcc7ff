//! The matrix in `tests/README.md`, between two lines that mark its place.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::matrix::Matrix;

const BEGIN: &str = "<!-- begin: cargo lab mutants --readme -->";
const END: &str = "<!-- end: cargo lab mutants --readme -->";

/// Puts the matrix into the README of the workspace at `root`.
///
/// # Errors
///
/// When the file cannot be read or written, or the lines are not there.
pub(crate) fn update(root: &Path, matrix: &Matrix<'_>, time: Duration) -> Result<()> {
    let path = root.join("tests/README.md");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let numbers: String = matrix.numbers().iter().map(|number| format!("- {number}\n")).collect();
    // Rounded up: a table that is made again should not change for a second.
    let minutes = time.as_secs().div_ceil(60);
    let inside = format!(
        "\n{numbers}- all of it took {minutes} minutes\n\n{}{}\n",
        matrix.summary(),
        matrix.markdown()
    );
    let text = between(&text, &inside).with_context(|| format!("{} has no place for it", path.display()))?;
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The text with something else between the two lines.
fn between(text: &str, inside: &str) -> Result<String> {
    // Between marks, so that the text around it is written by people and the table by the program.
    let (head, rest) = text.split_once(BEGIN).with_context(|| format!("the line {BEGIN} is missing"))?;
    let (_, tail) = rest.split_once(END).with_context(|| format!("the line {END} is missing"))?;
    Ok(format!("{head}{BEGIN}\n{inside}{END}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_outside_the_marks_stays() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        assert_eq!(between(&text, "new\n").expect("both lines"), format!("a\n{BEGIN}\nnew\n{END}\nb\n"));
        let error = between("a", "new").expect_err("no lines").to_string();
        assert!(error.contains("begin: cargo lab mutants"), "{error}");
    }
}
