//! Fingerprints of a source by winnowing (Schleimer, Wilkerson and Aiken, SIGMOD 2003).
//!
//! Each `K` tokens that follow one another have a hash; of each `WINDOW` hashes that follow one another the smallest is kept, of
//! equal ones the last. So whatever two sources have in common that is at least `K + WINDOW - 1` tokens long has a fingerprint
//! in common, wherever it stands; what is shorter than `K` tokens never has.

use xxhash_rust::xxh3::Xxh3;

use super::tokens::{Kind, Token, tokens};

/// Less than this, in tokens, is chance: two or three lines.
pub(crate) const K: usize = 20;
/// The windows from which one hash each is kept. 39 tokens in common, some five lines, are found for certain.
pub(crate) const WINDOW: usize = 20;

/// The hash of some tokens that follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gram {
    pub(crate) hash: u64,
    /// The line of its first token.
    pub(crate) first: u32,
    /// The line of its last token.
    pub(crate) last: u32,
}

/// All grams of a source, in their order.
pub(crate) fn grams(source: &str) -> Vec<Gram> {
    let tokens = tokens(source);
    tokens
        .windows(K)
        .map(|tokens| Gram { hash: hash(tokens), first: tokens[0].line, last: tokens[K - 1].line })
        .collect()
}

/// Those that are kept.
pub(crate) fn winnowed(grams: &[Gram]) -> Vec<Gram> {
    let mut kept = Vec::new();
    let mut last = None;
    // A source that is shorter than a window has one window.
    for (start, window) in grams.windows(WINDOW.min(grams.len().max(1))).enumerate() {
        let smallest =
            window.iter().enumerate().min_by_key(|(place, gram)| (gram.hash, std::cmp::Reverse(*place)));
        let place = smallest.map(|(place, _)| start + place);
        if place != last {
            kept.extend(place.map(|place| grams[place]));
            last = place;
        }
    }
    kept
}

/// Names are not in it: to rename everything is the first thing that somebody does who has copied.
fn hash(tokens: &[Token<'_>]) -> u64 {
    let mut hash = Xxh3::new();
    for token in tokens {
        match token.kind {
            Kind::Word if is_keyword(token.text) => hash.update(token.text.as_bytes()),
            Kind::Word => hash.update(b"a"),
            Kind::Lifetime => hash.update(b"'"),
            Kind::Number => hash.update(b"1"),
            Kind::Text => hash.update(b"\""),
            Kind::Sign => hash.update(token.text.as_bytes()),
        }
        hash.update(b" ");
    }
    hash.digest()
}

fn is_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 36] = [
        "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
        "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref",
        "return", "self", "static", "struct", "super", "trait", "true", "type", "use", "where", "while",
    ];
    KEYWORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn hashes(source: &str) -> BTreeSet<u64> {
        winnowed(&grams(source)).iter().map(|gram| gram.hash).collect()
    }

    #[test]
    fn names_comments_and_spaces_make_no_difference() {
        let one = "fn grant(&mut self, term: u64) -> bool { if self.term < term { self.term = term; self.vote = None; } true }";
        let other = "// mine\nfn ja(&mut self,\n    t: u64) -> bool { if self.c < t {\n self.c = t; self.w = None; } true }";
        assert!(!hashes(one).is_empty());
        assert_eq!(hashes(one), hashes(other));
        assert_ne!(hashes(one), hashes(&one.replace('<', ">")));
    }

    #[test]
    fn short_source_has_no_fingerprint_or_one() {
        assert!(hashes("").is_empty());
        assert!(hashes("fn main() {}").is_empty());
        assert_eq!(hashes("let a = (1, 2, 3, 4, 5, 6, 7, 8, 9);").len(), 1);
    }

    /// Source in which tokens differ as in real ones.
    fn source() -> impl Strategy<Value = String> {
        let word = proptest::sample::select(vec![
            "if", "fn", "let", "x", "+", "(", ")", "{", "}", ";", "1", "match", ".", "=",
        ]);
        proptest::collection::vec(word, 0..200).prop_map(|words| words.join(" "))
    }

    proptest! {
        /// The guarantee of the paper.
        #[test]
        fn what_is_long_enough_is_found_wherever_it_stands(
            before in source(), after in source(), common in source().prop_filter("long", |text| tokens(text).len() >= K + WINDOW - 1)
        ) {
            let one = hashes(&common);
            let other = hashes(&format!("{before} {common} {after}"));
            prop_assert!(one.intersection(&other).next().is_some());
        }
    }
}
