//! A snapshot that comes in pieces is acknowledged when all of it is there (Fig. 13, receiver 3 to 5).

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::message::{Reply, Request};

pub(crate) static RULE: Rule = Rule {
    title: "a snapshot is installed and acknowledged when all its pieces are there (Fig. 13, receiver 3 to 5)",
    why: "The leader takes the acknowledgement for a copy of everything up to lastIncludedIndex, and counts it. What is \
          installed with a hole is not the state of the service.",
    hint: "offset is not looked at, a piece behind the end of what has come is written there and leaves a hole, or pieces of \
           two snapshots are put together",
    on: &[On::Acknowledged],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let What::Answered { request, reply: Reply::Snapshot { term: answered, has_taken }, .. } = fact.what
    else {
        return None;
    };
    let &Request::Snapshot { term, last, piece: Some(piece) } = request else { return None };
    let follower = fact.envelope.callee;
    let server = &ledger.servers[follower];
    // A refusal for the term takes nothing. And who cannot say no has not said yes.
    if !piece.is_last || answered > term || has_taken != Some(true) || !ledger.sees_all_contents() {
        return None;
    }
    // What the follower has, or knows to be committed, it need not receive (receiver 6; §7). All as of now: what came while
    // the piece was handled may have been handled before.
    let can_do_without = ledger.can_have(follower, last) || server.commit_max >= last.index;
    if can_do_without || server.transfers.may_be_whole(term, last, piece) {
        return None;
    }
    Some(Accusation {
        headline: format!(
            "S{follower} acknowledges the last piece of a snapshot up to {last}, of which it has not got all"
        ),
        expected: format!("a refusal, until every byte before {} has been delivered", piece.end),
        seen: format!("it took bytes {} to {} as the last", piece.offset, piece.end),
        servers: vec![follower],
        term,
        entry: None,
        proof: Vec::new(),
    })
}
