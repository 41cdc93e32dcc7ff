//! A cluster of one: threads, steps, saves that fail, crashes and kills, without a network.

use std::time::Duration;

use labrpc::channel::{self, Receiver};
use labrpc::sim::Sim;
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::Instant;
use raft_interface::{
    ApplyMsg, Configuration, Features, MemoryPersister, OwnEntry, Persister, RaftServer, SaveError,
    SavePoint, Started,
};

use crate::config::Config;
use crate::entry::Entry;
use crate::log::Log;
use crate::node::Raft;
use crate::persist::{CorruptState, Journal, Restored};
use crate::read::ReadError;
use crate::rpc::{RequestVoteArgs, RequestVoteReply};
use crate::state::{Moment, State};
use crate::status::RoleName;

const MS: Duration = Duration::from_millis(1);

/// Runs the body on real threads, and in a few simulations.
fn in_both_worlds(body: impl Fn() + Send + Sync + Clone + 'static) {
    body();
    for seed in 0..20 {
        let body = body.clone();
        Sim::new(seed).run(body).unwrap_or_else(|failure| panic!("{failure}"));
    }
}

/// A server that soon leads itself.
fn server(disk: &Arc<MemoryPersister>) -> (Raft, Receiver<ApplyMsg>) {
    server_with_room(disk, None)
}

/// The same, with an apply channel that holds so many messages.
fn server_with_room(disk: &Arc<MemoryPersister>, room: Option<usize>) -> (Raft, Receiver<ApplyMsg>) {
    let config = Config {
        heartbeat_interval: 10 * MS,
        election_timeout_min: 40 * MS,
        election_timeout_max: 60 * MS,
        network_delay_max: MS,
        retry_pause: MS,
        commit_notice: MS,
        features: Features::default(),
    };
    let (apply, applied) = room.map_or_else(channel::unbounded, channel::bounded);
    let raft = Raft::launch(config, 1, Vec::new(), 0, disk.clone(), apply).expect("a sound disk");
    (raft, applied)
}

fn wait_until_leader(raft: &Raft) {
    while !raft.get_state().1 {
        thread::sleep(MS);
    }
}

/// Waits until something is delivered. Polls, so as to need no deadline of the channel.
fn next(applied: &Receiver<ApplyMsg>) -> ApplyMsg {
    loop {
        match applied.try_recv() {
            Ok(message) => return message,
            Err(_) => thread::sleep(MS),
        }
    }
}

/// Kills the server and waits until all its threads have ended: each holds the node while it runs.
fn kill(raft: Raft) {
    raft.kill();
    let threads = Arc::downgrade(&raft.node);
    drop(raft);
    for _ in 0..1000 {
        if threads.strong_count() == 0 {
            return;
        }
        thread::sleep(MS);
    }
    panic!("{} threads of a killed server are left", threads.strong_count());
}

fn command(index: u64, term: u64, text: &str) -> ApplyMsg {
    ApplyMsg::Command { index, term, command: text.as_bytes().into() }
}

fn start(raft: &Raft, text: &str) -> Started {
    raft.start(text.as_bytes().into())
}

/// What is stored may be whole and still be of another cluster.
#[test]
fn stored_configuration_of_servers_that_are_not_there_is_an_error() {
    let disk = MemoryPersister::new();
    let configuration = Configuration::of([0, 1, 63].into_iter().collect());
    let entry = Entry::own(1, OwnEntry::Configuration(configuration));
    let restored = Restored::of(1, Log::new(0, 0, vec![entry]));
    let mut state = State::new(0, 64, Config::default(), restored, &Moment::now());
    Journal::default().save(&mut state, &disk).expect("a save in memory");
    let (apply, _applied) = channel::unbounded();
    let made = Raft::launch(Config::default(), 1, Vec::new(), 0, Arc::new(disk), apply);
    let error = made.expect_err("it is of another cluster").to_string();
    assert!(error.contains("a configuration names nobody, or a server that is not there"), "{error}");
}

/// A step that could not be saved never was, though it is in memory.
#[test]
fn nobody_who_waits_sees_what_was_not_saved() {
    in_both_worlds(|| {
        let disk = Arc::new(MemoryPersister::new());
        let (raft, _applied) = server(&disk);
        wait_until_leader(&raft);
        let waiter = raft.clone();
        let waits = thread::spawn(move || {
            waiter.wait_until(Instant::now() + 100_000 * MS, |status| status.commit_index >= 1)
        });
        thread::sleep(5 * MS);
        disk.set_hook(Some(Arc::new(|point| match point {
            SavePoint::Before => Err(SaveError("full".into())),
            SavePoint::After => Ok(()),
        })));
        assert!(!start(&raft, "a").is_leader);
        assert_eq!(waits.join().expect("no panic"), None);
        kill(raft);
    });
}

