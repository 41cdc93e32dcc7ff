//! Part 3D, sentence by sentence: snapshots that a server has taken, and what its leader sends of them.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{
    Bench, ELECTION_MAX, Entry, Reply, Request, SentRequest, command, holds_snapshot, snapshot,
};
use lab_harness::lab::Lab;
use raft_interface::{Index, Term};

/// The terms of the entries that the server has applied before it gets a snapshot.
pub(crate) const TERMS: [Term; 5] = [1, 1, 2, 2, 2];

/// A bench whose server has applied entries of terms 1, 1, 2, 2, 2 from the leader of term 3 and put the first `upto` into a
/// snapshot.
fn with_snapshot(lab: &Lab, upto: Index, rule: &'static str, hint: &'static str) -> Bench {
    let bench = Bench::start(lab, 3, rule, hint);
    apply_and_take_snapshot(&bench, upto);
    bench
}

/// The server applies entries of [`TERMS`] from the leader of term 3 and puts the first `upto` into a snapshot.
#[track_caller]
pub(crate) fn apply_and_take_snapshot(bench: &Bench, upto: Index) {
    bench.peer(1).appends(3).entries(&TERMS).commit(5).prepares("it follows the empty log");
    bench.prepare_applied(5, "leaderCommit is 5");
    bench.take_snapshot(upto);
    // The server may do its part after `snapshot` has returned.
    bench.lab().sleep_ms(20);
}

/// A log whose entries are all in the snapshot still knows the last one's term: for votes and for what follows (§7).
///
/// Catches: the last included term that is forgotten.
pub fn snapshot_keeps_its_last_term_3d(lab: &Lab) {
    let bench = with_snapshot(
        lab,
        5,
        "the snapshot includes index and term of the last entry that it replaces (§7)",
        "the last included term is forgotten, or taken from the wrong entry",
    );
    bench.peer(2).asks_vote(11).with_last(9, 1).is_refused("its own log ends in term 2, in the snapshot");
    bench.peer(2).asks_vote(12).with_last(4, 2).is_refused("its own log ends at 5, in the snapshot");
    bench.peer(2).asks_vote(13).with_last(5, 2).is_granted("its log is as up to date");
    bench.restart();
    bench.peer(2).asks_vote(14).with_last(9, 1).is_refused("its own log ends in term 2, in the snapshot");
    bench
        .peer(1)
        .appends(20)
        .after(5, 2)
        .entries(&[2])
        .commit(6)
        .succeeds("it follows the snapshot's last entry");
    bench.expect_applies(6, "leaderCommit is 6");
}

/// A late AppendEntries whose entries the snapshot covers in part is no contradiction: what is in the snapshot matches (§7),
/// and the leader is not led astray for ever.
///
/// Catches: a refusal without a useful hint, so that the leader goes back behind the snapshot and never comes forward.
pub fn entries_below_the_snapshot_3d(lab: &Lab) {
    let bench = with_snapshot(
        lab,
        5,
        "what a snapshot covers is committed and matches; the rest of the request counts (§7, §5.3)",
        "an AppendEntries that begins below the snapshot is refused without a hint that leads on, or succeeds and stores nothing",
    );
    let request = || bench.peer(1).appends(3).after(2, 1).entries(&[2, 2, 2, 3, 3]);
    let Some(reply) = request().send() else {
        bench.fail("no reply to an AppendEntries that begins below the snapshot", "one", "none");
    };
    if !reply.success {
        // What a refusal says beyond no is in its hints, which must be ones that the peers can read.
        bench.needs_refusals();
        let next = reply.hint.map_or(0, |hint| hint.index.max(hint.len));
        bench.expect(
            next > 5,
            "a refusal below the snapshot leads the leader nowhere",
            "success, or a hint to go on after entry 5",
            format!("{reply:?}"),
        );
        bench.peer(1).appends(3).after(5, 2).entries(&[3, 3]).succeeds("it follows the snapshot");
    }
    bench.expect_entry(7, 3, "the requests brought it");
    bench.expect_no_entry(7, 2, "the requests brought another one");
}

