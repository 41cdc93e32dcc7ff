//! Texts of the code under test, as they may be shown.

use std::borrow::Cow;

/// The text with everything that a terminal or a viewer would obey written out: `\u{1b}` and not the start of a colour, a
/// title or a cursor that goes back over the verdict. Letters of all scripts stay, and so do newlines and tabs.
///
/// Whatever comes from the code under test (a panic, a log line, the name of a thread, what a process printed) goes through
/// this before it stands in a report, a headline or a log. What is left can be written in a terminal, in Markdown as a block
/// of code, in XML and in JSON.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        match char {
            // As in Rust's own strings, which is where they come from.
            '\0' | '\r' => shown.extend(char.escape_debug()),
            _ if is_obeyed(char) => shown.extend(char.escape_unicode()),
            _ => shown.push(char),
        }
    }
    Cow::Owned(shown)
}

/// Whether it does something else than to look like something.
fn is_obeyed(char: char) -> bool {
    match char {
        '\n' | '\t' => false,
        // What changes the direction of what follows, or breaks a line where no newline is.
        '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => true,
        // No characters at all: XML cannot hold them, not even escaped.
        _ if u32::from(char) & 0xfffe == 0xfffe => true,
        _ => char.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_written_out_and_all_else_stays() {
        for (text, shown) in [
            ("", ""),
            ("plain\n\ttext, Ünïcode ß 漢字 𝄞", "plain\n\ttext, Ünïcode ß 漢字 𝄞"),
            ("\u{1b}[2J\u{1b}[31mred", "\\u{1b}[2J\\u{1b}[31mred"),
            ("a\0b\rc\u{8}\u{7f}\u{9b}2J", "a\\0b\\rc\\u{8}\\u{7f}\\u{9b}2J"),
            ("\u{202e}desrever \u{feff}", "\\u{202e}desrever \\u{feff}"),
            ("\u{fffe}\u{ffff}\u{1ffff}\u{fffd}", "\\u{fffe}\\u{ffff}\\u{1ffff}\u{fffd}"),
        ] {
            assert_eq!(printable(text), shown);
            assert!(matches!(printable(shown), Cow::Borrowed(_)), "twice is as good as once");
        }
    }
}
