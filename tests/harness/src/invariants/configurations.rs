//! One configuration leads safely to the next: whatever is enough in the one shares a server with whatever is enough in any
//! other that can be in force at the same time (§6: "there is no point at which both could make unilateral decisions"; thesis
//! §4.1).
//!
//! # What can be in force beside a new configuration
//!
//! It is in force where it is appended, and these may be elsewhere:
//!
//! - The one before. A step of more than one voter, or a joint configuration that is left out, is named by that alone.
//! - If the one before could not be committed when the new one was appended: the one before that, too (thesis §4.1: one change at
//!   a time). {S0 S1 S2} becomes {S0 S1 S2 S3}, and at once {S0 S1 S2 S3 S4}. S0, S3 and S4 are enough in the last, S1 and S2
//!   in the first.
//! - If no entry of the leader's own term could be committed by then: another change of the one before, which an earlier leader
//!   has appended and nobody else has (raft-dev, July 2015: "bug in single-server membership changes"). Of S0 to S3, S0 appends
//!   {S0 .. S3, S4} in term 1. S1 leads term 2 and commits {S1 S2 S3} on S1 and S2. S0, S3 and S4 are enough to elect S0 in
//!   term 3, and it commits its own entry over that. An entry of term 2 on a majority of S0 to S3, before, and S0 gets no vote
//!   of it.
//!
//! Who is asked for a change and says yes has appended it, so it is known when that was, and in which term; and
//! [what could be committed](Committable) by then, at most, the referee knows from the wire. What was appended is known when it
//! is delivered. All that is judged together, at the delivery.
//!
//! # What is no mistake
//!
//! - A joint configuration before an entry of the own term. One of its two majorities is of the voters before, and so shares a
//!   server with those that can commit any other change of them.
//! - A change of learners alone: it changes no majority.
//! - A step of one voter from an odd number of voters before an entry of the own term. Of three or five voters, any two steps
//!   have majorities that meet; it takes an even number that they do not. And of two voters, both are needed to elect: a leader
//!   has whatever the other one has appended. So the counterexample is looked for, and shown; where there is none, nothing is
//!   said.
//! - What nobody knows: the change of a server that was not asked, or was deposed while it answered; what was committed if the
//!   messages cannot be read; who counts at first, if nobody has said that.
//!
//! A snapshot hides nothing here. Whoever takes one has delivered what is in it before, and so every committed configuration
//! was delivered by somebody before a later one is.
//!
//! That configurations at one index are equal is a case of State Machine Safety.
//!
//! # Why the referee does not judge this
//!
//! It sees a change when it is sent, which would be sooner. But the paper names no field that says which entry is a
//! configuration, let alone what it says; and what a change leads to, one entry or two, the direct way or the joint one, is the
//! server's to choose.

use std::collections::BTreeMap;

use raft_interface::{Configuration, Index, ServerId, Servers, Term};

use super::invariant::Invariant;
use crate::committed::CommittedLog;
use crate::observation::Observation;
use lab_referee::{Committable, Violation};

/// A configuration, and where it stands; at 0 the first.
type Placed = (Index, Configuration);

/// Such a one, for people.
fn show((at, configuration): Placed) -> String {
    match at {
        0 => format!("{configuration}, the first configuration,"),
        at => format!("{configuration} of entry {at}"),
    }
}

/// The committed configurations, by index.
#[derive(Debug, Default)]
pub(super) struct Configurations {
    /// How many servers there are.
    servers: usize,
    /// With the first one at index 0, if it is known.
    committed: BTreeMap<Index, Configuration>,
    /// What could be committed, at most, when a leader appended a configuration.
    appended: BTreeMap<(Index, Term), Committable>,
}

impl Configurations {
    pub(super) fn new(servers: usize, first: Option<Configuration>) -> Self {
        let committed = first.map(|first| (0, first)).into_iter().collect();
        Self { servers, committed, appended: BTreeMap::new() }
    }

    /// The last one.
    pub(super) fn last(&self) -> Option<Configuration> {
        self.committed.values().next_back().copied()
    }