/// A leader that has forgotten what a follower needs sends its snapshot, and then goes on after that (§7; Fig. 13).
///
/// Catches: a follower that is skipped, nextIndex that stays behind the snapshot, so that it is sent for ever.
pub fn snapshot_is_sent_once_3d(lab: &Lab) {
    let bench = with_snapshot(
        lab,
        5,
        "a leader sends its snapshot to a follower that needs what it has discarded, and goes on after it (§7)",
        "nextIndex is not advanced when InstallSnapshot is answered, so that the snapshot is sent again and again",
    );
    bench.needs_refusals();
    // S1 votes and commits with the leader; S2 has nothing, and needs what the leader has discarded.
    bench.peer(1).has_log(&TERMS);
    bench.elect(&[1]);
    bench.peer(2).follows();
    let index = bench.start_command().index;
    lab.sleep_ms(1500);
    let follower = bench.peer(2).follower();
    if follower.last_index() >= index {
        expect_trimmed_log(&bench, 5);
    }
    bench.expect(
        follower.base == (5, 2) && follower.last_index() >= index,
        "a follower that lags behind the snapshot does not catch up",
        format!("S2 has the snapshot up to 5 of term 2, and entry {index}"),
        format!(
            "a snapshot up to {} of term {}, last entry {}",
            follower.base.0,
            follower.base.1,
            follower.last_index()
        ),
    );
    // Of one that comes in pieces the first (Fig. 13: offset).
    let begins =
        |sent: &SentRequest| matches!(sent.request, Request::Install { piece, .. } if piece.offset == 0);
    let sent = bench.count_requests(|sent| sent.to == 2 && begins(sent));
    bench.expect(
        sent <= 2,
        "the snapshot is sent again and again",
        "once, or twice",
        format!("{sent} times"),
    );
}

/// While a snapshot is under way to a follower, commands do not send it again.
///
/// Notes, without blame, for nothing but bytes is lost: a snapshot that goes out with each command. With each heartbeat is
/// what many do.
pub fn snapshot_under_way_is_not_sent_again_3d(lab: &Lab) {
    const COMMANDS: usize = 300;
    /// Thirty heartbeats in a second (MIT), for as long as it takes.
    const TIMES_MAX: usize = 30;

    let bench = with_snapshot(
        lab,
        5,
        "a leader sends its snapshot to a follower that needs what it has discarded (§7)",
        "whatever there is to send to a follower that needs the snapshot, it is the snapshot, though one is under way",
    );
    bench.needs_refusals();
    bench.peer(1).has_log(&TERMS);
    bench.elect(&[1]);
    bench.peer(2).holds_snapshots();
    for _ in 0..COMMANDS {
        bench.start_command();
        lab.sleep_ms(3);
    }
    let sent = bench.count_requests(|sent| sent.to == 2 && sent.request.is_install());
    if sent == 0 {
        expect_trimmed_log(&bench, 5);
    }
    bench.expect(
        sent > 0,
        "the leader does not send its snapshot",
        "an InstallSnapshot to S2, which has nothing",
        "none",
    );
    lab.expect_usual(
        sent <= TIMES_MAX,
        &format!("while one snapshot is under way to a follower it is sent {sent} times, about once for each of {COMMANDS} commands"),
    );
}

/// The snapshot that is sent bears index, term and bytes of what the service handed over (Fig. 13, arguments).
///
/// Catches: another index than the snapshot's.
pub fn snapshot_is_sent_truly_3d(lab: &Lab) {
    let bench = with_snapshot(
        lab,
        4,
        "an InstallSnapshot has the last index and term that the snapshot replaces, and its bytes (Fig. 13, arguments)",
        "the last log index, or the commit index, is sent in place of the snapshot's",
    );
    bench.needs_refusals();
    bench.peer(1).has_log(&TERMS);
    bench.elect(&[1]);
    bench.peer(2).follows();
    let sent = bench.peer(2).next_request(ELECTION_MAX, Request::is_install).map(|sent| sent.request);
    if sent.is_none() {
        expect_trimmed_log(&bench, 4);
    }
    // One that comes in pieces (Fig. 13) is true when all have come.
    lab.sleep_ms(1000);
    let got = bench.peer(2).follower().snapshot;
    let has_label =
        matches!(&sent, Some(Request::Install { last_included_index: 4, last_included_term: 2, .. }));
    bench.expect(
        has_label && holds_snapshot(&got, 4),
        "the snapshot that is sent is not the one that was taken",
        "an InstallSnapshot up to entry 4 of term 2, with the service's bytes",
        sent.map_or_else(
            || "none".to_owned(),
            |request| format!("{request}, which brings {:?}", String::from_utf8_lossy(&got)),
        ),
    );
}

