//! The mistakes that texts show are planted bugs, and the lines of their reports are lines that the lab can say.

use std::fs;
use std::path::Path;

use super::sources::{Template, templates};

/// `### What is wrong (`name-of-the-bug`)`, in the section of common mistakes.
fn mistakes(text: &str) -> impl Iterator<Item = &str> {
    let section = text.split("\n## Common mistakes\n").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    section.lines().filter(|line| line.starts_with("### "))
}

#[test]
fn mistakes_are_planted_bugs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mutants/catalogue");
    let mut catalogue = String::new();
    for entry in fs::read_dir(folder).expect("the catalogue") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            catalogue += &fs::read_to_string(path).expect("a group of planted bugs");
        }
    }
    for part in lab_course::parts() {
        assert!(mistakes(part.text).next().is_some(), "part {} shows no mistakes", part.name);
        for heading in mistakes(part.text) {
            let name = heading.strip_suffix("`)").and_then(|rest| rest.rsplit("(`").next());
            let name = name.unwrap_or_else(|| panic!("{}: {heading:?} names no planted bug", part.name));
            assert!(
                catalogue.contains(&format!("name = \"{name}\"")),
                "{}: there is no planted bug {name}",
                part.name
            );
        }
    }
}

/// The reports in a text: fenced blocks that begin with the name of a test.
fn reports(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let blocks = text.split("\n```text\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks.filter_map(|block| {
        let (name, _) = block.split_once(": ")?;
        lab_suites::find(name).map(|case| (case.name, block))
    })
}

/// The lines of a report that are made of the lab's own words, without their names; and how many letters there may be for each that
/// does not depend on the run.
fn words_of(report: &str) -> impl Iterator<Item = (&str, usize)> {
    let headline = report.lines().next().and_then(|line| line.split_once(": ")).map(|(_, words)| (words, 4));
    let named = report.lines().filter_map(|line| {
        let line = line.trim_start();
        let names = [("rule:     ", 2), ("expected: ", 99), ("seen:     ", 99), ("often:  ", 2)];
        names.iter().find_map(|(name, share)| line.strip_prefix(name).map(|words| (words, *share)))
    });
    headline.into_iter().chain(named)
}

/// A line of a report that was quoted is one that some source can say today: quotes go with the words of the lab.
#[test]
fn quoted_reports_are_lines_that_the_lab_can_say() {
    let templates = templates();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (file, text) in lab_course::TEXTS {
        for (test, report) in reports(text) {
            count += 1;
            for (line, own_share) in words_of(report) {
                if !is_sayable(&templates, line, own_share) {
                    wrong.push(format!("{file}, {test}: nothing says {line:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 40, "only {count} reports are quoted");
}

/// In one piece, or as two with a colon between: who says it, and what. A mere value is one of the run, and a list of threads with
/// their places in the code, or of clients with what they wait for, as well.
fn is_sayable(templates: &[Template], line: &str, own_share: usize) -> bool {
    if !line.contains(' ') || line.contains(".rs:") || line.contains(" waits for ") {
        return true;
    }
    let whole = |line: &str| templates.iter().any(|template| template.makes(line, own_share));
    whole(line) || line.match_indices(": ").any(|(at, _)| whole(&line[..at]) && whole(&line[at + 2..]))
}
