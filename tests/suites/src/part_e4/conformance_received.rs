//! Part E4, sentence by sentence: pieces of snapshots that a server receives (Fig. 13, receiver).
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].
//! A snapshot up to entry 9 is eighteen bytes long, and in each transfer the bytes are others.

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX};
use lab_harness::lab::Lab;
use raft_interface::Features;

/// A server among two scripted peers.
fn bench(lab: &Lab, rule: &'static str, hint: &'static str) -> Bench {
    let bench = Bench::start_with(lab, Features::snapshots_in_pieces(6), 3, rule, hint);
    bench.needs_pieces();
    bench
}

/// A piece of an older term's leader is refused, and leaves alone what a younger one has begun (Fig. 13, receiver 1).
///
/// Catches: no check of the term before the bytes are written.
pub fn old_leaders_chunk_e4(lab: &Lab) {
    let bench = bench(
        lab,
        "reply immediately if term < currentTerm (Fig. 13, receiver 1)",
        "the bytes of a piece are kept before its term is looked at",
    );
    let (transfer, old) = (bench.peer(1).transfers(7, (9, 2), 1), bench.peer(2).transfers(6, (8, 2), 1));
    transfer.piece(0..6).is_taken("S1 leads term 7");
    for piece in [old.piece(0..6), old.rest(6), old.piece(0..18)] {
        let reply = piece.send();
        bench.expect(
            reply.is_some_and(|reply| reply.term == 7),
            "the reply does not depose an old leader",
            "term 7",
            format!("{reply:?}"),
        );
    }
    bench.expect_no_snapshot(
        "the leader of term 6 has nothing to say, and that of term 7 has not come to the end",
    );
    transfer.rest(6).is_taken("it follows the first piece");
    bench.expect_applies(9, "the snapshot ends there");
    bench.expect_snapshots_delivered(&[9], "S1's snapshot was completed");
}

/// A piece is a message of a leader: its term is adopted and stored, a candidate follows, and the timer starts anew (Fig. 2, All
/// servers 2; Candidates 3; Followers 2).
///
/// Catches: a handler of pieces without the rules for all servers.
pub fn chunk_of_a_new_term_e4(lab: &Lab) {
    let bench = bench(
        lab,
        "a piece of a snapshot is a message of the current leader: its term counts, and it restarts the timer (§5.1, §7)",
        "only the last piece counts as a message of the leader, or none",
    );
    let term = bench.expect_candidate_after(0) + 3;
    let transfer = bench.peer(1).transfers(term, (9, 2), 1);
    transfer.piece(0..6).is_taken("S1 leads a later term");
    bench.expect_term(term, "S1 leads it");
    bench.restart();
    bench.expect_term(term, "the reply had told it, and then the power failed");
    let deadline = lab.now() + ELECTION_MAX;
    while lab.now() < deadline {
        transfer.piece(0..6).send();
        lab.sleep_ms(50);
    }
    let asked = bench.candidacies_after(term);
    bench.expect(
        asked == 0,
        "S0 stood for election under a leader that is well",
        "no RequestVote",
        format!("{asked}"),
    );
}

/// The first piece is taken, and nothing is installed by it (Fig. 13, receiver 2 to 4).
///
/// Catches: a snapshot that is installed with its first piece.
pub fn first_chunk_e4(lab: &Lab) {
    let bench = bench(
        lab,
        "reply and wait for more pieces if done is false (Fig. 13, receiver 4)",
        "done is not looked at",
    );
    let transfer = bench.peer(1).transfers(3, (9, 2), 1);
    transfer.piece(0..6).is_taken("it is the first piece");
    bench.expect_no_snapshot("more pieces are to come");
    bench.expect_no_entry(9, 2, "the snapshot that brings it is not complete");
    bench.restart();
    bench.expect_no_snapshot("more pieces are to come");
}

/// The middle of a snapshot of which the server has nothing brings nothing (Fig. 13, receiver 2: a new snapshot begins with
/// offset 0).
///
/// Catches: offset not looked at.
pub fn chunk_out_of_nowhere_e4(lab: &Lab) {
    let bench = bench(
        lab,
        "a snapshot begins with the piece at offset 0 (Fig. 13, receiver 2)",
        "offset is not looked at: whatever comes first is taken for the beginning",
    );
    let transfer = bench.peer(1).transfers(3, (9, 2), 1);
    // What it says is not looked at here: a server of Figure 13 alone has no word for it.
    transfer.piece(6..12).send();
    transfer.rest(12).send();
    bench.expect_no_snapshot("the first six bytes have not come");
    transfer.rest(6).is_refused(&transfer, 0, "it holds nothing of it");
    transfer.piece(0..6).is_taken("it is the first piece");
    transfer.rest(6).is_taken("it follows the first piece");
    bench.expect_applies(9, "the snapshot ends there");
}