/// The bytes of an InstallSnapshot are those that the service handed over for its last included index, also if the service
/// hands over another one at that moment (Fig. 13, arguments).
///
/// Catches: label and bytes that are read one after the other, each under a lock of its own, or the bytes from the disk without one.
pub fn label_and_bytes_of_a_snapshot_3d(lab: &Lab) {
    /// So many snapshots are taken while a leader sends its latest to two followers that lack what it covers: first in a row, and then
    /// for as long as a few heartbeats, with which some leaders send.
    const IN_A_ROW: Index = 100;
    const SNAPSHOTS: Index = IN_A_ROW + 40;

    let bench = Bench::start(
        lab,
        5,
        "label and bytes of an InstallSnapshot belong together: data is the snapshot of everything up to lastIncludedIndex \
         (Fig. 13, arguments)",
        "the index is read under the lock, and the bytes after it was given back",
    );
    let terms = [1; SNAPSHOTS as usize];
    bench.peer(1).appends(1).entries(&terms).commit(SNAPSHOTS).prepares("it follows the empty log");
    bench.prepare_applied(SNAPSHOTS, "leaderCommit says so");
    bench.take_snapshot(1);
    [1, 2].into_iter().for_each(|peer| bench.peer(peer).has_log(&terms));
    bench.elect(&[1, 2]);
    [3, 4].into_iter().for_each(|peer| bench.peer(peer).loses_snapshots());
    // The disk takes its time, so that most of it somebody waits for the server's lock. What is sent between two
    // snapshots meets the next one at its heels.
    bench.slow_disk(Duration::from_millis(3));
    bench.take_snapshots(2..=IN_A_ROW);
    // A leader that reads the bytes from its disk has them after the next snapshot was taken, if it holds no lock.
    bench.slow_reads(Duration::from_millis(30));
    for index in IN_A_ROW + 1..=SNAPSHOTS {
        bench.take_snapshot(index);
        lab.sleep_ms(20);
    }
    // What follows the commands is the leader's own, which its service may never see: a snapshot of all commands may cover it.
    let labelled = |last_included_index: Index| last_included_index.min(SNAPSHOTS);
    let torn = bench.find_request(|request| {
        matches!(
            request,
            Request::Install { last_included_index, piece, data, .. }
                if piece.is_whole() && !holds_snapshot(data, labelled(*last_included_index))
        )
    });
    if let Some(sent) = torn {
        let Request::Install { last_included_index, data, .. } = sent.request else { return };
        bench.fail(
            "an InstallSnapshot has the label of one snapshot and the bytes of another",
            format!("{:?}", String::from_utf8_lossy(&snapshot(labelled(last_included_index)))),
            format!("{:?}, sent as the snapshot up to {last_included_index}", String::from_utf8_lossy(&data)),
        );
    }
}

/// An answer to InstallSnapshot acknowledges what the snapshot covers, and nothing after it (Fig. 2, State: matchIndex).
///
/// Catches: matchIndex that is set to the leader's last index.
pub fn install_acknowledges_the_snapshot_only_3d(lab: &Lab) {
    let bench = with_snapshot(
        lab,
        5,
        "a follower that installed a snapshot is known to store its entries, and none after them (Fig. 2, State)",
        "matchIndex is set to the leader's last index when InstallSnapshot is answered",
    );
    bench.needs_refusals();
    bench.peer(1).has_log(&TERMS);
    bench.elect(&[1]);
    // So the leader alone has the command: if it commits, it has counted S2.
    bench.peer(1).is_silent();
    lab.sleep_ms(20);
    let index = bench.start_command().index;
    let install = snapshot_under_way(&bench);
    bench.answer(&install, Reply::Install { term: install.request.term(), expected: None });
    lab.sleep_ms(100);
    bench.expect_commit_at_most(index - 1, "S2 has the snapshot, and nobody but the leader has what follows");
}

/// A snapshot is on its way to S2: the test answers it, and S2 answers nothing else from then on.
#[track_caller]
pub(super) fn snapshot_under_way(bench: &Bench) -> SentRequest {
    bench.peer(2).holds_snapshots();
    let install = expect_snapshot(bench);
    bench.peer(2).is_silent();
    install
}

