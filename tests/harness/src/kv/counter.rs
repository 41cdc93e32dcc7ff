//! The counter of part 4A, called from outside: who is told what, and what that tells of the log.

use std::time::Duration;

use labrpc::thread;
use labrpc::time::Instant;
use raft_interface::ServerId;

use super::cluster::{KvCluster, wait_within};
use lab_referee::Violation;

/// What became of a command.
#[derive(Clone, Copy, Debug)]
pub struct Added {
    /// The counter after it.
    pub sum: i64,
    /// How many calls before that told nothing and may have been executed as well.
    pub unsure: i64,
}

impl KvCluster {
    /// Submits to the counter of whatever server leads, and expects a result within ten seconds.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[track_caller]
    pub fn add_somewhere(&self, delta: i64) -> Added {
        let began = Instant::now();
        let mut unsure = 0;
        while began.elapsed() < Duration::from_secs(10) {
            // Whoever leads is found by asking all of them: this layer gives no hints.
            for server in self.connected() {
                let before = self.state(server);
                if let Some(sum) = self.add_soon(server, delta) {
                    return Added { sum, unsure };
                }
                // Who has led meanwhile may have the command in its log, and a successor may commit it. Only who has not led in
                // that term has certainly not taken it.
                let has_refused = before.is_some_and(|(_, leads)| !leads) && before == self.state(server);
                unsure += i64::from(!has_refused);
            }
            self.lab().sleep_ms(50);
        }
        self.lab().fail(
            Violation::new(
                "no command returned a result within 10 s",
                "a result from the leader",
                "refusals by all servers, or callers who were told nothing",
            )
            .hint("a waiter that is not told, or a leader that is not found"),
        )
    }

    /// Submits to the counter of a server, and expects to be told within ten seconds what became of it.
    #[track_caller]
    fn add_soon(&self, server: ServerId, delta: i64) -> Option<i64> {
        const PATIENCE: Duration = Duration::from_secs(10);
        let service = self.service(server)?;
        // In a thread of its own. A caller that is never told would hang the scenario until the limit of
        // virtual time, and that failure would not name the server.
        let caller = thread::spawn(move || service.add(delta));
        wait_within(self.lab(), caller, PATIENCE, 1, || {
            Violation::new(
                format!("a command that was submitted to S{server} has not returned after {PATIENCE:?}"),
                "the caller is told what became of it",
                "it still waits",
            )
            .rule("a waiter is told as soon as its entry is applied or can no longer commit")
            .hint("a lock that is held while a request waits for its commit, or a waiter that is forgotten")
            .servers([server])
        })
    }

    /// Expects that within `patience` all servers that run have the same counter.
    ///
    /// # Panics
    ///
    /// If not.
    #[track_caller]
    pub fn expect_counters(&self, value: i64, patience: Duration) {
        let (mut began, mut has_helped) = (Instant::now(), false);
        loop {
            let counters: Vec<Option<i64>> = self.servers().map(|server| self.counter(server)).collect();
            // Servers that are down have no counter, and none is expected of them.
            if counters.iter().flatten().all(|&counter| counter == value) {
                return;
            }
            if began.elapsed() > patience {
                if !has_helped && self.is_without_an_entry_of_its_term() {
                    self.add_somewhere(0);
                    (began, has_helped) = (Instant::now(), true);
                    continue;
                }
                self.lab().fail(
                    Violation::new(
                        "the replicas do not agree",
                        format!("{value} on all servers"),
                        format!("{counters:?}"),
                    )
                    .rule("a command is executed once on every replica (§2, §5.4.3)"),
                );
            }
            self.lab().sleep_ms(20);
        }
    }

    /// Whether the leader was elected after all that was ever committed. What it has of that it commits with the next entry of
    /// its own term, and not before (§5.4.2).
    fn is_without_an_entry_of_its_term(&self) -> bool {
        let leaders = self.servers().filter_map(|server| self.state(server)).filter(|&(_, leads)| leads);
        leaders.map(|(term, _)| term).max().is_some_and(|term| term > self.lab().record().committed_term())
    }
}
