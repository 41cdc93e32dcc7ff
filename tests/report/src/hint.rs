//! What often leads to a failure, without what cannot have led to this one.
//!
//! A hint names mistakes, one after the other: `votedFor not checked, reset although the term is the same, or not saved before the
//! answer`. In a run in which no server has stopped, nothing was lost that was not saved; without a snapshot, none was wrong.

use lab_harness::case::{Part, TestCase};
use lab_harness::run::Failure;
use lab_referee::BY_COUNTING;

/// Words of mistakes that show only after a server has stopped and started again.
const OF_RESTARTS: [&str; 8] =
    ["crash", "restart", "not saved", "not stored", "save that", "storage", "lost in a", "power"];
/// Words of mistakes that show only where there are snapshots.
const OF_SNAPSHOTS: [&str; 2] = ["snapshot", "compact"];

/// What a run has had in it.
#[derive(Clone, Copy, Debug)]
struct Happened {
    restarts: bool,
    snapshots: bool,
}

/// The hint of a violation, narrowed by what the run excludes.
pub(crate) fn of(case: &TestCase, failure: &Failure) -> Option<String> {
    let hint = failure.violation.as_ref()?.hint?;
    // What threads of other processes do is not seen: in the real world nothing is excluded.
    if failure.real_cause.is_some() {
        return Some(hint.to_owned());
    }
    let happened = Happened {
        restarts: failure.servers.iter().any(|seen| seen.starts > 1),
        snapshots: !matches!(case.part, Part::A3 | Part::B3 | Part::C3),
    };
    let is_of_counting = failure.violation.as_ref()?.headline.contains(BY_COUNTING);
    Some(narrowed(hint, happened, is_of_counting))
}

/// The alternatives that remain; all of them if none would.
fn narrowed(hint: &str, happened: Happened, is_of_counting: bool) -> String {
    let all = alternatives(hint);
    let is_excluded = |mistake: &&String| {
        let has = |words: &[&str]| words.iter().any(|word| mistake.to_lowercase().contains(word));
        // Either a majority has the entry, which is of an earlier term, or no majority has it.
        let is_about_terms = mistake.contains("log[N].term");
        let is_about_counting = hint.contains("log[N].term") && is_about_terms != is_of_counting;
        is_about_counting
            || !happened.restarts && has(&OF_RESTARTS)
            || !happened.snapshots && has(&OF_SNAPSHOTS)
    };
    let kept: Vec<&String> = all.iter().filter(|mistake| !is_excluded(mistake)).collect();
    match &kept[..] {
        [] => hint.to_owned(),
        _ if kept.len() == all.len() => hint.to_owned(),
        [one] => (*one).clone(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(|mistake| mistake.as_str()).collect();
            format!("{}, or {last}", first.join(", "))
        }
    }
}

/// The mistakes of a hint: between commas and semicolons outside of brackets, but for what only goes on with the one before.
fn alternatives(hint: &str) -> Vec<String> {
    let mut pieces: Vec<String> = vec![String::new()];
    let mut depth = 0;
    for sign in hint.chars() {
        match sign {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        match sign {
            ',' | ';' if depth == 0 => pieces.push(String::new()),
            _ => pieces.last_mut().expect("it has one").push(sign),
        }
    }
    let mut out: Vec<String> = Vec::new();
    for piece in &pieces {
        let piece = piece.trim();
        let goes_on = ["and ", "which ", "that ", "though ", "when ", "if ", "so "];
        match out.last_mut().filter(|_| goes_on.iter().any(|word| piece.starts_with(word))) {
            Some(last) => *last = format!("{last}, {piece}"),
            None => out.push(piece.strip_prefix("or ").unwrap_or(piece).to_owned()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Happened = Happened { restarts: false, snapshots: false };

    #[test]
    fn what_the_run_excludes_is_left_out() {
        let votes =
            "votedFor not checked, reset although the term is the same, or not saved before the answer";
        assert_eq!(
            narrowed(votes, QUIET, false),
            "votedFor not checked, or reset although the term is the same"
        );
        assert_eq!(narrowed(votes, Happened { restarts: true, ..QUIET }, false), votes);
        let log = "log not stored before the answer, the log cut without a conflict (a late, shorter AppendEntries), or \
                   the whole log dropped for a snapshot that ends within it";
        assert_eq!(
            narrowed(log, QUIET, false),
            "the log cut without a conflict (a late, shorter AppendEntries)"
        );
        let up_to_date = "the last term must be compared first, and the last index only if the terms are equal; or entries were lost";
        assert_eq!(narrowed(up_to_date, QUIET, false), up_to_date);
    }

    #[test]
    fn what_a_majority_has_is_not_miscounted() {
        let hint = "the condition log[N].term == currentTerm is missing, matchIndex is set to more than the request \
                    covered, or half is counted as a majority";
        assert_eq!(narrowed(hint, QUIET, true), "the condition log[N].term == currentTerm is missing");
        assert_eq!(
            narrowed(hint, QUIET, false),
            "matchIndex is set to more than the request covered, or half is counted as a majority"
        );
    }

    #[test]
    fn something_always_remains() {
        assert_eq!(narrowed("a snapshot that was not saved", QUIET, false), "a snapshot that was not saved");
    }
}
