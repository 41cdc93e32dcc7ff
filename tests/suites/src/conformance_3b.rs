//! Part 3B, sentence by sentence: one real server among scripted peers. Logs, commitment, and what leaders send.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof. See `src/conformance/`.

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX, Letter, Reply, Request, SOON};
use lab_harness::lab::Lab;
use raft_interface::{Index, Term};

fn is_append(request: &Request) -> bool {
    matches!(request, Request::Append { .. })
}

/// An AppendEntries after this entry.
fn prev_of(request: &Request) -> Option<(Index, Term)> {
    match request {
        Request::Append { prev, .. } => Some(*prev),
        _ => None,
    }
}

/// A voter refuses a candidate whose log is less up to date than its own: the later last term wins, and with equal terms the
/// longer log (§5.4.1; Fig. 2, RequestVote, receiver 2). All nine cases.
///
/// Catches: a comparison of the index only, of the term only, or one that wants more than as much.
pub fn up_to_date_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a voter denies its vote if its own log is more up to date: by last term, then by length (§5.4.1)",
        "the last index alone compared, or the last term alone, or `>` in place of `>=`",
    );
    bench.peer(1).appends(3).entries(&[1, 2, 2]).succeeds("the log is empty");
    let mut term = 10;
    for last_term in 1..=3 {
        for last_index in 2..=4 {
            term += 1;
            let request = bench.peer(2).asks_vote(term).with_last(last_index, last_term);
            if (last_term, last_index) >= (2, 3) {
                request.is_granted(
                    "its log is at least as up to date as the voter's, which ends in entry 3 of term 2",
                );
            } else {
                request.is_refused("the voter's log, which ends in entry 3 of term 2, is more up to date");
            }
        }
    }
}

/// A refused candidate's higher term is adopted all the same, and its vote stays free (Fig. 2, All servers 2).
///
/// Catches: a candidate that is refused for its log and yet gets the vote noted.
pub fn refusal_leaves_the_vote_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a vote that was not granted is not given: the server may vote for another (Fig. 2, RequestVote, receiver 2)",
        "votedFor is set before the candidate's log is looked at",
    );
    bench.peer(1).appends(3).entries(&[3]).succeeds("the log is empty");
    bench.peer(2).asks_vote(9).is_refused("its log is empty");
    bench.expect_term(9, "a refused candidate's term counts all the same");
    bench.peer(1).asks_vote(9).with_last(1, 3).is_granted("nobody has the vote of term 9");
}

/// AppendEntries fails if the log has no entry at prevLogIndex (Fig. 2, AppendEntries, receiver 2).
///
/// Catches: success that is answered though there is a gap.
pub fn missing_previous_entry_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "reply false if the log has no entry at prevLogIndex (§5.3; Fig. 2, AppendEntries, receiver 2)",
        "success is answered although entries before the new ones are missing",
    );
    bench.peer(1).appends(2).after(3, 1).entries(&[2]).fails("the log is empty");
    bench.peer(1).appends(2).entries(&[1, 1]).succeeds("it follows the empty log");
    bench.peer(1).appends(2).after(3, 1).entries(&[2]).fails("the log ends at 2");
    bench.peer(1).appends(2).after(2, 1).entries(&[1, 2]).succeeds("the log ends at 2");
}

/// AppendEntries fails if the entry at prevLogIndex is of another term than prevLogTerm (Fig. 2, AppendEntries, receiver 2).
///
/// Catches: a check that looks at the index only.
pub fn other_previous_term_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "reply false if the entry at prevLogIndex is not of prevLogTerm (§5.3; Fig. 2, AppendEntries, receiver 2)",
        "the presence of the previous entry is checked, its term is not",
    );
    bench.peer(1).appends(1).entries(&[1, 1]).succeeds("it follows the empty log");
    bench.peer(2).appends(3).after(2, 2).entries(&[3]).fails("entry 2 is of term 1 here");
    bench.expect_no_entry(3, 3, "the request has failed");
}

