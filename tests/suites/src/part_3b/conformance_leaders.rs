//! Part 3B, sentence by sentence: what a leader sends, when, and to whom.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX, Request, SOON, SentRequest};
use lab_harness::lab::Lab;
use raft_interface::{Index, Term};

/// Heartbeats come twice a second at least: MIT has ten.
const HEARTBEAT_MAX: Duration = Duration::from_millis(500);

/// An AppendEntries after this entry.
fn prev_of(request: &Request) -> Option<(Index, Term)> {
    match request {
        Request::Append { prev, .. } => Some(*prev),
        _ => None,
    }
}

/// A leader appends a command to its log, and sends the entry to each follower (§5.3; Fig. 2, Leaders 2 and 3), whatever becomes of
/// it then.
///
/// Catches: a leader that appends and sends nothing but heartbeats, and one that sends to one follower only.
pub fn command_is_sent_3b(lab: &Lab) {
    /// With the next heartbeat at the latest, or with the one after that has been answered.
    const PATIENCE: Duration = HEARTBEAT_MAX.saturating_mul(2);

    let bench = Bench::start(
        lab,
        3,
        "a leader appends a command to its log and sends the entry to each of the other servers (§5.3; Fig. 2, Rules for leaders 2 \
         and 3)",
        "nobody is told that there is something to send, or the message is made without the entries: heartbeats alone go on",
    );
    bench.elect(&[1, 2]);
    bench.settle(&[1, 2]);
    bench.skip_requests();
    let started = bench.start_command();
    let command = bench.command_of(started);
    // At which index is not asked: where a leader begins its term with an entry of its own, `start` may count commands only.
    let brings = |request: &Request| match request {
        Request::Append { entries, .. } => {
            entries.iter().any(|entry| entry.term == started.term && Some(&entry.command) == command.as_ref())
        }
        _ => false,
    };
    for peer in [1, 2] {
        let sent = bench.peer(peer).next_request(PATIENCE, brings);
        bench.expect(
            sent.is_some(),
            format!("entry {} of term {} is not sent to S{peer}", started.index, started.term),
            format!("an AppendEntries that brings it, within {PATIENCE:?} of start"),
            "none, although the follower is well",
        );
    }
}

