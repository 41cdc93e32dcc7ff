//! Golden reports: what a student reads for each kind of failure, from small implementations that are wrong on purpose.
//!
//! Times and line numbers are shown as `#`. `UPDATE_EXPECT=1 cargo test -p lab --test reports` writes the reports anew;
//! read them before you commit them.

use std::sync::atomic::{AtomicBool, Ordering};

use super::common::{Boaster, Fault, Whimsical, Wrong, named};
use expect_test::{Expect, expect};
use kvraft::Reference;
use kvraft_interface::{AnyClerk, AnyService, KeyValue, Reads, ServiceSetup};
use lab::suites::find;
use lab::{Implementation, Lab, Origin, Part, Plan, TestCase, World, run_case};
use lab_report::REPORT_MAX;
use labrpc::network::ClientEnd;
use labrpc::sim::{Policy, Tracing};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::Duration;
use raft_interface::{Index, ServerId, Term};

fn plan(seed: u64) -> Plan {
    Plan { world: World::Simulated, seed, policy: Policy::Random, tracing: Tracing::Off }
}

fn report_of(case: &TestCase, implementation: Implementation, seed: u64) -> String {
    let outcome = run_case(case, implementation, plan(seed));
    let report = lab_report::explain(case, implementation, plan(seed), &outcome);
    let file = lab_runs::artifacts::directory(case.name, seed).join("report.md");
    let file = std::fs::read_to_string(file).expect("a report");
    assert_eq!(
        file,
        format!("```text\n{}\n```\n", report.trim_end()),
        "the file and the terminal show the same"
    );
    // RUST_BACKTRACE=1 asks for a stack, which follows the report.
    let report = report.split("\nstack:\n").next().unwrap_or_default().to_owned();
    assert!(report.chars().count() <= REPORT_MAX, "{} characters:\n{report}", report.chars().count());
    report
}

fn check(test: &str, implementation: Implementation, seed: u64, expected: &Expect) {
    let report = report_of(find(test).expect("a test"), implementation, seed);
    expected.assert_eq(&steady(&report));
}

/// Without what changes whenever some file or schedule does: line numbers, and the digits of times.
fn steady(report: &str) -> String {
    let mut out = String::new();
    for line in report.lines() {
        let words: Vec<String> = line.split(' ').map(steady_word).collect();
        out += &(words.join(" ") + "\n");
    }
    out
}

fn steady_word(word: &str) -> String {
    let is_time = word.split_once('.').is_some_and(|(seconds, parts)| {
        parts.len() == 6 && format!("{seconds}{parts}").chars().all(|letter| letter.is_ascii_digit())
    });
    if is_time {
        return word.replace(|letter: char| letter.is_ascii_digit(), "#");
    }
    match word.split_once(".rs:") {
        Some((file, place)) => {
            let rest = place.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ':');
            let colon = if place.ends_with(':') { ":" } else { "" };
            format!("{file}.rs:#{colon}{rest}")
        }
        None => word.to_owned(),
    }
}

