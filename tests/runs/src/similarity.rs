//! Texts that are nearly the same: names that people mistype, and headlines that differ only in their numbers.

/// How many near names are proposed.
const PROPOSED_MAX: usize = 3;

/// The names, each with its similarity from 0 to 1 to what was typed, that reach `similarity_min`, the most similar first.
pub fn nearest<'a>(names: impl Iterator<Item = (f64, &'a str)>, similarity_min: f64) -> Vec<&'a str> {
    let mut near: Vec<(f64, &str)> = names.filter(|&(similarity, _)| similarity >= similarity_min).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(PROPOSED_MAX).map(|(_, name)| name).collect()
}

/// A text with `#` for each number, decimal or hexadecimal.
pub fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        out.push_str(&rest[..start]);
        out.push('#');
        let number = &rest[start..];
        // Seeds and fingerprints are hexadecimal: without this, their letters would stay and make each text
        // another one.
        let digits = match number.strip_prefix("0x") {
            Some(hex) => 2 + hex.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(hex.len()),
            None => number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len()),
        };
        rest = &number[digits..];
    }
    out + rest
}
