//! What a source may not say: it would read files of the grader while it is compiled.
//!
//! Tokens are read before any macro is expanded. A macro can put an attribute together of pieces that mean nothing by themselves;
//! what it cannot do is to take a keyword from elsewhere. So `mod` may not stand where macros are written or called.

use crate::similarity::{Kind, Token, tokens};

/// What reads files by its name, and how it is written.
const READERS: [(&str, &str); 4] = [
    ("include", "include!"),
    ("include_str", "include_str!"),
    ("include_bytes", "include_bytes!"),
    ("debugger_visualizer", "#[debugger_visualizer]"),
];

/// Looks for it.
///
/// # Errors
///
/// A sentence for whoever has handed it in, with file and line.
pub(super) fn check(name: &str, source: &str) -> Result<(), String> {
    check_tokens(name, &tokens(source))?;
    // A first line for a shell is none of Rust's, and a quote in it would hide what follows. Which it is depends on what
    // comes after comments, so it is read both ways.
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    match text.find('\n') {
        // With its end, so that lines have their numbers.
        Some(end) if text.starts_with("#!") => check_tokens(name, &tokens(&text[end..])),
        _ => Ok(()),
    }
}

/// What an open bracket stands in, itself included.
#[derive(Clone, Copy, Default)]
struct Inside {
    /// `#[...]` or `#![...]`.
    attribute: bool,
    /// The rules of a macro, or what is given to one.
    is_macro: bool,
}

