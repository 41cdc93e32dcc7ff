//! Values as a report shows them.

/// How many characters of a value a report shows at its start and at its end.
const SHOWN: (usize, usize) = (24, 40);

/// A value in quotes, without its middle if it is long.
pub(super) fn quote(value: &str) -> String {
    let count = value.chars().count();
    if count <= SHOWN.0 + SHOWN.1 {
        return format!("{value:?}");
    }
    let start: String = value.chars().take(SHOWN.0).collect();
    let end: String = value.chars().skip(count - SHOWN.1).collect();
    format!("{start:?}..{end:?} ({count} characters)")
}
