//! From where on messages count entries: what a server says of its empty log decides how it is spoken to.

use std::marker::PhantomData;
use std::time::Duration;

use lab::suites::find;
use lab::{Implementation, Outcome, Plan, World, run_case};
use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sim::{Policy, Tracing};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// One in which scripts send heartbeats.
const HEARTBEATS: &str = "vote_outlives_heartbeats_3a";

/// How an index is written.
trait Written: Clone + PartialEq + Serialize + DeserializeOwned + Send + 'static {
    /// What stands for the place before the first entry.
    fn before_first() -> Self;
}

/// Entries from 0 on.
impl Written for i64 {
    fn before_first() -> Self {
        -1
    }
}

/// Whether the first is 0 or 1 shows with the first entry only.
impl Written for Option<u64> {
    fn before_first() -> Self {
        None
    }
}

/// As -1 comes out where nobody looks.
impl Written for u64 {
    fn before_first() -> Self {
        Self::MAX
    }
}

#[derive(Serialize, Deserialize)]
struct VoteArgs<I> {
    term: u64,
    candidate_id: u64,
    last_log_index: I,
    last_log_term: u64,
}

#[derive(Serialize, Deserialize)]
struct VoteReply {
    term: u64,
    vote_granted: bool,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    term: u64,
    command: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct AppendArgs<I> {
    term: u64,
    prev_log_index: I,
    prev_log_term: u64,
    entries: Vec<Entry>,
    leader_commit: I,
}

#[derive(Serialize, Deserialize)]
struct AppendReply {
    term: u64,
    success: bool,
}

/// A server that stands for election, and takes heartbeats of who has an empty log, and no entries.
#[derive(Clone)]
struct Stands<I> {
    term: Arc<Mutex<u64>>,
    index: PhantomData<fn() -> I>,
}

impl<I: Written> RaftServer for Stands<I> {
    fn make(peers: Vec<ClientEnd>, _: ServerId, _: Arc<dyn Persister>, _: Sender<ApplyMsg>) -> Self {
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            for peer in &peers[1..] {
                let last_log_index = I::before_first();
                let args = VoteArgs { term: 1, candidate_id: 0, last_log_index, last_log_term: 0 };
                let _: Option<VoteReply> = peer.call("Raft.RequestVote", &args);
            }
        });
        Self { term: Arc::default(), index: PhantomData }
    }

    fn service(&self) -> Service {
        let (own, seen) = (self.term.clone(), self.term.clone());
        let on_append = move |args: AppendArgs<I>| {
            let mut term = own.lock();
            *term = args.term.max(*term);
            let is_after_nothing = args.prev_log_index == I::before_first();
            AppendReply {
                term: *term,
                success: args.term == *term && is_after_nothing && args.entries.is_empty(),
            }
        };
        let on_vote = move |args: VoteArgs<I>| {
            let mut term = seen.lock();
            let vote_granted = args.term > *term;
            *term = args.term.max(*term);
            VoteReply { term: *term, vote_granted }
        };
        Service::new("Raft").method("RequestVote", on_vote).method("AppendEntries", on_append)
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

fn run<R: RaftServer>(test: &str, world: World) -> Outcome {
    run_case(find(test).expect("a test"), Implementation::of::<R>(), plan(world))
}

fn plan(world: World) -> Plan {
    Plan { world, seed: 1, policy: Policy::Random, tracing: Tracing::Off }
}

#[test]
fn report_says_how_messages_count_if_not_as_it_does() {
    const TEST: &str = "repeated_requests_3b";
    for world in [World::Simulated, World::Real] {
        let failure = run::<Stands<i64>>(TEST, world).failure.expect("it takes no entries");
        let report = lab_report::explain::untraced(find(TEST).expect("a test"), plan(world), &failure);
        assert!(
            report.contains("note:   entries are counted from 1 here") && report.contains("from 0 in"),
            "{report}"
        );
    }
}

#[test]
fn scripts_count_entries_as_the_server_does() {
    for world in [World::Simulated, World::Real] {
        let outcome = run::<Stands<i64>>(HEARTBEATS, world);
        assert!(outcome.skipped.is_none() && outcome.failure.is_none(), "{outcome:?}");
    }
}

#[test]
fn who_counts_in_a_way_that_nobody_knows_is_skipped() {
    for world in [World::Simulated, World::Real] {
        for outcome in [run::<Stands<Option<u64>>>(HEARTBEATS, world), run::<Stands<u64>>(HEARTBEATS, world)]
        {
            assert!(outcome.failure.is_none(), "{outcome:?}");
            let why = outcome.skipped.expect("it is skipped");
            assert!(why.starts_with("with an empty log, last_log_index is neither 0,"), "{why}");
        }
    }
}
