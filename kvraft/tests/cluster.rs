//! The service from end to end: three servers on a network, in both worlds.

use labrpc::network::{Address, ClientEnd, Network, Server};
use labrpc::sim::{NodeHandle, Sim};
use labrpc::sync::Arc;
use labrpc::thread;
use labrpc::time::{Duration, Instant};
use raft::Raft;
use raft_interface::{MemoryPersister, Persister, RaftServer};

use kvraft::op::{Command, Reply, Write};
use kvraft::{Clerk, ClerkConfig, ClerkError, KvServer, ReadPath, RsmConfig, SESSIONS_MAX};

const SERVERS: u32 = 3;

/// Three servers that can be crashed and started again.
struct Cluster {
    network: Network,
    persisters: Vec<Arc<MemoryPersister>>,
    servers: Vec<KvServer<Raft>>,
    clients: u32,
    bytes: usize,
}

impl Cluster {
    fn start() -> Self {
        Self::with_state_up_to(1000)
    }

    /// A snapshot is taken when the Raft's state exceeds so many bytes.
    fn with_state_up_to(bytes: usize) -> Self {
        let mut cluster =
            Self { network: Network::new(), persisters: vec![], servers: vec![], clients: 0, bytes };
        for id in 0..SERVERS {
            let persister = Arc::new(MemoryPersister::new());
            cluster.servers.push(boot(&cluster.network, id, &persister, bytes));
            cluster.persisters.push(persister);
        }
        cluster
    }

    fn bounce(&mut self, id: u32) {
        let place = id as usize;
        self.network.delete_server(id);
        let copy = Arc::new(self.persisters[place].copy());
        self.servers[place].kill();
        self.servers[place] = boot(&self.network, id, &copy, self.bytes);
        self.persisters[place] = copy;
    }

    fn clerk(&mut self, config: ClerkConfig) -> Clerk {
        self.clients += 1;
        let ends = (0..SERVERS).map(|id| self.network.make_connected_end(Address::Client(self.clients), id));
        Clerk::new(ends.collect(), config)
    }

    fn leader(&self) -> u32 {
        loop {
            let leads = |id: &u32| self.servers[*id as usize].raft().get_state().1;
            if let Some(id) = (0..SERVERS).find(leads) {
                return id;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn end(self) {
        self.servers.iter().for_each(KvServer::kill);
        self.network.cleanup();
    }
}

/// Starts a server on a node of its own.
fn boot(network: &Network, id: u32, persister: &Arc<MemoryPersister>, bytes: usize) -> KvServer<Raft> {
    let node = NodeHandle::new(format!("S{id}"));
    let ends: Vec<ClientEnd> = (0..SERVERS).map(|peer| network.make_connected_end(id, peer)).collect();
    let persister: Arc<dyn Persister> = persister.clone();
    let config = RsmConfig { raft_state_bytes_max: Some(bytes), ..RsmConfig::default() };
    let make = move || KvServer::<Raft>::make(ends, id as usize, persister, config).expect("a good snapshot");
    let server = node.spawn("make", make).join().expect("a server");
    network.add_server(id, Server::new(&node).service(server.raft().service()).service(server.service()));
    server
}

/// Runs a scenario over some seeds and once on real threads.
fn in_both_worlds(seeds: u64, scenario: fn()) {
    for seed in 0..seeds {
        Sim::new(seed)
            .time_max(Duration::from_secs(300))
            .run(scenario)
            .unwrap_or_else(|failure| panic!("{failure}"));
    }
    scenario();
}

/// Every answer is right while every server is restarted in turn, with snapshots under way.
#[test]
fn what_is_written_stays_through_restarts() {
    in_both_worlds(10, || {
        let mut cluster = Cluster::start();
        for reads in [ReadPath::Log, ReadPath::ReadIndex] {
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

/// A hundred thousand clients open a session and write once. What the servers keep of them stays bounded, in memory and
/// in snapshots, and it survives a restart.
#[test]
fn state_is_bounded_after_a_hundred_thousand_clients() {
    const AT_A_TIME: u64 = 250;
    const CLIENTS_OF_EACH: u64 = 400;
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