/// The leader sends its snapshot to S2, which has nothing.
#[track_caller]
pub(crate) fn expect_snapshot(bench: &Bench) -> SentRequest {
    match bench.peer(2).next_request(ELECTION_MAX, Request::is_install) {
        Some(install) => install,
        None => {
            expect_trimmed_log(bench, 5);
            bench.fail(
                "the leader does not send its snapshot",
                "an InstallSnapshot to S2, which has nothing",
                "none",
            )
        }
    }
}

/// A log may keep entries that its snapshot covers: a server "may delete" them (§7). A follower that lacks these needs no
/// snapshot, and tests of sending one have nothing to see.
pub(crate) fn expect_trimmed_log(bench: &Bench, upto: Index) {
    // The true ones: a leader that makes some up has forgotten them.
    let is_true = |index: Index, entry: &Entry| {
        let term = TERMS.get(index as usize - 1);
        term.is_some_and(|&term| entry.term == term && entry.command == command(index, term))
    };
    let brings_covered = |sent: &SentRequest| match &sent.request {
        Request::Append { prev, entries, .. } if sent.to == 2 && prev.0 < upto && !entries.is_empty() => {
            (prev.0 + 1..=upto).zip(entries).all(|(index, entry)| is_true(index, entry))
        }
        _ => false,
    };
    bench.lab().expect_usual(
        bench.count_requests(brings_covered) == 0,
        "the log keeps entries that the snapshot covers, and a follower gets these in its place",
    );
}

/// A leader that hears of a higher term in the answer to its snapshot steps down (Fig. 2, All servers 2).
///
/// Catches: a reply whose term is not looked at.
pub fn term_from_install_reply_3d(lab: &Lab) {
    let bench = with_snapshot(
        lab,
        5,
        "a leader that reads a higher term in a reply becomes a follower, whatever it had sent (§5.1; Fig. 2, Rules for all servers 2)",
        "the reply to an InstallSnapshot is not looked at",
    );
    bench.needs_refusals();
    bench.peer(1).has_log(&TERMS);
    let term = bench.elect(&[1]);
    let install = snapshot_under_way(&bench);
    bench.answer(&install, Reply::Install { term: term + 5, expected: None });
    lab.sleep_ms(50);
    bench.expect_deposed(term + 5, "S2 has told it of a higher term");
}

/// A service may hand over a snapshot that is older than the one there is: it changes nothing (§7).
///
/// Catches: a log that is taken back, or a panic.
pub fn old_snapshot_of_the_service_3d(lab: &Lab) {
    let bench = with_snapshot(
        lab,
        4,
        "a snapshot replaces the prefix that it covers; an older one has nothing to replace (§7)",
        "an index below the snapshot's is looked up in the log",
    );
    // An older one, and the same again.
    bench.take_snapshot(2);
    bench.take_snapshot(4);
    // How soon a snapshot of the service is stored is the server's business.
    for _ in 0..50 {
        lab.sleep_ms(20);
        if !bench.stored_snapshot().is_empty() {
            break;
        }
    }
    let stored = bench.stored_snapshot();
    bench.expect(
        !stored.is_empty(),
        "a snapshot of the service is not stored",
        "the snapshot up to 4, within a second",
        "none",
    );
    bench.expect(
        stored == snapshot(4),
        "an older snapshot took the place of a newer one",
        "the snapshot up to 4",
        String::from_utf8_lossy(&stored),
    );
    bench.expect_entry(5, 2, "it was applied, and is not in the snapshot");
    bench.peer(1).appends(20).after(5, 2).entries(&[2]).commit(6).succeeds("the log has five entries");
    bench.expect_applies(6, "leaderCommit is 6");
    bench.restart();
    bench.expect_entry(6, 2, "it was acknowledged");
}

/// Indexes go on after a snapshot: a command that a leader with a trimmed log appends gets the next one (§7).
///
/// Catches: indexes counted from the length of what is left.
pub fn indexes_go_on_3d(lab: &Lab) {
    let bench = with_snapshot(
        lab,
        5,
        "a log goes on after its snapshot: entries keep their indexes (§7)",
        "indexes are counted from the length of the trimmed log",
    );
    bench.peer(1).has_log(&TERMS);
    bench.elect(&[1]);
    let index = bench.start_command().index;
    bench.expect(
        (6..=7).contains(&index),
        "a command has a wrong index",
        "index 6, or 7 after an entry of the leader's own",
        format!("index {index}"),
    );
    bench.prepare_applied_within(index, ELECTION_MAX, "S1 stores it");
}
