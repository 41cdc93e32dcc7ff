//! Part E5, sentence by sentence: one leader that is asked for reads, among scripted peers.
//!
//! A test restates a sentence of the thesis or of the contract, with its reference, and puts it to the proof: see
//! [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX, Reply, Request, SentRequest};
use lab_harness::lab::Lab;
use raft_interface::{Index, ReadIndexError, ServerId};

use crate::part_e2::conformance::members;

/// How long a read may wait for its confirmation: several heartbeats.
const PATIENCE: Duration = Duration::from_secs(1);

type Read = Result<Index, ReadIndexError>;

/// Has the server elected by these, which store an entry of its term and confirm a read. Returns the index of the entry.
fn lead(bench: &Bench, voters: &[ServerId]) -> Index {
    bench.elect(voters);
    let index = bench.start_command().index;
    bench.prepare_applied_within(index, ELECTION_MAX, "a majority stores it");
    let read = bench.read_index(PATIENCE);
    bench.lab().expect_usual(read.is_ok(), "a read is not confirmed although a majority is well");
    expect_sees(bench, read, index, "a read does not see what was committed before it began");
    index
}

/// A read that was confirmed covers this entry.
#[track_caller]
fn expect_sees(bench: &Bench, read: Read, index: Index, headline: &str) {
    let sees = read.is_err() || read.is_ok_and(|read| read >= index);
    bench.expect(sees, headline, format!("an error, or Ok({index}) or later"), format!("{read:?}"));
}

/// A read was not confirmed.
#[track_caller]
fn expect_unconfirmed(bench: &Bench, read: Read, headline: &str, why: &str) {
    bench.expect(read.is_err(), headline, format!("no confirmation: {why}"), format!("{read:?}"));
}

/// The next AppendEntries to that peer.
#[track_caller]
fn next_append(bench: &Bench, peer: ServerId) -> SentRequest {
    bench.peer(peer).next_request(ELECTION_MAX, Request::is_append).unwrap_or_else(|| {
        bench.fail("the leader sends no heartbeats", format!("an AppendEntries to S{peer}"), "none")
    })
}

/// A peer's success, in the term of the request.
fn accept(bench: &Bench, sent: &SentRequest) {
    bench.answer(sent, Reply::Append { term: sent.request.term(), success: true, hint: None });
}

/// What a thread has read.
fn join(reading: labrpc::thread::JoinHandle<Read>) -> Read {
    reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A read needs three things: an entry of the leader's term that is committed, answers of a majority, and an index that covers
/// what was committed when it arrived. With two of them it is not confirmed (§8; thesis §6.4, steps 1 to 3).
///
/// Catches: a leader that takes its commit index for complete, that asks nobody, or that takes a few answers for a majority.
pub fn read_index_waits_for_all_three_e5(lab: &Lab) {
    let bench = Bench::start(
        lab,
        5,
        "a read waits until an entry of the leader's own term is committed and a majority has answered since it arrived, and covers \
         what was committed by then (§8; thesis §6.4, steps 1 to 3)",
        "the leader answers because it thinks that it leads",
    );
    // S1 led term 2, has committed all three and told its clients so. It has told S0 of the first only.
    bench.peer(1).appends(2).entries(&[2, 2, 2]).commit(1).prepares("it follows the empty log");
    bench.prepare_applied(1, "leaderCommit is 1");
    [1, 2].into_iter().for_each(|peer| bench.peer(peer).has_log(&[2, 2, 2]));
    bench.elect(&[1, 2]);
    let read = bench.read_index(PATIENCE);
    expect_sees(&bench, read, 3, "a read of a new leader does not see what its predecessor has acknowledged");
    for _ in 0..2 {
        let index = lead(&bench, &[1, 2]);
        // Two of five, however often S1 answers.
        bench.peer(2).is_silent();
        let read = bench.read_index(PATIENCE);
        expect_unconfirmed(
            &bench,
            read,
            "a read was confirmed without a majority",
            "of five servers only S1 and the leader are there",
        );
        // Another one will do, and again the read covers what was there before.
        bench.peer(3).follows();
        let read = bench.read_index(PATIENCE * 3);
        lab.expect_usual(read.is_ok(), "a read is not confirmed although a majority is well again");
        expect_sees(&bench, read, index, "a read does not see what was committed before it began");
        bench.peer(3).is_silent();
    }
}

/// An answer confirms the reads that had arrived when its message left, in the term of that message, for one server (thesis §6.4,
/// step 3).
///
/// Catches: answers that are counted one by one and not by server, a fresh answer that makes an old one good, and an answer of a
/// term in which the server led before, when its rounds were counted anew.
pub fn which_answers_confirm_e5(lab: &Lab) {
    let bench = Bench::start(
        lab,
        5,
        "a read is confirmed by answers of distinct servers, of the leader's term, to messages sent after the call began \
         (RaftServer::read_index_until; thesis §6.4, step 3)",
        "answers are counted and not the servers that gave them, or whatever comes while a read waits is counted for it",
    );
    lead(&bench, &[1, 2]);
    bench.peer(2).waits();
    bench.skip_requests();
    let old = next_append(&bench, 2);
    let reading = bench.beside(|bench| bench.read_index(PATIENCE));
    // The read has arrived, and whatever it has set off is under way: in half of the runs a later message to S2 as well.
    lab.sleep_ms(10);
    if lab.happens(50) {
        bench.peer(2).next_request(PATIENCE / 2, Request::is_append);
    }
    accept(&bench, &old);
    expect_unconfirmed(
        &bench,
        join(reading),
        "a read was confirmed by an answer to a message that left before it began",
        "S1 has answered since it began, S2 only what it had got before, and S3 and S4 nothing",
    );
    bench.answer_all_waiting();
    // From here on the message of this term that waits belongs to a read, so to a late round.
    bench.peer(2).follows();
    lead(&bench, &[1, 2]);
    [1, 2].into_iter().for_each(|peer| bench.peer(peer).waits());
    bench.skip_requests();
    let reading = bench.beside(|bench| bench.read_index(PATIENCE));
    lab.sleep_ms(10);
    let of_this_term = [1, 2].map(|peer| next_append(&bench, peer));
    let term = bench.term();
    bench.peer(4).appends(term + 1).succeeds("S4 leads the next term");
    expect_unconfirmed(&bench, join(reading), "a read was confirmed by nobody", "no server has answered");
    lead(&bench, &[1, 2]);
    [1, 2].into_iter().for_each(|peer| bench.peer(peer).is_silent());
    let reading = bench.beside(|bench| bench.read_index(PATIENCE));
    lab.sleep_ms(10);
    of_this_term.iter().for_each(|sent| accept(&bench, sent));
    expect_unconfirmed(
        &bench,
        join(reading),
        "a read was confirmed by answers of an earlier term",
        format!("S1 and S2 have answered messages of term {term} only, and S4 led after that").as_str(),
    );
}

/// Whose answer confirms a read is in the leader's configuration: who only learns does not elect, so its answer says nothing of
/// who leads (§6; thesis §4.2.1, §6.4).
///
/// Catches: answers that are counted whoever gives them.
pub fn learners_confirm_no_read_e5(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        members(&[0, 1, 2], &[3, 4]),
        5,
        "a read is confirmed by a majority of the voters (§6; thesis §4.2.1, §6.4)",
        "whoever answers is counted, with a vote or without: the voters may have elected another leader meanwhile",
    );
    [3, 4].into_iter().for_each(|peer| bench.peer(peer).follows());
    lead(&bench, &[1]);
    bench.peer(1).is_silent();
    let read = bench.read_index(PATIENCE);
    expect_unconfirmed(
        &bench,
        read,
        "a read was confirmed by servers without a vote",
        "S1 and S2 are silent",
    );
    bench.peer(2).follows();
    let read = bench.read_index(PATIENCE * 3);
    lab.expect_usual(read.is_ok(), "a read is not confirmed although a majority is well again");
}

