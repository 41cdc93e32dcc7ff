//! What a server would read in a script's message that the script does not say.
//!
//! A server gets the nothing of its type there: 0, `false`, the first variant. To its author that may well mean something, as
//! 0 may be the type of entries that deliver nothing; so nobody can be judged by what comes of it.

use labrpc::wire::{MadeUp, Value, With};

use super::bench::Bench;
use super::replies::of_append_reply;
use lab_referee::Names;

/// A field of what goes beyond Figure 2, in which nothing means "as in Figure 2": the configuration at the end of a snapshot, if
/// there ever was one.
const LAST_CONFIGURATION: &str = "last_configuration";
/// What an entry is in Figure 2, where entries are of several kinds.
const COMMAND: [&str; 4] = ["Command", "Normal", "EntryNormal", "Data"];

/// Fields of requests beyond Figure 2 that are left out where there is nothing to say.
pub(super) fn optional_in_requests(names: &Names) -> Vec<&'static str> {
    let Names { pre_vote, leadership_transfer, done, snapshot, offset, transfer, .. } = names;
    let told = [pre_vote, leadership_transfer, done, snapshot, offset, transfer].into_iter().flatten();
    told.copied().chain([LAST_CONFIGURATION]).collect()
}

/// Fields of replies that scripted peers fill in where there is something to say.
fn known_in_replies(names: &Names) -> Vec<&'static str> {
    let of_others = [&names.vote_granted, &names.pre_vote, &names.expected];
    of_append_reply(names).into_iter().chain(of_others).flatten().copied().collect()
}

/// Whether what was made up means what was meant: that there is nothing to say.
fn is_meant(names: &Names, known: &[&'static str], made_up: &MadeUp) -> bool {
    let MadeUp { within, field, with } = made_up;
    match with {
        // The script meant that nothing is there, and the server reads a number.
        With::NothingSaid => false,
        With::Variant(first) if COMMAND.contains(first) && names.entry_kind.contains(field) => true,
        _ => within.is_none() && known.contains(field),
    }
}

/// Whether what was made up in a reply means what the scripted peer meant.
pub(super) fn is_meant_in_reply(names: &Names, made_up: &MadeUp) -> bool {
    // A voter that refuses may have voted for nobody.
    let is_no_vote = names.voted_for.contains(&made_up.field) && made_up.with == With::None;
    is_meant(names, &known_in_replies(names), made_up) || made_up.within.is_none() && is_no_vote
}

impl Bench {
    /// Skips the test if the server would read something in these arguments that nobody says. Where its type knows that nothing
    /// may be there, the server may well do without, so what fails of it is skipped, and no more.
    pub(super) fn needs_nothing_made_up(&self, method: &str, args: &Value) {
        let Some(ask) = self.0.slot.lock().methods.made_up.get(method).copied() else { return };
        let (names, lab) = (&self.0.names, &self.0.lab);
        let known = optional_in_requests(names);
        for made_up in ask(args).into_iter().filter(|made_up| !is_meant(names, &known, made_up)) {
            let why = format!(
                "the arguments of {method} have a field {made_up}, of which scripted peers know nothing"
            );
            match made_up.with {
                With::None => lab.record().pardon_failures(why),
                With::Nothing | With::NothingSaid | With::Variant(_) => lab.skip(&why),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_up(within: Option<&'static str>, field: &'static str, with: With) -> MadeUp {
        MadeUp { within, field, with }
    }

    #[test]
    fn what_is_left_out_is_meant_where_scripts_know_the_field() {
        let names = Names::default();
        let rows = [
            (made_up(None, "conflict_term", With::None), true),
            (made_up(None, "x_term", With::Nothing), true),
            (made_up(None, "x_term", With::NothingSaid), false),
            (made_up(None, "match_hint", With::None), false),
            (made_up(Some("entries"), "kind", With::Variant("Command")), true),
            (made_up(Some("entries"), "entry_type", With::Variant("EntryNormal")), true),
            (made_up(Some("entries"), "kind", With::Variant("NoOp")), false),
            (made_up(Some("entries"), "kind", With::Nothing), false),
            (made_up(Some("entries"), "expected", With::Nothing), false),
        ];
        for (made_up, wanted) in rows {
            assert_eq!(is_meant_in_reply(&names, &made_up), wanted, "{made_up:?}");
        }
        let known = optional_in_requests(&names);
        let flag = made_up(None, "pre_vote", With::Nothing);
        assert!(is_meant(&names, &known, &flag));
        assert!(!is_meant(&names, &known, &MadeUp { within: Some("entries"), ..flag }));
    }
}
