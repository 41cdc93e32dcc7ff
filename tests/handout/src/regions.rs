//! Regions of a source file that a student is to write.
//!
//! ```text
//! fn on_tick(&mut self) {
//!     // begin solution 3A.1: stand for election if nobody was heard of
//!     // hint: A leader does not stand.
//!     // instead: return;
//!     ... what the master does ...
//!     // end solution
//! }
//! ```
//!
//! becomes
//!
//! ```text
//! fn on_tick(&mut self) {
//!     // 3A.1: stand for election if nobody was heard of
//!     // A leader does not stand.
//!     return;
//! }
//! ```
//!
//! or, without a line `instead`, ends in `todo!("3A.1: stand for election if nobody was heard of")`. A region in another one goes with it.
//! Hints may also stand before their region, above the function in which it lies.

use std::fmt::Write as _;

const BEGIN: &str = "// begin solution ";
const END: &str = "// end solution";
const HINT: &str = "// hint: ";
const INSTEAD: &str = "// instead: ";

/// Why a file cannot be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong there.
    pub what: &'static str,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for Error {}

/// A region that is not in another one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// The milestone: `3A.1`.
    pub milestone: String,
    /// What is to be written, as a sentence without a point.
    pub title: String,
    /// What stands between the marks, without the marks of this and inner regions, hints, and what stands instead.
    pub solution: String,
    hints: Vec<String>,
    instead: Vec<String>,
    indent: String,
}

impl Region {
    /// What a student finds in its place.
    fn shape(&self) -> String {
        let Self { indent, milestone, title, .. } = self;
        let mut out = String::new();
        // Where there is something to run instead, the title must stand as a comment: else `todo!` says it.
        let is_said = self.instead.iter().any(|line| line.contains(title));
        if !self.instead.is_empty() && !is_said {
            let _ = writeln!(out, "{indent}// {milestone}: {title}.");
        }
        for hint in &self.hints {
            let _ = writeln!(out, "{indent}// {hint}");
        }
        for line in &self.instead {
            let _ = writeln!(out, "{indent}{line}");
        }
        if self.instead.is_empty() {
            let _ = writeln!(out, "{indent}todo!(\"{milestone}: {title}\")");
        }
        out
    }
}

/// What a file is made of.
enum Piece {
    Given(String),
    Region(Region),
}

/// Reads a file. An error names the line.
fn pieces(source: &str) -> Result<Vec<Piece>, Error> {
    let mut pieces = Vec::new();
    let mut open: Option<Region> = None;
    // Hints that stand before their region, above the signature of a function.
    let mut before = Vec::new();
    let mut depth = 0;
    for (number, line) in (1..).zip(source.lines()) {
        let wrong = |what| Error { line: number, what };
        let mark = line.trim_start();
        if let Some(head) = mark.strip_prefix(BEGIN) {
            let (milestone, title) =
                head.split_once(": ").ok_or(wrong("a region begins with \"3A.1: what is to be written\""))?;
            depth += 1;
            if depth == 1 {
                let indent = line[..line.len() - mark.len()].to_owned();
                let (milestone, title) = (milestone.to_owned(), title.to_owned());
                let hints = std::mem::take(&mut before);
                open = Some(Region { milestone, title, indent, hints, ..Region::default() });
            }
        } else if mark == END {
            depth = usize::checked_sub(depth, 1).ok_or(wrong("the end of a region that has not begun"))?;
            if depth == 0 {
                pieces.extend(open.take().map(Piece::Region));
            }
        } else if let Some(region) = &mut open {
            match (mark.strip_prefix(HINT), mark.strip_prefix(INSTEAD)) {
                (Some(_), _) | (_, Some(_)) if depth > 1 => {} // of an inner one, which goes with this one
                (Some(hint), _) => region.hints.push(hint.to_owned()),
                (_, Some(instead)) => region.instead.push(instead.to_owned()),
                (None, None) => region.solution.extend([line, "\n"]),
            }
        } else if let Some(hint) = mark.strip_prefix(HINT) {
            before.push(hint.to_owned());
        } else if mark.starts_with(INSTEAD) {
            return Err(wrong("what stands instead of a region must stand in it"));
        } else if let Some(Piece::Given(given)) = pieces.last_mut() {
            given.extend([line, "\n"]);
        } else {
            pieces.push(Piece::Given(format!("{line}\n")));
        }
    }
    match depth {
        0 if before.is_empty() => Ok(pieces),
        0 => Err(Error { line: source.lines().count(), what: "hints, and no region after them" }),
        _ => Err(Error { line: source.lines().count(), what: "a region has no end" }),
    }
}

/// The file as a student gets it: without the marks, and without the solution of milestones that are not given.
///
/// # Errors
///
/// Marks that do not fit together.
pub fn cut(source: &str, is_given: impl Fn(&str) -> bool) -> Result<String, Error> {
    let of_piece = |piece| match piece {
        Piece::Given(given) => given,
        Piece::Region(region) if is_given(&region.milestone) => region.solution,
        Piece::Region(region) => region.shape(),
    };
    Ok(pieces(source)?.into_iter().map(of_piece).collect())
}

/// The outer regions of a file, in their order.
///
/// # Errors
///
/// Marks that do not fit together.
pub fn regions(source: &str) -> Result<Vec<Region>, Error> {
    let of_piece = |piece| match piece {
        Piece::Given(_) => None,
        Piece::Region(region) => Some(region),
    };
    Ok(pieces(source)?.into_iter().filter_map(of_piece).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "fn f() -> u8 {
    // begin solution 3A.1: say one
    // hint: Less than two.
    let one = 1;
    // begin solution 3B.2: and mean it
    // hint: Inner hints go, too.
    // instead: 0
    one
    // end solution
    // end solution
}
fn g() {
    // begin solution 3A.2: do something
    // instead: return;
    f();
    // end solution
}
";

    #[test]
    fn region_becomes_a_todo_or_what_stands_instead() {
        let cut = cut(SOURCE, |_| false).expect("marks that fit");
        assert_eq!(
            cut,
            "fn f() -> u8 {
    // Less than two.
    todo!(\"3A.1: say one\")
}
fn g() {
    // 3A.2: do something.
    return;
}
"
        );
    }

    #[test]
    fn solution_has_no_marks() {
        let whole = cut(SOURCE, |_| true).expect("marks that fit");
        assert_eq!(whole, "fn f() -> u8 {\n    let one = 1;\n    one\n}\nfn g() {\n    f();\n}\n");
        let milestones: Vec<_> =
            regions(SOURCE).unwrap().into_iter().map(|region| region.milestone).collect();
        assert_eq!(milestones, ["3A.1", "3A.2"]);
    }

    #[test]
    fn marks_that_do_not_fit_are_refused_with_their_line() {
        for (source, line) in [
            ("a\n// begin solution 3A.1: b\n", 2),
            ("a\n// end solution\n", 2),
            ("// hint: b\n", 1),
            ("\n\n// begin solution of everything\n// end solution\n", 3),
        ] {
            assert_eq!(cut(source, |_| false).expect_err(source).line, line);
        }
    }
}
