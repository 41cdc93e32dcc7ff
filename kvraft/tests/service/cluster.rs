//! Three servers on a network, in both worlds.

use labrpc::network::{Address, ClientEnd, Network, Server};
use labrpc::sim::{NodeHandle, Sim};
use labrpc::sync::Arc;
use labrpc::thread;
use labrpc::time::Duration;
use raft::Raft;
use raft_interface::{MemoryPersister, Persister, RaftServer};

use kvraft::{Clerk, ClerkConfig, KvServer, RsmConfig};

pub(crate) const SERVERS: u32 = 3;

/// Three servers that can be crashed and started again.
pub(crate) struct Cluster {
    pub(crate) network: Network,
    pub(crate) persisters: Vec<Arc<MemoryPersister>>,
    pub(crate) servers: Vec<KvServer<Raft>>,
    clients: u32,
    bytes: usize,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        Self::with_state_up_to(1000)
    }

    /// A snapshot is taken when the Raft's state exceeds so many bytes.
    pub(crate) fn with_state_up_to(bytes: usize) -> Self {
        let mut cluster =
            Self { network: Network::new(), persisters: vec![], servers: vec![], clients: 0, bytes };
        for id in 0..SERVERS {
            let persister = Arc::new(MemoryPersister::new());
            cluster.servers.push(boot(&cluster.network, id, &persister, bytes));
            cluster.persisters.push(persister);
        }
        cluster
    }

    pub(crate) fn bounce(&mut self, id: u32) {
        let place = id as usize;
        self.network.delete_server(id);
        let copy = Arc::new(self.persisters[place].copy());
        self.servers[place].kill();
        self.servers[place] = boot(&self.network, id, &copy, self.bytes);
        self.persisters[place] = copy;
    }

    pub(crate) fn clerk(&mut self, config: ClerkConfig) -> Clerk {
        self.clients += 1;
        let ends = (0..SERVERS).map(|id| self.network.make_connected_end(Address::Client(self.clients), id));
        Clerk::new(ends.collect(), config)
    }

    pub(crate) fn leader(&self) -> u32 {
        loop {
            let leads = |id: &u32| self.servers[*id as usize].raft().get_state().1;
            if let Some(id) = (0..SERVERS).find(leads) {
                return id;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn end(self) {
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
pub(crate) fn in_both_worlds(seeds: u64, scenario: fn()) {
    for seed in 0..seeds {
        Sim::new(seed)
            .time_max(Duration::from_secs(300))
            .run(scenario)
            .unwrap_or_else(|failure| panic!("{failure}"));
    }
    scenario();
}
