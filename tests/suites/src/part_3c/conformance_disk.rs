//! Part 3C, sentence by sentence: a disk that refuses a save while the server lives on, and one that is slow.
//!
//! A test restates a sentence of the paper or of the contract, with its reference, and puts it to the proof: see
//! [`lab_harness::conformance`]. Whatever a server does whose save has failed (fall silent, try again, answer no) is legal, but
//! for telling what is not stored: a power failure at that moment would make it untrue.

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX, Request};
use lab_harness::lab::Lab;

/// The sentence of the contract.
const RULE: &str = "a server that cannot save must not answer as if it had (Persister::save; Fig. 2, State: updated on \
                    stable storage before responding)";
/// The mistake that breaks it.
const HINT: &str = "the result of a save is ignored";
/// How long a test waits for an answer: some servers never give one again.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a save takes on a slow disk.
const SLOW: Duration = Duration::from_millis(40);

/// A vote whose save failed is not given, and a term whose save failed is not told (Fig. 2, State; Persister).
///
/// Catches: a save whose result nobody looks at.
pub fn failed_save_of_a_vote_3c(lab: &Lab) {
    let bench = Bench::start(lab, 3, RULE, HINT);
    bench.next_save_fails();
    let reply = bench.within(PATIENCE, |bench| bench.peer(1).asks_vote(5).send()).flatten();
    // As if the power had failed in the moment in which the reply arrived.
    let then = bench.storage();
    bench.restart_from(&then);
    let Some((term, vote_granted)) = reply else { return };
    let remembered = bench.term();
    bench.expect(
        remembered >= term,
        format!("S0 told of term {term}, which it could not save"),
        format!("it is in term {term} or later after a restart"),
        format!("it is in term {remembered}"),
    );
    if vote_granted {
        bench.peer(2).asks_vote(5).is_refused("S1 was told that it has the vote, and then the power failed");
    }
}

/// Entries whose save failed are not acknowledged (Fig. 2, State; Persister).
///
/// Catches: a save whose result nobody looks at.
pub fn failed_save_of_entries_3c(lab: &Lab) {
    let bench = Bench::start(lab, 3, RULE, HINT);
    // The term is stored already, so that the entries alone are new.
    bench.peer(1).appends(2).prepares("S1 leads term 2");
    bench.next_save_fails();
    let reply = bench.within(PATIENCE, |bench| bench.peer(1).appends(2).entries(&[1, 2]).send()).flatten();
    let then = bench.storage();
    bench.restart_from(&then);
    if reply.is_some_and(|reply| reply.success) {
        bench.expect_entry(2, 2, "S1 was told that it is stored, and then the power failed");
    }
}

/// A leader's own entry whose save failed is no copy: it does not count for the majority (Fig. 2, State; Leaders 2).
///
/// Catches: a save whose result nobody looks at.
pub fn failed_save_of_a_command_3c(lab: &Lab) {
    let bench = Bench::start(lab, 3, RULE, HINT);
    let term = bench.elect(&[1]);
    // It may begin its term with an entry of its own: the save that fails is to be that of the command.
    lab.sleep_ms(200);
    bench.next_save_fails();
    let Some(started) = bench.within(PATIENCE, |bench| bench.offer()) else { return };
    lab.sleep_ms(200);
    let (applied, then) = (bench.applied(), bench.storage());
    bench.restart_from(&then);
    // S2 is silent, so the majority that has committed is S1 and the leader.
    if started.is_leader && applied >= started.index {
        bench.expect_entry(
            started.index,
            term,
            "it was committed with the leader's own copy, and then the power failed",
        );
    }
}

/// A candidate whose term and vote could not be saved asks nobody for votes (Fig. 2, State; Candidates 1).
///
/// Catches: a save whose result nobody looks at.
pub fn failed_save_of_a_candidacy_3c(lab: &Lab) {
    let bench = Bench::start(lab, 3, RULE, HINT);
    bench.next_save_fails();
    // One that falls silent for good is as good as one that tries again.
    let Some(sent) = bench.next_request(ELECTION_MAX, Request::is_vote) else { return };
    let then = bench.storage();
    bench.restart_from(&then);
    bench
        .peer(2)
        .asks_vote(sent.request.term())
        .is_refused("S0 had asked for votes in that term, and then the power failed");
}

/// A request that comes again while the save of its first copy is under way is not acknowledged before that is over (Fig. 2,
/// State: updated on stable storage before responding).
///
/// Catches: a save without the lock, so that the second copy finds everything in memory, has nothing to save and is
/// answered at once.
pub fn repeated_entries_wait_for_the_save_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a repeated request is not acknowledged before its entries are on stable storage: the save of the first copy may \
         still be under way (Fig. 2, State: updated on stable storage before responding to RPCs; §5.5)",
        "entries that are in memory already are acknowledged although their save is not over",
    );
    // The term is stored already, so that the entries alone are new.
    bench.peer(1).appends(2).prepares("S1 leads term 2");
    bench.slow_disk(SLOW);
    drop(bench.beside(|bench| bench.peer(1).appends(2).entries(&[1, 2]).send()));
    lab.sleep(SLOW / 4);
    let reply = bench.peer(1).appends(2).entries(&[1, 2]).send();
    let then = bench.storage();
    bench.restart_from(&then);
    if reply.is_some_and(|reply| reply.success) {
        bench.expect_entry(2, 2, "the second copy had acknowledged it, and then the power failed");
    }
}

/// The same for a vote: the second request of the candidate is not granted before the vote is stored (Fig. 2, State).
///
/// Catches: a vote that is confirmed because it is in memory already.
pub fn repeated_vote_waits_for_the_save_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a repeated request for a vote is not granted before the vote is on stable storage: its save may still be under way \
         (Fig. 2, State: updated on stable storage before responding to RPCs)",
        "a vote that is in memory already is confirmed although its save is not over",
    );
    bench.slow_disk(SLOW);
    drop(bench.beside(|bench| bench.peer(1).asks_vote(5).send()));
    lab.sleep(SLOW / 4);
    let reply = bench.peer(1).asks_vote(5).send();
    let then = bench.storage();
    bench.restart_from(&then);
    if matches!(reply, Some((_, true))) {
        bench
            .peer(2)
            .asks_vote(5)
            .is_refused("S1 was told twice that it has the vote, and then the power failed");
    }
}
