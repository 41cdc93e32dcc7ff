//! Part 4B, sentence by sentence: the Raft's ReadIndex, among scripted peers.
//!
//! A test restates a sentence of the thesis or of the contract, with its reference, and puts it to the proof: see
//! [`lab_harness::conformance`]. A Raft without ReadIndex is not put to these tests.

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX, Reply, Request, SentRequest};
use lab_harness::lab::Lab;
use raft_interface::Index;

/// How long a read may wait for its confirmation.
const PATIENCE: Duration = Duration::from_secs(1);

/// A leader of three servers that follows S1's answers; S2 is silent. A first read has been confirmed already.
fn leader_that_has_read(lab: &Lab, rule: &'static str, hint: &'static str) -> (Bench, Index) {
    let bench = Bench::start(lab, 3, rule, hint);
    bench.elect(&[1]);
    let index = bench.start_command().index;
    bench.prepare_applied_within(index, ELECTION_MAX, "S1 and the leader store it");
    let read = bench.read_index(PATIENCE);
    lab.expect_usual(read.is_ok(), "a read is not confirmed although a majority is well");
    bench.expect(
        read.is_ok_and(|read| read >= index),
        "a read does not see what was committed before it began",
        format!("Ok({index}) or later"),
        format!("{read:?}"),
    );
    (bench, index)
}

/// A read is confirmed by answers to messages that left after it began: an answer to an older one says who led then (thesis §6.4,
/// step 3).
///
/// Catches: a read that takes part in a round that is under way, a round that is over counted once more, and an answer that
/// counts for whatever waits when it arrives.
pub fn late_answers_confirm_no_read_4b(lab: &Lab) {
    let (bench, _) = leader_that_has_read(
        lab,
        "a read is confirmed by a majority's answers to messages sent after the call began, and by no others \
         (RaftServer::read_index_until; thesis §6.4, step 3)",
        "a read is confirmed by answers to messages that left before it arrived: another leader may have been elected and have \
         acknowledged a write in between",
    );
    for _ in 0..3 {
        bench.peer(1).waits();
        bench.skip_requests();
        let Some(old) = bench.peer(1).next_request(ELECTION_MAX, Request::is_append) else {
            bench.fail("the leader sends no heartbeats", "an AppendEntries to S1", "none");
        };
        let reading = bench.beside(|bench| bench.read_index(PATIENCE));
        // The read has arrived, and whatever it has set off is under way.
        lab.sleep_ms(10);
        accept(&bench, &old);
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        bench.expect(
            read.is_err(),
            "a read was confirmed by the answer to a message that left before it began",
            "no confirmation: S1 has answered nothing that was sent since, and S2 nothing at all",
            format!("{read:?}"),
        );
        // With S1 well again the next one is confirmed.
        bench.peer(1).follows();
        bench.answer_all_waiting();
        lab.sleep_ms(300);
        let read = bench.read_index(PATIENCE);
        lab.expect_usual(read.is_ok(), "a read is not confirmed although a majority is well again");
    }
}

fn accept(bench: &Bench, sent: &SentRequest) {
    bench.answer(sent, Reply::Append { term: sent.request.term(), success: true, hint: None });
}

/// A leader that has committed nothing in its own term yet confirms no read: it does not know what its predecessor has committed
/// (§8; thesis §6.4, step 1).
///
/// Catches: a commit index that a new leader takes for complete.
pub fn no_read_before_an_entry_of_the_term_4b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a leader confirms reads only after it has committed an entry of its own term (§8; thesis §6.4, step 1)",
        "the commit index of a new leader is taken for complete, though its predecessor may have committed more",
    );
    // S1 led term 2, and has committed all three with S2, and told its clients so. It has told S0 of the first only.
    bench.peer(1).appends(2).entries(&[2, 2, 2]).commit(1).prepares("it follows the empty log");
    bench.prepare_applied(1, "leaderCommit is 1");
    bench.peer(1).has_log(&[2, 2, 2]);
    bench.elect(&[1]);
    let read = bench.read_index(PATIENCE);
    bench.expect(
        read.is_err() || read.is_ok_and(|read| read >= 3),
        "a read of a new leader does not see what its predecessor has acknowledged",
        "an error until an entry of its term has committed, or what is committed by then: entry 3 or later",
        format!("{read:?}"),
    );
}
