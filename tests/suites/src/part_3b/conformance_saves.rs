//! Part 3B, sentence by sentence: what a leader sends whose disk is slow.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX, Request};
use lab_harness::lab::Lab;

/// How long a save takes.
const SLOW: Duration = Duration::from_millis(100);
/// How long a command may take to a follower: a few saves, and some heartbeats, which come twice a second at least.
const PATIENCE: Duration = Duration::from_secs(2);

/// A command that comes while the save of the one before is under way is saved and sent as well, without another event (§5.3; Fig. 2,
/// Leaders 2 and 3). S2 is silent: without the leader's own copy nothing commits.
///
/// Catches: a mark "a save is under way" that is taken away after the save without another look at the log, so that the command which
/// came meanwhile waits for the next one. In a quiet cluster that never comes.
pub fn command_during_a_save_is_sent_3b(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a leader appends every command to its log, stores it and sends it to the others, also one that comes while the one before \
         is being saved (§5.3; Fig. 2, Rules for leaders 2 and 3)",
        "a mark that a save is under way, by which start leaves the work to others, and no second look at the log when that save has \
         ended",
    );
    bench.elect(&[1, 2]);
    bench.settle(&[1, 2]);
    bench.peer(2).is_silent();
    bench.slow_disk(SLOW);
    // Right after the save has begun, and in the midst of it.
    for pause in [Duration::from_millis(1), SLOW / 2] {
        // Beside the test, for start may return only when the save is over, and a forgotten one never.
        let give = || bench.beside(|bench| bench.within(PATIENCE, Bench::offer));
        let first = give();
        lab.sleep(pause);
        let second = give();
        for (name, given) in [("first", first), ("second", second)] {
            let started = given.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            let Some(started) = started.filter(|started| started.is_leader) else {
                bench.fail(
                    format!("S0 did not take the {name} of two commands that came {pause:?} apart"),
                    format!("start returns is_leader, within {PATIENCE:?}"),
                    format!("{started:?}"),
                );
            };
            let command = bench.command_of(started);
            let brings = |request: &Request| command.as_ref().is_some_and(|command| request.brings(command));
            bench.expect(
                bench.await_request(PATIENCE, brings).is_some(),
                format!("the {name} of two commands that came {pause:?} apart is not sent"),
                format!("an AppendEntries that brings it, within {PATIENCE:?} of start"),
                format!("none; a save takes {SLOW:?}"),
            );
            bench.expect_applies_within(
                started.index,
                ELECTION_MAX,
                &format!(
                    "the {name} of two commands that came {pause:?} apart is stored by S1, and by the leader"
                ),
            );
        }
    }
}
