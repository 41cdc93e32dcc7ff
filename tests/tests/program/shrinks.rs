//! Shrinking, from end to end: a wrong implementation fails in chaos, and what is left of that is short.

use kv_single::{Clerk, GetReply, PutArgs, Server, Single};
use kvraft::Reference;
use kvraft_interface::{SingleKv, VersionedClerk};
use lab::harness::run_subset;
use lab::hunt::shrink::{NothingToShrink, Shrunk, ShrunkRun, read, write};
use lab::shrinking::{Part, shrink, signature, story};
use lab::suites::find;
use lab::{Implementation, Plan, World, run_case};
use lab_report::page::{Page, html};
use lab_runs::actions::Subset;
use lab_runs::artifacts::TRACING;
use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sim::{Policy, Preemptions, Tracing};
use labrpc::sync::Arc;
use raft::Raft;
use raft_interface::{
    ApplyMsg, Command, Index, MemoryPersister, Persister, RaftServer, ServerId, Started, Term,
};

fn plan(seed: u64) -> Plan {
    Plan { world: World::Simulated, seed, policy: Policy::Random, tracing: Tracing::Off }
}

/// The reference on a disk that forgets: what was stored before a restart is gone after it.
#[derive(Clone)]
struct Amnesiac(Raft);

impl RaftServer for Amnesiac {
    fn make(peers: Vec<ClientEnd>, me: ServerId, _: Arc<dyn Persister>, apply: Sender<ApplyMsg>) -> Self {
        Self(Raft::make(peers, me, Arc::new(MemoryPersister::default()), apply))
    }

    fn service(&self) -> Service {
        self.0.service()
    }

    fn start(&self, command: Command) -> Started {
        self.0.start(command)
    }

    fn get_state(&self) -> (Term, bool) {
        self.0.get_state()
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        self.0.snapshot(index, data);
    }

    fn kill(&self) {
        self.0.kill();
    }
}

/// The reference, which does not say that it leads from term 3 on.
#[derive(Clone)]
struct Modest(Raft);

impl RaftServer for Modest {
    fn make(peers: Vec<ClientEnd>, me: ServerId, disk: Arc<dyn Persister>, apply: Sender<ApplyMsg>) -> Self {
        Self(Raft::make(peers, me, disk, apply))
    }

    fn service(&self) -> Service {
        self.0.service()
    }

    fn start(&self, command: Command) -> Started {
        self.0.start(command)
    }

    fn get_state(&self) -> (Term, bool) {
        let (term, leads) = self.0.get_state();
        (term, leads && term < 3)
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        self.0.snapshot(index, data);
    }

    fn kill(&self) {
        self.0.kill();
    }
}

/// The server of lab 2, which writes whatever version a put names.
struct Careless;

impl SingleKv for Careless {
    fn serve() -> Service {
        let [reader, writer] = [(); 2].map({
            let server = Server::default();
            move |()| server.clone()
        });
        Service::new("KVServer").method("Get", move |key: String| reader.on_get(&key)).method(
            "Put",
            move |put: PutArgs| {
                let version = match writer.on_get(&put.key) {
                    GetReply::Value(_, version) => version,
                    GetReply::NoKey => 0,
                };
                writer.on_put(PutArgs { version, ..put })
            },
        )
    }

    fn clerk(server: ClientEnd) -> Box<dyn VersionedClerk> {
        Box::new(Clerk::new(server))
    }
}

fn shrunk(test: &str, implementation: Implementation, seed: u64) -> Shrunk<Part> {
    let case = find(test).expect("a test");
    let reference = Implementation::of_service::<Reference<Raft>>();
    shrink(case, implementation, Some(reference), plan(seed), 300, &mut |_, _| {}).expect("a failure")
}

#[test]
fn failure_in_chaos_is_shrunk_to_a_handful_of_actions_and_replays() {
    let implementation = Implementation::of::<Amnesiac>();
    let case = find("chaos_3c").expect("a test");
    let whole = run_case(case, implementation, plan(1));
    let signature = signature(whole.failure.as_ref().expect("it fails"));
    let shrunk = shrunk("chaos_3c", implementation, 1);
    let text = story(case, plan(1), &shrunk);
    assert_eq!(shrunk.signature, signature);
    assert!(shrunk.runs <= 300, "{}", shrunk.runs);
    let left = shrunk.after.faults + shrunk.after.commands;
    assert!(left <= 6 && left < shrunk.before.faults + shrunk.before.commands, "{text}");
    assert!(text.contains("is killed") || text.contains("loses power"), "{text}");
    assert!(text.contains("--shrunk"), "{text}");

    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("shrunk");
    let choices = ShrunkRun::of("chaos_3c", plan(1), implementation.name(), &shrunk);
    write(&directory, &choices, &text).expect("files");
    let stored = read(&directory, plan(1), implementation.name()).expect("what was written");
    let again = run_subset(case, implementation, plan(1), &stored.subset());
    assert_eq!(again.fingerprint, shrunk.run.0.fingerprint);
    // Small enough for a mail: most of it are the page's own sources.
    let traced = run_subset(case, implementation, Plan { tracing: TRACING, ..plan(1) }, &stored.subset());
    let failure = traced.failure.as_ref().expect("it fails");
    let report = lab_report::explain::of_shrunk(case, plan(1), failure);
    let command = |line: &&str| line.starts_with("replay:") && line.ends_with("chaos_3c 0x1 --shrunk");
    assert!(report.lines().any(|line| command(&line)), "{report}");
    let page = Page { case, implementation, plan: plan(1), run: &traced, against: None, causes: None };
    let page = html(&page).expect("a trace");
    assert!(page.len() <= 300_000, "{} bytes", page.len());
    let file = std::fs::read_to_string(directory.join("shrunk.md")).expect("a story");
    assert!(file.contains(&text));
}

