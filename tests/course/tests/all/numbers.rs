//! "Our solution is about N lines": as many as there are, more or less.

use std::fs;
use std::path::Path;

/// The number before " lines", in the section of that name.
fn said(part: &str) -> Vec<usize> {
    let text = lab_course::part(part).expect("a part").text;
    let section = text.split("\n## Our solution\n").nth(1).expect("a section of our solution");
    let numbers = section.split("about ").skip(1).filter_map(|rest| {
        let (number, rest) = rest.split_once(' ')?;
        if rest.starts_with("lines") { number.parse().ok() } else { None }
    });
    numbers.collect()
}

/// The lines of code of the sources in a folder, each with the milestone in whose solution it stands.
fn lines_of_code(folder: &str) -> Vec<Option<String>> {
    let mut all = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let source = fs::read_to_string(path).expect("a source");
        let source = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let mut milestone = None;
        for line in source.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix("// begin solution ") {
                milestone = rest.split([':', ' ']).next().map(str::to_owned);
            } else if line == "// end solution" {
                milestone = None;
            } else if !line.is_empty() && !line.starts_with("//") {
                all.push(milestone.clone());
            }
        }
    }
    all
}

#[track_caller]
fn expect_about(what: &str, said: usize, counted: usize) {
    let difference = said.abs_diff(counted);
    assert!(difference * 5 <= counted.max(50), "{what}: the text says {said} lines, and there are {counted}");
}

#[test]
fn lengths_of_our_solutions() {
    let (course, service) = (lines_of_code("raft/course/src"), lines_of_code("kvraft/course/src"));
    expect_about("4C", said("4C")[0], service.len());
    for (part, course) in
        [("3A", &course), ("3B", &course), ("3D", &course), ("4A", &service), ("4B", &service)]
    {
        let of_part = course.iter().flatten().filter(|milestone| milestone.starts_with(part)).count();
        let [of_text, of_all] = said(part)[..] else { panic!("{part} says two numbers") };
        expect_about(part, of_text, of_part);
        expect_about(part, of_all, course.len());
    }
}
