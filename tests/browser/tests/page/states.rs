//! What the page works out of messages and marks, beside what must be so.

use kvraft::Reference;
use lab_harness::Implementation;
use raft::Raft;
use serde_json::Value;

use super::runs::{assert_quiet, open, test};

/// In a run of a right Raft these hold at every moment, so what breaks one is a mistake of the page: a committed entry is the
/// one that everybody applies, what was applied is committed and in the log or the snapshot, and a term has one leader. Returns
/// how many entries and leaders it has looked at, and what is wrong.
const CHECK: &str = "(() => {
  const wrong = [], leaders = new Map();
  let entries = 0;
  const { events } = view.trace;
  for (let i = 0; i < events.length; i += 1 + Math.floor(events.length / 300)) {
    for (const server of view.history.at(i)) {
      const say = (words) => wrong.push(`event ${i}, S${server.id}: ${words}`);
      if (server.applied > server.commit) say(`applied ${server.applied}, committed ${server.commit}`);
      if (server.commit > server.last) say(`committed ${server.commit}, last entry ${server.last}`);
      const indexes = [...server.log.keys()].sort((one, other) => one - other);
      indexes.forEach((index, place) => { if (place > 0 && server.log.get(index).term < server.log.get(indexes[place - 1]).term) say(`the terms of its log go down at ${index}`); });
      if (server.up && server.role === 'L') {
        if ((leaders.get(server.term) ?? server.id) !== server.id) say(`leads term ${server.term}, as S${leaders.get(server.term)} does`);
        leaders.set(server.term, server.id);
      }
      for (const [index, entry] of server.log) {
        const committed = view.history.committed.get(index);
        entries += 1;
        if (index <= server.commit && committed && committed.term !== entry.term) say(`entry ${index} of term ${entry.term}, committed of term ${committed.term}`);
      }
      if (server.stored && server.stored.last > server.last) say(`has stored up to ${server.stored.last}, shown up to ${server.last}`);
      if (server.stored && indexes.at(-1) > server.stored.last) say(`has entry ${indexes.at(-1)}, stored up to ${server.stored.last}`);
      if (server.stored && server.stored.term !== server.term) say(`has stored term ${server.stored.term}, shown ${server.term}`);
      for (let index = server.snapshot + 1; index <= server.applied; index += 1) if (!server.log.has(index)) say(`has applied ${index} and does not have it`);
    }
  }
  const stored = view.history.at(events.length - 1).filter((server) => server.stored).length;
  return { entries, stored, leaders: leaders.size, wrong: wrong.slice(0, 5) };
})()";

/// `tells`: it says what it has stored.
fn agrees(name: &str, implementation: Implementation, tells: bool) {
    let Some(mut tab) = open(test(name), implementation, 1) else { return };
    let found = tab.eval(CHECK);
    assert_eq!(found["wrong"], Value::Array(Vec::new()), "{name} of {}", implementation.name());
    let count = |what: &str| found[what].as_u64().expect("a number");
    assert!(count("entries") > 100 && count("leaders") > 0, "{name} of {}: {found}", implementation.name());
    assert_eq!(count("stored") > 0, tells, "{name} of {}", implementation.name());
    assert_quiet(&mut tab);
}

#[test]
fn states_are_those_of_the_servers() {
    for name in ["figure8_3c", "chaos_3c", "chaos_3d", "chaos_4c"] {
        agrees(name, Implementation::of_service::<Reference<Raft>>(), true);
    }
}

/// What is stored may not be read, and that would be the mistake.
#[test]
fn vote_of_before_a_start_is_told_as_such() {
    let Some(mut tab) = open(test("chaos_3c"), Implementation::of_service::<Reference<Raft>>(), 1) else {
        return;
    };
    let told = tab.eval(
        "(() => {
          const { events } = view.trace;
          const started = events.find((event) => event.kind === MARK && event.name === 'start'
            && view.history.at(event.i)[event.fields.server].vote !== null);
          return voteWords(view.history.at(started.i)[started.fields.server]);
        })()",
    );
    assert!(told.as_str().is_some_and(|words| words.ends_with("before its last start")), "{told}");
    assert_quiet(&mut tab);
}

#[test]
fn states_are_those_of_servers_in_other_styles() {
    agrees("chaos_3c", Implementation::of::<controls::event_loop::EventLoop>(), false);
    let told =
        Implementation::of::<controls::group_commit::GroupCommit>().with_names(controls::group_commit::names);
    agrees("chaos_3d", told, false);
    // Heartbeats of its own tell what is committed.
    let told =
        Implementation::of::<controls::group_commit::Pulsing>().with_names(controls::group_commit::names);
    agrees("chaos_3c", told, false);
    for name in ["chaos_3c", "chaos_3d"] {
        // It counts entries from 0 in its messages.
        agrees(name, Implementation::of::<controls::resettable_timer::Raft>(), false);
    }
}

/// Where fields are in other fields, nothing stands before the first entry, and yes and no are variants of a reply.
#[test]
fn states_are_those_of_servers_whose_messages_have_parts() {
    let told = Implementation::of::<controls::retrying::Raft>().with_names(controls::retrying::names);
    agrees("chaos_3c", told, false);
    let Some(mut tab) = open(test("basic_agree_3b"), told, 1) else { return };
    let votes = tab.eval(
        "(() => {
          const servers = view.history.at(view.trace.events.length - 1);
          const leader = servers.find((server) => server.role === 'L');
          return servers.filter(({ vote }) => vote?.for === leader.id && vote.term === leader.term).length;
        })()",
    );
    assert!(votes.as_u64().is_some_and(|votes| votes >= 2), "{votes} have voted for the leader");
    assert_quiet(&mut tab);
}
