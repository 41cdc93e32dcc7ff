//! The texts of the course as a student has them.

use std::fmt::Write as _;

/// A text without what is only for who has no folder to work in: whoever reads it in a handout is there.
pub(crate) fn without_making(text: &str) -> String {
    let (begin, end) = ("<!-- begin without a folder -->\n", "<!-- end -->\n");
    match text.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1))) {
        Some((before, after)) => format!("{before}{}", after.trim_start()),
        None => text.to_owned(),
    }
}

/// A part's text without its hints: whoever reads on would have read them all.
pub(crate) fn without_hints(text: &str) -> String {
    let mut out = String::new();
    let (mut milestone, mut is_hint) = ("", false);
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            milestone = heading.split(' ').next().unwrap_or_default();
        }
        if line.starts_with('#') {
            is_hint = line == "#### Hints";
            if is_hint {
                let _ = writeln!(out, "Hints, one at a time: `cargo lab hint {milestone}`.\n");
            }
        }
        if !is_hint {
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

/// A text of which only some neighbours are there: links to the others are their words alone.
pub(crate) fn without_dead_links(text: &str, is_there: impl Fn(&str) -> bool) -> String {
    // `[3c]: 3c.md` at the end of the text, and `[words][3c]` in it.
    let mut text = text.to_owned();
    for line in text.clone().lines() {
        let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        let Some((name, target)) = definition else { continue };
        if !target.contains("://") && !is_there(target.split('#').next().unwrap_or_default()) {
            text = without_reference(&text.replace(&format!("{line}\n"), ""), name);
        }
    }
    text
}

/// The text with the words of each `[words][name]` in its place.
fn without_reference(text: &str, name: &str) -> String {
    let end = format!("][{name}]");
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(&end) {
        let begin = rest[..at].rfind('[').unwrap_or(at);
        out.extend([&rest[..begin], rest[..at].get(begin + 1..).unwrap_or_default()]);
        rest = &rest[at + end.len()..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_texts_that_are_not_there_become_words() {
        let text = "See [this][a] and [that][b].\n\n[a]: 3a.md\n[b]: 3b.md\n";
        assert_eq!(
            without_dead_links(text, |name| name == "3a.md"),
            "See [this][a] and that.\n\n[a]: 3a.md\n"
        );
    }

    #[test]
    fn handout_does_not_say_how_to_make_one() {
        let making = "new-raft";
        let students = lab_course::TEXTS.iter().find(|(name, _)| *name == "students.md").expect("a text").1;
        assert!(students.contains(making));
        let shown = without_making(students);
        assert!(!shown.contains(making) && !shown.contains("<!--"), "{shown}");
        assert_eq!(students.matches("\n## ").count(), shown.matches("\n## ").count());
    }

    #[test]
    fn hints_are_left_to_the_program() {
        let text =
            "# 3A: x\n### 3A.1 Terms\nDo.\n\n#### Hints\n\n1. Think.\n   Well.\n\n### 3A.2 Votes\nDo.\n";
        let shown = "# 3A: x\n### 3A.1 Terms\nDo.\n\nHints, one at a time: `cargo lab hint 3A.1`.\n\n### 3A.2 Votes\nDo.\n";
        assert_eq!(without_hints(text), shown);
    }
}