/// A heartbeat is an AppendEntries: it fails as one, and commits nothing where it fails (Fig. 2, AppendEntries, receiver 2).
///
/// Catches: an empty AppendEntries that succeeds and moves the commit index without the check.
pub fn heartbeat_is_checked_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "an AppendEntries without entries is checked like any other (Fig. 2, AppendEntries, receiver 2)",
        "heartbeats are answered with success before the log is compared",
    );
    bench.peer(1).appends(1).entries(&[1, 1, 1]).succeeds("it follows the empty log");
    bench.peer(2).appends(3).after(3, 2).commit(3).fails("entry 3 is of term 1 here");
    bench.expect_applied_at_most(0, "the heartbeat did not match");
    bench.peer(2).appends(3).after(9, 2).commit(9).fails("there is no entry 9");
    bench.expect_applied_at_most(0, "the heartbeat did not match");
}

/// An entry that conflicts with a new one goes, with all that follow it (Fig. 2, AppendEntries, receiver 3).
///
/// Catches: existing entries that are kept, and a suffix that is.
pub fn conflict_is_cut_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a conflicting entry is deleted with all that follow it (§5.3; Fig. 2, AppendEntries, receiver 3)",
        "existing entries are kept although terms differ, or the entries after the conflict are",
    );
    bench.peer(1).appends(1).entries(&[1, 1, 1, 1]).succeeds("it follows the empty log");
    bench.peer(2).appends(2).after(1, 1).entries(&[2]).succeeds("entry 1 matches");
    bench.expect_entry(2, 2, "it took the place of one of term 1");
    bench.expect_no_entry(3, 1, "it followed an entry that conflicted");
    bench.expect_no_entry(4, 1, "it followed an entry that conflicted");
}

/// A message that brings nothing new cuts nothing: only a conflict does (Fig. 2, AppendEntries, receiver 3; §5.3).
///
/// Catches: a log that is cut after prevLogIndex, or after the last new entry, at every message.
pub fn late_request_cuts_nothing_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "entries are deleted only if they conflict with new ones (§5.3; Fig. 2, AppendEntries, receiver 3)",
        "the log is cut at the end of every message, so a late one takes back what was acknowledged",
    );
    bench.peer(1).appends(2).entries(&[1, 1, 2]).succeeds("it follows the empty log");
    bench.peer(1).appends(2).entries(&[1]).succeeds("entry 1 is there already");
    bench.peer(1).appends(2).after(1, 1).succeeds("a late heartbeat");
    bench.peer(1).appends(2).after(1, 1).entries(&[1]).succeeds("entry 2 is there already");
    bench.expect_entry(3, 2, "it was acknowledged, and nothing conflicts with it");
}

/// AppendEntries is idempotent: repeated and overtaken messages leave the log as one of each would (§5.5).
///
/// Catches: entries that are appended again.
pub fn repeated_requests_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "repeated requests do no harm: entries that are present are ignored (§5.5; Fig. 2, AppendEntries, receiver 4)",
        "entries are appended although they are in the log already",
    );
    for _ in 0..3 {
        bench.peer(1).appends(2).entries(&[1, 1]).succeeds("the same request");
        bench.peer(1).appends(2).after(1, 1).entries(&[1, 2]).succeeds("entry 1 is there");
    }
    bench.expect_entry(3, 2, "the log has three entries");
    bench.expect_no_entry(4, 1, "the log has three entries");
    bench.expect_no_entry(4, 2, "the log has three entries");
    bench.peer(1).appends(20).after(3, 2).commit(3).succeeds("the log has three entries");
    bench.expect_applies(3, "everything is committed, and each entry is applied once");
}

/// A leader of an older term changes nothing: not the log, and not the commit index (Fig. 2, AppendEntries, receiver 1).
///
/// Catches: a check of the term after the work.
pub fn old_leader_changes_nothing_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "an AppendEntries of an older term is rejected, and changes nothing (§5.1; Fig. 2, AppendEntries, receiver 1)",
        "AppendEntries of an older term is accepted, or the term is checked too late",
    );
    bench.peer(1).appends(3).entries(&[1, 3]).succeeds("it follows the empty log");
    bench.peer(2).appends(2).after(1, 1).entries(&[2]).commit(2).fails("term 2 is over");
    bench.peer(2).appends(2).after(1, 1).commit(1).fails("term 2 is over");
    bench.expect_applied_at_most(0, "the leader of term 2 has nothing to say");
    bench.expect_entry(2, 3, "the leader of term 2 has nothing to say");
}

