//! What a leader has compared is like its log: entries that conflict are gone (Fig. 2, AppendEntries, receiver 3; §5.3).

use super::applied_entries::Applied;
use super::rule::{Accusation, Case, On, Rule};

pub(crate) static RULE: Rule = Rule {
    title: "an entry that conflicts with a leader's is deleted (Fig. 2, AppendEntries, receiver 3) before what that leader calls \
            committed is applied (receiver 5)",
    why: "A server may hold entries of a leader that lost. If it keeps one of them where the next leader has another, it \
          applies what was never committed: State Machine Safety is gone.",
    hint: "an entry that is there already counts as a copy without a look at its term, only what lies behind the end of the own \
           log is appended, or a message that is refused brings a commit index all the same",
    on: &[On::Applied],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let applied = Applied::of(case)?;
    // What lies behind the last entry that was compared is the matter of `applied_entries`.
    if applied.index <= applied.commit_max { applied.another_than_committed() } else { None }
}
