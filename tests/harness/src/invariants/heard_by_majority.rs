//! Of what is applied, and of who leads, a majority can have heard: a command commits when a majority has stored it, and a leader has
//! the votes of a majority (Fig. 2, Leaders 4, Candidates 2; §5.2, §5.3).
//!
//! Servers have nothing but messages. So when a server applies a command, messages must have gone, since the command was given to a
//! server, from that one to a majority, and from these to the one that applies. When one leads a term, they must have gone from it to a
//! majority and back, since it began its life or last showed a lower term: nobody asks for votes of a term before he has come to
//! it. By whatever ways, and in whatever form: that is all that this looks at, who has sent to whom. So it holds for messages that
//! nobody can read, too, and what breaks it is memory that servers share.
//!
//! Where the referee reads what servers send, it knows who has stored and voted for what, and this is not needed. So nothing is noted
//! from the first message that it has read to the next one that it cannot; and what went before that counts as heard by everybody.
//!
//! For each server a matrix says, for any two, how much of the second one's past the first can have heard of, as far as the server
//! itself can know that (a matrix clock: Wuu and Bernstein, PODC 1984). More is said to be known than is: a message brings what its sender
//! knows when it arrives, and a crash forgets nothing. Of what the tester has not given to a server, nothing is said; nor
//! where the configuration changes, and with it what a majority is.

use std::collections::BTreeMap;

use raft_interface::{Command, Index, ServerId, Term};
use xxhash_rust::xxh3::xxh3_64;

use super::invariant::Invariant;
use crate::committed::CommittedLog;
use crate::observation::{Observation, name_servers, show_command};
use lab_referee::Violation;

const COMMIT: &str =
    "a command is committed when a majority of servers has stored it (Fig. 2, Leaders 4; §5.3)";
const VOTES: &str = "a leader has the votes of a majority of servers (Fig. 2, Candidates 2; §5.2)";
const HINT: &str = "done without a majority; or servers share memory: a static variable, or something that a clone shares with \
                    the original";

/// What is remembered of the terms that a server has shown.
#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    /// The last one.
    term: Term,
    /// When it was shown last.
    last: u64,
    /// Since when the server may have asked for votes of that term: when it was stopped, or last showed a lower one.
    since: u64,
}

/// What each server can know.
#[derive(Debug, Default)]
pub(super) struct HeardByMajority {
    /// How many servers there are; 0 if nothing is judged.
    servers: usize,
    /// Whether anything is noted at the moment.
    is_active: bool,
    /// Counts what happens.
    now: u64,
    /// `[knower][who][of]`: up to when `who` has heard of `of`, as far as `knower` can know.
    heard: Vec<u64>,
    shown: Vec<Shown>,
    /// When each command, by its hash, was about to be given to which servers. Two of one hash are taken for one, and more is said to be
    /// known of them than is.
    offered: BTreeMap<u64, Vec<(ServerId, u64)>>,
    /// Those that were given to a server while nothing was noted, by their hashes: by that they may have been heard of. Sorted when
    /// something is.
    offered_before: Vec<u64>,
}

impl HeardByMajority {
    /// For a cluster of so many servers.
    pub(super) fn new(servers: usize) -> Self {
        let (heard, shown) = (vec![0; servers.pow(3)], vec![Shown::default(); servers]);
        Self { servers, is_active: true, heard, shown, ..Self::default() }
    }

    fn at(&self, knower: ServerId, who: ServerId, of: ServerId) -> usize {
        (knower * self.servers + who) * self.servers + of
    }

    /// A number that grows with what happens.
    pub(super) fn moment(&self) -> u64 {
        self.now
    }

    /// Something happens at a server, of which whoever hears from it later can know.
    fn happens(&mut self, server: ServerId) {
        self.now += 1;
        let own = self.at(server, server, server);
        self.heard[own] = self.now;
    }

    /// A command is about to be given to a server.
    pub(super) fn offered(&mut self, server: ServerId, command: &Command) {
        if server >= self.servers {
            return;
        }
        if !self.is_active {
            self.offered_before.push(xxh3_64(command));
        } else {
            self.happens(server);
            self.offered.entry(xxh3_64(command)).or_default().push((server, self.now));
        }
    }

    /// The referee reads what servers send.
    pub(super) fn rests(&mut self) {
        self.is_active = false;
        self.offered_before.extend(std::mem::take(&mut self.offered).into_keys());
    }

    /// A message has come from one server to another.
    pub(super) fn delivered(&mut self, from: ServerId, to: ServerId) {
        if from >= self.servers || to >= self.servers || from == to {
            return;
        }
        if !self.is_active {
            // Later than all that was noted, and of that everybody has heard.
            self.now += 1;
            self.is_active = true;
            self.heard.fill(self.now);
            self.shown.fill(Shown::default());
            self.offered_before.sort_unstable();
            self.offered_before.dedup();
        }
        self.happens(from);
        let size = self.servers * self.servers;
        for place in 0..size {
            let known = self.heard[from * size + place];
            self.learns(to * size + place, known);
        }
        for of in 0..self.servers {
            let known = self.heard[self.at(from, from, of)];
            self.learns(self.at(to, to, of), known);
        }
    }

