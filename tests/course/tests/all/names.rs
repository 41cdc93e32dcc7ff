//! Every test that a text names is there, and every file of the repository.

use std::path::Path;

/// What looks like the name of a test: words with underlines, and a part behind.
fn is_name_of_a_test(word: &str) -> bool {
    let Some((name, part)) = word.rsplit_once('_') else { return false };
    let mut part = part.chars();
    let (Some(first), Some(second), None) = (part.next(), part.next(), part.next()) else { return false };
    let is_part = matches!((first, second), ('2'..='4', 'a'..='l') | ('e', '1'..='7'));
    is_part && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[test]
fn named_tests_are_there() {
    let mut wrong = Vec::new();
    for (file, text) in lab_course::TEXTS {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '!');
        for word in words.filter(|word| is_name_of_a_test(word) && !word.starts_with("suite_")) {
            if lab_suites::find(word).is_none() {
                wrong.push(format!("{file}: there is no test {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Paths in backticks that begin with a folder of this repository.
#[test]
fn named_files_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // Not what stands in a student's workspace (`tests/two_locks.rs`), or is a pattern.
    let is_of_the_repository = |path: &str| {
        ["tests/", "raft/", "kvraft/", "scripts/", "labrpc/src/"]
            .iter()
            .any(|folder| path.starts_with(folder))
            && !path.contains(['*', ' ', '<'])
            && !(path.starts_with("tests/") && path.ends_with(".rs") && path.matches('/').count() == 1)
    };
    let mut wrong = Vec::new();
    for (file, text) in lab_course::TEXTS {
        for path in text.split('`').skip(1).step_by(2).filter(|path| is_of_the_repository(path)) {
            if !root.join(path).exists() {
                wrong.push(format!("{file}: there is no {path}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