#[test]
fn whoever_waits_for_a_status_gets_it_once_and_in_time() {
    in_both_worlds(|| {
        let disk = Arc::new(MemoryPersister::new());
        let (raft, _applied) = server(&disk);
        let leads = raft.wait_until(Instant::now() + 1000 * MS, |status| status.role == RoleName::Leader);
        assert_eq!(leads.map(|status| (status.term, status.leader)), Some((1, Some(0))));
        let starter = raft.clone();
        let started = thread::spawn(move || {
            thread::sleep(5 * MS);
            start(&starter, "a")
        });
        let applied = raft.wait_until(Instant::now() + 1000 * MS, |status| status.last_applied == 1);
        assert_eq!(applied.map(|status| status.commit_index), Some(1));
        assert!(started.join().expect("no panic").is_leader);
        assert_eq!(raft.wait_until(Instant::now() + 5 * MS, |status| status.term > 1), None, "too late");
        let report = raft.report();
        assert_eq!((report.elections, report.leader_changes, report.peers.len()), (1, 1, 0));
        assert_eq!(report.configuration.to_string(), "{S0}");
        let waiter = raft.clone();
        let waits = thread::spawn(move || waiter.wait_until(Instant::now() + 100_000 * MS, |_| false));
        thread::sleep(5 * MS);
        raft.kill();
        assert_eq!(waits.join().expect("no panic"), None, "a killed server never changes");
        kill(raft);
    });
}

#[test]
fn it_elects_itself_applies_in_order_and_remembers() {
    in_both_worlds(|| {
        let disk = Arc::new(MemoryPersister::new());
        let (raft, applied) = server(&disk);
        assert!(!start(&raft, "too early").is_leader);
        wait_until_leader(&raft);
        assert_eq!((raft.leader_hint(), raft.read_index()), (Some(0), Err(ReadError::NothingCommitted)));
        for (index, text) in [(1, "a"), (2, "b"), (3, "c")] {
            assert_eq!(start(&raft, text), Started { index, term: 1, is_leader: true });
            assert_eq!(next(&applied), command(index, 1, text));
        }
        assert_eq!(raft.read_index(), Ok(3));
        raft.snapshot(2, b"a and b".to_vec());
        kill(raft);
        assert_eq!(disk.snapshot(), b"a and b");

        let (raft, applied) = server(&Arc::new(disk.copy()));
        wait_until_leader(&raft);
        start(&raft, "d");
        assert_eq!((next(&applied), next(&applied)), (command(3, 1, "c"), command(4, 2, "d")));
        let status = raft.status();
        assert_eq!((status.snapshot_index, status.commit_index, status.role), (2, 4, RoleName::Leader));
        kill(raft);
    });
}

/// A killed server ends its threads, even an applier whose service does not listen.
#[test]
fn kill_frees_a_blocked_applier() {
    let disk = Arc::new(MemoryPersister::new());
    let (raft, applied) = server_with_room(&disk, Some(0));
    wait_until_leader(&raft);
    start(&raft, "nobody listens");
    thread::sleep(20 * MS);
    raft.kill();
    assert_eq!(start(&raft, "late"), Started { index: 0, term: 1, is_leader: false });
    kill(raft);
    assert!(applied.try_recv().is_err(), "a killed server delivers nothing more");
}

/// A server that cannot save behaves like a crashed one: what it could not save, it never answers.
#[test]
fn failed_save_is_a_crash() {
    in_both_worlds(|| {
        let disk = Arc::new(MemoryPersister::new());
        let (raft, applied) = server(&disk);
        wait_until_leader(&raft);
        start(&raft, "a");
        assert_eq!(next(&applied), command(1, 1, "a"));
        let saved = disk.raft_state();
        disk.set_hook(Some(Arc::new(|_| Err(SaveError("disk full".into())))));

        let answer = Arc::new(Mutex::new(None));
        let (node, slot) = (raft.node.clone(), answer.clone());
        thread::spawn(move || {
            let args = RequestVoteArgs {
                term: 9,
                candidate_id: 0,
                last_log_index: 9,
                last_log_term: 9,
                pre_vote: false,
                leadership_transfer: false,
            };
            *slot.lock() = Some(node.respond(|state, moment| state.answer_candidate(&args, moment)));
        });
        thread::sleep(100 * MS);
        assert_eq!(*answer.lock(), None, "a vote that was not saved was answered");
        assert_eq!(raft.get_state(), (1, false), "a term that was not saved was entered");
        assert_eq!(start(&raft, "b"), Started { index: 0, term: 1, is_leader: false });
        assert_eq!(raft.read_index(), Err(ReadError::NotLeader { leader: None }));
        assert_eq!(disk.raft_state(), saved);

        kill(raft);
        thread::sleep(20 * MS);
        assert_eq!(*answer.lock(), Some(RequestVoteReply::default()), "kill lets the handler go");
    });
}

/// Every save comes before what it allows: when Start returns, the entry is on disk.
#[test]
fn slow_save_delays_the_answer() {
    in_both_worlds(|| {
        let disk = Arc::new(MemoryPersister::new());
        let (raft, _applied) = server(&disk);
        wait_until_leader(&raft);
        let stored = Arc::new(Mutex::new(0));
        let counter = stored.clone();
        disk.set_hook(Some(Arc::new(move |point| {
            thread::sleep(5 * MS);
            *counter.lock() += usize::from(point == SavePoint::After);
            Ok(())
        })));
        assert!(start(&raft, "a").is_leader);
        assert_eq!(*stored.lock(), 1);
        kill(raft);
    });
}

#[test]
#[should_panic(expected = "server 0 cannot start: the stored Raft state is damaged at byte 0 of 7")]
fn damaged_disk_is_no_fresh_disk() {
    let disk = Arc::new(MemoryPersister::new());
    disk.save(b"garbage", None).unwrap();
    let launched = Raft::launch(Config::default(), 1, Vec::new(), 0, disk, channel::unbounded().0);
    let error = launched.expect_err("a damaged disk");
    assert!(matches!(error, crate::MakeError::Corrupt(CorruptState { offset: 0, len: 7, .. })));
    panic!("server 0 cannot start: {error}");
}
