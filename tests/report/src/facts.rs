//! The state in which a run failed: who waited for whom, what each server was and had, and what its threads did.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use labrpc::sim::{Cause, SpinReport, ThreadReport};
use raft_interface::ServerId;

use lab_harness::observation::show_command;
use lab_harness::record::{Role, Seen};
use lab_harness::run::Failure;
use lab_harness::timeline::TimelineEvent;

/// All facts, the most telling first.
pub(super) fn of(failure: &Failure) -> String {
    let mut out = String::new();
    // First: where there is a circle, all else follows from it.
    write_cycle(&mut out, failure);
    if !spinners(failure).is_empty() {
        out.push_str("busiest threads:\n");
        for spinner in spinners(failure) {
            let SpinReport { thread, steps, of } = spinner;
            let place = place_of(spinner, threads(failure));
            let _ = writeln!(out, "  {thread} took {steps} of the last {of} steps{place}");
        }
    }
    write_servers(&mut out, &failure.servers);
    // Last, and only then: the threads of a cluster fill a page, and a broken rule is about messages, not
    // about threads.
    if is_about_waiting(failure) {
        write_threads(&mut out, threads(failure), spinners(failure));
    }
    out
}

/// The threads that took most steps, if the run was ended by their number.
fn spinners(failure: &Failure) -> &[SpinReport] {
    match &failure.cause {
        Some(Cause::StepLimit { spinners, .. }) => spinners,
        _ => &[],
    }
}

/// Where a thread spins: `, last seen at src/election.rs:30`. The list of all threads may be cut before it.
fn place_of(spinner: &SpinReport, threads: &[ThreadReport]) -> String {
    let same = threads.iter().find(|thread| thread.thread == spinner.thread);
    same.map_or_else(String::new, |thread| {
        let activity = thread.activity.strip_prefix("can run, ").unwrap_or(&thread.activity);
        format!(", {activity}")
    })
}

/// Whether something was waited for in vain, so that what threads wait for matters.
fn is_about_waiting(failure: &Failure) -> bool {
    match (&failure.violation, &failure.cause) {
        // An expectation stands at a place in the scenario, which waited for it; a rule is noticed when it is
        // broken.
        (Some(violation), _) => violation.rule.is_none() && violation.place.is_some(),
        (None, Some(cause)) => !matches!(cause, Cause::Panic(_) | Cause::Misuse { .. }),
        (None, None) => false,
    }
}

/// All threads, the scenario's own included where it is known.
fn threads(failure: &Failure) -> &[ThreadReport] {
    match &failure.cause {
        Some(Cause::Deadlock { threads, .. } | Cause::TimeLimit { threads, .. }) => threads,
        _ => &failure.threads,
    }
}

/// `S1/a and S1/b wait for each other in a circle`, or that all wait.
pub(super) fn cycle_text(failure: &Failure) -> String {
    match failure.cycle.as_slice() {
        [] => "all threads wait, and nothing would ever wake one".to_owned(),
        [alone] => format!("{alone} waits for itself"),
        several => format!("{} wait for each other in a circle", several.join(", ")),
    }
}

/// When an entry was last committed, if the run was ended by its limit of time and that was shortly before.
pub(super) fn last_commit(failure: &Failure) -> Option<Duration> {
    let Some(Cause::TimeLimit { limit_ns, .. }) = &failure.cause else { return None };
    // A cluster that elects anew between may take five seconds for it.
    let lately = Duration::from_nanos(*limit_ns).saturating_sub(Duration::from_secs(5));
    let is_commit = |what: &TimelineEvent| matches!(what, TimelineEvent::Committed(..));
    failure.timeline.iter().rev().find(|(at, what)| *at >= lately && is_commit(what)).map(|(at, _)| *at)
}

/// What the scenario itself waits for, if it waits for a thread of the code under test: for a lock, or for a call of its own
/// that waits for one.
pub(super) fn stuck(failure: &Failure) -> String {
    let all = threads(failure);
    let Some(main) = all.iter().find(|thread| thread.thread == "tester/main") else { return String::new() };
    if let Some(holder) = &main.waits_for {
        return format!(": the scenario waits for a lock that {holder} holds");
    }
    let calls = ["start", "get_state", "snapshot", "kill"];
    let is_call = |thread: &&ThreadReport| {
        let (_, name) = thread.thread.split_once('/').unwrap_or_default();
        calls.contains(&name)
            && main.activity.starts_with(&format!("waits for the end of {} at", thread.thread))
    };
    let call = all.iter().find(is_call);
    match call.and_then(|call| Some((call, call.waits_for.as_ref()?))) {
        Some((call, holder)) => {
            format!(": the scenario has called {}, which waits for a lock that {holder} holds", call.thread)
        }
        None => String::new(),
    }
}

/// Each thread of the cycle with what it holds and what it waits for.
fn write_cycle(out: &mut String, failure: &Failure) {
    if failure.cycle.is_empty() {
        return;
    }
    out.push_str("a deadlock:\n");
    for name in &failure.cycle {
        let thread =
            threads(failure).iter().find(|thread| thread.thread == *name && thread.waits_for.is_some());
        let _ = match thread {
            Some(thread) => writeln!(out, "  {thread}"),
            None => writeln!(out, "  {name}"),
        };
    }
}

