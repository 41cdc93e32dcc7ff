//! They use what the lab itself offers, against it.

use std::time::Duration;

use labrpc::sim::{self, NodeHandle, Sim};
use labrpc::thread;

use crate::submission::{ONE, Submission};

/// The one that judges.
fn tester() -> Option<NodeHandle> {
    NodeHandle::find("tester")
}

fn others() -> impl Iterator<Item = NodeHandle> {
    (0..10).filter_map(|server| NodeHandle::find(&format!("S{server}")))
}

pub(super) fn submissions() -> Vec<Submission> {
    [nodes(), knowledge()].into_iter().flatten().collect()
}

fn nodes() -> Vec<Submission> {
    let hostile = Submission::hostile;
    let failed = "FAILED initial_election_3a seed 0x1: ";
    vec![
        hostile("tester-crashed", "It crashes the one that judges.")
            .make(|_| {
                _ = tester().map(|tester| tester.crash());
            })
            .says(failed),
        hostile("tester-crashed-from-a-thread", "The same, a moment later.")
            .make(|_| {
                thread::spawn(|| {
                    thread::sleep(Duration::from_millis(100));
                    tester().map(|tester| tester.crash());
                });
            })
            .says(failed),
        hostile("tester-paused", "It pauses the one that judges, for ever.")
            .make(|_| {
                thread::spawn(|| tester().map(|tester| tester.pause()));
            })
            .says(failed),
        hostile("tester-slow", "It lets the clock of the one that judges nearly stand still.")
            .make(|_| {
                _ = tester().map(|tester| tester.set_clock_rate(1));
            })
            .says(failed),
        hostile(
            "tester-fast",
            "It lets the clock of the one that judges run very fast, so that nothing lasts long.",
        )
        .make(|_| {
            _ = tester().map(|tester| tester.set_clock_rate(u32::MAX));
        })
        .says(failed),
        hostile("all-others-crashed", "It crashes all servers.").make(|_| {
            others().for_each(|node| {
                node.crash();
            })
        }),
        hostile("itself-crashed", "It crashes itself.")
            .make(|_| {
                _ = NodeHandle::current().crash();
            })
            .says(failed),
        hostile("itself-paused", "It pauses itself.")
            .make(|_| {
                _ = NodeHandle::current().pause();
            })
            .says(failed),
        hostile("pauses-and-resumes", "It pauses and resumes all nodes without end.")
            .make(|_| {
                thread::spawn(|| {
                    for _ in 0..100_000 {
                        for node in others().chain(tester()) {
                            node.pause();
                            node.resume();
                        }
                        thread::yield_now();
                    }
                });
            })
            .command(ONE),
        hostile(
            "threads-of-the-tester",
            "It starts threads on the node of the one that judges, which panic.",
        )
        .make(|_| {
            if let Some(tester) = tester() {
                drop(tester.spawn("main", || panic!("no points?")));
            }
        })
        .says("reaches for tester"),
        hostile("another-simulation", "It runs a simulation inside the simulation.")
            .make(|_| drop(Sim::new(1).run(|| {})))
            .says(failed),
        hostile(
            "another-simulation-beside",
            "It runs a simulation on a thread that is not simulated, and waits for it.",
        )
        .make(|_| drop(std::thread::spawn(|| drop(Sim::new(1).run(|| {}))).join()))
        .says(failed),
        hostile(
            "facade-of-a-real-thread",
            "A thread that is not simulated uses what belongs to the simulation.",
        )
        .make(|server| {
            let apply = server.apply.clone();
            drop(std::thread::spawn(move || drop(apply.try_send(nothing()))).join());
        }),
    ]
}

fn nothing() -> raft_interface::ApplyMsg {
    raft_interface::ApplyMsg::Command { index: 1, term: 1, command: [].into() }
}

fn knowledge() -> Vec<Submission> {
    let hostile = Submission::hostile;
    let failed = "FAILED initial_election_3a seed 0x1: ";
    vec![
        hostile("mute", "It has no handlers, so that it cannot be put to any of these tests.")
            .command("grade one_vote_per_term_3a old_candidate_refused_3a --seeds 1")
            .says("nothing was judged")
            .untold(),
        hostile("worker-arguments", "It starts the program again as it was started, as another worker.")
            .make(|_| {
                let Ok(executable) = std::env::current_exe() else { return };
                let child = std::process::Command::new(executable).args(std::env::args().skip(1)).spawn();
                drop(child);
            }),
        hostile("grades-itself", "It starts a grading of its own, with the same output.")
            .make(|_| {
                if std::env::var_os("LAB_TEST_NESTED").is_some() {
                    std::process::exit(0);
                }
                let Ok(executable) = std::env::current_exe() else { return };
                let nested = std::process::Command::new(executable)
                    .args(["grade", "initial_election_3a", "--seeds", "1"])
                    .env("LAB_TEST_NESTED", "1")
                    .output();
                drop(nested);
            })
            .command("grade initial_election_3a --seeds 1"),
        hostile("fails-in-the-second-seed", "It is lucky once, and would be right if one seed were enough.")
            .get_state(|server| {
                let seed = sim::current_replay().map_or(0, |replay| replay.seed);
                (seed == 1).then_some((1, server.me == 0))
            })
            .command("grade re_election_3a basic_agree_3b --seeds 3"),
        hostile("always-leads", "All servers say that they lead.")
            .get_state(|_| Some((1, true)))
            .says(failed),
        hostile("log-level-changed", "It lets everything be logged, and logs without end.")
            .make(|_| {
                log::set_max_level(log::LevelFilter::Trace);
                for number in 0..100_000 {
                    log::trace!(target: "TEST", "no points {number}");
                    sim::note(|| "no points".to_owned());
                }
            })
            .command(ONE)
            .says(failed),
        hostile("apply-channel-flooded", "It delivers without end what nobody has agreed on.")
            .make(|server| {
                let apply = server.apply.clone();
                thread::spawn(move || while apply.send(nothing()).is_ok() {});
            })
            .says(failed),
        Submission::partly(
            "tester-crashed-in-one-test",
            20,
            "It is right, but in a cluster of seven it crashes the judge.",
        )
        .make(|server| {
            if server.peers == 7 {
                tester().map(|tester| tester.crash());
            }
        })
        .command("grade initial_election_3a many_elections_3a re_election_3a --seeds 3"),
    ]
}
