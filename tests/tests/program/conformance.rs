//! The conformance bench and implementations whose types it does not have: one that votes, one that votes wrong, and one
//! whose messages bear other names.

use std::marker::PhantomData;

use lab::suites::find;
use lab::{Implementation, Outcome, Plan, World, run_case};
use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sim::{Policy, Tracing};
use labrpc::sync::{Arc, Mutex};
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The fields in another order and of other widths than the reference's, and one more.
#[derive(Clone, Serialize, Deserialize)]
struct VoteArgs {
    last_log_term: u32,
    last_log_index: u16,
    candidate_id: u8,
    pre_vote: Option<bool>,
    term: u32,
}

#[derive(Clone, Serialize, Deserialize)]
struct VoteReply {
    vote_granted: bool,
    why: String,
    term: u32,
}

#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    payload: Vec<u8>,
    term: u32,
}

/// Without a leader's id: nobody redirects clients.
#[derive(Clone, Serialize, Deserialize)]
struct AppendArgs<E> {
    entries: Vec<E>,
    term: u32,
    leader_commit: u32,
    prev_log_index: u32,
    prev_log_term: u32,
}

#[derive(Clone, Serialize, Deserialize)]
struct AppendReply {
    success: bool,
    term: u32,
}

/// A server that can nothing but vote, in the names of the paper or, with `GO`, in those of MIT's Go; with `WRONG`, for
/// everybody who asks.
#[derive(Clone)]
struct Voter<const GO: bool, const WRONG: bool> {
    vote: Arc<Mutex<(u32, Option<u8>)>>,
}

impl<const GO: bool, const WRONG: bool> RaftServer for Voter<GO, WRONG> {
    fn make(_: Vec<ClientEnd>, _: ServerId, _: Arc<dyn Persister>, _: Sender<ApplyMsg>) -> Self {
        Self { vote: Arc::default() }
    }

    fn service(&self) -> Service {
        let (vote, terms) = (self.vote.clone(), self.vote.clone());
        let on_vote = move |args: VoteArgs| {
            // A field that the bench does not know has to come as absent, not as an error.
            assert!(args.pre_vote.is_none(), "nobody has said so");
            let (term, voted_for) = &mut *vote.lock();
            if args.term > *term {
                (*term, *voted_for) = (args.term, None);
            }
            let vote_granted =
                WRONG || args.term == *term && voted_for.is_none_or(|id| id == args.candidate_id);
            if vote_granted {
                *voted_for = Some(args.candidate_id);
            }
            VoteReply { vote_granted, why: "so".into(), term: *term }
        };
        let on_append = move |args: AppendArgs<Entry>| {
            let mut vote = terms.lock();
            if args.term > vote.0 {
                *vote = (args.term, None);
            }
            AppendReply { success: args.term == vote.0, term: vote.0 }
        };
        if GO {
            return Service::new("Raft").method("RequestVote", |args: GoVoteArgs| args);
        }
        Service::new("Other").method("RequestVote", on_vote).method("AppendEntries", on_append)
    }

    fn start(&self, _: Command) -> Started {
        Started { index: 0, term: self.get_state().0, is_leader: false }
    }

    fn get_state(&self) -> (Term, bool) {
        (self.vote.lock().0.into(), false)
    }

    fn snapshot(&self, _: Index, _: Vec<u8>) {}

    fn kill(&self) {}
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GoVoteArgs {
    term: u64,
    candidate_id: u64,
    last_log_index: u64,
    last_log_term: u64,
}

/// An entry that says of which kind it is, by a number: in some Raft 0 is one that delivers nothing.
#[derive(Clone, Serialize, Deserialize)]
struct TypedEntry {
    term: u32,
    command: Vec<u8>,
    index: u32,
    entry_type: i8,
}

/// One that may say where it comes from.
#[derive(Clone, Serialize, Deserialize)]
struct TracedEntry {
    term: u32,
    command: Option<Vec<u8>>,
    client: Option<u32>,
}

/// One that says no more than Figure 2, and its index.
#[derive(Clone, Serialize, Deserialize)]
struct PlainEntry {
    term: u32,
    command: Vec<u8>,
    index: u32,
}

/// A server that says yes to entries like these and forgets them.
#[derive(Clone)]
struct Forgetful<E> {
    term: Arc<Mutex<u32>>,
    entries: PhantomData<fn() -> E>,
}

impl<E: Clone + Serialize + DeserializeOwned + 'static> RaftServer for Forgetful<E> {
    fn make(_: Vec<ClientEnd>, _: ServerId, _: Arc<dyn Persister>, _: Sender<ApplyMsg>) -> Self {
        Self { term: Arc::default(), entries: PhantomData }
    }