/// A snapshot in one piece is installed at once; the last piece may be empty, and so may the snapshot (Fig. 13: done).
///
/// Catches: a last piece that is only looked for behind the first, and an empty one that is taken for none.
pub fn one_chunk_and_none_e4(lab: &Lab) {
    let bench = bench(
        lab,
        "done is true in the last piece, which may be the first, or empty (Fig. 13, arguments)",
        "done is not looked at in the first piece, or a piece without bytes is taken for none",
    );
    let whole = bench.peer(1).transfers(3, (5, 1), 1);
    whole.piece(0..whole.len()).is_taken("it is all of it");
    bench.expect_applies(5, "the snapshot ends there");
    let transfer = bench.peer(1).transfers(3, (9, 2), 2);
    transfer.piece(0..transfer.len()).not_the_last().is_taken("it is the first piece");
    bench.expect_applied_at_most(5, "the leader has not said that it was the last");
    transfer.rest(transfer.len()).is_taken("it follows the first piece");
    bench.expect_applies(9, "the snapshot ends there");
    let empty = bench.peer(1).transfers(3, (12, 2), 3).empty();
    empty.piece(0..0).is_taken("a service may have nothing to say");
    bench.expect_applies(12, "the snapshot ends there");
    bench.expect_snapshots_delivered(&[5, 9, 12], "each was completed");
}

/// Pieces in order make the snapshot, byte by byte (Fig. 13, receiver 3).
///
/// Catches: pieces that are put together in another way.
pub fn chunks_in_order_e4(lab: &Lab) {
    let bench = bench(
        lab,
        "write data into the snapshot file at the given offset (Fig. 13, receiver 3)",
        "a piece replaces what came before it, or the last one alone is the snapshot",
    );
    let transfer = bench.peer(1).transfers(3, (9, 2), 1);
    for start in 0..transfer.len() - 1 {
        transfer.piece(start..start + 1).is_taken("it follows what came before");
        bench.peer(1).appends(3).after(20, 3).send();
    }
    bench.expect_no_snapshot("the last byte has not come");
    transfer.rest(transfer.len() - 1).is_taken("it is the last");
    bench.expect_applies(9, "the snapshot ends there");
    bench.expect_snapshots_delivered(&[9], "it was completed once");
    let stored = bench.stored_snapshot();
    bench.expect(
        stored == transfer.bytes(),
        "another snapshot was stored than was sent",
        format!("{:?}", String::from_utf8_lossy(transfer.bytes())),
        format!("{:?}", String::from_utf8_lossy(&stored)),
    );
}

/// A piece that comes again is written over what is there (Fig. 13, receiver 3); a late one takes nothing back.
///
/// Catches: a piece that is appended, whatever its offset; a repeated one after which the next does not fit.
pub fn chunk_again_e4(lab: &Lab) {
    let bench = bench(
        lab,
        "write data into the snapshot file at the given offset (Fig. 13, receiver 3), also if it is there already",
        "offset is not looked at: a repeated piece is appended, or takes back what came after it",
    );
    let transfer = bench.peer(1).transfers(3, (9, 2), 1);
    for range in [0..6, 6..12, 6..12, 0..6, 3..9] {
        transfer.piece(range).is_taken("it was there already");
    }
    transfer.rest(12).is_taken("twelve bytes have come");
    bench.expect_applies(9, "the snapshot ends there");
    bench.expect_snapshots_delivered(&[9], "it was completed once");
}

/// A piece behind a gap is not taken, and leaves alone what is there (Fig. 13: leaders send chunks in order).
///
/// Catches: a hole in the snapshot, a repeated piece that counts twice, and a transfer that a lost piece ends for ever.
pub fn gap_e4(lab: &Lab) {
    let bench = bench(
        lab,
        "a snapshot has no holes: leaders always send chunks in order (Fig. 13)",
        "the file is written at whatever offset, so that a lost piece leaves a hole in it",
    );
    let transfer = bench.peer(1).transfers(3, (9, 2), 1);
    // Twice, as a network may bring it: three bytes have come, and not six.
    transfer.piece(0..3).is_taken("it is the first piece");
    transfer.piece(0..3).is_taken("it is the first piece again");
    transfer.piece(6..12).send();
    transfer.piece(8..12).send();
    transfer.rest(12).send();
    bench.expect_no_snapshot("bytes 3 to 8 have not come");
    transfer.rest(8).is_refused(&transfer, 3, "three bytes have come");
    transfer.rest(3).is_taken("it follows what came before");
    bench.expect_applies(9, "the snapshot ends there");
    bench.expect_snapshots_delivered(&[9], "it was completed once");
}

