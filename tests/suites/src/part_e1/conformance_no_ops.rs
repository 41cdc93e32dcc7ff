//! Part E1, sentence by sentence: the entry with which a leader begins its term (§8).
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use lab_harness::conformance::{Bench, ELECTION_MAX, Request, command};
use lab_harness::lab::Lab;
use raft_interface::Features;

/// A server that begins its terms with a no-op, among two scripted peers.
fn bench(lab: &Lab, rule: &'static str, hint: &'static str) -> Bench {
    let features = Features { noop_on_election: true, ..Features::default() };
    Bench::start_with(lab, features, 3, rule, hint)
}

/// A leader begins its term with an entry of its own. The service gets the commands that were started, at the indexes that
/// `start` has given, and no other command (§8).
///
/// Catches: no entry, one that is delivered as a command, and one that takes the index of a command.
pub fn own_entries_are_no_commands_e1(lab: &Lab) {
    let bench = bench(
        lab,
        "a leader begins its term with a no-op, which is no command of the service (§8)",
        "the no-op is not appended, is delivered as a command, or takes an index that start has given",
    );
    let mut wanted = Vec::new();
    for round in 1..=2 {
        let term = bench.elect(&[1, 2]);
        let brings_own = |request: &Request| match request {
            Request::Append { entries, .. } => entries.iter().any(|entry| entry.term == term),
            _ => false,
        };
        bench.expect(
            bench.next_request(ELECTION_MAX, brings_own).is_some(),
            "S0 begins its term without an entry of its own",
            format!("an AppendEntries with an entry of term {term}, before any command"),
            "none",
        );
        for _ in 0..3 {
            let index = bench.start_command().index;
            wanted.push(index);
            bench.expect_applies_at_least(index, "a majority has it");
        }
        lab.sleep_ms(60);
        // Those of the first round as well: a server that starts again delivers all that it has.
        let delivered = bench.commands_delivered();
        let indexes: Vec<_> = delivered.iter().map(|(index, _)| *index).collect();
        bench.expect(
            indexes == wanted,
            format!("in round {round} the service gets other commands than were started"),
            format!("commands at {wanted:?}, where start has put them"),
            format!("commands at {indexes:?}"),
        );
        // It comes back with its log, and the next term begins behind it.
        bench.restart();
        bench.skip_requests();
    }
}

/// An entry of a kind that nobody knows is not taken, for whoever applied it would apply something else than the others. The
/// server lives on.
///
/// Catches: an unknown kind that is read as a command, or as nothing.
pub fn unknown_entry_is_refused_e1(lab: &Lab) {
    let bench = bench(
        lab,
        "an entry is a command or one of Raft's own, or it is refused",
        "an entry of an unknown kind is stored as if it were a command",
    );
    // What it sends shows whether its entries have a kind.
    let term = bench.elect(&[1, 2]) + 1;
    bench.settle(&[1]);
    // S1 has what S0 has, and leads next.
    let (last, of) = bench.peer(1).follower().last();
    let probe = bench.peer(1).appends(term).after(last, of).entries(&[term]);
    bench.expect(
        !probe.commit(last + 1).is_taken_with_unknown_kind(),
        "S0 takes an entry of a kind that it cannot know",
        "no success",
        "success",
    );
    bench.expect_no_entry(last + 1, term, "it was of an unknown kind");
    let next = bench.peer(1).appends(term + 3).after(last, of).entries(&[term + 3]);
    next.commit(last + 1).succeeds("it is a command");
    bench.expect_delivers(&command(last + 1, term + 3), "it is committed");
}
