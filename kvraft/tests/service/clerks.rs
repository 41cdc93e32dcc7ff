//! What clerks are told, while servers restart and clients come in great numbers.

use labrpc::thread;
use labrpc::time::{Duration, Instant};
use raft::Raft;
use raft_interface::Persister;

use kvraft::op::{Command, Reply, Write};
use kvraft::{ClerkConfig, ClerkError, ClerkReads, KvServer, ReadPath, SESSIONS_MAX};

use crate::cluster::{Cluster, SERVERS, in_both_worlds};

/// Every answer is right while every server is restarted in turn, with snapshots under way.
#[test]
fn what_is_written_stays_through_restarts() {
    in_both_worlds(10, || {
        let mut cluster = Cluster::start();
        let at_the_leader = [ReadPath::Log, ReadPath::ReadIndex, ReadPath::Lease].map(ClerkReads::Leader);
        for reads in at_the_leader.into_iter().chain([ClerkReads::AnyServer]) {
            let mut clerk = cluster.clerk(ClerkConfig { reads, ..ClerkConfig::default() });
            let key = format!("{reads:?}");
            let mut expected = String::new();
            assert_eq!(clerk.get(&key), Ok(None));
            for round in 0..60_u32 {
                let tail = format!("{round}.");
                clerk.append(&key, &tail).expect("a clerk that does not give up");
                expected.push_str(&tail);
                let version = u64::from(round) + 1;
                assert_eq!(clerk.get(&key), Ok(Some((expected.clone(), version))));
                if round % 20 == 10 {
                    cluster.bounce(round / 20);
                }
            }
            assert_eq!(clerk.put_if(&key, "new", 3), Err(ClerkError::WrongVersion(60)));
            assert_eq!(clerk.put_if(&key, "new", 60), Ok(()));
            assert_eq!(clerk.put_version(&key, "newer", 61), Ok(()));
            assert_eq!(clerk.put_version(&key, "lost", 61), Err(ClerkError::WrongVersion(62)));
        }
        assert!(
            cluster.persisters.iter().any(|persister| persister.snapshot_len() > 0),
            "no snapshot was taken"
        );
        cluster.end();
    });
}

/// A clerk that can give up says what it knows: nothing was started, or nobody can tell.
#[test]
fn clerk_without_a_leader_does_not_claim_success() {
    in_both_worlds(10, || {
        let mut cluster = Cluster::start();
        let patience = Some(Duration::from_millis(1500));
        let mut clerk = cluster.clerk(ClerkConfig { give_up_after: patience, ..ClerkConfig::default() });
        clerk.put("k", "before").expect("all servers are well");
        let leader = cluster.leader();
        for id in (0..SERVERS).filter(|&id| id != leader) {
            cluster.network.delete_server(id);
        }
        let began = Instant::now();
        assert_eq!(clerk.put("k", "after"), Err(ClerkError::Maybe), "the leader has taken it on");
        assert_eq!(clerk.get("k"), Err(ClerkError::NoLeader));
        assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
        cluster.end();
    });
}

/// All that wait for a server are freed when it is killed.
#[test]
fn killed_server_frees_its_callers() {
    in_both_worlds(10, || {
        let mut cluster = Cluster::start();
        cluster.clerk(ClerkConfig::default()).put("k", "v").expect("all servers are well");
        let leader = cluster.leader();
        for id in (0..SERVERS).filter(|&id| id != leader) {
            cluster.network.delete_server(id);
        }
        let server = cluster.servers[leader as usize].clone();
        let callers: Vec<_> = [ReadPath::Log, ReadPath::ReadIndex]
            .map(|via| {
                let server = server.clone();
                thread::spawn(move || server.get(kvraft::rpc::GetArgs { key: "k".into(), via }))
            })
            .into();
        thread::sleep(Duration::from_millis(20));
        let killed = Instant::now();
        server.kill();
        for caller in callers {
            caller.join().expect("no panic").expect_err("there is no majority");
        }
        assert!(killed.elapsed() < Duration::from_millis(500), "freed after {:?}", killed.elapsed());
        cluster.end();
    });
}

/// Forty thousand clients, four times as many as have room, open a session and write once. What the servers keep of them stays
/// bounded, in memory and in snapshots, and it survives a restart.
#[test]
fn state_is_bounded_after_forty_thousand_clients() {
    const AT_A_TIME: u64 = 250;
    const CLIENTS_OF_EACH: u64 = 160;
    const STATE_BYTES_MAX: usize = 200_000;
    /// What a session takes in a snapshot, at most.
    const SESSION_BYTES_MAX: usize = 24;

    in_both_worlds(1, || {
        let mut cluster = Cluster::with_state_up_to(STATE_BYTES_MAX);
        cluster.clerk(ClerkConfig::default()).put("k", "v").expect("all servers are well");
        let leader = cluster.leader();
        let callers = (0..AT_A_TIME).map(|caller| {
            let server = cluster.servers[leader as usize].clone();
            thread::spawn(move || (0..CLIENTS_OF_EACH).for_each(|_| write_as_a_new_client(&server, caller)))
        });
        let callers: Vec<_> = callers.collect();
        callers.into_iter().for_each(|caller| caller.join().expect("no panic"));
        cluster.bounce(leader);
        cluster.clerk(ClerkConfig::default()).put("k", "v").expect("all servers are well");
        for persister in &cluster.persisters {
            let bytes = persister.snapshot_len();
            assert!(bytes > SESSIONS_MAX, "a snapshot of {bytes} bytes can't hold the sessions");
            assert!(bytes < SESSIONS_MAX * SESSION_BYTES_MAX, "a snapshot of {bytes} bytes");
            assert!(
                persister.raft_state_len() < 4 * STATE_BYTES_MAX,
                "{} bytes of log",
                persister.raft_state_len()
            );
        }
        cluster.end();
    });
}

fn write_as_a_new_client(server: &KvServer<Raft>, caller: u64) {
    let Ok(Reply::Registered(session)) = server.execute(&Command::Register) else {
        panic!("no session");
    };
    let key = format!("k{}", caller % 10);
    let write = Command::Once { session, sequence: 1, key, write: Write::Put("x".into()) };
    assert_eq!(server.execute(&write), Ok(Reply::Done));
}