/// The commit index follows leaderCommit, but not past what there is: a follower that is behind commits what it has
/// (Fig. 2, AppendEntries, receiver 5).
///
/// Catches: leaderCommit taken as it is.
pub fn commit_not_past_the_log_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "commitIndex = min(leaderCommit, index of last new entry) (Fig. 2, AppendEntries, receiver 5)",
        "commitIndex = leaderCommit, so that entries count as committed before they come",
    );
    bench.peer(1).appends(2).entries(&[1]).commit(3).succeeds("it follows the empty log");
    bench.expect_applies(1, "leaderCommit is 3, and entry 1 is the last new one");
    bench.peer(2).appends(3).after(1, 1).entries(&[2, 2]).commit(1).succeeds("entry 1 is there");
    bench.expect_applied_at_most(
        1,
        "leaderCommit is 1; no leader has said of these entries that they are committed",
    );
}

/// The commit index does not pass the last entry that the leader is known to have: what follows in the log may not be the
/// leader's (Fig. 2, AppendEntries, receiver 5: index of last *new* entry).
///
/// Catches: leaderCommit limited by the end of the own log.
pub fn commit_not_past_new_entries_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "commitIndex = min(leaderCommit, index of last new entry) (Fig. 2, AppendEntries, receiver 5)",
        "leaderCommit is limited by the end of the follower's log, whose last entries may not be the leader's",
    );
    bench.peer(1).appends(1).entries(&[1, 1, 1]).succeeds("it follows the empty log");
    bench.peer(2).appends(2).after(1, 1).commit(3).succeeds("entry 1 matches");
    bench.expect_applies(1, "entries 2 and 3 may not be those of the leader of term 2");
    bench.peer(2).appends(2).after(1, 1).entries(&[2, 2]).commit(3).succeeds("entry 1 matches");
    bench.expect_applies(3, "all are the leader's now");
}

/// A candidate says truly how far its log goes (Fig. 2, RequestVote, arguments).
///
/// Catches: the commit index, or the length of a trimmed log, in place of the last index.
pub fn candidate_tells_its_log_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a RequestVote tells index and term of the candidate's last log entry (§5.4.1; Fig. 2, RequestVote, arguments)",
        "the commit index is sent, or the first entry's term",
    );
    bench.peer(1).appends(4).entries(&[1, 1, 4]).commit(1).succeeds("it follows the empty log");
    let letter = bench.next_letter(ELECTION_MAX, |request: &Request| matches!(request, Request::Vote { .. }));
    let told = letter.map(|letter| letter.request);
    bench.expect(
        matches!(told, Some(Request::Vote { last_log_index: 3, last_log_term: 4, .. })),
        "a RequestVote tells of another log than the candidate's",
        "last entry 3 of term 4",
        told.map_or_else(|| "no RequestVote".to_owned(), |told| told.to_string()),
    );
}

/// A command is sent to the followers when it comes, not with the next heartbeat (§5.3; Fig. 2, Leaders 3).
///
/// Catches: a start that wakes nobody.
pub fn entries_leave_at_once_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a leader issues AppendEntries when it has entries that a follower lacks (§5.3; Fig. 2, Rules for leaders 3)",
        "start does not wake the replication, so commands wait for the next heartbeat",
    );
    bench.elect(&[1, 2]);
    for _ in 0..3 {
        // Right after a heartbeat, the next one is far.
        bench.forget_letters();
        bench.peer(1).next_letter(ELECTION_MAX, is_append);
        let index = bench.start_command().index;
        let letter = bench.peer(1).next_letter(bench.at_once(), Request::has_entries);
        bench.expect(
            letter.is_some(),
            format!("entry {index} is not sent when it comes"),
            format!("an AppendEntries with it within {:?} of start", bench.at_once()),
            "none, although the follower is well",
        );
        bench.expect_applies(index, "both followers store it");
    }
}

