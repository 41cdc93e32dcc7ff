//! Commands that are handed to servers which may not lead, and what became of them.
//!
//! Each command of a test adds a number of its own to the counter, of which the sum tells whether it was executed, and how often:
//! the k-th adds 8 to the power of k. A counter holds twenty of them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use kvraft_interface::{Accepted, ForwardError};
use labrpc::thread;
use parking_lot::Mutex;
use raft_interface::{Index, ServerId, Term};

use super::cluster::{KvCluster, wait_within};
use crate::on_node::on_node;
use lab_referee::Violation;

/// How many commands a counter tells apart.
pub const COMMANDS_MAX: usize = 20;
/// So many times a command can be executed before the next one's number changes.
const TIMES: i64 = 8;
/// How long a caller may wait: several elections, as MIT's tester does.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a caller is told of commands: where they stand, or what is known of those that are given back.
pub type Told = Result<Accepted, ForwardError<i64>>;

/// What is known of commands when a test ends.
#[derive(Debug, Default)]
pub struct Forwarded(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// What is certain of each: whether it must have been executed.
    commands: BTreeMap<usize, Certainty>,
    /// The places that were promised, by what was promised them.
    places: BTreeMap<(Term, Index), usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Certainty {
    Executed,
    NotExecuted,
    Open,
}

/// What the k-th command adds.
///
/// # Panics
///
/// From [`COMMANDS_MAX`] on.
#[must_use]
pub fn delta(command: usize) -> i64 {
    assert!(command < COMMANDS_MAX, "a counter tells {COMMANDS_MAX} commands apart");
    TIMES.pow(command as u32)
}

/// How often each command was executed, by the counter.
#[must_use]
pub fn executions(counter: i64) -> [i64; COMMANDS_MAX] {
    std::array::from_fn(|command| (counter / delta(command)) % TIMES)
}

impl KvCluster {
    /// Hands commands to a server, which has them appended by whoever leads. `None` if it is down or paused, or its power fails
    /// before it answers. Skips the test if the service does not forward.
    pub fn feed(&self, server: ServerId, commands: &[usize]) -> Option<Told> {
        self.hand_over(server, "feed", commands)
    }

    /// The same, and waits until that server has applied them.
    pub fn execute(&self, server: ServerId, commands: &[usize]) -> Option<Told> {
        self.hand_over(server, "execute", commands)
    }

    /// Fills the log with commands that change nothing: hands so many to a server, in a thread of its own, and waits for nothing.
    pub fn fill_log(&self, server: ServerId, commands: usize) {
        let (Some(node), Some(service)) = (self.node(server), self.service(server)) else { return };
        let call = move || on_node(&node, "fill the log", move || drop(service.feed(vec![0; commands])));
        // What comes of it does not matter: the scenario goes on when the log is full, or does not need it.
        drop(thread::spawn(call));
    }

    fn hand_over(&self, server: ServerId, how: &'static str, commands: &[usize]) -> Option<Told> {
        let (node, service) = (self.node(server)?, self.service(server)?);
        if self.lab().record().seen(server, |seen| seen.is_paused) {
            return None;
        }
        let deltas: Vec<i64> = commands.iter().map(|&command| delta(command)).collect();
        let call = move || if how == "feed" { service.feed(deltas) } else { service.execute(deltas) };
        // On the server's node, where its threads belong; and beside the scenario, which must go on if it never returns.
        let calling = thread::spawn(move || on_node(&node, how, call));
        let told = wait_within(self.lab(), calling, PATIENCE, 1, || {
            Violation::new(
                format!("commands that S{server} was to {how} have not come back after {PATIENCE:?}"),
                "the caller is told what is known of them",
                "it still waits",
            )
            .rule(
                "a server gives commands back when it finds no leader, or is not answered (AnyService::feed)",
            )
            .hint("a caller that waits for an answer that was lost, or for an entry that was overwritten")
            .servers([server])
        })?;
        if told == Err(ForwardError::NotOffered) {
            self.lab().skip(&ForwardError::<i64>::NotOffered.to_string());
        }
        self.lab().note(format!("S{server} is to {how} commands {commands:?}: {}", Words(&told)));
        Some(told)
    }

    /// The sum of all commands that were executed, by one more that is committed after them. All servers agree on it.
    ///
    /// # Panics
    ///
    /// If they do not.
    #[track_caller]
    pub fn sum_of_all(&self) -> i64 {
        const TRIES: usize = 4;
        for _ in 0..TRIES {
            let sum = self.add_somewhere(0).sum;
            let agrees = |server: ServerId| self.counter(server).is_none_or(|counter| counter == sum);
            // A request whose caller has given up may come late, and changes the sum once more.
            for _ in 0..100 {
                if self.servers().all(agrees) {
                    return sum;
                }
                self.lab().sleep_ms(20);
            }
        }
        let sum = self.add_somewhere(0).sum;
        self.expect_counters(sum, PATIENCE);
        sum
    }

    /// The requests so far that the handlers of a service got, or were to get.
    #[must_use]
    pub fn requests_of_services(&self) -> u64 {
        let handlers = self.servers().find_map(|server| self.service(server)?.handlers());
        let Some(handlers) = handlers else { return 0 };
        let counters = self.counters();
        let calls = |(method, _)| counters.methods.get(method).map_or(0, |tally| tally.calls);
        handlers.methods().map(calls).sum()
    }
}

impl Forwarded {
    /// Takes down what a caller was told of commands that it [fed](KvCluster::feed). Fails if that cannot be: places that two callers
    /// were promised, another number of places than of commands, or commands that come back and were never handed over.
    ///
    /// # Panics
    ///
    /// If so.
    #[track_caller]
    pub fn note_feed(&self, cluster: &KvCluster, server: ServerId, commands: &[usize], told: Option<&Told>) {
        self.note(cluster, server, commands, told, Certainty::Open);
    }

    /// The same of commands that it [executed](KvCluster::execute).
    ///
    /// # Panics
    ///
    /// If that cannot be.
    #[track_caller]
    pub fn note_execute(
        &self,
        cluster: &KvCluster,
        server: ServerId,
        commands: &[usize],
        told: Option<&Told>,
    ) {
        self.note(cluster, server, commands, told, Certainty::Executed);
    }

    #[track_caller]
    fn note(
        &self,
        cluster: &KvCluster,
        server: ServerId,
        commands: &[usize],
        told: Option<&Told>,
        when_accepted: Certainty,
    ) {
        let mut known = self.0.lock();
        match told {
            Some(Ok(accepted)) => {
                expect_as_many(cluster, server, commands, accepted);
                for (place, &command) in (accepted.first..=accepted.last).zip(commands) {
                    if let Some(other) = known.places.insert((accepted.term, place), command) {
                        drop(known);
                        fail_place_given_twice(cluster, server, (accepted.term, place), [other, command]);
                    }
                }
                known.commands.extend(commands.iter().map(|&command| (command, when_accepted)));
            }
            Some(Err(error)) => {
                let back: Vec<i64> = error.commands().to_vec();
                let given: Vec<i64> = commands.iter().map(|&command| delta(command)).collect();
                let is_rest = match error {
                    ForwardError::Overwritten { .. } => given.ends_with(&back) && !back.is_empty(),
                    _ => given == back,
                };
                if !is_rest {
                    drop(known);
                    fail_other_commands(cluster, server, &given, error);
                }
                let certain = if error.may_take_effect() { Certainty::Open } else { Certainty::NotExecuted };
                let first = commands.len() - back.len();
                for (place, &command) in commands.iter().enumerate() {
                    known.commands.insert(command, if place < first { Certainty::Executed } else { certain });
                }
            }
            None => known.commands.extend(commands.iter().map(|&command| (command, Certainty::Open))),
        }
    }

    /// Expects that all commands were executed as often as their callers were told, and none twice. Call it when nothing is under
    /// way any more. Returns how often each was.
    ///
    /// # Panics
    ///
    /// If not.
    #[track_caller]
    pub fn check(&self, cluster: &KvCluster) -> [i64; COMMANDS_MAX] {
        // What is under way arrives, or is lost.
        cluster.lab().sleep_ms(3000);
        let executions = executions(cluster.sum_of_all());
        for (&command, &certainty) in &self.0.lock().commands {
            let (wanted, words) = match certainty {
                Certainty::Executed => (1..=1, "once: its caller was told so"),
                Certainty::NotExecuted => {
                    (0..=0, "never: its caller was told that it has no effect, and will have none")
                }
                Certainty::Open => (0..=1, "once or never"),
            };
            let times = executions[command];
            cluster.lab().expect(wanted.contains(&times), || {
                Violation::new(
                    format!("command {command} was executed {times} times"),
                    words,
                    format!("the counter is {:?}", executions),
                )
                .rule("what a caller is told of forwarded commands is true (AnyService::feed, AnyService::execute)")
                .hint("an answer that is taken for another one, entries that are known by their index alone, or a request that was appended again")
            });
        }
        executions
    }
}

#[track_caller]
fn expect_as_many(cluster: &KvCluster, server: ServerId, commands: &[usize], accepted: &Accepted) {
    let is_right =
        accepted.first > 0 && accepted.last >= accepted.first && accepted.count() == commands.len() as Index;
    cluster.lab().expect(is_right, || {
        Violation::new(
            format!("S{server} names other places than there are commands"),
            format!("{} places, one after the other", commands.len()),
            format!("{} to {} of term {}", accepted.first, accepted.last, accepted.term),
        )
        .rule("commands of one call stand in the log one after the other, in their order (AnyService::feed)")
        .servers([server])
    });
}

#[track_caller]
fn fail_place_given_twice(
    cluster: &KvCluster,
    server: ServerId,
    place: (Term, Index),
    commands: [usize; 2],
) -> ! {
    let ((term, index), [one, other]) = (place, commands);
    cluster.lab().fail(
        Violation::new(
            format!("S{server} names a place in the log that was another command's"),
            format!("entry {index} of term {term} is command {one}, as another caller was told"),
            format!("command {other}"),
        )
        .rule("an index and a term name one entry (Fig. 3, Log Matching)")
        .hint("an answer that is taken for that to another request")
        .servers([server]),
    )
}

#[track_caller]
fn fail_other_commands(cluster: &KvCluster, server: ServerId, given: &[i64], error: &ForwardError<i64>) -> ! {
    cluster.lab().fail(
        Violation::new(
            format!("S{server} gives back other commands than it was handed"),
            format!("{given:?}, or the last of them if the first were executed"),
            format!("{error}: {:?}", error.commands()),
        )
        .rule("commands of whose effect the caller must decide are given back (ForwardError)")
        .servers([server]),
    )
}

/// What a caller was told, in few words.
struct Words<'a>(&'a Told);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Ok(Accepted { term, first, last }) => write!(f, "entries {first} to {last} of term {term}"),
            Err(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counter_tells_how_often_each_command_was_executed() {
        let executions = executions(delta(0) + 2 * delta(7) + 7 * delta(19));
        assert_eq!((executions[0], executions[7], executions[19]), (1, 2, 7));
        assert_eq!(executions.iter().sum::<i64>(), 10);
    }
}