/// A command is sent to the followers (§5.3; Fig. 2, Leaders 3): mostly when it comes, and with the next heartbeat at the
/// latest.
///
/// Catches: a command that waits for more than a heartbeat.
pub fn entries_leave_at_once_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a leader issues AppendEntries when it has entries that a follower lacks (§5.3; Fig. 2, Rules for leaders 3)",
        "start does not wake the replication, so commands wait for the next heartbeat",
    );
    bench.elect(&[1, 2]);
    bench.settle(&[1, 2]);
    let mut is_at_once = true;
    for _ in 0..3 {
        // Right after a heartbeat, the next one is far.
        bench.skip_requests();
        bench.peer(1).next_request(ELECTION_MAX, Request::is_append);
        let index = bench.start_command().index;
        let by = lab.now() + bench.at_once();
        let sent = bench.peer(1).next_request(HEARTBEAT_MAX, Request::has_entries);
        bench.expect(
            sent.is_some(),
            format!("entry {index} is not sent"),
            format!("an AppendEntries with it within {HEARTBEAT_MAX:?} of start"),
            "none, although the follower is well",
        );
        is_at_once &= sent.is_some_and(|sent| sent.at <= by);
        bench.prepare_applied_within(index, HEARTBEAT_MAX * 2, "both followers store it");
    }
    lab.expect_usual(
        is_at_once,
        "start does not wake the replication, and commands wait for the next heartbeat",
    );
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
    // From here on nothing is acknowledged, and the entries pile up.
    bench.peer(1).is_silent();
    for _ in 0..ENTRIES {
        bench.start_command();
    }
    // Time for what is sent to S1 in vain: it must not count below.
    lab.sleep_ms(500);
    let with_entries = |sent: &SentRequest| sent.to == 1 && sent.request.has_entries();
    let before = bench.count_requests(with_entries);
    bench.peer(1).follows();
    bench.expect_applies_within(ENTRIES, ELECTION_MAX, "S1 is back, and stores what it is sent");
    let used = bench.count_requests(with_entries) - before;
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
    bench.prepare_applied(index, "S1 stores it");
    // Long enough for any number of retries that a sender might take for enough.
    lab.sleep_ms(1500);
    bench.peer(2).follows();
    lab.sleep_ms(2000);
    let last = bench.peer(2).follower().last_index();
    bench.expect(
        last >= index,
        "a follower that is back does not get what it missed",
        format!("S2 has entry {index} within two seconds"),
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
    bench.peer(1).appends(1).entries(&[1, 1, 1]).prepares("it follows the empty log");
    // The reply to the request before has shown which hints this server knows. S2 must refuse in its words.
    bench.needs_refusals();
    bench.peer(2).has_log(&[1]);
    bench.elect(&[1, 2]);
    lab.sleep_ms(2000);
    let follower = bench.peer(2).follower();
    bench.expect(
        follower.last_index() >= 3,
        "a follower that refuses does not catch up",
        "S2 has entry 3 within two seconds",
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
    bench.peer(1).appends(1).entries(&[1; ENTRIES]).prepares("it follows the empty log");
    bench.needs_refusals();
    bench.peer(1).has_log(&[1; ENTRIES]);
    bench.elect(&[1]);
    let is_to_it = |sent: &SentRequest| sent.to == 2 && sent.request.is_append();
    let is_to_the_other = |sent: &SentRequest| sent.to == 1 && sent.request.is_append();
    let before = (bench.count_requests(is_to_it), bench.count_requests(is_to_the_other));
    bench.peer(2).follows();
    lab.sleep_ms(3000);
    let follower = bench.peer(2).follower();
    let used = bench.count_requests(is_to_it) - before.0;
    // What the other one has got meanwhile, who needs nothing; but some leaders send to all whenever one refuses.
    let heartbeats = (bench.count_requests(is_to_the_other) - before.1).min(ENTRIES / 2);
    bench.expect(
        follower.last_index() as usize >= ENTRIES && used <= ROUNDS_MAX + heartbeats,
        format!("an empty log has {} of {ENTRIES} entries after {used} messages", follower.last_index()),
        format!("all of them, after {ROUNDS_MAX} messages and some heartbeats at most"),
        format!("{} entries, {used} messages", follower.last_index()),
    );
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
    bench.peer(1).appends(1).entries(&[1, 1, 1]).prepares("it follows the empty log");
    bench.peer(1).has_log(&[1, 1, 1]);
    bench.elect(&[1]);
    // Where an empty message stands says nothing: some leaders' heartbeats only tell that they are there, and some look for the place where
    // the logs agree by halves before they send anything.
    if let Some(sent) = bench.peer(1).next_request(SOON * 5, Request::has_entries) {
        bench.expect(
            prev_of(&sent.request) == Some((3, 1)),
            "a new leader's first entries do not follow its last one",
            "an AppendEntries after entry 3 of term 1",
            sent.request.to_string(),
        );
    }
    bench.start_command();
    let sent = bench.peer(1).next_request(SOON * 5, Request::has_entries).map(|sent| sent.request);
    bench.expect(
        // After an entry of its own in some, which begins its term.
        sent.as_ref().and_then(prev_of).is_some_and(|(index, _)| index >= 3),
        "a new command is not all that is sent",
        "an AppendEntries after entry 3 or later",
        sent.map_or_else(|| "none".to_owned(), |request| request.to_string()),
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
    // Whether a sender reads the term before or after the step down is a race, which the schedule decides:
    // fifteen tries, with commands that wake the senders and pauses drawn anew. Every message is checked as it
    // arrives.
    for _ in 0..15 {
        let term = bench.elect(&[1, 2]);
        bench.peer(2).is_silent();
        for _ in 0..lab.below(4) {
            bench.offer();
        }
        let last = bench.peer(1).follower().last();
        bench.offer();
        // From a log that nobody can refuse, while the entry of the line before is about to leave.
        bench.peer(1).asks_vote(term + 1).with_last(last.0 + 10, last.1.max(term)).send();
        lab.sleep_ms(lab.below(60));
    }
}