/// A leader sends a follower all that it lacks, many entries in a message (Fig. 2, Leaders 3: entries starting at nextIndex).
///
/// Catches: one entry per message.
pub fn many_entries_in_a_message_3b(lab: &Lab) {
    const ENTRIES: u64 = 200;
    /// One and a few that cross.
    const MESSAGES_MAX: usize = 20;

    let bench = Bench::start(
        lab,
        3,
        "an AppendEntries brings the entries from nextIndex on, more than one for efficiency (Fig. 2, AppendEntries, arguments)",
        "one entry per message",
    );
    bench.elect(&[1]);
    bench.peer(1).is_silent();
    for _ in 0..ENTRIES {
        bench.start_command();
    }
    lab.sleep_ms(500);
    let with_entries = |letter: &Letter| letter.to == 1 && letter.request.has_entries();
    let before = bench.count_letters(with_entries);
    bench.peer(1).follows();
    bench.expect_applies_within(ENTRIES, ELECTION_MAX, "S1 is back, and stores what it is sent");
    let used = bench.count_letters(with_entries) - before;
    bench.expect(
        used <= MESSAGES_MAX,
        format!("{used} messages for {ENTRIES} entries"),
        format!("at most {MESSAGES_MAX}"),
        format!("{used}"),
    );
}

/// A leader goes on trying until a follower has everything, however long that is away (§5.3: retries indefinitely).
///
/// Catches: a message that is sent once.
pub fn leader_goes_on_trying_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a leader retries AppendEntries until all followers store all entries (§5.3)",
        "an AppendEntries that got no reply is not sent again",
    );
    bench.elect(&[1]);
    let index = bench.start_command().index;
    bench.expect_applies(index, "S1 stores it");
    lab.sleep_ms(1500);
    bench.peer(2).follows();
    lab.sleep_ms(1000);
    let last = bench.peer(2).follower().last_index();
    bench.expect(
        last >= index,
        "a follower that is back does not get what it missed",
        format!("S2 has entry {index} within a second"),
        format!("it has {last} entries"),
    );
}

/// What a follower refuses is tried again further back, until the logs match (§5.3; Fig. 2, Leaders 3).
///
/// Catches: a refusal after which nextIndex stays, or the same message at the next heartbeat only.
pub fn refused_is_tried_again_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "after a refusal the leader decrements nextIndex and retries (§5.3; Fig. 2, Rules for leaders 3)",
        "a rejection does not change nextIndex",
    );
    bench.peer(1).appends(1).entries(&[1, 1, 1]).succeeds("it follows the empty log");
    bench.needs_refusals();
    bench.peer(2).has_log(&[1]);
    bench.elect(&[1, 2]);
    lab.sleep_ms(500);
    let follower = bench.peer(2).follower();
    bench.expect(
        follower.last_index() >= 3,
        "a follower that refuses does not catch up",
        "S2 has entry 3 within half a second",
        format!("it has {} entries", follower.last_index()),
    );
}

/// Two logs that differ by many entries are brought together in few rounds (end of §5.3).
///
/// Catches: nextIndex that goes back by one for each refusal.
pub fn backs_up_fast_3b(lab: &Lab) {
    const ENTRIES: usize = 300;
    /// One entry per round takes 300.
    const ROUNDS_MAX: usize = 40;

    let bench = Bench::start(
        lab,
        3,
        "a leader bypasses all conflicting entries of a term in one round (§5.3, last page; required by the labs)",
        "nextIndex goes back by one for each refusal",
    );
    bench.peer(1).appends(1).entries(&[1; ENTRIES]).succeeds("it follows the empty log");
    bench.needs_refusals();
    bench.peer(1).has_log(&[1; ENTRIES]);
    bench.elect(&[1]);
    let is_to_it = |letter: &Letter| letter.to == 2 && is_append(&letter.request);
    let before = bench.count_letters(is_to_it);
    bench.peer(2).follows();
    lab.sleep_ms(3000);
    let follower = bench.peer(2).follower();
    let heartbeats = bench.count_letters(|letter| letter.to == 1) / 2;
    let used = bench.count_letters(is_to_it) - before;
    bench.expect(
        follower.last_index() as usize >= ENTRIES && used <= ROUNDS_MAX + heartbeats,
        format!("an empty log has {} of {ENTRIES} entries after {used} messages", follower.last_index()),
        format!("all of them, after {ROUNDS_MAX} messages and some heartbeats at most"),
        format!("{} entries, {used} messages", follower.last_index()),
    );
}

