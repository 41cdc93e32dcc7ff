//! What a scenario expects of leaders and terms: MIT's checks, with MIT's patience.

use std::time::Duration;

use labrpc::sim::ThreadReport;
use raft_interface::{ServerId, Started, Term};

use super::handle::Cluster;
use crate::observation::show_servers;
use lab_referee::Violation;

/// How often [`Cluster::check_one_leader`] looks (MIT's `checkOneLeader`).
const LEADER_LOOKS: u32 = 10;
/// The shortest pause between two looks, in milliseconds, and how much longer it may be.
const LEADER_PAUSE_MS: (u64, u64) = (450, 100);

impl Cluster {
    /// Expects that, within five seconds, exactly one connected server leads the highest term that has a leader, and
    /// returns it (MIT's `checkOneLeader`).
    ///
    /// # Panics
    ///
    /// If not.
    #[track_caller]
    pub fn check_one_leader(&self) -> ServerId {
        self.check_leader_after(0).1
    }

    /// As [`check_one_leader`](Self::check_one_leader), for a leader of a later term than `term`. Returns its term as
    /// well.
    ///
    /// # Panics
    ///
    /// If there is none within five seconds.
    #[track_caller]
    pub fn check_leader_after(&self, term: Term) -> (Term, ServerId) {
        let lab = &self.inner.lab;
        for _ in 0..LEADER_LOOKS {
            // Half a second passes before the first look, as in MIT's: tests call this right after they have
            // cut the leader off, and an election may take as long.
            lab.sleep_ms(LEADER_PAUSE_MS.0 + lab.below(LEADER_PAUSE_MS.1));
            // Two leaders at a time are legal if their terms differ: the older has not heard of the other yet.
            // Two in one term are for Election Safety, which sees every answer of `get_state`.
            if let Some(leader) = self.leaders().into_iter().max().filter(|&(led, _)| led > term || term == 0)
            {
                self.expect_votes_possible(leader);
                return leader;
            }
        }
        lab.fail(
            Violation::new(
                "no leader was elected within 5 s",
                format!("a leader among {}, which are connected", show_servers(&self.connected())),
                match term {
                    0 => "none of them says that it leads".to_owned(),
                    _ => format!("none of them says that it leads a term after {term}"),
                },
            )
            .hint(if self.has_server_without_threads() {
                "a server has no simulated thread: they ended, or std::thread::spawn has started real ones (use \
                 labrpc::thread::spawn, and labrpc's sleep, Instant and locks)"
            } else {
                "candidates that split the vote, votes not granted, or a server that is stuck"
            }),
        )
    }

    /// Expects that enough others have been asked for their votes: whoever was never sent anything has given none. It needs no
    /// message that can be read.
    #[track_caller]
    fn expect_votes_possible(&self, (term, leader): (Term, ServerId)) {
        // Who of them has a vote nobody can see, where that may change.
        if self.inner.features.first_configuration.is_some() {
            return;
        }
        let others = self.servers().filter(|&server| server != leader);
        let asked: Vec<ServerId> = others.filter(|&server| self.rpcs_to(server) > 0).collect();
        let needed = self.servers().len() / 2;
        self.inner.lab.expect(asked.len() >= needed, || {
            Violation::new(
                format!("S{leader} leads term {term} without the votes of a majority"),
                format!("votes of at least {needed} others, which have been sent requests for them"),
                match asked.as_slice() {
                    [] => "nobody has ever been sent a message".to_owned(),
                    asked => format!("only {} have ever been sent a message", show_servers(asked)),
                },
            )
            .rule("Leaders are elected by the votes of a majority (Fig. 2, Candidates; §5.2)")
            .hint("a leader that is fixed, or servers that agree by memory which they share")
        });
    }

    /// Whether a connected server has no simulated thread but that of its service. In the real world nobody can tell.
    fn has_server_without_threads(&self) -> bool {
        let is_of_the_harness = |thread: &ThreadReport| thread.thread.ends_with("/service");
        labrpc::sim::is_active()
            && self
                .connected()
                .into_iter()
                .any(|server| self.threads_alive(server).iter().all(is_of_the_harness))
    }