    fn learns(&mut self, place: usize, until: u64) {
        let heard = &mut self.heard[place];
        *heard = (*heard).max(until);
    }

    /// Who can have heard of one of these servers since the moment beside it, as far as `knower` can know.
    fn who_has_heard<'a>(
        &'a self,
        knower: ServerId,
        since: &'a [(ServerId, u64)],
    ) -> impl Iterator<Item = ServerId> + 'a {
        let of_knower = &self.heard[self.at(knower, 0, 0)..self.at(knower + 1, 0, 0)];
        let rows = of_knower.chunks_exact(self.servers).enumerate();
        rows.filter(|(_, row)| since.iter().any(|&(server, when)| row[server] >= when)).map(|(who, _)| who)
    }

    fn majority(&self) -> usize {
        self.servers / 2 + 1
    }

    /// A server has shown a term at a moment, or later.
    fn shows(&mut self, server: ServerId, term: Term, moment: u64) {
        let shown = &mut self.shown[server];
        if term > shown.term {
            // What it showed before was a lower one.
            *shown = Shown { term, last: moment, since: shown.since.max(shown.last) };
        } else if term == shown.term {
            shown.last = shown.last.max(moment);
        }
    }

    /// A server leads a term.
    fn leads(&self, server: ServerId, term: Term) -> Result<(), Violation> {
        let shown = self.shown[server];
        // What it says of an earlier term has come late.
        if shown.term != term {
            return Ok(());
        }
        let since = [(server, shown.since + 1)];
        let heard = || self.who_has_heard(server, &since).filter(|&who| who != server);
        let others = self.majority() - 1;
        if heard().count() >= others {
            return Ok(());
        }
        Err(Violation::new(
            format!("S{server} leads term {term}, for which no majority can have voted"),
            format!(
                "messages, in whatever form, from S{server} to {others} other servers and back, since it can have come to term {term}"
            ),
            format!("since then messages can have gone from S{server} and back only by way of {}", name_servers(heard())),
        )
        .rule(VOTES)
        .hint(HINT)
        .servers([server])
        .term(term))
    }

    /// A server has applied a command.
    fn applies(
        &self,
        server: ServerId,
        index: Index,
        term: Term,
        command: &Command,
    ) -> Result<(), Violation> {
        let hash = xxh3_64(command);
        let Some(offers) = self.offered.get(&hash) else { return Ok(()) };
        // Clients give a command to one server after the other.
        if self.offered_before.binary_search(&hash).is_ok() {
            return Ok(());
        }
        let heard = || self.who_has_heard(server, offers);
        let majority = self.majority();
        if heard().count() >= majority && heard().any(|who| who == server) {
            return Ok(());
        }
        let command = show_command(command);
        Err(Violation::new(
            format!("S{server} applies {command} at index {index}, of which no majority can have heard"),
            format!(
                "messages, in whatever form, from who was given {command} to {majority} servers, and from these to S{server}"
            ),
            format!(
                "since {command} was given to a server, messages can have told S{server} of it only that it has come to {}",
                name_servers(heard())
            ),
        )
        .rule(COMMIT)
        .hint(HINT)
        .servers([server])
        .term(term))
    }
}

