//! Part 3C, sentence by sentence: a disk that refuses a save while the server lives on, and one that is slow.
//!
//! A test restates a sentence of the paper or of the contract, with its reference, and puts it to the proof: see
//! [`lab_harness::conformance`]. Whatever a server does whose save has failed (fall silent, try again, answer no) is legal, but
//! for telling what is not stored: a power failure at that moment would make it untrue.

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX, Entry, Request, SentRequest};
use lab_harness::lab::Lab;
use labrpc::time::Instant;
use raft_interface::{Index, ServerId, Term};

/// The sentence of the contract.
const RULE: &str = "a server that cannot save must not answer as if it had (Persister::save; Fig. 2, State: updated on \
                    stable storage before responding)";
/// The mistake that breaks it.
const HINT: &str = "the result of a save is ignored";
/// How long a test waits for an answer: some servers never give one again.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a save takes on a slow disk.
const SLOW: Duration = Duration::from_millis(40);
/// The same where a leader is watched: longer than the time between two heartbeats, so that whoever sends before it has saved has
/// sent by then.
const SLOWER: Duration = Duration::from_millis(500);

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
    expect_repeat_to_wait(&bench, 1, (0, 0));
}

/// The same where other entries were stored at these indexes, which the request replaces: that they were on stable storage says
/// nothing of those that are there now (Fig. 2, State; AppendEntries, receiver 3).
///
/// Catches: a handler that waits until its disk has reached an index, and an index that does not go back when the log is cut.
pub fn rewritten_entries_wait_for_the_save_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a request is not acknowledged before its entries are on stable storage, also where other entries were stored at their \
         indexes before (Fig. 2, State: updated on stable storage before responding to RPCs; AppendEntries, receiver 3)",
        "the index up to which the log is stored does not go back when the log is cut",
    );
    bench.peer(1).appends(1).entries(&[1; 5]).prepares("it follows the empty log");
    bench.peer(2).appends(2).after(1, 1).prepares("entry 1 matches");
    expect_repeat_to_wait(&bench, 2, (1, 1));
}

/// The leader of term 2 sends two entries of its term behind entry `after`, index and term, to a server with a slow disk; and once
/// more, while their save is under way. When that is acknowledged the power fails, and the entries must be there.
#[track_caller]
fn expect_repeat_to_wait(bench: &Bench, leader: ServerId, after: (Index, Term)) {
    let (index, term) = after;
    bench.slow_disk(SLOW);
    drop(bench.beside(move |bench| bench.peer(leader).appends(2).after(index, term).entries(&[2, 2]).send()));
    bench.lab().sleep(SLOW / 4);
    let reply = bench.peer(leader).appends(2).after(index, term).entries(&[2, 2]).send();
    let then = bench.storage();
    bench.restart_from(&then);
    if reply.is_some_and(|reply| reply.success) {
        bench.expect_entry(index + 2, 2, "the second copy had acknowledged it, and then the power failed");
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

/// A leader may send an entry before it has saved it, but until then its own copy does not count: with one follower that has the
/// entry and one that is silent, nothing is committed before the save has ended (thesis §10.2.1; Fig. 2, State).
///
/// Catches: a leader that counts its own copy when it appends, while the save goes on beside the replication. `start` has a thread
/// of its own here, for it may return only when the save is over, and by then all is well.
pub fn own_copy_counts_once_stored_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a leader's own copy of an entry counts for the majority once it is on stable storage (thesis §10.2.1; Fig. 2, State; \
         Rules for leaders 4)",
        "the leader counts its own last index, whose save is still under way",
    );
    bench.elect(&[1]);
    expect_own_copy_behind_commit(&bench);
}

/// The same for a leader whose log was cut before: that an older entry was stored at an index says nothing of the one that is there
/// now (thesis §10.2.1; Fig. 2, State; AppendEntries, receiver 3).
///
/// Entries 1 to 5 of term 1 are stored; the leader of term 2 replaces all but the first by one of its own. Then S0 leads, and its
/// first commands come to places that were stored once.
///
/// Catches: a "stored up to" that only grows, and does not go back when the log is cut.
pub fn rewritten_copy_counts_once_stored_3c(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a leader's own copy counts once that entry is on stable storage, and not one that was at its index before (thesis §10.2.1; \
         Fig. 2, State; AppendEntries, receiver 3)",
        "the index up to which the log is stored does not go back when the log is cut",
    );
    bench.peer(1).appends(1).entries(&[1; 5]).prepares("it follows the empty log");
    bench.peer(2).appends(2).after(1, 1).entries(&[2]).prepares("entry 1 matches");
    bench.peer(1).has_log(&[1, 2]);
    bench.elect(&[1]);
    expect_own_copy_behind_commit(&bench);
}

/// Gives a command to the server, which leads with S1 as its only follower, on a slow disk. In the moment in which it shows that the
/// command is committed the power fails, and the entry must be there.
#[track_caller]
fn expect_own_copy_behind_commit(bench: &Bench) {
    // An entry of its own with which it may begin its term is stored by then.
    bench.settle(&[1]);
    bench.lab().sleep_ms(200);
    bench.skip_requests();
    bench.slow_disk(SLOWER);
    drop(bench.beside(Bench::offer));
    // A server that sends or commits nothing is the subject of other tests.
    let Some(sent) = bench.peer(1).next_request(ELECTION_MAX, Request::has_entries) else { return };
    let Some((index, entry)) = last_entry(&sent) else { return };
    let tells = |request: &Request| matches!(request, Request::Append { leader_commit, .. } if *leader_commit >= index);
    let deadline = Instant::now() + ELECTION_MAX;
    let by = loop {
        // A leader may tell of a commit before it applies the entry, or apply it before it tells.
        if bench.find_request(tells).is_some() {
            break "leaderCommit told so";
        }
        if bench.commands_delivered().iter().any(|(_, command)| *command == entry.command) {
            break "its service got it";
        }
        if Instant::now() >= deadline {
            return;
        }
        bench.lab().sleep_ms(2);
    };
    let then = bench.storage();
    bench.restart_from(&then);
    bench.expect_entry(
        index,
        entry.term,
        &format!(
            "S1 and the leader's own copy had committed it ({by}), S2 is silent, and then the power failed"
        ),
    );
}

/// The last entry of an AppendEntries, with its index.
fn last_entry(sent: &SentRequest) -> Option<(Index, &Entry)> {
    Some((sent.request.last_index(), sent.entries().last()?))
}