/// The first piece of another snapshot takes the place of what has come (Fig. 13, receiver 2 and 5: discard any partial
/// snapshot with a smaller index).
///
/// Catches: pieces of two snapshots put together.
pub fn new_transfer_e4(lab: &Lab) {
    let bench = bench(
        lab,
        "the first piece begins a new snapshot, and a partial one with a smaller index goes (Fig. 13, receiver 2 and 5)",
        "pieces are put together by their offset alone, whatever snapshot they are of",
    );
    let first = bench.peer(1).transfers(3, (9, 2), 1);
    let second = bench.peer(1).transfers(3, (12, 2), 2);
    first.piece(0..12).is_taken("it is the first piece");
    second.piece(0..6).is_taken("a newer snapshot begins");
    // Six bytes of the old one lie between.
    second.rest(12).send();
    bench.expect_no_snapshot("six bytes of the newer snapshot have not come");
    second.piece(6..8).is_taken("it follows the first piece of its own");
    second.rest(8).is_taken("it is the last");
    bench.expect_applies(12, "the newer snapshot ends there");
    bench.expect_snapshots_delivered(&[12], "only that one was completed");
    // And again by the leader of a later term, who may number as the last one did.
    let third = bench.peer(1).transfers(3, (15, 3), 3);
    let fourth = bench.peer(2).transfers(4, (17, 3), 3);
    third.piece(0..12).is_taken("it is the first piece");
    fourth.piece(0..6).is_taken("a new leader begins");
    fourth.rest(12).send();
    bench.expect_applied_at_most(12, "six bytes of the new leader's snapshot have not come");
    fourth.rest(6).is_taken("it follows the first piece of its own");
    bench.expect_applies(17, "the new leader's snapshot ends there");
}

/// The middle of another snapshot, which comes late, does not end what is on its way.
///
/// Catches: a transfer that any foreign piece ends, or that takes its bytes.
pub fn foreign_chunk_e4(lab: &Lab) {
    let bench = bench(
        lab,
        "a piece of another snapshot that is not its first belongs to nothing here (Fig. 13, receiver 2 and 3)",
        "a foreign piece is written into the snapshot that is on its way, or ends it",
    );
    let transfer = bench.peer(1).transfers(3, (9, 2), 2);
    let late = bench.peer(1).transfers(3, (8, 2), 1);
    transfer.piece(0..3).is_taken("it is the first piece");
    late.piece(3..9).send();
    late.rest(9).send();
    late.rest(3).send();
    bench.expect_no_snapshot("only three bytes have come");
    late.rest(3).is_refused(&transfer, 3, "it holds three bytes of another one");
    transfer.rest(3).is_taken("it follows what came before");
    bench.expect_applies(9, "the snapshot ends there");
    bench.expect_snapshots_delivered(&[9], "it was completed once");
}

/// Pieces of a snapshot that covers no more than was applied take nothing back, however late the last one comes (Fig. 13,
/// receiver 5 and 6; §7).
///
/// Catches: a look at the commit index at the first piece only.
pub fn late_last_chunk_e4(lab: &Lab) {
    let bench = bench(
        lab,
        "a snapshot that covers only a prefix of what is applied takes nothing back (§7; Fig. 13, receiver 6)",
        "the last piece of an old snapshot is installed without a look at the commit index",
    );
    let transfer = bench.peer(1).transfers(3, (9, 2), 1);
    transfer.piece(0..12).is_taken("it is the first piece");
    transfer.rest(12).is_taken("it is the last");
    bench.peer(1).appends(3).after(9, 2).entries(&[3, 3]).commit(11).succeeds("it follows the snapshot");
    bench.expect_applies(11, "leaderCommit is 11");
    // The last piece once more, all once more, and those of an older and of an equally old snapshot.
    transfer.rest(12).send();
    let others =
        [transfer.clone(), bench.peer(1).transfers(3, (7, 2), 2), bench.peer(1).transfers(3, (11, 3), 3)];
    for transfer in &others {
        transfer.piece(0..12).send();
        transfer.rest(12).send();
    }
    bench.expect_applied_at_most(11, "all of them cover less");
    bench.expect_snapshots_delivered(&[9], "the others bring nothing new");
    bench.expect_entry(11, 3, "it was acknowledged");
    // Entries overtake a snapshot that is on its way.
    let slow = bench.peer(1).transfers(50, (12, 3), 1);
    slow.piece(0..12).is_taken("it is the first piece");
    bench.peer(1).appends(50).after(11, 3).entries(&[3, 50]).commit(13).succeeds("it follows the log");
    bench.expect_applies(13, "leaderCommit is 13");
    slow.rest(12).send();
    bench.expect_applied_at_most(13, "the snapshot covers less");
    bench.expect_snapshots_delivered(&[9], "it brings nothing new");
    bench.expect_entry(13, 50, "it was acknowledged");
}