/// A leader is deposed while a read waits: by the next leader, by a candidate, or by an answer. The read is not confirmed, also if
/// the server leads again before it ends (thesis §6.4).
///
/// Catches: reads that are confirmed when the office ends, and those that wait on for the answers of a later office: another leader
/// may have acknowledged writes in between, which the index of the read does not cover.
pub fn pending_reads_of_a_deposed_leader_e5(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a read that waits for its confirmation ends with the leader's term: what it noted does not cover what others have \
         acknowledged since (RaftServer::read_index_until; thesis §6.4)",
        "reads are answered when the leader steps down, or wait on and are confirmed in a later term",
    );
    for way in 0..3 {
        let index = lead(&bench, &[1]);
        let term = bench.term();
        // Where the log ends in messages. What is delivered may be counted without the leader's own entries (§8).
        let (last, of) = bench.peer(1).follower().last();
        bench.peer(1).waits();
        bench.skip_requests();
        let reading = bench.beside(|bench| bench.read_index(ELECTION_MAX * 2));
        lab.sleep_ms(10);
        let sent = next_append(&bench, 1);
        match way {
            // It has been elected by S1, and has committed the next entry before the read began.
            0 => bench
                .peer(2)
                .appends(term + 1)
                .after(last, of)
                .entries(&[term + 1])
                .commit(last + 1)
                .succeeds("S2 leads the next term, and has all that was committed"),
            1 => drop(bench.peer(2).asks_vote(term + 1).with_last(last + 1, term + 1).send()),
            _ => bench.answer(&sent, Reply::Append { term: term + 1, success: false, hint: None }),
        }
        lab.sleep_ms(20);
        let is_over = bench.term() > term;
        bench.answer_all_waiting();
        if !is_over {
            lab.skip("a candidate is left alone while its messages are answered (§6)");
        }
        if way == 0 {
            // What S1 has, if it has voted for S2.
            bench.expect_applies_within(index + 1, ELECTION_MAX, "S2 says that it is committed");
            bench.peer(1).appended(term + 1);
            // It leads again, and its new reads are confirmed: as many rounds as there were before, and more.
            lead(&bench, &[1]);
            for _ in 0..3 {
                let read = bench.read_index(PATIENCE);
                lab.expect_usual(read.is_ok(), "a read is not confirmed although a majority is well");
            }
            expect_sees(
                &bench,
                join(reading),
                index + 1,
                "a read does not see what another leader acknowledged before the read began",
            );
        } else {
            expect_unconfirmed(
                &bench,
                join(reading),
                "a read was confirmed although a later term has begun",
                "S1 has answered nothing of the read's term since, and S2 is silent",
            );
        }
    }
}