    fn service(&self) -> Service {
        let own = self.term.clone();
        let on_append = move |args: AppendArgs<E>| {
            let mut term = own.lock();
            *term = args.term.max(*term);
            AppendReply { success: args.term == *term, term: *term }
        };
        let on_vote = |args: VoteArgs| VoteReply { vote_granted: false, why: "so".into(), term: args.term };
        Service::new("Raft").method("RequestVote", on_vote).method("AppendEntries", on_append)
    }

    fn start(&self, _: Command) -> Started {
        Started { index: 0, term: self.get_state().0, is_leader: false }
    }

    fn get_state(&self) -> (Term, bool) {
        ((*self.term.lock()).into(), false)
    }

    fn snapshot(&self, _: Index, _: Vec<u8>) {}

    fn kill(&self) {}
}

fn run<R: RaftServer>(test: &str, world: World) -> Outcome {
    let plan = Plan { world, seed: 1, policy: Policy::Random, tracing: Tracing::Off };
    run_case(find(test).expect("a test"), Implementation::of::<R>(), plan)
}

#[test]
fn server_with_types_of_its_own_is_tested() {
    for world in [World::Simulated, World::Real] {
        for test in ["one_vote_per_term_3a", "vote_outlives_heartbeats_3a", "term_from_requests_3a"] {
            let outcome = run::<Voter<false, false>>(test, world);
            assert!(outcome.failure.is_none() && outcome.skipped.is_none(), "{test}: {outcome:?}");
        }
    }
}

#[test]
fn broken_rule_is_named() {
    for world in [World::Simulated, World::Real] {
        let outcome = run::<Voter<false, true>>("one_vote_per_term_3a", world);
        let violation = outcome.failure.and_then(|failure| failure.violation).expect("a violation");
        assert!(
            violation.rule.is_some_and(|rule| rule.contains("Fig. 2, RequestVote, receiver 2")),
            "{violation:?}"
        );
        assert!(violation.headline.contains("S0 granted S2's request for a vote in term 5"), "{violation:?}");
    }
}

#[test]
fn server_with_other_field_names_is_skipped_with_a_note() {
    for world in [World::Simulated, World::Real] {
        let outcome = run::<Voter<true, false>>("one_vote_per_term_3a", world);
        assert!(outcome.failure.is_none(), "{outcome:?}");
        let why = outcome.skipped.expect("it is skipped");
        assert!(
            why.starts_with("the arguments of Raft.RequestVote have no field term, but Term, CandidateId, "),
            "{why}"
        );
        assert!(why.ends_with("tell it with Implementation::with_names)"), "{why}");
    }
}

/// What is in an entry and no script knows would be made up, and judged.
#[test]
fn server_whose_entries_say_more_is_skipped_with_a_note() {
    for world in [World::Simulated, World::Real] {
        let outcome = run::<Forgetful<TypedEntry>>("repeated_requests_3b", world);
        assert!(outcome.failure.is_none(), "{outcome:?}");
        let why = outcome.skipped.expect("it is skipped");
        assert_eq!(
            why,
            "the arguments of Raft.AppendEntries have a field entries.entry_type, of which scripted peers know nothing"
        );
        // Nothing is made up in a heartbeat.
        let outcome = run::<Forgetful<TypedEntry>>("term_from_requests_3a", world);
        assert!(outcome.skipped.is_none_or(|why| !why.contains("entry_type")));
        // It may go on without what its type can leave out, so it is tried.
        let outcome = run::<Forgetful<TracedEntry>>("repeated_requests_3b", world);
        assert!(outcome.failure.is_none(), "{outcome:?}");
        assert!(outcome.skipped.is_some_and(|why| why.contains("a field entries.client,")));
        let outcome = run::<Forgetful<PlainEntry>>("repeated_requests_3b", world);
        assert!(outcome.failure.is_some(), "it forgets what it was told in full: {outcome:?}");
    }
}