/// An entry is committed when a majority of all servers stores it: three of four, not two (§5.3; Fig. 2, Leaders 4).
///
/// Catches: a majority of n/2.
pub fn commits_with_majority_of_four_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        4,
        "an entry is committed once a majority of the servers stores it (§5.3; Fig. 2, Rules for leaders 4)",
        "n/2 copies taken for a majority, or the leader's own copy counted twice",
    );
    bench.elect(&[1, 2]);
    bench.peer(2).is_silent();
    let index = bench.start_command().index;
    lab.sleep_ms(300);
    bench.expect_commit_at_most(index - 1, "the leader and S1 are two of four");
    bench.peer(2).follows();
    bench.expect_applies_within(index, ELECTION_MAX, "the leader, S1 and S2 are three of four");
}

/// Entries of earlier terms are not committed by counting their copies; one of the leader's own term commits them with it
/// (§5.4.2, Fig. 8; Fig. 2, Leaders 4).
///
/// Catches: a leader that counts without a look at the term.
pub fn counts_own_term_only_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "only entries of the leader's current term are committed by counting replicas (§5.4.2, Fig. 8)",
        "the term of the entry is not looked at when copies are counted",
    );
    bench.peer(1).appends(2).entries(&[2, 2]).succeeds("it follows the empty log");
    bench.needs_refusals();
    let term = bench.elect(&[1, 2]);
    lab.sleep_ms(500);
    let has_own = bench.peer(1).follower().log.iter().any(|entry| entry.term == term);
    if !has_own {
        bench.expect_commit_at_most(0, "entries 1 and 2 are of term 2, and only their copies speak for them");
        bench.start_command();
    }
    bench.expect_applies_at_least(3, "an entry of the leader's own term is stored by all");
}

/// matchIndex is what the acknowledged request brought, not what the log has by then (Fig. 2, Leaders 3).
///
/// Catches: matchIndex that is set to the leader's last index when a reply comes.
pub fn match_is_what_was_sent_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "matchIndex is the highest entry known to be stored by the follower (Fig. 2, State; Rules for leaders 3)",
        "on success matchIndex is set to the leader's last index, though entries came after the request was sent",
    );
    bench.elect(&[1]);
    lab.sleep_ms(20);
    bench.peer(1).waits();
    bench.forget_letters();
    let first = bench.start_command().index;
    let Some(letter) = bench.peer(1).next_letter(SOON * 5, Request::has_entries) else {
        bench.fail("a command is not sent", "an AppendEntries with it", "none");
    };
    let brought = first - 1 + letter.entries().len() as Index;
    bench.start_command();
    bench.start_command();
    bench.answer(&letter, Reply::Append { term: letter.request.term(), success: true, hint: None });
    lab.sleep_ms(20);
    bench.expect_commit_at_most(brought, "S1 has acknowledged a request that ended there");
}

/// A reply counts in the term in which its request was sent, and in no other (Students' guide; §5.4: a new leader knows of
/// nobody's log).
///
/// Catches: the success of an old leadership that is counted in a new one.
pub fn old_success_does_not_count_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a leader reinitialises matchIndex after election: a reply to an earlier leadership tells nothing (Fig. 2, State)",
        "a reply is not compared with the term in which its request was sent",
    );
    bench.elect(&[2]);
    bench.peer(2).is_silent();
    bench.peer(1).waits();
    bench.forget_letters();
    bench.start_command();
    bench.start_command();
    // A message that brings the second, with the first or after it.
    let brings_second = |request: &Request| {
        matches!(request, Request::Append { prev, entries, .. }
            if !entries.is_empty() && prev.0 + entries.len() as Index >= 2)
    };
    let Some(old) = bench.peer(1).next_letter(ELECTION_MAX, brings_second) else {
        bench.fail("the second command is not sent", "an AppendEntries with entry 2", "none");
    };
    let term = bench.term();
    bench.peer(2).is_silent();
    bench
        .peer(2)
        .appends(term + 1)
        .entries(&[term + 1])
        .succeeds("S2 leads the next term, and has another log");
    bench.peer(2).has_log(&[term + 1]);
    // S1 does not answer, S2 votes, and then follows no more.
    let again = bench.elect(&[2]);
    bench.peer(2).is_silent();
    let index = bench.start_command().index;
    if index == 2 {
        bench.answer(&old, Reply::Append { term: old.request.term(), success: true, hint: None });
        lab.sleep_ms(50);
        let stored = bench.peer(2).follower().last_index();
        if stored < index {
            bench.expect_applied_at_most(1, &format!("nobody has stored entry 2 of term {again}"));
        }
    }
}

