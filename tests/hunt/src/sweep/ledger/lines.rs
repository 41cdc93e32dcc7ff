//! The lines of a ledger: a run, or many runs of a test.

use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};

use crate::FailedRun;
use crate::sweep::results::Row;
use crate::workers::Cost;

/// A finished run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) test: String,
    pub(crate) policy: String,
    pub(crate) world: String,
    pub(crate) seed: u64,
    #[serde(flatten)]
    pub(crate) cost: Cost,
    /// Why it judged nothing, if it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) skipped: Option<String>,
    /// `None` if it passed or was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<FailedRun>,
}

/// Many runs of a test under one policy: ranges of seeds, and what they cost together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sum {
    pub(super) world: String,
    #[serde(flatten)]
    pub(super) row: Row,
}

/// What a line holds.
#[derive(Clone, Debug)]
pub(super) enum Line {
    Run(Entry),
    Sum(Sum),
}

impl Line {
    /// `None` if it is no such line.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        // A sum has no seed, and a run has no ranges.
        let run = serde_json::from_slice(text).map(Self::Run);
        run.or_else(|_| serde_json::from_slice(text).map(Self::Sum)).ok()
    }
}

/// The longest line, in bytes. A sum has a thousand failures at most, and some ten thousand ranges.
const LINE_MAX: usize = 16 << 20;

/// Hands out the lines, without their ends: what follows the last newline only if `has_end`, as somebody may be writing it. Of
/// a line that is too long only the beginning is handed out; memory is bounded, whatever the file is.
pub(super) fn for_each_line(
    mut reader: impl BufRead,
    has_end: bool,
    mut on_line: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        let chunk = reader.fill_buf()?;
        if chunk.is_empty() {
            break;
        }
        let end = chunk.iter().position(|&byte| byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        line.extend_from_slice(&part[..part.len().min(LINE_MAX - line.len())]);
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            on_line(&line);
            line.clear();
        }
    }
    if has_end && !line.is_empty() {
        on_line(&line);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8], has_end: bool) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        // A reader that gives three bytes at a time.
        let reader = std::io::BufReader::with_capacity(3, text);
        for_each_line(reader, has_end, |line| lines.push(line.to_vec())).unwrap();
        lines
    }

    #[test]
    fn lines_are_those_between_newlines() {
        assert_eq!(lines(b"ab\n\ncdefg\nh", true), [&b"ab"[..], b"", b"cdefg", b"h"]);
        assert_eq!(lines(b"ab\n\ncdefg\nh", false), [&b"ab"[..], b"", b"cdefg"]);
        assert_eq!(lines(b"", true).len(), 0);
        let long = [vec![b'x'; LINE_MAX + 7], b"\nnext".to_vec()].concat();
        let found = lines(&long, true);
        assert_eq!((found[0].len(), &*found[1]), (LINE_MAX, &b"next"[..]));
    }
}
