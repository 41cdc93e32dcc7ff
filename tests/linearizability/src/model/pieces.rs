//! Of which writes a value is made: a value that was put, or nothing, and what was appended to it.

use std::collections::BTreeSet;

/// The ways to take a value apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pieces<'a> {
    /// There is none.
    None,
    /// There is one.
    One {
        /// What it starts with; empty if nothing was put.
        start: &'a str,
        /// What was appended, in this order.
        tails: Vec<&'a str>,
    },
    /// There are several, so nobody knows which writes it is made of.
    Several,
}

/// Takes `value` apart into one of `starts`, or nothing, and any number of `tails`, each as often as one likes.
pub(super) fn take_apart<'a>(value: &'a str, starts: &BTreeSet<&str>, tails: &BTreeSet<&str>) -> Pieces<'a> {
    // An empty tail fits everywhere.
    let lengths: BTreeSet<usize> = tails.iter().map(|tail| tail.len()).filter(|&length| length > 0).collect();
    let tail_at =
        |at: usize, length| value.get(at..at + length).filter(|text| tails.contains(text)).map(str::len);
    // From the back: in how many ways the rest from each place is made of tails, and the first tail of one of them. Forward
    // it would have to go back at every wrong guess.
    let mut ways: Vec<(usize, usize)> = vec![(0, 0); value.len() + 1];
    ways[value.len()] = (1, 0);
    for at in (0..value.len()).rev() {
        for length in lengths.iter().filter_map(|&length| tail_at(at, length)) {
            let after = ways[at + length].0;
            if after > 0 {
                ways[at] = (ways[at].0 + after, length);
            }
        }
        // More than one is as good as many, and many are a number that no integer holds.
        ways[at].0 = ways[at].0.min(2);
    }
    let fits = |start: &&str| value.starts_with(*start) && ways[start.len()].0 > 0;
    let fitting: BTreeSet<&str> = starts.iter().copied().chain([""]).filter(fits).collect();
    let Some(first) = fitting.first() else { return Pieces::None };
    if fitting.len() > 1 || ways[first.len()].0 > 1 {
        return Pieces::Several;
    }
    let (start, mut at) = (&value[..first.len()], first.len());
    let mut tails = Vec::new();
    while at < value.len() {
        tails.push(&value[at..at + ways[at].1]);
        at += ways[at].1;
    }
    Pieces::One { start, tails }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apart<'a>(value: &'a str, starts: &[&str], tails: &[&str]) -> Pieces<'a> {
        take_apart(value, &starts.iter().copied().collect(), &tails.iter().copied().collect())
    }

    fn one<'a>(start: &'a str, tails: &[&'a str]) -> Pieces<'a> {
        Pieces::One { start, tails: tails.to_vec() }
    }

    #[test]
    fn value_is_taken_apart_if_there_is_one_way() {
        assert_eq!(apart("", &[], &["a"]), one("", &[]));
        assert_eq!(
            apart("p.1 11.1 1.1 ", &["p."], &["1 ", "1.1 ", "11.1 "]),
            one("p.", &["1 ", "11.1 ", "1.1 "])
        );
        assert_eq!(apart("aab", &[], &["a", "aab", "c"]), one("", &["aab"]), "the first guess is wrong");
        assert_eq!(apart("aa", &[], &["a"]), one("", &["a", "a"]), "a tail may be there twice");
        assert_eq!(apart("üä", &[], &["ü", "ä"]), one("", &["ü", "ä"]));
    }

    #[test]
    fn value_that_nobody_wrote_has_no_way_and_an_unclear_one_has_several() {
        assert_eq!(apart("ab", &["b"], &["a"]), Pieces::None);
        assert_eq!(apart("aaa", &[], &["a", "aa"]), Pieces::Several);
        assert_eq!(apart("a", &["a"], &["a"]), Pieces::Several, "put, or appended to nothing");
        assert_eq!(apart(&"a".repeat(300), &[], &["a", "aa"]), Pieces::Several);
    }
}