    /// Judges a configuration that is delivered for the first time.
    fn deliver(&self, server: ServerId, (index, configuration): Placed, term: Term) -> Result<(), Violation> {
        let before = || self.committed.range(..index).rev().map(|(&at, &before)| (at, before));
        let Some(last) = before().next() else { return Ok(()) };
        let step = Step { server, index, configuration };
        if let Some(half) = disjoint(last.1, configuration) {
            return Err(step.too_large(last, half));
        }
        let Some(&committable) = self.appended.get(&(index, term)) else { return Ok(()) };
        // The last one that could be committed, and all after it, may be in force.
        let decided = before().find(|&(at, _)| at <= committable.index);
        let undecided = before().take_while(|&(at, _)| at > committable.index);
        if let Some((other, half)) = first_disjoint(undecided.chain(decided), configuration) {
            return Err(step.second(last.0, other, half));
        }
        let rivals = rivals(last.1, self.servers).map(|rival| (index, rival));
        if !committable.of_term
            && is_step_of_voters(last.1, configuration)
            && let Some(((_, rival), half)) = first_disjoint(rivals, configuration)
        {
            return Err(step.before_own_term(term, last, rival, half));
        }
        Ok(())
    }
}

impl Invariant for Configurations {
    fn observe(
        &mut self,
        server: ServerId,
        fact: &Observation<'_>,
        _: &CommittedLog,
    ) -> Result<(), Violation> {
        match *fact {
            Observation::Changed { index, term, committable } => {
                self.appended.insert((index, term), committable);
            }
            Observation::Configured { index, term, configuration }
                if !self.committed.contains_key(&index) =>
            {
                self.deliver(server, (index, configuration), term)?;
                self.committed.insert(index, configuration);
            }
            _ => {}
        }
        Ok(())
    }
}

/// A configuration that a server delivers, for those who say what is wrong with it.
struct Step {
    server: ServerId,
    index: Index,
    configuration: Configuration,
}

impl Step {
    fn too_large(&self, before: Placed, half: Servers) -> Violation {
        let Self { server, index, configuration } = self;
        Violation::new(
            format!("S{server} delivers a configuration at {index} whose majorities need not meet those of the one before"),
            format!("one in which whatever is enough shares a server with whatever is enough in {}", show(before)),
            format!("{configuration}: {half} are enough in the old one, and {} in the new one", self.rest(before.1, half)),
        )
        .rule("neighbouring configurations have no disjoint majorities (§6; thesis §4.1)")
        .hint(
            "more than one voter changed in one step, a second change before the first was committed, or the joint \
             configuration left before it was",
        )
        .servers([*server])
    }

    fn second(&self, last: Index, other: Placed, half: Servers) -> Violation {
        let Self { server, index, configuration } = self;
        Violation::new(
            format!("the configuration at {index} was appended before the one at {last} could be committed"),
            format!(
                "one change at a time: until then {} is in force where that of {last} is not",
                show(other)
            ),
            format!("{configuration}: {half} are enough there, and {} here", self.rest(other.1, half)),
        )
        .rule("no change before the last one is committed (thesis §4.1)")
        .hint("a second change is not refused while the first one is on its way")
        .servers([*server])
    }

    fn before_own_term(&self, term: Term, before: Placed, rival: Configuration, half: Servers) -> Violation {
        let Self { server, index, configuration } = self;
        Violation::new(
            format!("the configuration at {index} was appended before an entry of term {term} could be committed"),
            format!("an entry of term {term} on a majority of {}, and a change of one voter after that", before.1),
            format!(
                "{configuration}. An earlier leader may have appended {rival}, and nobody else knows: {half} are enough in that \
                 one, and {} here",
                self.rest(rival, half)
            ),
        )
        .rule("no direct change before the leader has committed an entry of its own term (raft-dev, July 2015)")
        .hint("a new leader appends an entry of its term, and refuses changes until that is committed")
        .servers([*server])
        .term(term)
    }