#[test]
fn a_broken_rule() {
    check(
        "initial_election_3a",
        Implementation::of::<Wrong<Boaster>>(),
        101,
        &expect![[r#"
        initial_election_3a: two leaders in term 1: S0 and S1
          when:     seed 0x65, #.###### s of virtual time, on S0 and S1, term 1
          rule:     Election Safety: at most one leader per term (Fig. 3, §5.2)
          expected: S0 was seen leading term 1, so nobody else ever leads it
          seen:     S1: get_state says that it leads, in term 1
          the test: a leader is elected and stays
        servers, as last seen:
          S0 leader, term 1, applied 0
          S1 S2 follower, term 0, applied 0
        what happened before:
            #.###### s  S0 starts
            #.###### s  S1 starts
            #.###### s  S2 starts
            #.###### s  S0 leads term 1
        often:  votes counted wrong, a vote given twice in a term, or term and vote lost in a crash
        replay: cargo lab replay initial_election_3a 0x65
        trace:  target/lab/initial_election_3a/0x65/
    "#]],
    );
}

/// Two tests of one name may fail at the same time, in two terminals or for two implementations. Whoever reads their
/// files meanwhile finds each of them whole.
#[test]
fn files_that_are_written_twice_at_once_are_whole() {
    let case = find("initial_election_3a").expect("a test");
    let implementation = Implementation::of::<Wrong<Boaster>>();
    let outcome = run_case(case, implementation, plan(110));
    let write = || lab_report::explain(case, implementation, plan(110), &outcome);
    write();
    let is_over = AtomicBool::new(false);
    let read = |name: &str, end: &str| {
        let path = lab_runs::artifacts::directory(case.name, 110).join(name);
        while !is_over.load(Ordering::Relaxed) {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(text.ends_with(end), "{name} has {} bytes", text.len());
        }
    };
    thread::scope(|scope| {
        for (name, end) in
            [("report.md", "```\n"), ("run.json", "}\n"), ("trace.jsonl", "}\n"), ("log.txt", "\n")]
        {
            scope.spawn(move || read(name, end));
        }
        let writers = [(); 2].map(|()| scope.spawn(|| (0..10).for_each(|_| drop(write()))));
        let ended = writers.map(|writer| writer.join());
        is_over.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok));
    });
}

/// Never does anything.
#[derive(Clone)]
struct Idler;

impl Fault for Idler {
    fn make(_: ServerId) -> Self {
        named("ticker", || {
            loop {
                thread::sleep(Duration::from_millis(100));
            }
        });
        Self
    }
}

