//! What a source may not say: it would read files of the grader while it is compiled.

use crate::similarity::{Kind, tokens};

/// Looks for it.
///
/// # Errors
///
/// A sentence for whoever has handed it in, with file and line.
pub(super) fn check(name: &str, source: &str) -> Result<(), String> {
    const READERS: [&str; 3] = ["include", "include_str", "include_bytes"];
    let tokens = tokens(source);
    for (place, token) in tokens.iter().enumerate() {
        // By its name alone: macros are renamed by `use`, and are given to macros.
        if token.kind == Kind::Word && READERS.contains(&token.text) {
            return Err(format!(
                "src/{name}, line {}: {}! reads a file while the submission is compiled, and is not allowed",
                token.line, token.text
            ));
        }
        let is_path = token.kind == Kind::Word && token.text == "path";
        let is_given = tokens.get(place + 1).is_some_and(|next| next.text == "=");
        if is_path && is_given && is_in_attribute(&tokens[..place]) {
            return Err(format!(
                "src/{name}, line {}: #[path] names a file elsewhere, and is not allowed: put the module where it belongs",
                token.line
            ));
        }
    }
    Ok(())
}

/// Whether what comes next is inside of `#[...]`: the last bracket that is open has a `#` before it.
fn is_in_attribute(before: &[crate::similarity::Token<'_>]) -> bool {
    let mut closed = 0;
    for place in (0..before.len()).rev() {
        match before[place].text {
            "]" => closed += 1,
            "[" if closed > 0 => closed -= 1,
            "[" => {
                let sign = |back: usize| place.checked_sub(back).map(|place| before[place].text);
                return sign(1) == Some("#") || sign(1) == Some("!") && sign(2) == Some("#");
            }
            ";" | "{" | "}" => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn what_people_write_is_allowed() {
        for source in [
            "let path = \"x\"; // include_str!",
            "fn f(x: &[u8]) { let y = x[0]; path = 1; }",
            "struct S { path: u8 } const T: S = S { path: 1 }; let x = [1]; path = x;",
            "\"include!\"",
            "fn included() {}",
        ] {
            assert_eq!(check("lib.rs", source), Ok(()), "{source}");
        }
    }
}