    /// Those of this configuration and another one that are not among `half`.
    fn rest(&self, other: Configuration, half: Servers) -> Servers {
        let both = other.deciders().union(self.configuration.deciders()).iter();
        both.filter(|&server| !half.contains(server)).collect()
    }
}

/// Whether the one follows from the other by a change of voters, without the joint configuration.
fn is_step_of_voters(before: Configuration, after: Configuration) -> bool {
    before.incoming.is_none() && after.incoming.is_none() && before.voters != after.voters
}

/// What another leader may have made of a configuration: a voter more or less, of so many servers. Nothing of two voters: none of
/// them leads without all that the other one has.
fn rivals(before: Configuration, servers: usize) -> impl Iterator<Item = Configuration> {
    let voters = before.voters;
    let one_changes = move |server| {
        Configuration::of(if voters.contains(server) { voters.without(server) } else { voters.with(server) })
    };
    (0..servers).filter(move |_| voters.len() > 2).map(one_changes)
}

/// The first of these that has a majority which shares nobody with one of `configuration`, and that majority.
fn first_disjoint(
    mut others: impl Iterator<Item = Placed>,
    configuration: Configuration,
) -> Option<(Placed, Servers)> {
    others.find_map(|other| Some((other, disjoint(other.1, configuration)?)))
}

/// Of so many servers all sets are tried.
const DECIDERS_MAX: usize = 16;

