//! What is wrong with a file, and in which line.

use std::fmt;

/// A line that is no part of a history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct TextError {
    /// Its number, from 1.
    pub line: usize,
    /// What was expected, and what was there.
    pub message: String,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}
