//! Texts that must fit: truncated by lines, or within a line.

/// The longest expectation or value that a report shows, in characters.
const TEXT_MAX: usize = 300;

/// At most `room` characters of whole lines, the first ones.
pub(super) fn truncate(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    // The mark that something is missing needs room as well.
    let mut used = "  ...\n".len();
    for line in text.lines() {
        used += line.chars().count() + 1;
        if used > room {
            break;
        }
        out.push_str(line);
        out.push('\n');
    }
    if room >= "  ...\n".len() { out + "  ...\n" } else { String::new() }
}

/// At most `room` characters of whole lines: the first, which is a heading, and the last ones.
pub(super) fn truncate_front(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let Some((heading, rest)) = text.split_once('\n') else { return String::new() };
    let mut used = heading.chars().count() + 1;
    let mut kept = Vec::new();
    // From the end: the last lines are the ones to keep.
    for line in rest.lines().rev() {
        used += line.chars().count() + 1;
        if used > room {
            break;
        }
        kept.push(line);
    }
    // A heading with nothing below it would say that nothing happened.
    if kept.is_empty() {
        return String::new();
    }
    kept.push(heading);
    kept.iter().rev().map(|line| format!("{line}\n")).collect()
}

/// A text in one line and not too long.
pub(super) fn one_line(text: &str) -> String {
    one_line_of(text, TEXT_MAX)
}

/// A text in one line of at most `max` characters and an ellipsis.
pub(super) fn one_line_of(text: &str, max: usize) -> String {
    let mut line = String::new();
    let mut room = max;
    // No further than what is shown: code under test may panic with many megabytes, and this is asked for each line of a report.
    for word in text.split_whitespace() {
        let space = if line.is_empty() { "" } else { " " };
        for char in space.chars().chain(word.chars()) {
            if room == 0 {
                return line + "...";
            }
            line.push(char);
            room -= 1;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncated_text_fits_in_whole_lines() {
        let text = "heading\none\ntwo\nthree\n";
        assert_eq!(truncate(text, 100), text);
        assert_eq!(truncate(text, 20), "heading\none\n  ...\n");
        assert_eq!(truncate(text, 3), "");
        assert_eq!(truncate_front(text, 100), text);
        assert_eq!(truncate_front(text, 18), "heading\ntwo\nthree\n");
        assert_eq!(truncate_front(text, 10), "");
        for room in 0..text.len() {
            assert!(truncate(text, room).len() <= room && truncate_front(text, room).len() <= room);
        }
    }

    #[test]
    fn long_line_ends_in_an_ellipsis() {
        assert_eq!(one_line_of("a  b\nc", 10), "a b c");
        assert_eq!(one_line_of("äöü", 2), "äö...");
    }
}