/// Followers hear of the leader's commit index with the messages that follow (§5.3; Fig. 2, AppendEntries, arguments).
///
/// Catches: a commit index that is not sent, or not moved when replies come.
pub fn commit_is_told_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "the leader includes its commit index in AppendEntries, so that the others learn of it (§5.3)",
        "leaderCommit is not sent, or not moved when replies come",
    );
    bench.elect(&[1, 2]);
    let index = bench.start_command().index;
    let tells = |request: &Request| matches!(request, Request::Append { leader_commit, .. } if *leader_commit >= index);
    let told = bench.peer(2).next_letter(Duration::from_millis(1000), tells);
    bench.expect(
        told.is_some(),
        "followers do not hear that an entry is committed",
        format!("an AppendEntries with leaderCommit {index} within a second"),
        "none",
    );
}

/// A leader of which nobody hears stores and commits nothing by itself, and a refused or lost message counts for nothing.
///
/// Catches: copies that are counted when they are sent.
pub fn silence_commits_nothing_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "an entry is committed once it has been replicated, not once it was sent (§5.3; Fig. 2, Rules for leaders 4)",
        "copies are counted when they are sent, or when a call ends without a reply",
    );
    bench.elect(&[1]);
    lab.sleep_ms(20);
    bench.peer(1).is_silent();
    let index = bench.start_command().index;
    lab.sleep_ms(1000);
    bench.expect_commit_at_most(index - 1, "no follower has answered");
}

/// A new leader begins after its own last entry, and sends what is before only to who lacks it (Fig. 2, State: nextIndex).
///
/// Catches: the whole log sent again to everybody.
pub fn next_index_starts_at_the_end_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "nextIndex is initialised to the leader's last log index + 1 (Fig. 2, State)",
        "a new leader, or every message, sends the whole log",
    );
    bench.peer(1).appends(1).entries(&[1, 1, 1]).succeeds("it follows the empty log");
    bench.peer(1).has_log(&[1, 1, 1]);
    bench.elect(&[1]);
    let letter = bench.peer(1).next_letter(SOON * 5, is_append).map(|letter| letter.request);
    bench.expect(
        letter.as_ref().and_then(prev_of) == Some((3, 1)),
        "a new leader's first message does not follow its last entry",
        "an AppendEntries after entry 3 of term 1",
        letter.map_or_else(|| "none".to_owned(), |request| request.to_string()),
    );
    bench.start_command();
    let letter = bench.peer(1).next_letter(SOON * 5, Request::has_entries).map(|letter| letter.request);
    bench.expect(
        letter.as_ref().and_then(prev_of).is_some_and(|(index, _)| index == 3),
        "a new command is not all that is sent",
        "an AppendEntries after entry 3",
        letter.map_or_else(|| "none".to_owned(), |request| request.to_string()),
    );
}

/// A leader that is deposed with messages about to leave sends none in the new term: AppendEntries come from who was elected
/// (§5.2).
///
/// Catches: a thread that reads the current term when it sends, without a look at the role.
pub fn deposed_leader_sends_nothing_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "AppendEntries of a term come from the server that a majority elected for it (§5.2)",
        "a sender reads the current term when it sends, and does not look whether it still leads",
    );
    for _ in 0..15 {
        let term = bench.elect(&[1, 2]);
        bench.peer(2).is_silent();
        for _ in 0..lab.below(4) {
            bench.offer();
        }
        let by = bench.peer(1).follower();
        let last = (by.last_index(), by.term_at(by.last_index()).unwrap_or_default());
        bench.offer();
        bench.peer(1).asks_vote(term + 1).with_last(last.0 + 10, last.1.max(term)).send();
        lab.sleep_ms(lab.below(60));
    }
}