impl Invariant for HeardByMajority {
    fn observe(
        &mut self,
        server: ServerId,
        fact: &Observation<'_>,
        _: &CommittedLog,
    ) -> Result<(), Violation> {
        if !self.is_active || server >= self.servers {
            return Ok(());
        }
        match *fact {
            Observation::Stopped => {
                self.happens(server);
                let shown = &mut self.shown[server];
                (shown.since, shown.last) = (self.now, self.now);
                Ok(())
            }
            Observation::State { term, is_leader, before } => {
                self.shows(server, term, before.moment);
                if is_leader { self.leads(server, term) } else { Ok(()) }
            }
            Observation::Accepted { term, before, .. } => {
                self.shows(server, term, before.moment);
                self.leads(server, term)
            }
            Observation::Applied { index, term, command } => self.applies(server, index, term, command),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        b"c1".as_slice().into()
    }

    /// Whether `server` may apply the command.
    fn may_apply(invariant: &mut HeardByMajority, server: ServerId) -> bool {
        let command = command();
        let fact = Observation::Applied { index: 1, term: 1, command: &command };
        invariant.observe(server, &fact, &CommittedLog::default()).is_ok()
    }

    /// S0 is given a command, and these messages follow.
    fn after(servers: usize, messages: &[(ServerId, ServerId)]) -> HeardByMajority {
        let mut invariant = HeardByMajority::new(servers);
        // What was said before tells nothing of it.
        for (from, to) in [(0, 1), (1, 0), (0, 2), (2, 0)] {
            invariant.delivered(from, to);
        }
        invariant.offered(0, &command());
        messages.iter().for_each(|&(from, to)| invariant.delivered(from, to));
        invariant
    }

    #[test]
    fn leader_applies_when_a_majority_has_answered() {
        assert!(!may_apply(&mut after(3, &[]), 0));
        assert!(!may_apply(&mut after(3, &[(0, 1)]), 0), "the answer is under way");
        assert!(!may_apply(&mut after(3, &[(1, 0), (2, 0)]), 0), "these say nothing of it");
        assert!(may_apply(&mut after(3, &[(0, 1), (1, 0)]), 0));
        assert!(!may_apply(&mut after(5, &[(0, 1), (1, 0)]), 0));
        assert!(may_apply(&mut after(5, &[(0, 1), (0, 2), (2, 0), (1, 0)]), 0));
    }

    #[test]
    fn follower_applies_when_it_is_told() {
        // Of three, the leader and the follower are a majority.
        assert!(may_apply(&mut after(3, &[(0, 1)]), 1));
        assert!(!may_apply(&mut after(3, &[(0, 1), (1, 0)]), 2));
        assert!(may_apply(&mut after(3, &[(0, 1), (1, 0), (0, 2)]), 2));
        assert!(!may_apply(&mut after(5, &[(0, 1)]), 1));
        assert!(may_apply(&mut after(5, &[(0, 1), (0, 2), (2, 0), (0, 1)]), 1));
        // By way of others: answers need not come to whom was asked.
        assert!(may_apply(&mut after(5, &[(0, 1), (0, 2), (2, 1)]), 1));
    }

    #[test]
    fn whoever_was_given_it_has_heard_of_it() {
        let mut invariant = after(3, &[]);
        invariant.offered(1, &command());
        assert!(!may_apply(&mut invariant, 0));
        invariant.delivered(1, 0);
        assert!(may_apply(&mut invariant, 0));
    }

    #[test]
    fn nothing_is_said_of_entries_that_the_servers_make_and_of_a_cluster_that_changes() {
        assert!(may_apply(&mut HeardByMajority::new(3), 0));
        let mut unjudged = HeardByMajority::default();
        unjudged.offered(0, &command());
        assert!(may_apply(&mut unjudged, 0));
        let mut alone = HeardByMajority::new(1);
        alone.offered(0, &command());
        assert!(may_apply(&mut alone, 0));
    }

    /// Whether `server` may lead a term.
    fn may_lead(invariant: &mut HeardByMajority, server: ServerId, term: Term) -> bool {
        look(invariant, server, term, true)
    }

    fn look(invariant: &mut HeardByMajority, server: ServerId, term: Term, is_leader: bool) -> bool {
        let before = crate::observation::Before { moment: invariant.moment(), ..Default::default() };
        let fact = Observation::State { term, is_leader, before };
        invariant.observe(server, &fact, &CommittedLog::default()).is_ok()
    }

    #[test]
    fn leader_has_asked_a_majority_and_has_been_answered() {
        let mut invariant = HeardByMajority::new(3);
        assert!(!may_lead(&mut invariant, 0, 1));
        invariant.delivered(1, 0);
        invariant.delivered(0, 2);
        assert!(!may_lead(&mut invariant, 0, 1), "the answer is under way");
        invariant.delivered(2, 0);
        assert!(may_lead(&mut invariant, 0, 1));
        // A later term needs other votes, if a lower one was shown since.
        assert!(!may_lead(&mut invariant, 0, 2));
    }

    #[test]
    fn votes_of_an_earlier_life_or_term_do_not_count() {
        let exchange = |invariant: &mut HeardByMajority| {
            invariant.delivered(0, 1);
            invariant.delivered(1, 0);
        };
        let mut invariant = HeardByMajority::new(3);
        exchange(&mut invariant);
        assert!(look(&mut invariant, 0, 4, false));
        assert!(!may_lead(&mut invariant, 0, 5));
        exchange(&mut invariant);
        assert!(may_lead(&mut invariant, 0, 5));
        invariant.observe(0, &Observation::Stopped, &CommittedLog::default()).unwrap();
        assert!(!may_lead(&mut invariant, 0, 6));
        exchange(&mut invariant);
        assert!(may_lead(&mut invariant, 0, 6));
    }

    #[test]
    fn nothing_is_said_of_what_the_referee_could_read() {
        let mut invariant = HeardByMajority::new(3);
        assert!(look(&mut invariant, 1, 1, false));
        invariant.rests();
        invariant.offered(0, &command());
        assert!(may_apply(&mut invariant, 0));
        assert!(may_lead(&mut invariant, 0, 1));
        // The first that it cannot read.
        invariant.delivered(1, 2);
        assert!(may_apply(&mut invariant, 1));
        assert!(may_lead(&mut invariant, 0, 1), "who has voted before is not known");
        assert!(look(&mut invariant, 1, 2, false));
        assert!(!may_lead(&mut invariant, 1, 3));
        // It was given to a server before, and is given to another one now.
        invariant.offered(2, &command());
        assert!(may_apply(&mut invariant, 1));
    }

    #[test]
    fn server_that_is_alone_leads() {
        assert!(may_lead(&mut HeardByMajority::new(1), 0, 1));
        assert!(may_lead(&mut HeardByMajority::default(), 0, 1));
    }
}