/// Servers that are enough in the one configuration while all others are enough in the other.
fn disjoint(one: Configuration, other: Configuration) -> Option<Servers> {
    let all: Vec<ServerId> = one.deciders().union(other.deciders()).iter().collect();
    // All ways to divide more than these take too long, and no suite has more. Then nothing is said.
    if all.len() > DECIDERS_MAX {
        return None;
    }
    (0..1_u64 << all.len()).find_map(|bits| {
        let (half, rest): (Vec<_>, Vec<_>) = (0..all.len()).partition(|place| bits & 1 << place != 0);
        let [half, rest] = [half, rest].map(|places| places.into_iter().map(|place| all[place]).collect());
        (one.agree(half) && other.agree(rest)).then_some(half)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(voters: &[ServerId]) -> Configuration {
        Configuration::of(voters.iter().copied().collect())
    }

    const SERVERS: usize = 6;

    fn begun(first: Configuration) -> Configurations {
        Configurations::new(SERVERS, Some(first))
    }

    fn configured(index: Index, configuration: Configuration) -> Observation<'static> {
        Observation::Configured { index, term: 1, configuration }
    }

    /// In term 1.
    fn changed(index: Index, committable: Index, of_term: bool) -> Observation<'static> {
        Observation::Changed { index, term: 1, committable: Committable { index: committable, of_term } }
    }

    /// What is wrong with the last of these facts, if anything is.
    fn judge(first: Configuration, facts: &[Observation<'_>]) -> Option<String> {
        let (mut invariant, log) = (begun(first), CommittedLog::default());
        let (last, before) = facts.split_last().expect("facts");
        before.iter().for_each(|fact| assert_eq!(invariant.observe(0, fact, &log), Ok(())));
        invariant.observe(0, last, &log).err().map(|violation| format!("{violation:?}"))
    }

    #[test]
    fn as_many_voters_as_there_may_be_are_no_panic() {
        let all = Configuration::of(Servers::first(Servers::MAX));
        assert_eq!(judge(all, &[configured(2, all)]), None);
        let one_less = Configuration::of(all.voters.without(0));
        assert_eq!(judge(all, &[changed(2, 1, false), configured(2, one_less)]), None);
    }

    #[test]
    fn steps_of_one_voter_and_joint_ones_are_safe_and_others_are_not() {
        let joint = Configuration { incoming: Some(of(&[3, 4, 5]).voters), ..of(&[0, 1, 2, 3]) };
        let four = configured(2, of(&[0, 1, 2, 3]));
        let safe = [four, configured(5, joint), configured(6, of(&[3, 4, 5])), configured(5, joint)];
        let mut invariant = begun(of(&[0, 1, 2]));
        for fact in &safe {
            assert_eq!(invariant.observe(0, fact, &CommittedLog::default()), Ok(()));
        }
        assert_eq!(invariant.last(), Some(of(&[3, 4, 5])));
        for unsafe_one in [of(&[0, 1, 2, 3, 4]), of(&[1, 2, 3]), of(&[3, 4, 5]), of(&[0])] {
            assert!(judge(of(&[0, 1, 2]), &[configured(2, unsafe_one)]).is_some(), "{unsafe_one}");
        }
    }

    #[test]
    fn second_change_waits_until_the_first_can_be_committed() {
        let (three, four, five) = (of(&[0, 1, 2]), of(&[0, 1, 2, 3]), of(&[0, 1, 2, 3, 4]));
        let run = |committable, second| {
            let facts = [
                changed(2, 1, true),
                changed(3, committable, true),
                configured(2, four),
                configured(3, second),
            ];
            judge(three, &facts)
        };
        let early = run(1, five).expect("S1 and S2 do not know of the four");
        assert!(early.contains("at 3 was appended before the one at 2"), "{early}");
        assert!(early.contains("{S0 S1} are enough") || early.contains("{S1 S2} are enough"), "{early}");
        assert_eq!(run(2, five), None);
        // What does not hurt.
        assert_eq!(run(1, Configuration { learners: Servers::NONE.with(4), ..four }), None);
        assert_eq!(run(1, three), None);
        // Nobody knows who appended it, or when.
        assert_eq!(judge(three, &[configured(2, four), configured(3, five)]), None);
    }

    #[test]
    fn direct_change_waits_for_an_entry_of_the_term() {
        let run = |first, of_term, next| judge(first, &[changed(2, 1, of_term), configured(2, next)]);
        let four = of(&[0, 1, 2, 3]);
        for next in [of(&[1, 2, 3]), of(&[0, 1, 2, 3, 4])] {
            let early = run(four, false, next).expect("another leader may have changed the four, too");
            assert!(early.contains("before an entry of term 1 could be committed"), "{early}");
            assert_eq!(run(four, true, next), None);
            // The change that was asked for was of another leader.
            assert_eq!(
                judge(four, &[Observation::Configured { index: 2, term: 2, configuration: next }]),
                None
            );
        }
        let joint = Configuration { incoming: Some(of(&[0, 1, 2]).voters), ..four };
        assert_eq!(run(four, false, joint), None);
        assert_eq!(run(joint, false, of(&[0, 1, 2])), None);
        assert_eq!(run(four, false, Configuration { learners: Servers::NONE.with(4), ..four }), None);
        for (odd, next) in [(of(&[0, 1, 2]), four), (of(&[0, 1, 2]), of(&[0, 1])), (of(&[0]), of(&[0, 1]))] {
            assert_eq!(run(odd, false, next), None, "{odd}");
        }
        for next in [of(&[0]), of(&[0, 1, 2])] {
            assert_eq!(run(of(&[0, 1]), false, next), None);
        }
    }

    /// Why nothing is said of a step from an odd number of voters, nor of joint configurations: other changes of the same voters
    /// cannot decide without them.
    #[test]
    fn only_an_even_number_of_voters_has_two_changes_that_need_not_meet() {
        for voters in 3..SERVERS {
            let before = Configuration::of(Servers::first(voters));
            let all: Vec<_> = rivals(before, SERVERS).collect();
            let has_rivals =
                all.iter().any(|&one| first_disjoint(all.iter().map(|&other| (0, other)), one).is_some());
            assert_eq!(has_rivals, voters % 2 == 0, "{before}");
            for incoming in [Servers::first(2), Servers::first(SERVERS), of(&[4, 5]).voters] {
                let joint = Configuration { incoming: Some(incoming), ..before };
                assert!(all.iter().all(|&rival| disjoint(rival, joint).is_none()), "{joint}");
            }
        }
    }
}
