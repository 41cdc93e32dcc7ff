//! One configuration leads safely to the next: whatever is enough in the one shares a server with whatever is enough in the
//! other (§6: "there is no point at which both could make unilateral decisions"; thesis §4.1).
//!
//! That configurations at one index are equal is a case of State Machine Safety.

use std::collections::BTreeMap;

use raft_interface::{Configuration, Index, ServerId, Servers};

use super::invariant::Invariant;
use crate::committed::CommittedLog;
use crate::observation::Observation;
use lab_referee::Violation;

/// The committed configurations, by index.
#[derive(Debug, Default)]
pub(super) struct Configurations {
    /// With the first one at index 0, if it is known.
    committed: BTreeMap<Index, Configuration>,
}

impl Configurations {
    pub(super) fn new(first: Option<Configuration>) -> Self {
        Self { committed: first.map(|first| (0, first)).into_iter().collect() }
    }

    /// The last one.
    pub(super) fn last(&self) -> Option<Configuration> {
        self.committed.values().next_back().copied()
    }
}

impl Invariant for Configurations {
    fn observe(
        &mut self,
        server: ServerId,
        fact: &Observation<'_>,
        _: &CommittedLog,
    ) -> Result<(), Violation> {
        let Observation::Configured { index, configuration } = *fact else { return Ok(()) };
        if self.committed.contains_key(&index) {
            return Ok(());
        }
        let before = self.committed.range(..index).next_back().map(|(&at, &before)| (at, before));
        if let Some((at, before)) = before
            && let Some(half) = disjoint(before, configuration)
        {
            let other = before.members().union(configuration.members()).iter();
            let other: Servers = other.filter(|&server| !half.contains(server)).collect();
            return Err(Violation::new(
                format!("S{server} delivers a configuration at {index} whose majorities need not meet those of the one before"),
                format!("one in which whatever is enough shares a server with whatever is enough in {before}, of entry {at}"),
                format!("{configuration}: {half} are enough in the old one, and {other} in the new one"),
            )
            .rule("neighbouring configurations have no disjoint majorities (§6; thesis §4.1)")
            .hint(
                "more than one voter changed in one step, a second change before the first was committed, or the joint \
                 configuration left before it was",
            )
            .servers([server]));
        }
        self.committed.insert(index, configuration);
        Ok(())
    }
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

    #[test]
    fn as_many_voters_as_there_may_be_are_no_panic() {
        let all = Configuration::of(Servers::first(Servers::MAX));
        let fact = Observation::Configured { index: 2, configuration: all };
        assert_eq!(Configurations::new(Some(all)).observe(0, &fact, &CommittedLog::default()), Ok(()));
    }

    #[test]
    fn steps_of_one_voter_and_joint_ones_are_safe_and_others_are_not() {
        let at = |index, configuration| Observation::Configured { index, configuration };
        let joint = Configuration { incoming: Some(of(&[3, 4, 5]).voters), ..of(&[0, 1, 2, 3]) };
        let begun = || Configurations::new(Some(of(&[0, 1, 2])));
        let safe = [at(2, of(&[0, 1, 2, 3])), at(5, joint), at(6, of(&[3, 4, 5])), at(5, joint)];
        let mut invariant = begun();
        for fact in &safe {
            assert_eq!(invariant.observe(0, fact, &CommittedLog::default()), Ok(()));
        }
        assert_eq!(invariant.last(), Some(of(&[3, 4, 5])));
        for unsafe_one in [of(&[0, 1, 2, 3, 4]), of(&[1, 2, 3]), of(&[3, 4, 5]), of(&[0])] {
            let broken = begun().observe(0, &at(2, unsafe_one), &CommittedLog::default());
            assert!(broken.is_err(), "{unsafe_one}");
        }
    }
}