/// The first scenario expects a leader in three places, and a correct Raft without its faults fails it in the same words. The other cites
/// one rule for all that it expects, of operations of which each needs those before.
#[test]
fn what_is_left_stops_where_the_whole_run_did_and_who_is_right_passes_it() {
    let raft = Implementation::of_service::<Reference<Raft>>();
    let rows = [
        ("stale_heartbeats_3a", Implementation::of::<Modest>(), raft),
        ("reliable_put_2k", Implementation::of_single::<Careless>(), Implementation::of_single::<Single>()),
    ];
    for (test, implementation, right) in rows {
        let case = find(test).expect("a test");
        let whole =
            run_case(case, implementation, plan(1)).failure.expect("it fails").violation.expect("words");
        for reference in [None, Some(right)] {
            let shrunk =
                shrink(case, implementation, reference, plan(1), 300, &mut |_, _| {}).expect("a failure");
            let text = story(case, plan(1), &shrunk);
            let failure = shrunk.run.0.failure.as_ref().expect("it fails");
            let violation = failure.violation.as_ref().expect("words");
            assert!(whole.place.is_some() && violation.place == whole.place, "{whole:?}\n{text}");
            let fair = Subset { preemptions: Preemptions::All, ..shrunk.subset.clone() };
            assert!(run_subset(case, right, plan(1), &fair).failure.is_none(), "{text}");
            assert_eq!(shrunk.after.preemptions, 0, "{text}");
            assert_eq!(text.contains("all stay"), reference.is_none(), "{text}");
        }
    }
}

#[test]
fn stored_choices_of_another_seed_or_implementation_are_refused() {
    let implementation = Implementation::of::<Amnesiac>();
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("shrunk-other");
    let shrunk = shrunk("persist1_3c", implementation, 2);
    let choices = ShrunkRun::of("persist1_3c", plan(2), implementation.name(), &shrunk);
    write(&directory, &choices, "a story").expect("files");
    let name = implementation.name();
    assert!(read(&directory, plan(3), name).unwrap_err().contains("shrink again"));
    assert!(read(&directory, plan(2), Implementation::of::<Raft>().name()).is_err());
    assert!(read(std::path::Path::new("nowhere"), plan(2), name).unwrap_err().contains("shrink"));
}

#[test]
fn seed_that_passes_has_nothing_to_shrink() {
    let case = find("basic_agree_3b").expect("a test");
    let result = shrink(case, Implementation::of::<Raft>(), None, plan(1), 10, &mut |_, _| {});
    assert_eq!(result.err(), Some(NothingToShrink::Passes));
}

/// Whatever is left out and whatever preemptions happen: a correct Raft breaks no rule.
#[test]
fn correct_raft_breaks_no_rule_in_any_part_of_a_run() {
    let case = find("chaos_3b").expect("a test");
    let whole = run_subset(
        case,
        Implementation::of::<Raft>(),
        plan(3),
        &Subset { preemptions: Preemptions::Record, ..Subset::default() },
    );
    assert!(whole.failure.is_none() && whole.preemptions.len() > 100 && whole.actions.len() > 20);
    // Every second, every third and so on is left out. No chance is in it, so that a failure comes back.
    for keep in 2..8 {
        let names = whole.actions.iter().enumerate().filter(|(place, _)| place % keep != 0);
        let numbers: Vec<u64> =
            whole.preemptions.iter().copied().filter(|number| number % keep as u64 == 0).collect();
        let subset = Subset {
            kept: Some(Arc::new(names.map(|(_, action)| action.name.clone()).collect())),
            repairs_always: true,
            preemptions: Preemptions::Only(numbers.into()),
        };
        let part = run_subset(case, Implementation::of::<Raft>(), plan(3), &subset);
        let broken = part.failure.filter(|failure| signature(failure).is_rule());
        assert!(broken.is_none(), "{broken:?}");
    }
}

/// Recording changes nothing: the whole run is the ordinary one.
#[test]
fn recorded_run_is_the_same_run() {
    for (test, policy) in
        [("chaos_3b", Policy::Random), ("figure8_3c", Policy::Pct { depth: 3 }), ("chaos_3c", Policy::Fifo)]
    {
        let case = find(test).expect("a test");
        let plan = Plan { policy, ..plan(5) };
        let plain = run_case(case, Implementation::of::<Raft>(), plan).fingerprint;
        let subset = Subset { preemptions: Preemptions::Record, ..Subset::default() };
        assert_eq!(
            run_subset(case, Implementation::of::<Raft>(), plan, &subset).fingerprint,
            plain,
            "{test}"
        );
        // And naming every preemption is the same as letting the policy decide.
        let recorded = run_subset(case, Implementation::of::<Raft>(), plan, &subset).preemptions;
        let only = Subset { preemptions: Preemptions::Only(recorded.into()), ..Subset::default() };
        assert_eq!(run_subset(case, Implementation::of::<Raft>(), plan, &only).fingerprint, plain, "{test}");
    }
}