    /// Expects that no connected server leads (MIT's `checkNoLeader`).
    ///
    /// # Panics
    ///
    /// If one does.
    #[track_caller]
    pub fn check_no_leader(&self) {
        let leaders = self.leaders();
        self.inner.lab.expect(leaders.is_empty(), || {
            let (term, leader) = leaders[0];
            Violation::new(
                format!("S{leader} leads without a majority"),
                format!("no leader among {}: they are no majority", show_servers(&self.connected())),
                format!("S{leader} says that it leads term {term}"),
            )
            .hint("votes counted wrong")
            .servers([leader])
            .term(term)
        });
    }

    /// Expects that all connected servers are in the same term, and returns it (MIT's `checkTerms`).
    ///
    /// # Panics
    ///
    /// If not.
    #[track_caller]
    pub fn check_terms(&self) -> Term {
        let connected = self.connected();
        let terms: Vec<Term> = connected.iter().filter_map(|&server| Some(self.state(server)?.0)).collect();
        let term = terms.first().copied().unwrap_or_default();
        self.inner.lab.expect(terms.iter().all(|&other| other == term), || {
            Violation::new(
                "the servers do not agree on the term",
                "one term for all connected servers",
                format!("terms {terms:?} on {}", show_servers(&connected)),
            )
            .servers(connected.iter().copied())
        });
        term
    }

    /// Adds to a violation who has stood for election though nothing had failed in `term`, if that is known, and what often leads
    /// to that: a leader that stands itself makes other mistakes than a follower that does not wait.
    #[must_use]
    pub fn with_who_stood(&self, term: Term, mut violation: Violation) -> Violation {
        let (leader, stood) = self.inner.lab.record().leader_and_next_candidate(term);
        let Some(stood) = stood else { return violation };
        if leader == Some(stood) {
            violation.seen += &format!(": S{stood}, the leader of term {term}, stood for election itself");
            return violation.servers([stood]).hint(
                "a leader's own election timer goes on: who finds that it has run out does not look at the role, and only followers \
                 and candidates stand for election",
            );
        }
        violation.seen += &format!(": S{stood} was the first to stand for election in term {}", term + 1);
        violation.servers([stood])
    }

    /// The connected servers that say that they lead, with their terms.
    #[must_use]
    pub fn leaders(&self) -> Vec<(Term, ServerId)> {
        self.connected()
            .into_iter()
            .filter_map(|server| match self.state(server) {
                Some((term, true)) => Some((term, server)),
                _ => None,
            })
            .collect()
    }

    /// The servers that run, are connected and not paused.
    #[must_use]
    pub fn connected(&self) -> Vec<ServerId> {
        // A paused server cannot be asked: it may hold the lock that its `get_state` takes, until it is
        // resumed.
        let is_paused = |server| self.inner.lab.record().seen(server, |seen| seen.is_paused);
        self.servers().filter(|&server| self.is_connected(server) && !is_paused(server)).collect()
    }

    /// Gives a command to a server that must be the leader, and returns where it put it.
    ///
    /// # Panics
    ///
    /// If it does not accept the command.
    #[track_caller]
    pub fn start_on_leader(&self, leader: ServerId) -> Started {
        let command = self.inner.lab.command();
        match self.start(leader, &command) {
            Some(started) if started.is_leader => started,
            _ => self.inner.lab.fail(
                Violation::new(
                    format!("S{leader} refused a command although it leads"),
                    "start returns that it is the leader: nothing has happened that would depose it",
                    format!("{:?}", self.state(leader)),
                )
                .servers([leader]),
            ),
        }
    }

    /// Gives a new command to a server and does not care whether it accepts it.
    pub fn offer(&self, server: ServerId) -> Option<Started> {
        self.start(server, &self.inner.lab.command()).filter(|started| started.is_leader)
    }

    /// Waits until this server no longer leads `term`. It may well be elected again, in a later term.
    ///
    /// # Panics
    ///
    /// If it still leads that term after `patience`.
    #[track_caller]
    pub fn expect_steps_down(&self, leader: ServerId, term: Term, patience: Duration, why: &str) {
        // Most step down with the first heartbeat that they get. Whoever looks often need not wait until the
        // end.
        let pause = patience / 20;
        for _ in 0..20 {
            self.inner.lab.sleep(pause);
            if self.state(leader) != Some((term, true)) {
                return;
            }
        }
        self.inner.lab.fail(
            Violation::new(
                format!("S{leader} still leads term {term} after {patience:?}"),
                format!("it steps down: {why}"),
                format!("it says that it leads term {term}"),
            )
            .rule("who sees a higher term becomes a follower (§5.1; Fig. 2, Rules for all servers 2)")
            .servers([leader]),
        );
    }
}
