//! Part E4, sentence by sentence: pieces of snapshots that a leader sends (Fig. 13, arguments).
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].
//! The snapshot up to entry 5 is eighteen bytes long, and the leader sends six of them at a time.

use lab_harness::conformance::{Bench, Expected, Piece, Reply, Request, SentRequest, TransferId, snapshot};
use lab_harness::lab::Lab;
use raft_interface::{Features, Term};

use crate::part_3d::conformance_taken::{
    TERMS, apply_and_take_snapshot, expect_snapshot, expect_trimmed_log,
};

/// The length of a piece.
const PIECE: usize = 6;

/// A leader whose snapshot goes up to entry 5. S1 has its whole log and follows. S2 has nothing, and its answers to pieces come
/// from the test.
fn leader_with_snapshot(lab: &Lab, rule: &'static str, hint: &'static str) -> Bench {
    let bench = Bench::start_with(lab, Features::snapshots_in_pieces(PIECE), 3, rule, hint);
    bench.needs_pieces();
    apply_and_take_snapshot(&bench, 5);
    bench.needs_refusals();
    bench.peer(1).has_log(&TERMS);
    bench.elect(&[1]);
    bench.peer(2).holds_snapshots();
    bench
}

/// The next piece that S2 gets, and the request that brought it.
#[track_caller]
fn next_piece(bench: &Bench) -> (Piece, Vec<u8>, SentRequest) {
    let sent = expect_snapshot(bench);
    let Request::Install { piece, data, .. } = sent.request.clone() else {
        unreachable!("an InstallSnapshot")
    };
    (piece, data, sent)
}

/// S2 takes a piece.
fn take(bench: &Bench, sent: &SentRequest) {
    bench.answer(sent, Reply::Install { term: sent.request.term(), expected: None });
}

/// Expects a piece that begins there or before, for what is there may be sent again, and is no longer than it may be. Returns where
/// it ends, too.
#[track_caller]
fn expect_piece(bench: &Bench, offset: usize, why: &str) -> (SentRequest, usize) {
    let (piece, data, sent) = next_piece(bench);
    let whole = snapshot(5);
    let (start, end) = (piece.offset as usize, piece.offset as usize + data.len());
    bench.expect(
        start <= offset
            && (1..=PIECE).contains(&data.len())
            && whole.get(start..end) == Some(&data[..])
            && piece.done == (end == whole.len()),
        "another piece is sent than should be",
        format!("at most {PIECE} bytes of the snapshot, from {offset} at the latest, done if they are the last; {why}"),
        format!("{:?} from byte {}, done: {}", String::from_utf8_lossy(&data), piece.offset, piece.done),
    );
    (sent, end)
}

/// What the transfer of a piece is called. Skips the test if it has no name.
fn transfer_of(bench: &Bench, sent: &SentRequest) -> TransferId {
    match sent.request {
        Request::Install { piece: Piece { transfer: Some(transfer), .. }, .. } => transfer,
        _ => bench
            .lab()
            .skip("InstallSnapshot has no field snapshot_id, so a follower cannot say what it expects"),
    }
}

/// Pieces leave in order, none longer than it may be, and the last one says that it is the last (Fig. 13: offset, data[], done;
/// "leaders always send chunks in order").
///
/// Catches: a wrong offset, and a piece that is missing or empty at the end.
pub fn pieces_are_sent_in_order_e4(lab: &Lab) {
    let bench = leader_with_snapshot(
        lab,
        "leaders always send chunks in order; the last has done (Fig. 13)",
        "offset counts pieces and not bytes, or an empty piece follows the last byte",
    );
    let whole = snapshot(5);
    let (mut came, mut pieces) = (Vec::new(), 0);
    while came.len() < whole.len() {
        let (piece, data, sent) = next_piece(&bench);
        let end = piece.offset as usize + data.len();
        let is_next = piece.offset as usize == came.len() && (1..=PIECE).contains(&data.len());
        bench.expect(
            is_next
                && end <= whole.len()
                && data == whole[came.len()..end]
                && piece.done == (end == whole.len()),
            "another piece is sent than should be",
            format!("at most {PIECE} bytes from {}, done if they are the last", came.len()),
            format!("{:?} from byte {}, done: {}", String::from_utf8_lossy(&data), piece.offset, piece.done),
        );
        came.extend(data);
        pieces += 1;
        take(&bench, &sent);
    }
    lab.sleep_ms(300);
    let sent = bench.count_requests(|sent| sent.to == 2 && sent.request.is_install());
    bench.expect(
        sent == pieces,
        "pieces follow the last one",
        format!("{pieces} of them"),
        format!("{sent}"),
    );
}

/// A piece that got no answer is sent again (§5.5: retry for ever), and a late answer takes nothing back.
///
/// Catches: a transfer that a lost message ends.
pub fn unanswered_chunk_again_e4(lab: &Lab) {
    let bench = leader_with_snapshot(
        lab,
        "a request that got no answer is sent again (§5.5)",
        "the next piece is sent although nobody has answered the last one, or none at all",
    );
    bench.peer(2).loses_snapshots();
    let (first, _) = expect_piece(&bench, 0, "it is the first");
    lab.sleep_ms(200);
    bench.peer(2).holds_snapshots();
    bench.skip_requests();
    let (again, end) = expect_piece(&bench, 0, "the first got no answer");
    take(&bench, &again);
    let (second, end) = expect_piece(&bench, end, "the first was taken");
    // It may have been under way since before.
    take(&bench, &first);
    take(&bench, &second);
    take(&bench, &expect_piece(&bench, end, "the second was taken").0);
}

