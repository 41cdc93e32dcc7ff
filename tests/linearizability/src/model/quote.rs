//! Values as a report shows them.

/// How many characters of a value a report shows at its start and at its end.
const SHOWN: (usize, usize) = (24, 40);

/// A value in quotes, without its middle if it is long.
pub(super) fn quote(value: &str) -> String {
    cut(value).map_or_else(
        || format!("{value:?}"),
        |(start, end, count)| format!("{start:?}..{end:?} ({count} characters)"),
    )
}

/// A text without its middle if it is long.
pub(super) fn shorten(text: &str) -> String {
    cut(text).map_or_else(
        || text.to_string(),
        |(start, end, count)| format!("{start}..{end} ({count} characters)"),
    )
}

/// Start and end of a long text, and how many characters it has.
fn cut(text: &str) -> Option<(String, String, usize)> {
    let count = text.chars().count();
    (count > SHOWN.0 + SHOWN.1)
        .then(|| (text.chars().take(SHOWN.0).collect(), text.chars().skip(count - SHOWN.1).collect(), count))
}
