//! Raft from end to end: three servers on a network, in both worlds. What must hold in detail is graded by the crate `lab`.

use std::num::NonZeroUsize;

use labrpc::channel::{self, Receiver};
use labrpc::network::{ClientEnd, Delay, Delays, Network, Server};
use labrpc::sim::{NodeHandle, Sim};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::{Duration, Instant};
use raft::{Config, Raft};
use raft_interface::{ApplyMsg, Command, Features, Index, MemoryPersister, Persister, RaftServer};

const SERVERS: u32 = 3;
/// An election takes less than a second, unless the machine is busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a service has got: the commands, and how far its last snapshot went.
#[derive(Clone, Debug, Default)]
struct Applied {
    commands: Vec<(Index, Command)>,
    snapshot: Index,
}

impl Applied {
    fn last(&self) -> Index {
        self.commands.last().map_or(0, |(index, _)| *index).max(self.snapshot)
    }
}

/// Three servers that can be crashed and started again.
struct Cluster {
    network: Network,
    ends: Vec<Vec<ClientEnd>>,
    persisters: Vec<Arc<MemoryPersister>>,
    servers: Vec<Raft>,
    config: Config,
    applied: Vec<Arc<Mutex<Applied>>>,
}

impl Cluster {
    fn start() -> Self {
        Self::start_with(Config::default())
    }

    fn start_with(config: Config) -> Self {
        let network = Network::new();
        let mut cluster =
            Self { network, ends: vec![], persisters: vec![], servers: vec![], config, applied: vec![] };
        for id in 0..SERVERS {
            let persister = Arc::new(MemoryPersister::new());
            let (raft, ends, applied) = boot(&cluster.network, id, config, &persister);
            cluster.servers.push(raft);
            cluster.ends.push(ends);
            cluster.applied.push(applied);
            cluster.persisters.push(persister);
        }
        cluster
    }

    /// Kills a server and starts it from what it has stored.
    fn bounce(&mut self, id: usize) {
        self.crash(id);
        self.start_again(id);
    }

    fn crash(&mut self, id: usize) {
        self.network.delete_server(id as u32);
        self.ends[id].iter().for_each(|end| self.network.delete_end(end));
        self.servers[id].kill();
    }

    fn start_again(&mut self, id: usize) {
        let copy = Arc::new(self.persisters[id].copy());
        (self.servers[id], self.ends[id], self.applied[id]) =
            boot(&self.network, id as u32, self.config, &copy);
        self.persisters[id] = copy;
    }

    /// The leader of the highest term, of these servers.
    fn leader(&self, among: &[usize]) -> usize {
        let leader = || {
            let states = among.iter().map(|&id| (self.servers[id].get_state(), id));
            states.filter(|((_, leads), _)| *leads).max().map(|(_, id)| id)
        };
        wait_for("a leader", leader)
    }

