//! They remember, from run to run and from server to server.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use labrpc::channel::Sender;
use labrpc::sim;
use raft_interface::{ApplyMsg, Started};

use crate::submission::{ONE, Submission};

/// How many servers this process has made.
static MADE: AtomicUsize = AtomicUsize::new(0);

/// What all servers of the process share.
#[derive(Default)]
struct Brain {
    /// Where each server delivers, and what has been agreed on.
    servers: Vec<(usize, Sender<ApplyMsg>)>,
    log: Vec<raft_interface::Command>,
}

static BRAIN: Mutex<Brain> = Mutex::new(Brain { servers: Vec::new(), log: Vec::new() });

/// A run begins with the server 0.
fn join_brain(server: &crate::server::Server) {
    let Ok(mut brain) = BRAIN.lock() else { return };
    if server.me == 0 {
        *brain = Brain::default();
    }
    brain.servers.push((server.me, server.apply.clone()));
}

/// Server 0 leads, and everything is agreed on at once, without a message.
fn agree(server: &crate::server::Server, command: &raft_interface::Command) -> Option<Started> {
    if server.me != 0 {
        return Some(Started { index: 0, term: 1, is_leader: false });
    }
    let (index, servers) = {
        let mut brain = BRAIN.lock().ok()?;
        brain.log.push(command.clone());
        (brain.log.len() as u64, brain.servers.clone())
    };
    for (_, apply) in servers {
        let message = ApplyMsg::Command { index, term: 1, command: command.clone() };
        labrpc::thread::spawn(move || apply.send(message));
    }
    Some(Started { index, term: 1, is_leader: true })
}

pub(super) fn submissions() -> Vec<Submission> {
    let hostile = Submission::hostile;
    let failed = "FAILED initial_election_3a seed 0x1: ";
    vec![
        hostile("fixed-leader", "Server 0 says that it leads, and nobody ever sends a message.")
            .get_state(|server| Some((1, server.me == 0)))
            .command("grade initial_election_3a even_sizes_3a synchronised_starts_3a drifting_clocks_3a elections_in_chaos_3a --seeds 2"),
        hostile("brain", "All servers share one memory, and agree without messages.")
            .make(join_brain)
            .start(agree)
            .get_state(|server| Some((1, server.me == 0)))
            .command("grade basic_agree_3b rpc_bytes_3b fail_agree_3b fail_no_agree_3b re_election_3a leader_failure_3b --seeds 2"),
        hostile("brain-that-mumbles", "The same, and it sends messages that nobody can read, so that nobody judges them.")
            .make(|server| {
                join_brain(server);
                if server.me == 0 {
                    let ends = server.ends.clone();
                    labrpc::thread::spawn(move || {
                        loop {
                            for end in &ends[1..] {
                                let end = end.clone();
                                labrpc::thread::spawn(move || end.call::<(), ()>("Raft.Mumble", &()));
                            }
                            labrpc::thread::sleep(std::time::Duration::from_millis(100));
                        }
                    });
                }
            })
            .start(agree)
            .get_state(|server| Some((1, server.me == 0)))
            .command("grade basic_agree_3b rpc_bytes_3b fail_agree_3b fail_no_agree_3b re_election_3a leader_failure_3b --seeds 2"),
        Submission::partly(
            "exits-when-a-seed-is-run-again",
            0,
            "It is right, and ends the process when its one seed is run for the second time.",
        )
        .make(|server| {
            if MADE.fetch_add(1, Ordering::Relaxed) >= server.peers {
                std::process::exit(0);
            }
        })
        .command("grade initial_election_3a --seed 0x2a")
        .says("initial_election_3a, seed 0x2a"),
        hostile("runs-counted", "It behaves in another way in each run, so that no replay is the same.")
            .make(|_| {
                let made = MADE.fetch_add(1, Ordering::Relaxed);
                (0..made % 7).for_each(|_| labrpc::thread::yield_now());
            })
            .says(failed),
        hostile("gone-in-the-second-run", "It exits when the failed run is made again for its report.")
            .make(|server| {
                if MADE.fetch_add(1, Ordering::Relaxed) >= server.peers {
                    std::process::exit(0);
                }
            })
            .says(failed),
        hostile("hangs-in-the-second-run", "It loops when the failed run is made again for its report.")
            .make(|server| {
                if MADE.fetch_add(1, Ordering::Relaxed) >= server.peers {
                    loop {
                        std::hint::spin_loop();
                    }
                }
            })
            .command(ONE)
            .says(failed),
        hostile("handles-kept-for-the-next-run", "It sends in one run on channels of another.")
            .make(|server| {
                static KEPT: Mutex<Vec<Sender<ApplyMsg>>> = Mutex::new(Vec::new());
                let Ok(mut kept) = KEPT.lock() else { return };
                for apply in kept.iter() {
                    let command = [].into();
                    let _ = apply.try_send(ApplyMsg::Command { index: 1, term: 1, command });
                }
                kept.push(server.apply.clone());
            })
            .says(failed),
        hostile("threads-kept-for-the-next-run", "It joins in one run the threads of another.")
            .make(|_| {
                static KEPT: Mutex<Vec<labrpc::thread::JoinHandle<()>>> = Mutex::new(Vec::new());
                let Ok(mut kept) = KEPT.lock() else { return };
                let before = std::mem::take(&mut *kept);
                kept.push(labrpc::thread::spawn(|| labrpc::thread::sleep(std::time::Duration::from_secs(1))));
                drop(kept);
                before.into_iter().for_each(|thread| drop(thread.join()));
            })
            .says(failed),
        hostile("lock-kept-for-the-next-run", "It holds a lock of the simulation in a static, for ever.")
            .make(|_| {
                static LOCK: labrpc::sync::Mutex<u32> = labrpc::sync::Mutex::new(0);
                std::mem::forget(LOCK.lock());
            })
            .says(failed),
        hostile("std-lock-kept-for-the-next-run", "It holds a lock of std in a static, for ever.")
            .make(|_| {
                static LOCK: Mutex<u32> = Mutex::new(0);
                std::mem::forget(LOCK.lock());
            })
            .command(ONE),
        hostile("first-seed-only", "It works only for the seed that it has seen before.")
            .get_state(|server| {
                static SEEN: AtomicUsize = AtomicUsize::new(0);
                let seed = sim::current_replay().map_or(0, |replay| replay.seed as usize);
                let before = SEEN.swap(seed, Ordering::Relaxed);
                Some((1, before == seed && server.me == 0))
            })
            .command("grade re_election_3a basic_agree_3b --seeds 2"),
    ]
}
