//! What a scenario expects of commands: MIT's `one`, `nCommitted` and `wait`.

use std::time::Duration;

use labrpc::time::Instant;
use raft_interface::{Command, Index, ServerId, Term};

use super::handle::Cluster;
use crate::observation::show_command;
use lab_referee::Violation;

/// How long [`Cluster::one`] tries in all (MIT).
const AGREEMENT_MAX: Duration = Duration::from_secs(10);
/// How long it waits for one attempt (MIT).
const ATTEMPT_MAX: Duration = Duration::from_secs(2);
/// Its pause when no server accepts the command (MIT).
const NO_LEADER_PAUSE: Duration = Duration::from_millis(50);

/// What to do when an attempt fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Retry {
    /// Nothing has happened that could lose the command: fail.
    Never,
    /// The leader may have lost it: try again.
    UntilTimeIsUp,
}

impl Cluster {
    /// Expects agreement on a new command by at least `servers` servers within ten seconds, from whatever leader, and
    /// returns its index (MIT's `one`, with retries).
    ///
    /// # Panics
    ///
    /// If it does not come.
    #[track_caller]
    pub fn one(&self, servers: usize) -> Index {
        self.agree(&self.inner.lab.command(), servers, Retry::UntilTimeIsUp)
    }

    /// As [`one`](Self::one), but the first leader that accepts the command must bring it through within two seconds
    /// (MIT's `one`, without retries).
    ///
    /// # Panics
    ///
    /// If it does not come.
    #[track_caller]
    pub fn one_shot(&self, servers: usize) -> Index {
        self.one_shot_of(&self.inner.lab.command(), servers)
    }

    /// As [`one_shot`](Self::one_shot), with this command.
    ///
    /// # Panics
    ///
    /// If it does not come.
    #[track_caller]
    pub fn one_shot_of(&self, command: &Command, servers: usize) -> Index {
        self.agree(command, servers, Retry::Never)
    }

    /// How many running servers have applied an index (MIT's `nCommitted`).
    #[must_use]
    pub fn applied_count(&self, index: Index) -> usize {
        self.inner.lab.record().applied_count(index)
    }

    /// What was ever applied at an index, by anybody.
    #[must_use]
    pub fn committed(&self, index: Index) -> Option<Command> {
        self.inner.lab.record().committed(index)
    }

    /// The last index that was ever applied, by anybody.
    #[must_use]
    pub fn committed_last(&self) -> Index {
        self.inner.lab.record().committed_last()
    }

    /// Expects that nobody has applied an index.
    ///
    /// # Panics
    ///
    /// If somebody has.
    #[track_caller]
    pub fn expect_not_applied(&self, index: Index, why: &str) {
        let command = self.committed(index);
        self.inner.lab.expect(command.is_none(), || {
            Violation::new(
                format!("entry {index} was committed without a majority"),
                format!("nobody applies it: {why}"),
                format!("{} was applied there", show_command(&command.unwrap_or_default())),
            )
        });
    }

    /// Waits until `servers` servers have applied an index, and returns its command. `None` if that takes more than
    /// half a minute, or if a server moves on from `term` (MIT's `wait`).
    #[must_use]
    pub fn wait(&self, index: Index, servers: usize, term: Option<Term>) -> Option<Command> {
        // MIT's rhythm: thirty looks, with pauses that double up to 1.28 s.
        let mut pause = Duration::from_millis(10);
        for _ in 0..30 {
            if self.applied_count(index) >= servers {
                return self.committed(index);
            }
            self.inner.lab.sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(1280));
            // Whoever started the command did so in `term`. A later leader may have put another entry there, so
            // waiting for this one may be in vain (MIT).
            let has_moved =
                |server| self.state(server).is_some_and(|(now, _)| term.is_some_and(|term| now > term));
            if self.servers().any(has_moved) {
                return None;
            }
        }
        None
    }

    /// Waits until `servers` servers have applied `index`, for `patience` at most. Returns whether they have.
    #[must_use]
    pub fn is_applied_within(&self, index: Index, servers: usize, patience: Duration) -> bool {
        let record = self.inner.lab.record();
        let deadline = Instant::now() + patience;
        // With the lock held that whoever notifies must take: what is applied after the registration and before
        // the wait is not missed.
        let mut guard = self.inner.applied_signal.lock.lock();
        record.await_index(index);
        let mut is_late = false;
        while record.applied_count(index) < servers && !is_late {
            is_late = self.inner.applied_signal.changed.wait_until(&mut guard, deadline).timed_out();
            // In the real world another thread may have failed, and then nobody applies anything any more.
            self.inner.lab.check();
        }
        record.forget_index(index);
        // Not `!is_late`: it may have been applied at the very deadline.
        record.applied_count(index) >= servers
    }

    #[track_caller]
    fn agree(&self, command: &Command, servers: usize, retry: Retry) -> Index {
        let lab = &self.inner.lab;
        let deadline = Instant::now() + AGREEMENT_MAX;
        // As MIT's: each attempt goes on after the server that accepted the last one. A deposed leader that
        // accepts everything and commits nothing gets every command once, not every attempt.
        let mut first: ServerId = 0;
        let mut attempts = Vec::new();
        while Instant::now() < deadline {
            lab.check();
            let Some((leader, index)) = self.offer_in_turn(&mut first, command) else {
                lab.sleep(NO_LEADER_PAUSE);
                continue;
            };
            if self.is_applied_within(index, servers, ATTEMPT_MAX)
                // Applied, but is it this command? If the leader was deposed before it had replicated the
                // entry, its successor has put another one at this index.
                && self.committed(index).as_ref() == Some(command)
            {
                return index;
            }
            attempts.push((leader, index));
            if retry == Retry::Never {
                break;
            }
        }
        lab.fail(self.no_agreement(command, servers, &attempts))
    }

    /// Offers a command to one connected server after the other until one accepts it.
    fn offer_in_turn(&self, first: &mut ServerId, command: &Command) -> Option<(ServerId, Index)> {
        for _ in 0..self.size() {
            *first = self.next(*first, 1);
            if self.connected().contains(first)
                // Not `start`: the test stands and falls with this command, so no smaller run leaves it out.
                && let Some(started) = self.start_now(*first, command)
                && started.is_leader
            {
                return Some((*first, started.index));
            }
        }
        None
    }

    fn no_agreement(&self, command: &Command, servers: usize, attempts: &[(ServerId, Index)]) -> Violation {
        let command = show_command(command);
        let expected = format!("{servers} servers apply it");
        let Some(&(leader, index)) = attempts.last() else {
            return Violation::new(
                format!("nobody accepted the command {command} within {AGREEMENT_MAX:?}"),
                "a connected server that leads and accepts it",
                "start returned is_leader = false on all of them",
            )
            .hint("no leader is elected, or it is deposed again and again");
        };
        let seen = match (self.committed(index), self.applied_count(index)) {
            (Some(other), _) if show_command(&other) != command => {
                format!("{} was committed there", show_command(&other))
            }
            (_, 0) => "nobody applied it".to_owned(),
            (_, count) => format!("{count} did"),
        };
        let tries =
            if attempts.len() == 1 { String::new() } else { format!(", after {} attempts", attempts.len()) };
        Violation::new(
            format!("no agreement on {command}, which S{leader} accepted at index {index}"),
            format!("{expected} within {} s", if attempts.len() > 1 { 10 } else { 2 }),
            format!("{seen}{tries}"),
        )
        .hint("entries that are not sent again, a follower that cannot catch up, or nobody woken to commit or apply")
        .servers([leader])
    }
}