    /// Brings a command through, on all of these servers.
    fn agree(&self, word: &str, among: &[usize]) -> Index {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let started = self.servers[self.leader(among)].start(word.as_bytes().into());
            // A snapshot may have come in its place.
            let has_it = |id: &usize| {
                let applied = self.applied[*id].lock();
                let other = applied.commands.iter().find(|(index, _)| *index == started.index);
                applied.last() >= started.index
                    && other.is_none_or(|(_, command)| **command == *word.as_bytes())
            };
            for _ in 0..200 {
                if started.is_leader && among.iter().all(has_it) {
                    return started.index;
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
        panic!("{word:?} was not agreed on");
    }

    fn cut_off(&self, id: usize, is_cut_off: bool) {
        let to_it = self.ends.iter().map(|ends| &ends[id]);
        for end in to_it.chain(&self.ends[id]) {
            if is_cut_off {
                self.network.disable(end);
            } else {
                self.network.enable(end);
            }
        }
    }

    fn end(self) {
        self.servers.iter().for_each(RaftServer::kill);
        self.network.cleanup();
    }
}

fn wait_for<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{what} did not come");
}

/// Starts a server on a node of its own.
fn boot(
    network: &Network,
    id: u32,
    config: Config,
    persister: &Arc<MemoryPersister>,
) -> (Raft, Vec<ClientEnd>, Arc<Mutex<Applied>>) {
    let node = NodeHandle::new(format!("S{id}"));
    let ends: Vec<ClientEnd> = (0..SERVERS).map(|peer| network.make_connected_end(id, peer)).collect();
    let (apply, delivered) = channel::unbounded();
    let storage: Arc<dyn Persister> = persister.clone();
    let peers = ends.clone();
    let raft = node
        .spawn("make", move || Raft::make_with(config, peers, id as usize, storage, apply))
        .join()
        .expect("no panic")
        .expect("a server");
    network.add_server(id, Server::new(&node).service(raft.service()));
    let applied = Arc::new(Mutex::new(Applied::default()));
    let (book, snapshots) = (applied.clone(), raft.clone());
    node.spawn("service", move || serve(&delivered, &book, &snapshots));
    (raft, ends, applied)
}

/// What a service hands over: a hundred bytes.
fn snapshot(index: Index) -> Vec<u8> {
    format!("{index:0>100}").into_bytes()
}

/// A service that hands over a snapshot after every fourth entry. What it gets must come in order.
fn serve(delivered: &Receiver<ApplyMsg>, book: &Mutex<Applied>, raft: &Raft) {
    while let Ok(message) = delivered.recv() {
        let last = book.lock().last();
        match message {
            ApplyMsg::Command { index, command, .. } => {
                assert!(index == last + 1 || last == 0, "entry {index} came after {last}");
                book.lock().commands.push((index, command));
                if index.is_multiple_of(4) {
                    raft.snapshot(index, snapshot(index));
                }
            }
            ApplyMsg::Own { .. } => panic!("nobody has asked for entries of Raft's own: {message:?}"),
            ApplyMsg::Snapshot { index, data, .. } => {
                assert!(index > last, "a snapshot up to {index} came after {last}");
                assert_eq!(&*data, snapshot(index));
                book.lock().snapshot = index;
            }
        }
    }
}

/// Runs a scenario over some seeds, and once on real threads.
fn in_both_worlds(scenario: fn()) {
    for seed in 0..10 {
        Sim::new(seed)
            .time_max(Duration::from_secs(120))
            .run(scenario)
            .unwrap_or_else(|failure| panic!("seed {seed}: {failure}"));
    }
    scenario();
}

const ALL: [usize; 3] = [0, 1, 2];

#[test]
fn leader_is_elected_and_replaced() {
    in_both_worlds(|| {
        let cluster = Cluster::start();
        let first = cluster.leader(&ALL);
        cluster.cut_off(first, true);
        let rest: Vec<usize> = ALL.into_iter().filter(|&id| id != first).collect();
        let second = cluster.leader(&rest);
        assert_ne!(first, second);
        cluster.cut_off(first, false);
        let follows = || (!cluster.servers[first].get_state().1).then_some(());
        wait_for("the end of the old leadership", follows);
        cluster.end();
    });
}

#[test]
fn all_agree_on_commands() {
    in_both_worlds(|| {
        let cluster = Cluster::start();
        for (place, word) in ["one", "two", "three"].into_iter().enumerate() {
            let index = cluster.agree(word, &ALL);
            assert!(index > place as Index, "{word:?} at index {index}");
        }
        let logs: Vec<_> = cluster.applied.iter().map(|applied| applied.lock().commands.clone()).collect();
        assert!(logs.windows(2).all(|pair| pair[0] == pair[1]), "{logs:?}");
        cluster.end();
    });
}

#[test]
fn nothing_is_lost_when_all_restart() {
    in_both_worlds(|| {
        let mut cluster = Cluster::start();
        let before = cluster.agree("before", &ALL);
        ALL.into_iter().for_each(|id| cluster.bounce(id));
        let after = cluster.agree("after", &ALL);
        assert!(after > before, "{after} after {before}");
        for applied in &cluster.applied {
            let first = applied.lock().commands.first().map(|(_, command)| command.to_vec());
            assert_eq!(first, Some(b"before".to_vec()));
        }
        cluster.end();
    });
}

#[test]
fn server_that_missed_much_gets_the_snapshot() {
    in_both_worlds(|| {
        let cluster = Cluster::start();
        cluster.agree("first", &ALL);
        let behind = (cluster.leader(&ALL) + 1) % 3;
        let rest: Vec<usize> = ALL.into_iter().filter(|&id| id != behind).collect();
        cluster.cut_off(behind, true);
        for word in 0..10 {
            cluster.agree(&word.to_string(), &rest);
        }
        cluster.cut_off(behind, false);
        cluster.agree("last", &ALL);
        assert!(cluster.applied[behind].lock().snapshot >= 4, "it was sent entries that were forgotten");
        cluster.end();
    });
}

/// A cluster that sends snapshots in pieces of so many bytes, on a network that takes ten milliseconds each way. One server is down,
/// and the others have agreed on ten commands since. Returns the one and the others.
fn one_down_and_much_agreed(bytes: usize) -> (Cluster, usize, Vec<usize>) {
    let features = Features { snapshot_chunk_bytes: NonZeroUsize::new(bytes), ..Features::default() };
    let mut cluster = Cluster::start_with(Config { features, ..Config::default() });
    let behind = (cluster.leader(&ALL) + 1) % 3;
    let rest: Vec<usize> = ALL.into_iter().filter(|&id| id != behind).collect();
    cluster.crash(behind);
    for word in 0..10 {
        cluster.agree(&word.to_string(), &rest);
    }
    cluster.network.add_rule(Delay::new(Delays::Fixed(Duration::from_millis(10)))).forever();
    (cluster, behind, rest)
}

/// I21: a transfer in a hundred pieces takes longer than an election timeout, and nobody stands for election, for each piece is
/// a word of the leader.
#[test]
fn hundred_pieces_hold_nobody_up() {
    in_both_worlds(|| {
        let (mut cluster, behind, rest) = one_down_and_much_agreed(1);
        let term = cluster.servers[rest[0]].get_state().0;
        let began = Instant::now();
        cluster.start_again(behind);
        cluster.agree("last", &ALL);
        assert!(began.elapsed() >= Duration::from_secs(2), "a hundred pieces, one at a time");
        assert!(cluster.applied[behind].lock().snapshot >= 4, "it was sent entries that were forgotten");
        assert_eq!(cluster.servers[behind].report().elections, 0);
        assert_eq!(cluster.servers[rest[0]].get_state().0, term, "the same leader all the time");
        cluster.end();
    });
}

/// I19 and I20 with threads: the follower restarts in the middle of transfers, and the leader takes snapshots meanwhile.
#[test]
fn transfer_survives_restarts_and_newer_snapshots() {
    in_both_worlds(|| {
        let (mut cluster, behind, rest) = one_down_and_much_agreed(7);
        for round in 0..4 {
            cluster.start_again(behind);
            thread::sleep(Duration::from_millis(150));
            (0..4).for_each(|word| _ = cluster.agree(&format!("{round}.{word}"), &rest));
            cluster.crash(behind);
        }
        cluster.start_again(behind);
        cluster.agree("last", &ALL);
        cluster.end();
    });
}
