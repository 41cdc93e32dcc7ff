//! What the sources of the lab can say: their texts with places for what is filled in.

use std::fs;
use std::path::Path;

/// A text in quotation marks of some source, in pieces: between two of them anything may stand.
pub(crate) struct Template {
    pieces: Vec<String>,
}

impl Template {
    fn new(literal: &str) -> Self {
        let mut pieces = vec![String::new()];
        let mut chars = literal.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                // `{{` is a brace that is shown.
                '{' if chars.peek() == Some(&'{') => {
                    chars.next();
                    push(&mut pieces, '{');
                }
                '{' => {
                    chars.by_ref().take_while(|c| *c != '}').for_each(drop);
                    pieces.push(String::new());
                }
                '}' => push(&mut pieces, chars.next_if_eq(&'}').unwrap_or(c)),
                _ => push(&mut pieces, c),
            }
        }
        Self { pieces }
    }

    /// Whether it makes this line, of which one letter in `own_share` at least is its own; one that was cut ends in three dots.
    pub(crate) fn makes(&self, line: &str, own_share: usize) -> bool {
        let (line, is_cut) = line.strip_suffix("...").map_or((line, false), |line| (line, true));
        // Of a few letters between places anything can be made.
        let own: usize = self.pieces.iter().map(|piece| piece.trim().len()).sum();
        if own < 3 || (own * own_share < line.len() && !is_cut) {
            return false;
        }
        let Some(mut rest) = line.strip_prefix(self.pieces[0].as_str()) else {
            return is_cut && self.pieces[0].starts_with(line);
        };
        let Some((last, middle)) = self.pieces[1..].split_last() else { return rest.is_empty() };
        for piece in middle {
            match rest.find(piece.as_str()) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return is_cut,
            }
        }
        // What joins it to the next one in a list does not stand behind the last.
        is_cut || rest.ends_with(last.trim_end_matches("; "))
    }
}

fn push(pieces: &mut [String], c: char) {
    pieces.last_mut().expect("there is always one").push(c);
}

/// The texts of all sources from which reports are made.
pub(crate) fn templates() -> Vec<Template> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut all = Vec::new();
    for folder in
        ["suites/src", "harness/src", "referee/src", "report/src", "linearizability/src", "../labrpc/src/sim"]
    {
        read_folder(&root.join(folder), &mut all);
    }
    all
}

fn read_folder(folder: &Path, all: &mut Vec<Template>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_folder(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).expect("a source");
            all.extend(literals(&source).iter().map(|literal| Template::new(literal)));
        }
    }
}

/// What stands in quotation marks. Comments are not told apart: a text too many does no harm here.
fn literals(source: &str) -> Vec<String> {
    let mut all = Vec::new();
    // An apostrophe in a comment, and `'"'`, would turn inside and outside round: each line begins anew, unless a text goes on.
    let mut open: Option<String> = None;
    for line in source.lines() {
        let line = match open.is_some() {
            true => line.trim_start(),
            false if line.trim_start().starts_with("//") => continue,
            false => line,
        };
        let mut chars = line.chars().peekable();
        let mut goes_on = false;
        while let Some(c) = chars.next() {
            match (&mut open, c) {
                (None, '"') => open = Some(String::new()),
                (None, '\'') if chars.peek() == Some(&'"') => {
                    chars.next();
                }
                (None, _) => {}
                (Some(_), '"') => all.extend(open.take()),
                (Some(text), '\\') => match chars.next() {
                    Some('n') => text.push('\n'),
                    Some(escaped) => text.push(escaped),
                    None => goes_on = true,
                },
                (Some(text), _) => text.push(c),
            }
        }
        if !goes_on {
            open = None;
        }
    }
    all
}

#[test]
fn templates_make_their_lines_and_no_others() {
    let template = Template::new("S{voter} votes twice in term {term}: for {a:?} and {{b}}");
    assert!(template.makes("S3 votes twice in term 1: for S2 and {b}", 9));
    assert!(template.makes("S3 votes twice in te...", 9));
    assert!(!template.makes("S3 votes in term 1: for S2 and {b}", 9));
    assert!(!Template::new("{}").makes("anything", 9));
    assert_eq!(literals("let a = \"x \\\n    y\"; // don't\nlet b = '\"'; c(\"z\")"), ["x y", "z"]);
}
