//! The texts of the course: the commands in them are commands of this program.

use std::collections::BTreeSet;
use std::process::Command;

/// The words behind `cargo lab`, of lines in blocks and of what stands in backticks.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    let in_backticks = text.split('`').skip(1).step_by(2);
    text.lines().chain(in_backticks).filter_map(|line| {
        let words = line.trim().strip_prefix("cargo lab")?.strip_prefix([' '])?;
        Some(words.split(" #").next().unwrap_or(words).trim())
    })
}

/// What stands for something of the reader's.
fn filled_in(word: &str) -> &str {
    match word.trim_matches('"') {
        "TEST" => "figure8_3c",
        "SEED" => "0x1",
        "PART" => "3A",
        word => word,
    }
}

/// Each is asked with `--help` behind it: the command line is read up to there, and nothing is run.
#[test]
fn commands_in_the_texts_are_understood() {
    let mut asked = BTreeSet::new();
    let mut wrong = Vec::new();
    for (file, text) in lab_course::TEXTS {
        // A fence is three backticks, and would turn inside and outside round.
        let text = text.replace("```", "\n");
        for words in commands(&text) {
            // These are programs of their own, which would be built.
            let is_another =
                ["mutants", "grade-class", "grade-tests"].iter().any(|name| words.starts_with(name));
            if is_another || !asked.insert(words.to_owned()) {
                continue;
            }
            let said = Command::new(env!("CARGO_BIN_EXE_lab"))
                .args(words.split_whitespace().map(filled_in))
                .arg("--help")
                .output()
                .expect("the program starts");
            if !said.status.success() {
                let why = String::from_utf8_lossy(&said.stderr);
                wrong.push(format!("{file}: cargo lab {words}\n{}", why.lines().next().unwrap_or_default()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked.len() >= 30, "only {} commands are shown", asked.len());
}