/// A leader that hears of a later term steps down, and sends no more pieces (Fig. 2, All servers 2).
///
/// Catches: a transfer in a thread of its own, which goes on.
pub fn chunk_after_step_down_e4(lab: &Lab) {
    let bench = leader_with_snapshot(
        lab,
        "if a reply contains a term T > currentTerm, set currentTerm = T and convert to follower (Fig. 2, All servers 2)",
        "the term of a reply to a piece is not looked at, or a transfer goes on without a leader",
    );
    let (first, _) = expect_piece(&bench, 0, "it is the first");
    let term = first.request.term();
    bench.answer(&first, Reply::Install { term: term + 5, expected: None });
    lab.sleep_ms(60);
    bench.expect_deposed(term + 5, "S2 is in a later term");
    bench.expect_term(term + 5, "S2's reply told it");
    let then = lab.now();
    lab.sleep_ms(1000);
    // As the leader of that term: it may lead again.
    let late =
        |sent: &SentRequest| sent.at > then && sent.request.is_install() && sent.request.term() == term;
    let sent = bench.count_requests(late);
    bench.expect(sent == 0, "pieces leave a server that leads no more", "none", format!("{sent}"));
}

/// If the follower says where it would go on, that is where the leader goes on: it may have lost something, or have more.
///
/// Catches: a transfer that sends the same piece for ever.
pub fn goes_on_where_expected_e4(lab: &Lab) {
    let bench = leader_with_snapshot(
        lab,
        "a transfer goes on where the follower says (Fig. 13, receiver 3: data is written at the given offset)",
        "a refusal of a piece is taken for an answer, or for none",
    );
    let (first, end) = expect_piece(&bench, 0, "it is the first");
    take(&bench, &first);
    let (second, end) = expect_piece(&bench, end, "the first was taken");
    let transfer = transfer_of(&bench, &second);
    refuse(&bench, &second, transfer, 1);
    let (again, _) = expect_piece(&bench, 1, "the follower expects it");
    refuse(&bench, &again, transfer, end as u64);
    take(&bench, &expect_piece(&bench, end, "the follower expects it").0);
}

/// A follower that holds nothing of a transfer, or something of another one, gets it from the beginning.
///
/// Catches: a follower that was started again and waits for ever.
pub fn begins_again_for_another_e4(lab: &Lab) {
    let bench = leader_with_snapshot(
        lab,
        "a snapshot begins with the piece at offset 0 (Fig. 13, receiver 2), also for a follower that has lost what it had",
        "a refused transfer goes on where the leader is, and not where the follower is",
    );
    let (first, end) = expect_piece(&bench, 0, "it is the first");
    take(&bench, &first);
    let (second, _) = expect_piece(&bench, end, "the first was taken");
    let transfer = transfer_of(&bench, &second);
    refuse(&bench, &second, transfer, 0);
    let (first, end) = expect_piece(&bench, 0, "the follower was started again");
    take(&bench, &first);
    let (second, _) = expect_piece(&bench, end, "the first was taken");
    let foreign = TransferId { number: transfer.number + 40, ..transfer };
    refuse(&bench, &second, foreign, 4);
    let (first, end) = expect_piece(&bench, 0, "the follower holds another one");
    take(&bench, &first);
    take(&bench, &expect_piece(&bench, end, "the first was taken").0);
}

/// S2 refuses a piece.
fn refuse(bench: &Bench, sent: &SentRequest, transfer: TransferId, offset: u64) {
    let expected = Some(Expected { transfer, offset });
    bench.answer(sent, Reply::Install { term: sent.request.term(), expected });
}

/// When the last piece is taken, the follower has everything up to the snapshot's last entry, and gets what follows (§7).
///
/// Catches: a transfer that begins again, and entries that stay away.
pub fn entries_after_the_last_chunk_e4(lab: &Lab) {
    let bench = leader_with_snapshot(
        lab,
        "a follower that has the snapshot gets the entries after it (§7)",
        "nextIndex is not advanced when the last piece is answered, or at the first already",
    );
    bench.peer(2).follows();
    let index = bench.start_command().index;
    lab.sleep_ms(1500);
    let follower = bench.peer(2).follower();
    let last: (u64, Term) = (5, 2);
    if follower.last_index() >= index {
        expect_trimmed_log(&bench, 5);
    }
    bench.expect(
        follower.base == last && follower.snapshot == snapshot(5) && follower.last_index() >= index,
        "a follower that lags behind the snapshot does not catch up",
        format!("S2 has the snapshot up to 5 of term 2, and entry {index}"),
        format!(
            "a snapshot up to {} of term {}, {:?}; last entry {}",
            follower.base.0,
            follower.base.1,
            String::from_utf8_lossy(&follower.snapshot),
            follower.last_index()
        ),
    );
}