#[test]
fn an_expectation_that_was_waited_for_in_vain() {
    check(
        "initial_election_3a",
        Implementation::of::<Wrong<Idler>>(),
        102,
        &expect![[r#"
            initial_election_3a: no leader was elected within 5 s
              when:     seed 0x66, #.###### s of virtual time, at tests/suites/src/part_3a.rs:#
              expected: a leader among S0, S1, S2, which are connected
              seen:     none of them says that it leads
              the test: a leader is elected and stays
            servers, as last seen:
              S0-S2 follower, term 0, applied 0
            threads:
              S0-S2 service waits for a message from a channel at tests/harness/src/cluster/service.rs:#
              S0-S2 ticker waits for the end of a sleep at tests/tests/program/reports.rs:#
              tester thread waits for the end of a sleep at tests/harness/src/cluster/builder.rs:#
            what happened before:
                #.###### s  S0 starts
                #.###### s  S1 starts
                #.###### s  S2 starts
            often:  candidates that split the vote, votes not granted, or a server that is stuck
            replay: cargo lab replay initial_election_3a 0x66
            trace:  target/lab/initial_election_3a/0x66/
        "#]],
    );
}

/// Fails an assertion in a thread of its own.
#[derive(Clone)]
struct Panicker;

impl Fault for Panicker {
    fn make(me: ServerId) -> Self {
        named("applier", move || {
            thread::sleep(Duration::from_millis(100 * me as u64));
            let log: Vec<u64> = Vec::new();
            assert!(me != 2 || log.len() > 3, "entry 3 is not in the log");
        });
        Self
    }
}

#[test]
fn a_panic_of_a_server() {
    check(
        "initial_election_3a",
        Implementation::of::<Wrong<Panicker>>(),
        103,
        &expect![[r#"
            initial_election_3a: S2/applier panicked at tests/tests/program/reports.rs:#: entry 3 is not in the log
              when:     seed 0x67, #.###### s of virtual time
              the test: a leader is elected and stays
            servers, as last seen:
              S0-S2 follower, term 0, applied 0
            what happened before:
                #.###### s  S0 starts
                #.###### s  S1 starts
                #.###### s  S2 starts
            replay: cargo lab replay initial_election_3a 0x67
            trace:  target/lab/initial_election_3a/0x67/
        "#]],
    );
}

/// Two threads take two locks in two orders.
#[derive(Clone)]
struct Crossed {
    log: Arc<Mutex<()>>,
}

impl Fault for Crossed {
    fn make(_: ServerId) -> Self {
        let (log, votes) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        for (name, one, other) in [("ticker", &log, &votes), ("applier", &votes, &log)] {
            let (one, other) = (Arc::clone(one), Arc::clone(other));
            named(name, move || {
                let _one = one.lock();
                thread::sleep(Duration::from_millis(10));
                let _other = other.lock();
            });
        }
        Self { log }
    }

    fn get_state(&self) -> (Term, bool) {
        let _log = self.log.lock();
        (0, false)
    }
}

#[test]
fn a_deadlock() {
    check(
        "initial_election_3a",
        Implementation::of::<Wrong<Crossed>>(),
        104,
        &expect![[r#"
            initial_election_3a: deadlock: S0/ticker, S0/applier wait for each other in a circle
              when:     seed 0x68, #.###### s of virtual time
              the test: a leader is elected and stays
            a deadlock:
              S0/ticker waits for a lock at tests/tests/program/reports.rs:#, which S0/applier holds; holds the lock taken at tests/tests/program/reports.rs:#
              S0/applier waits for a lock at tests/tests/program/reports.rs:#, which S0/ticker holds; holds the lock taken at tests/tests/program/reports.rs:#
            servers, as last seen:
              S0-S2 follower, term 0, applied 0
            threads:
              S0-S2 applier waits for a lock at tests/tests/program/reports.rs:#, which its ticker holds; holds the lock taken at tests/tests/program/reports.rs:#
              S0-S2 ticker waits for a lock at tests/tests/program/reports.rs:#, which its applier holds; holds the lock taken at tests/tests/program/reports.rs:#
              tester main waits for a lock at tests/tests/program/reports.rs:#, which S0/ticker holds
              tester thread waits for a lock at tests/tests/program/reports.rs:#, which S0/ticker holds
              S0-S2 service waits for a message from a channel at tests/harness/src/cluster/service.rs:#
            what happened before:
                #.###### s  S0 starts
                #.###### s  S1 starts
                #.###### s  S2 starts
            often:  a lock that is held across a call, a send or a wait; or a notification that comes too early
            replay: cargo lab replay initial_election_3a 0x68
            trace:  target/lab/initial_election_3a/0x68/
        "#]],
    );
}

/// Sleeps with a lock in its hands.
#[derive(Clone)]
struct Sleeper(Arc<Mutex<()>>);

impl Fault for Sleeper {
    fn make(_: ServerId) -> Self {
        let lock = Arc::new(Mutex::new(()));
        let held = Arc::clone(&lock);
        named("heartbeat", move || {
            let _held = held.lock();
            loop {
                thread::sleep(Duration::from_millis(100));
            }
        });
        Self(lock)
    }

    fn get_state(&self) -> (Term, bool) {
        let _state = self.0.lock();
        (0, false)
    }
}

#[test]
fn a_test_that_does_not_end() {
    check(
        "initial_election_3a",
        Implementation::of::<Wrong<Sleeper>>(),
        105,
        &expect![[r#"
            initial_election_3a: the test did not end within 120 s of virtual time: the scenario waits for a lock that S0/heartbeat holds
              when:     seed 0x69, ###.###### s of virtual time
              the test: a leader is elected and stays
            servers, as last seen:
              S0-S2 follower, term 0, applied 0
            threads:
              S0 heartbeat can run; holds the lock taken at tests/tests/program/reports.rs:#
              S1 S2 heartbeat waits for the end of a sleep at tests/tests/program/reports.rs:#; holds the lock taken at tests/tests/program/reports.rs:#
              tester main waits for a lock at tests/tests/program/reports.rs:#, which S0/heartbeat holds
              tester thread waits for a lock at tests/tests/program/reports.rs:#, which S0/heartbeat holds
              S0-S2 service waits for a message from a channel at tests/harness/src/cluster/service.rs:#
            what happened before:
                #.###### s  S0 starts
                #.###### s  S1 starts
                #.###### s  S2 starts
            often:  a lock that is held across a call, a send or a wait; or a notification that comes too early
            replay: cargo lab replay initial_election_3a 0x69
            trace:  target/lab/initial_election_3a/0x69/
        "#]],
    );
}

/// Polls.
#[derive(Clone)]
struct Poller;

impl Fault for Poller {
    fn make(_: ServerId) -> Self {
        named("poller", || {
            loop {
                thread::yield_now();
            }
        });
        Self
    }
}

#[test]
fn a_loop_that_polls() {
    let few_steps = TestCase { steps_max: 100_000, ..*find("initial_election_3a").expect("a test") };
    let report = report_of(&few_steps, Implementation::of::<Wrong<Poller>>(), 106);
    let expected = expect![[r#"
        initial_election_3a: 100000 steps, and no end: a livelock, or a loop that polls
          when:     seed 0x6a
          the test: a leader is elected and stays
        busiest threads:
          S1/poller took 3403 of the last 10000 steps
          S2/poller took 3330 of the last 10000 steps
          S0/poller took 3267 of the last 10000 steps
        servers, as last seen:
          S0-S2 follower, term 0, applied 0
        threads:
          S0-S2 poller can run
          S0-S2 service waits for a message from a channel at tests/harness/src/cluster/service.rs:#
          tester thread waits for the end of a sleep at tests/harness/src/cluster/builder.rs:#
        what happened before:
            #.###### s  S0 starts
            #.###### s  S1 starts
            #.###### s  S2 starts
        often:  a loop that does not sleep or wait; two servers that answer each other for ever
        replay: cargo lab replay initial_election_3a 0x6a
        trace:  target/lab/initial_election_3a/0x6a/
    "#]];
    expected.assert_eq(&steady(&report));
}

#[test]
fn a_run_that_cannot_be_replayed() {
    check(
        "initial_election_3a",
        Implementation::of::<Wrong<Whimsical>>(),
        107,
        &expect![[r#"
            initial_election_3a: no leader was elected within 5 s
              when:     seed 0x6b, #.###### s of virtual time, at tests/suites/src/part_3a.rs:#
              expected: a leader among S0, S1, S2, which are connected
              seen:     none of them says that it leads
              the test: a leader is elected and stays
              not replayable: another run of this seed went another way
              they differ first at event 48:
                one run: #48 0.151004s S0/ticker Exit at labrpc/src/sim/run.rs:#
                another: #48 0.154004s S0/ticker Exit at labrpc/src/sim/run.rs:#
              culprits: iteration over a HashMap, Instant::now(), thread::spawn or rand::rng() of the real world,
                a static that outlives a run, an address that is printed or compared
            servers, as last seen:
              S0-S2 follower, term 0, applied 0
            threads:
              S0-S2 service waits for a message from a channel at tests/harness/src/cluster/service.rs:#
              tester thread waits for the end of a sleep at tests/harness/src/cluster/builder.rs:#
            what happened before:
                #.###### s  S0 starts
                #.###### s  S1 starts
                #.###### s  S2 starts
            often:  candidates that split the vote, votes not granted, or a server that is stuck
            replay: cargo lab replay initial_election_3a 0x6b
            trace:  target/lab/initial_election_3a/0x6b/
        "#]],
    );
}

/// The reference with a clerk that remembers the first value it read, and never asks again.
struct Stale;

impl KeyValue for Stale {
    type Raft = raft::Raft;

    fn make(setup: ServiceSetup<raft::Raft>) -> Arc<dyn AnyService> {
        Reference::<raft::Raft>::make(setup)
    }

    fn clerk(ends: Vec<ClientEnd>, reads: Reads) -> Box<dyn AnyClerk> {
        Box::new(StaleClerk { inner: Reference::<raft::Raft>::clerk(ends, reads), first: None })
    }

    fn snapshot_index(snapshot: &[u8]) -> Option<Index> {
        Reference::<raft::Raft>::snapshot_index(snapshot)
    }
}

struct StaleClerk {
    inner: Box<dyn AnyClerk>,
    first: Option<(String, u64)>,
}

impl AnyClerk for StaleClerk {
    fn get(&mut self, key: &str) -> Result<Option<(String, u64)>, kvraft_interface::ClerkError> {
        if self.first.is_none() {
            self.first = self.inner.get(key)?;
        }
        Ok(self.first.clone())
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), kvraft_interface::ClerkError> {
        self.inner.put(key, value)
    }

    fn append(&mut self, key: &str, tail: &str) -> Result<(), kvraft_interface::ClerkError> {
        self.inner.append(key, tail)
    }

    fn put_if(&mut self, key: &str, value: &str, version: u64) -> Result<(), kvraft_interface::ClerkError> {
        self.inner.put_if(key, value, version)
    }

    fn put_version(
        &mut self,
        key: &str,
        value: &str,
        version: u64,
    ) -> Result<(), kvraft_interface::ClerkError> {
        self.inner.put_version(key, value, version)
    }
}

#[test]
fn a_history_that_cannot_be() {
    let report = report_of(
        find("persist_partition_unreliable_linearizable_4b").or(find("concurrent_4b")).expect("a test"),
        Implementation::of_service::<Stale>(),
        108,
    );
    for part in [
        "not linearizable",
        "linearizability (Herlihy & Wing 1990",
        "often:",
        "replay: cargo lab replay persist_partition_unreliable_linearizable_4b 0x6c",
    ] {
        assert!(report.contains(part), "{part:?} is missing in:\n{report}");
    }
}

/// A deadlock of twelve threads on each of 25 servers, each at a place of its own, with long names.
#[derive(Clone)]
struct Circle(Arc<Mutex<()>>);

impl Fault for Circle {
    fn make(me: ServerId) -> Self {
        let locks: Vec<Arc<Mutex<()>>> = (0..12).map(|_| Arc::new(Mutex::new(()))).collect();
        for place in 0..12 {
            let (one, other) = (Arc::clone(&locks[place]), Arc::clone(&locks[(place + 1) % 12]));
            named(&format!("a-thread-with-quite-a-long-name-{me}-{place}"), move || {
                let _one = one.lock();
                thread::sleep(Duration::from_millis(10));
                let _other = other.lock();
            });
        }
        Self(Arc::clone(&locks[0]))
    }

    fn get_state(&self) -> (Term, bool) {
        let _log = self.0.lock();
        (0, false)
    }
}

fn many(lab: &Lab) {
    let cluster = lab.cluster(25).start();
    for server in 0..25 {
        lab.note(format!("something that takes many words happens to server {server}, ").repeat(8));
    }
    cluster.check_one_leader();
}

#[test]
fn the_longest_report_has_its_most_important_parts_within_the_limit() {
    let case = TestCase {
        name: "a_test_of_many_servers_with_a_rather_long_name_3a",
        part: Part::A3,
        points: 0,
        about: "a report that has far more to say than there is room for",
        origin: Origin::Lab,
        time_max: Duration::from_secs(120),
        steps_max: 5_000_000,
        body: many,
    };
    let report = report_of(&case, Implementation::of::<Wrong<Circle>>(), u64::MAX);
    assert!(report.chars().count() > REPORT_MAX * 3 / 4, "{} characters:\n{report}", report.chars().count());
    for part in [
        "a_test_of_many_servers_with_a_rather_long_name_3a: deadlock",
        "seed 0xffffffffffffffff",
        "which S0/a-thread-with-quite-a-long-name-0-",
        "what happened before:",
        "often:",
        "replay: cargo lab replay a_test_of_many_servers_with_a_rather_long_name_3a 0xffffffffffffffff",
        "trace:",
    ] {
        assert!(report.contains(part), "{part:?} is missing in:\n{report}");
    }
}
