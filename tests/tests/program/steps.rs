//! Steps that lead to the subject of a test with scripted peers: where one fails, the report names what is owed there, and not the
//! sentence that the test puts to the proof.

use lab::suites::find;
use lab::{Implementation, Outcome, Plan, World, run_case};
use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sim::{Policy, Tracing};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::Duration;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct VoteArgs {
    term: u64,
    candidate_id: u64,
    last_log_index: u64,
    last_log_term: u64,
}

#[derive(Clone, Serialize, Deserialize)]
struct VoteReply {
    term: u64,
    vote_granted: bool,
}

#[derive(Clone, Serialize, Deserialize)]
struct AppendArgs {
    term: u64,
    leader_id: u64,
    prev_log_index: u64,
    prev_log_term: u64,
    entries: Vec<Entry>,
    leader_commit: u64,
}

#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    term: u64,
    command: Vec<u8>,
}

#[derive(Clone, Serialize, Deserialize)]
struct AppendReply {
    term: u64,
    success: bool,
}

/// Never stands for election.
const IDLE: u8 = 0;
/// Stands, and counts no votes.
const COUNTS_NONE: u8 = 1;
/// Stands, and asks S2 alone.
const ASKS_ONE: u8 = 2;
/// Stands, and takes any vote for a majority, whatever its term; how to lead is still to be written.
const UNWRITTEN: u8 = 3;

/// A server that refuses everything, and does one thing wrong as a candidate.
#[derive(Clone)]
struct Candidate<const WRONG: u8> {
    term: Arc<Mutex<u64>>,
}

impl<const WRONG: u8> RaftServer for Candidate<WRONG> {
    fn make(peers: Vec<ClientEnd>, me: ServerId, _: Arc<dyn Persister>, _: Sender<ApplyMsg>) -> Self {
        let server = Self { term: Arc::default() };
        if WRONG != IDLE {
            let term = Arc::clone(&server.term);
            thread::spawn(move || {
                loop {
                    thread::sleep(Duration::from_millis(400));
                    let mut current = term.lock();
                    *current += 1;
                    ask::<WRONG>(&peers, me, *current);
                }
            });
        }
        server
    }

    fn service(&self) -> Service {
        let (votes, entries) = (self.term.clone(), self.term.clone());
        Service::new("Raft")
            .method("RequestVote", move |_: VoteArgs| VoteReply { term: *votes.lock(), vote_granted: false })
            .method("AppendEntries", move |_: AppendArgs| AppendReply {
                term: *entries.lock(),
                success: false,
            })
    }

    fn start(&self, _: Command) -> Started {
        Started { index: 0, term: self.get_state().0, is_leader: false }
    }

    fn get_state(&self) -> (Term, bool) {
        (*self.term.lock(), false)
    }

    fn snapshot(&self, _: Index, _: Vec<u8>) {}

    fn kill(&self) {}
}

fn ask<const WRONG: u8>(peers: &[ClientEnd], me: ServerId, term: u64) {
    let asked = |&(peer, _): &(usize, &ClientEnd)| peer != me && (WRONG != ASKS_ONE || peer == 2);
    for (_, end) in peers.iter().enumerate().filter(asked) {
        let end = end.clone();
        thread::spawn(move || {
            let args = VoteArgs { term, candidate_id: me as u64, last_log_index: 0, last_log_term: 0 };
            let reply = end.call::<_, VoteReply>("Raft.RequestVote", &args);
            if WRONG == UNWRITTEN && reply.is_some_and(|reply| reply.vote_granted) {
                todo!("3A.3: become the leader");
            }
        });
    }
}

fn plan() -> Plan {
    Plan { world: World::Simulated, seed: 1, policy: Policy::Random, tracing: Tracing::Off }
}

fn run<const WRONG: u8>(test: &str) -> Outcome {
    run_case(find(test).expect("a test"), Implementation::of::<Candidate<WRONG>>(), plan())
}

fn report<const WRONG: u8>(test: &str) -> String {
    let failure = run::<WRONG>(test).failure.expect("it fails");
    lab_report::explain::untraced(find(test).expect("a test"), plan(), &failure)
}

#[test]
fn server_that_does_not_stand_is_told_that() {
    for test in
        ["leader_says_so_at_once_3a", "majority_of_four_3a", "term_from_append_reply_3a", "commit_is_told_3b"]
    {
        let report = report::<IDLE>(test);
        assert!(report.contains(": S0 did not stand for election\n"), "{report}");
        assert!(report.contains("Rules for followers 2)\n"), "{report}");
        assert!(report.contains("often:  no thread that looks at the election timer"), "{report}");
    }
}

#[test]
fn candidate_that_counts_no_votes_is_told_that() {
    for test in ["leader_says_so_at_once_3a", "term_from_append_reply_3a", "commit_is_told_3b"] {
        let report = report::<COUNTS_NONE>(test);
        assert!(report.contains("S0 does not lead, though "), "{report}");
        assert!(report.contains("votes from a majority of the servers becomes leader"), "{report}");
        assert!(report.contains("voted for it, and it for itself\n"), "{report}");
        assert!(report.contains("often:  more asked for than a majority"), "{report}");
    }
}

#[test]
fn candidate_that_asks_some_only_is_told_that() {
    for test in ["leader_says_so_at_once_3a", "majority_of_four_3a"] {
        let report = report::<ASKS_ONE>(test);
        assert!(report.contains(": S0 stands for election and does not ask S1 for its vote\n"), "{report}");
        assert!(report.contains("it has asked S2\n"), "{report}");
    }
}

#[test]
fn follower_that_refuses_its_leader_is_told_that() {
    for test in ["old_leader_refused_3a", "term_never_goes_back_3a", "other_previous_term_3b"] {
        let report = report::<IDLE>(test);
        assert!(report.contains("succeeds if the log has the entry before the new ones"), "{report}");
        assert!(report.contains("often:  prevLogIndex 0 looked up in the log"), "{report}");
    }
    let report = report::<IDLE>("one_vote_per_term_3a");
    assert!(report.contains("a vote that is free goes to a candidate"), "{report}");
}

/// Whoever counts wrong comes to what a leader does, and is told to write that.
#[test]
fn place_that_should_not_be_reached_is_called_so() {
    for test in ["late_votes_do_not_count_3a", "votes_start_anew_3a"] {
        let report = report::<UNWRITTEN>(test);
        assert!(report.contains(": \"3A.3: become the leader\" is still to be written (at "), "{report}");
    }
    let report = report::<UNWRITTEN>("late_votes_do_not_count_3a");
    assert!(report.contains("reached:  by a mistake: it should not be, in this test\n"), "{report}");
    assert!(
        report.contains("expected: S0 does not become leader: S1's vote was for an earlier term\n"),
        "{report}"
    );
    assert!(report.contains("often:  a reply is not compared with the term"), "{report}");
}

/// The tests of sentences seldom ask a server for its state: what it sends shows it.
#[test]
fn server_is_seen_in_what_it_sends() {
    let report = report::<UNWRITTEN>("late_votes_do_not_count_3a");
    assert!(report.contains("servers, as last seen:\n  S0 candidate, term 2, applied 0\n"), "{report}");
}
