//! Part 3B, sentence by sentence: that a follower hears what is committed, whatever it has refused.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{Bench, Peer, Reply, Request, SentRequest};
use lab_harness::lab::Lab;
use labrpc::time::Instant;
use raft_interface::Index;

/// How long a follower may wait for news: heartbeats come twice a second at least.
const PATIENCE: Duration = Duration::from_secs(1);

/// Which of two answers reaches the leader first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// The refusal of the message that told, and then the success of the entry.
    RefusalFirst,
    /// The other way round: the network has let the success overtake the refusal.
    SuccessFirst,
}

/// A follower that has all entries is told what is committed, also if it has refused the message that told it first (§5.3: the leader
/// includes the commit index in future AppendEntries RPCs so that the other servers eventually find out).
///
/// The entry is slow on its way to S2. S1 stores it, and it is committed. A leader that sends on from there tells S2 by a message
/// after the entry, which S2 has not got and so refuses; then the entry arrives there. From now on S2 takes whatever fits its log.
///
/// Catches: a note "has been told" that is made when the message is sent, and stays when it is refused: that follower never applies
/// the last entry of a quiet cluster.
pub fn refused_commit_is_told_again_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "the leader includes its commit index in future AppendEntries, so that every follower eventually finds out: one that refused \
         a message has not heard what it told (§5.3)",
        "a follower counts as told when the message is sent, or when any answer comes, and not when it has accepted the message",
    );
    // The reply shows which hints this server knows. S2 must refuse in its words.
    bench.peer(1).appends(1).prepares("it follows the empty log");
    bench.needs_refusals();
    bench.elect(&[1, 2]);
    bench.settle(&[1, 2]);
    let late = bench.peer(2);
    bench.skip_requests();
    late.waits();
    for order in [Order::RefusalFirst, Order::SuccessFirst] {
        let started = bench.start_command();
        let command = bench.command_of(started);
        let brings = |request: &Request| command.as_ref().is_some_and(|command| request.brings(command));
        let deadline = Instant::now() + PATIENCE;
        let slow = loop {
            match next_request(late, deadline) {
                Some(sent) if brings(&sent.request) => break sent,
                Some(sent) => bench.answer(&sent, bench.truthful_reply(&sent)),
                None => bench.fail(
                    "a command is not sent to S2",
                    format!("an AppendEntries that brings it, within {PATIENCE:?} of start"),
                    "none, although S2 has answered what came before",
                ),
            }
        };
        let index = slow.request.last_index();
        bench.prepare_applied_within(started.index, PATIENCE, "S1 stores it");
        let is_told = arrives_late(&bench, slow, index, order) || hears_of(&bench, index);
        bench.expect(
            is_told,
            "S2 has every entry, and does not hear that the last one is committed",
            format!("an AppendEntries with leaderCommit {index} that fits its log, within {PATIENCE:?} of its answer"),
            format!("none that it could accept ({order:?})"),
        );
    }
}

/// The entry is slow: S2 answers truthfully what comes meanwhile, until it has refused a message which tells of the commit, or no such
/// comes. Then it gets the entry. Returns whether it has accepted a message that tells.
fn arrives_late(bench: &Bench, slow: SentRequest, index: Index, order: Order) -> bool {
    let late = bench.peer(slow.to);
    let deadline = Instant::now() + PATIENCE;
    // What brings entries is as slow as the first copy.
    let (mut copies, mut refused, mut is_told) = (vec![slow], None, false);
    while refused.is_none() && !is_told {
        match next_request(late, deadline) {
            Some(sent) if sent.request.has_entries() => copies.push(sent),
            Some(sent) => {
                let reply = bench.truthful_reply(&sent);
                is_told = tells(&sent, reply, index);
                if is_refused(reply) && commit_of(&sent.request) >= index {
                    refused = Some((sent, reply));
                } else {
                    bench.answer(&sent, reply);
                }
            }
            None => break,
        }
    }
    if let (Some((sent, reply)), Order::RefusalFirst) = (&refused, order) {
        bench.answer(sent, *reply);
        bench.lab().sleep_ms(1);
    }
    for copy in copies {
        let reply = bench.truthful_reply(&copy);
        is_told |= tells(&copy, reply, index);
        bench.answer(&copy, reply);
    }
    if let (Some((sent, reply)), Order::SuccessFirst) = (&refused, order) {
        bench.lab().sleep_ms(5);
        bench.answer(sent, *reply);
    }
    is_told
}

/// Whether S2, which answers truthfully, accepts a message that tells of the commit soon.
fn hears_of(bench: &Bench, index: Index) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while let Some(sent) = next_request(bench.peer(2), deadline) {
        let reply = bench.truthful_reply(&sent);
        bench.answer(&sent, reply);
        if tells(&sent, reply, index) {
            return true;
        }
    }
    false
}

/// Whether a message has told its receiver, who answered so, that this index is committed. What a follower makes of a commit index
/// beyond what the message has checked is its own affair.
fn tells(sent: &SentRequest, reply: Reply, index: Index) -> bool {
    matches!(reply, Reply::Append { success: true, .. }) && commit_of(&sent.request) >= index
}

fn is_refused(reply: Reply) -> bool {
    matches!(reply, Reply::Append { success: false, .. })
}

fn commit_of(request: &Request) -> Index {
    match request {
        Request::Append { leader_commit, .. } => *leader_commit,
        _ => 0,
    }
}

fn next_request(peer: Peer<'_>, deadline: Instant) -> Option<SentRequest> {
    peer.next_request(deadline.saturating_duration_since(Instant::now()), |_| true)
}