fn check_tokens(name: &str, tokens: &[Token<'_>]) -> Result<(), String> {
    // For each bracket that is open.
    let mut open: Vec<Inside> = Vec::new();
    // `macro_rules! name` was read, and not what follows.
    let mut is_macro_next = false;
    for (place, token) in tokens.iter().enumerate() {
        let inside = open.last().copied().unwrap_or_default();
        let refused = |what: &str| Err(format!("src/{name}, line {}: {what}", token.line));
        match (token.kind, token.text) {
            (Kind::Sign, "(" | "[" | "{") => {
                let before = |back: usize| place.checked_sub(back).map_or("", |place| tokens[place].text);
                let is_attribute =
                    token.text == "[" && (before(1) == "#" || before(1) == "!" && before(2) == "#");
                open.push(Inside {
                    attribute: inside.attribute || is_attribute,
                    // What only negates what follows, or never returns, has no modules in it either.
                    is_macro: inside.is_macro || is_macro_next || before(1) == "!" && !is_attribute,
                });
                is_macro_next = false;
            }
            (Kind::Sign, ")" | "]" | "}") => drop(open.pop()),
            (Kind::Word, "macro_rules") => is_macro_next = true,
            (Kind::Word, "mod") if inside.is_macro => {
                return refused(
                    "a module inside of a macro may lie in any file, and is not allowed: put it outside",
                );
            }
            (Kind::Word, "path")
                if inside.attribute && tokens.get(place + 1).is_some_and(|next| next.text == "=") =>
            {
                return refused(
                    "#[path] names a file elsewhere, and is not allowed: put the module where it belongs",
                );
            }
            // By its name alone: macros are renamed by `use`, and are given to macros.
            (Kind::Word, word) => {
                if let Some((_, shown)) = READERS.iter().find(|(reader, _)| *reader == word) {
                    return refused(&format!(
                        "{shown} reads a file while the submission is compiled, and is not allowed"
                    ));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn what_reads_files_is_refused_with_its_line() {
        for (source, words) in [
            ("const X: &str = include_str!(\"/etc/passwd\");", "line 1: include_str!"),
            ("\n\nuse std::include as i;", "line 3: include!"),
            ("m!(include_bytes)", "include_bytes!"),
            ("#[path = \"/x.rs\"] mod x;", "#[path]"),
            ("#[cfg_attr(all(), path = \"/x.rs\")]\nmod x;", "#[path]"),
            ("r#include!(\"x\")", "include!"),
        ] {
            let error = check("lib.rs", source).unwrap_err();
            assert!(error.starts_with("src/lib.rs, line ") && error.contains(words), "{error}");
        }
    }

    #[test]
    fn what_reads_files_cannot_be_hidden() {
        for (source, words) in [
            // A macro puts the attribute together.
            (
                "macro_rules! m { ($m:meta) => { #[$m] mod x; } }\nm!(path = \"/x\");",
                "line 1: a module inside of a macro",
            ),
            ("macro_rules! m { ($p:ident) => {\n#[$p = \"/x\"] mod x; } }\nm!(path);", "line 2: a module"),
            ("macro_rules! m { ($h:tt $b:tt) => {\n$h $b mod x; } }\nm!(# [path]);", "line 2: a module"),
            (
                "macro_rules! m { ($m:meta, $i:item) => { #[$m] $i } }\nm!(path = \"/x\", mod x;);",
                "line 2: a module",
            ),
            // Its name ends in a letter that is none elsewhere.
            ("macro_rules! m\u{2118} { () => { mod x; } }", "a module"),
            ("n::m\u{2118}! { mod x; }", "a module"),
            // What separates statements, inside of an attribute.
            ("#[cfg_attr(all(), doc = stringify!(;), path = \"/x\")]\nmod x;", "line 1: #[path]"),
            ("#[cfg_attr(all(), doc = stringify!({}), path = \"/x\")]\nmod x;", "line 1: #[path]"),
            ("#![debugger_visualizer(gdb_script_file = \"/x\")]", "#[debugger_visualizer]"),
            // What is white only to the compiler.
            ("#[path\u{200e}= \"/x\"] mod x;", "#[path]"),
            // What is a string only for a reader who does not know first lines, or all letters.
            ("#!/bin/x \"\n#[path = \"/x\"] mod x; // \"", "line 2: #[path]"),
            ("\u{feff}#!/bin/x \"\ninclude!(\"/x\"); // \"", "line 2: include!"),
            ("#!/* \" */[debugger_visualizer(gdb_script_file = \"/x\")]\n", "line 1: #[debugger_visualizer]"),
            ("fn f<'\u{2118}>() {}\ninclude!(\"/x\");\nfn g<'\u{2118}>() {}", "line 2: include!"),
        ] {
            let error = check("lib.rs", source).expect_err(source);
            assert!(error.starts_with("src/lib.rs, line ") && error.contains(words), "{error}");
        }
    }

    #[test]
    fn what_people_write_is_allowed() {
        for source in [
            "let path = \"x\"; // include_str!",
            "fn f(x: &[u8]) { let y = x[0]; path = 1; }",
            "struct S { path: u8 } const T: S = S { path: 1 }; let x = [1]; path = x;",
            "\"include!\"",
            "fn included() {}",
            "#!/bin/sh it's\nmod log;",
            "macro_rules! m { ($e:expr) => { $e } } mod log; mod tests { fn f() { m!(1); } }",
            "println!(\"{path}\", path = path); mod log;",
            "fn f(x: bool) { if !(x) { loop {} } } mod log;",
            "fn f() -> ! { loop {} } mod log;",
            "#[derive(Debug)] struct S { path: u8 } impl S { fn f(&mut self) { self.path = 1; } }",
        ] {
            assert_eq!(check("lib.rs", source), Ok(()), "{source}");
        }
    }

    /// With a look back from each of them it would take minutes.
    #[test]
    fn long_source_is_read_once() {
        assert_eq!(check("lib.rs", &"path=".repeat(200_000)), Ok(()));
        assert_eq!(check("lib.rs", &"[(path=".repeat(140_000)), Ok(()));
    }

    #[test]
    fn sources_of_this_workspace_are_taken() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let mut folders: Vec<_> =
            ["raft", "kvraft", "tests/controls/src", "tests/template/src"].map(|name| root.join(name)).into();
        let mut count = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.ends_with("target") {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") {
                    let source = std::fs::read_to_string(&path).unwrap();
                    assert_eq!(check(&path.display().to_string(), &source), Ok(()));
                    count += 1;
                }
            }
        }
        assert!(count > 50, "{count}");
    }
}