fn write_servers(out: &mut String, servers: &[Seen]) {
    if servers.is_empty() {
        return;
    }
    out.push_str("servers, as last seen:\n");
    let mut alike: Vec<(Vec<ServerId>, String)> = Vec::new();
    for (id, seen) in servers.iter().enumerate() {
        let text = server(seen);
        // Servers that are alike share a line: most of a cluster is often the same, and the one server that
        // is not is the point.
        match alike.iter_mut().find(|(_, other)| *other == text) {
            Some((ids, _)) => ids.push(id),
            None => alike.push((vec![id], text)),
        }
    }
    for (ids, text) in alike {
        let _ = writeln!(out, "  {} {text}", names(&ids));
    }
}

fn server(seen: &Seen) -> String {
    let (term, role) = seen.term_and_role();
    let role = match (seen.is_up, role) {
        (false, _) => "down",
        (true, Role::Follower) => "follower",
        (true, Role::Candidate) => "candidate",
        (true, Role::Leader) => "leader",
    };
    let mut out = format!("{role}, term {term}, applied {}", seen.applied);
    if let Some((index, term)) = seen.stored {
        let _ = write!(out, ", accepted entry {index} as leader of term {term}");
    }
    if !seen.tail.is_empty() {
        let shown: Vec<String> = seen
            .tail
            .iter()
            .map(|(index, term, command)| format!("{index}:T{term} {}", show_command(command)))
            .collect();
        let _ = write!(out, " ({})", shown.join(" "));
    }
    for (is_so, word) in [(!seen.is_connected, ", disconnected"), (seen.is_paused, ", paused")] {
        if is_so {
            out.push_str(word);
        }
    }
    if seen.starts > 1 {
        let _ = write!(out, ", started {} times", seen.starts);
    }
    out
}

/// Threads that do the same at the same place.
struct Alike {
    /// The place of the busiest among those that have spun, or the greatest number.
    rank: usize,
    /// How many there are of each server.
    nodes: BTreeMap<String, usize>,
}

/// Threads of servers that do the same at the same place share a line. Who has spun, waits for a lock, or holds one, comes
/// first: it tells more than who sleeps.
fn write_threads(out: &mut String, threads: &[ThreadReport], spinners: &[SpinReport]) {
    if threads.is_empty() {
        return;
    }
    let mut alike: BTreeMap<(bool, bool, String), Alike> = BTreeMap::new();
    for thread in threads {
        let (node, name) = thread.thread.split_once('/').unwrap_or(("", &thread.thread));
        let text = thread.to_string();
        let text = text.strip_prefix(&thread.thread).unwrap_or(&text);
        // Without the name of its own server: else no two servers would ever do the same.
        let text = text.replace(&format!(" {node}/"), " its ");
        let is_telling = thread.waits_for.is_some() || !thread.holds.is_empty();
        // A thread without a name has a number, which the same thread of another server has not.
        let name = if name.starts_with("thread-") { "thread" } else { name };
        // False sorts before true: first those that wait for a lock or hold one, of these the servers' before
        // the tester's.
        let key = (!is_telling, !node.starts_with('S'), format!("{name}{text}"));
        let rank = spinners.iter().position(|spinner| spinner.thread == thread.thread);
        let alike = alike.entry(key).or_insert(Alike { rank: usize::MAX, nodes: BTreeMap::new() });
        alike.rank = alike.rank.min(rank.unwrap_or(usize::MAX));
        *alike.nodes.entry(node.to_owned()).or_default() += 1;
    }
    out.push_str("threads:\n");
    let mut alike: Vec<_> = alike.into_iter().collect();
    // Stable: those that have not spun stay in their order.
    alike.sort_by_key(|(_, alike)| alike.rank);
    for ((.., text), Alike { nodes, .. }) in alike {
        let ids: Option<Vec<ServerId>> =
            nodes.keys().map(|node| node.strip_prefix('S')?.parse().ok()).collect();
        let who = ids.map_or_else(
            || nodes.keys().cloned().collect::<Vec<_>>().join(" "),
            |mut ids| {
                ids.sort_unstable();
                names(&ids)
            },
        );
        let count: usize = nodes.values().sum();
        let times = if count > nodes.len() { format!(" ({count} threads)") } else { String::new() };
        let _ = writeln!(out, "  {who}{times} {text}");
    }
}

/// `S0-S3 S7`.
fn names(ids: &[ServerId]) -> String {
    let mut runs: Vec<(ServerId, ServerId)> = Vec::new();
    for &id in ids {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == id => *last = id,
            _ => runs.push((id, id)),
        }
    }
    let shown = |&(first, last): &(ServerId, ServerId)| match last - first {
        0 => format!("S{first}"),
        1 => format!("S{first} S{last}"),
        _ => format!("S{first}-S{last}"),
    };
    runs.iter().map(shown).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_named_as_a_range() {
        assert_eq!(names(&[0]), "S0");
        assert_eq!(names(&[0, 1, 3]), "S0 S1 S3");
        assert_eq!(names(&[0, 1, 2, 4, 6, 7, 8]), "S0-S2 S4 S6-S8");
    }

    #[test]
    fn server_is_in_the_term_of_what_it_has_sent() {
        let seen = Seen { is_up: true, is_connected: true, role: Role::Leader, term: 1, ..Seen::default() };
        assert_eq!(server(&Seen { sent: (1, Role::Follower), ..seen.clone() }), "leader, term 1, applied 0");
        assert_eq!(server(&Seen { sent: (2, Role::Follower), ..seen }), "follower, term 2, applied 0");
    }
}