/// If the log has the snapshot's last entry, what follows it stays; if not, the whole log goes (Fig. 13, receiver 6 and 7).
///
/// Catches: entries lost that a majority was counted with, and entries of another log behind the snapshot.
pub fn suffix_and_conflict_e4(lab: &Lab) {
    let bench = bench(
        lab,
        "retain the entries after the snapshot's last one if that is in the log; otherwise discard the entire log (Fig. 13, \
         receiver 6 and 7)",
        "the log is dropped whenever a snapshot is complete, or never",
    );
    bench.peer(1).appends(2).entries(&[1, 1, 2, 2]).prepares("it follows the empty log");
    let matching = bench.peer(1).transfers(2, (2, 1), 1);
    matching.piece(0..6).is_taken("it is the first piece");
    matching.rest(6).is_taken("it is the last");
    bench.expect_entry(4, 2, "it follows the entry that the snapshot ends with");
    let term = bench.term() + 1;
    let other = bench.peer(2).transfers(term, (3, 3), 1);
    other.piece(0..6).is_taken("it is the first piece");
    other.rest(6).is_taken("it is the last");
    bench.expect_applies(3, "the snapshot ends there");
    bench.expect_no_entry(4, 2, "the log had another entry 3 than the snapshot");
    bench.expect_entry(3, 3, "the snapshot ends with it");
    bench.restart();
    bench.expect_no_entry(4, 2, "the log had another entry 3 than the snapshot");
    bench.expect_entry(3, 3, "the snapshot ends with it");
}

/// After the last piece the snapshot counts: as applied, as committed, as the last entry of the log; and it is stored before
/// the reply to the last piece leaves (Fig. 13, receiver 5 to 8; Fig. 2, State).
///
/// Catches: a reply before the save, and a last included term that is forgotten.
pub fn after_the_last_chunk_e4(lab: &Lab) {
    let bench = bench(
        lab,
        "an installed snapshot is stored before the reply, and stands for all entries up to its last (Fig. 13, receiver 5 to \
         8; Fig. 2, State)",
        "the last piece is answered before the snapshot is stored, or its last term is forgotten",
    );
    // The term is stored already, so that the snapshot alone is new.
    bench.peer(1).appends(3).prepares("S1 leads term 3");
    let transfer = bench.peer(1).transfers(3, (10, 2), 1);
    transfer.piece(0..6).is_taken("it is the first piece");
    bench.slow_disk(Duration::from_millis(40));
    transfer.rest(6).is_taken("it is the last");
    // As it is in the moment in which the reply arrives.
    let then = bench.storage();
    bench.restart_from(&then);
    let stored = bench.stored_snapshot();
    bench.expect(
        stored == transfer.bytes(),
        "a restarted server has lost the snapshot whose last piece it had acknowledged",
        "the bytes that were sent",
        format!("{} bytes", stored.len()),
    );
    bench.peer(2).asks_vote(20).with_last(9, 2).is_refused("its own log ends at 10, with the snapshot");
    bench.peer(2).asks_vote(21).with_last(10, 2).is_granted("its log is as up to date");
    bench.peer(1).appends(22).after(10, 2).entries(&[22, 22]).commit(5).succeeds("it follows the snapshot");
    bench.expect_applied_at_most(10, "leaderCommit is 5");
    bench.peer(1).appends(22).after(12, 22).commit(12).succeeds("it has these entries");
    bench.expect_applies(12, "leaderCommit is 12");
}
