//! A place in a text, and the number of its line.

use super::error::TextError;

/// What is still to be read of a text.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// The line of the place `counted`, which is never behind `at`: so all lines are counted once.
    line: usize,
    counted: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Cursor { text, at: 0, line: 1, counted: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Skips `token`, if it is next.
    pub(super) fn take(&mut self, token: &str) -> bool {
        let is_next = self.rest().starts_with(token);
        if is_next {
            self.at += token.len();
        }
        is_next
    }

    /// Skips all characters that are so, and returns them.
    pub(super) fn take_while(&mut self, is_so: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !is_so(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    /// The number of the current line, from 1.
    pub(super) fn line(&mut self) -> usize {
        self.line += self.text[self.counted..self.at].matches('\n').count();
        self.counted = self.at;
        self.line
    }

    /// That something is wrong here.
    pub(super) fn error(&mut self, message: impl Into<String>) -> TextError {
        TextError { line: self.line(), message: message.into() }
    }
}
