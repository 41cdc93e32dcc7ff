//! Who counts: the set of servers that decide, and how it changes (§6 of the paper; §4 of Ongaro's thesis of 2014).
//!
//! A [`Configuration`] is what an entry of the log says about the cluster. It answers one question, and everything that
//! counts asks it: *are these servers enough?* Not who has answered decides, nor what an answer says of itself, but the
//! configuration alone. So a server that is down, slow or unwilling stays in the count: a cluster in which those who do not
//! answer stop counting elects two leaders of one term, and forgets what it has committed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ServerId;

/// A set of servers, by id.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Servers(u64);

impl Servers {
    /// No cluster has more servers than this: a set is the bits of one number.
    pub const MAX: usize = 64;
    /// Nobody.
    pub const NONE: Self = Self(0);

    /// The servers 0 to `count - 1`.
    ///
    /// # Panics
    ///
    /// When there are more than [`Self::MAX`].
    #[must_use]
    pub fn first(count: usize) -> Self {
        (0..count).collect()
    }

    /// Whether `server` is one of them.
    #[must_use]
    #[inline]
    pub fn contains(self, server: ServerId) -> bool {
        server < Self::MAX && self.0 & (1 << server) != 0
    }

    /// These, and `server`.
    ///
    /// # Panics
    ///
    /// When `server` is [`Self::MAX`] or more.
    #[must_use]
    #[inline]
    pub fn with(self, server: ServerId) -> Self {
        assert!(server < Self::MAX, "server {server}, but {} at most", Self::MAX);
        Self(self.0 | 1 << server)
    }

    /// These but `server`.
    #[must_use]
    #[inline]
    pub fn without(self, server: ServerId) -> Self {
        if self.contains(server) { Self(self.0 & !(1 << server)) } else { self }
    }

    /// Those that are in one of the two sets.
    #[must_use]
    #[inline]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are in both sets.
    #[must_use]
    #[inline]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// How many they are.
    #[must_use]
    #[inline]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is none.
    #[must_use]
    #[inline]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// They, by id.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = ServerId> + use<> {
        let mut bits = self.0;
        std::iter::from_fn(move || {
            let server = (bits != 0).then(|| bits.trailing_zeros() as ServerId);
            bits &= bits.wrapping_sub(1);
            server
        })
    }

    /// Whether `yes` has more than half of these. Any two majorities of one set share a server (§5.2, §5.3).
    #[must_use]
    #[inline]
    pub fn have_majority(self, yes: Self) -> bool {
        2 * self.intersection(yes).len() > self.len()
    }

    /// The highest value that a majority of these has reached; 0 if they are none.
    fn majority_reached(self, reached: impl Fn(ServerId) -> u64) -> u64 {
        let mut room = [0; Self::MAX];
        let values = &mut room[..self.len()];
        values.iter_mut().zip(self.iter()).for_each(|(value, server)| *value = reached(server));
        values.sort_unstable_by(|a, b| b.cmp(a));
        // In the middle, or just after it: of five the third, of four the third as well.
        values.get(self.len() / 2).copied().unwrap_or(0)
    }
}

impl FromIterator<ServerId> for Servers {
    fn from_iter<I: IntoIterator<Item = ServerId>>(servers: I) -> Self {
        servers.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.iter().map(|server| format!("S{server}")).collect();
        write!(f, "{{{}}}", names.join(" "))
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Who votes, and who only listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Configuration {
    /// Who decides: the old majority, while the configuration is joint.
    pub voters: Servers,
    /// Joint consensus (§6): who will decide. Until it alone does, both majorities are needed.
    pub incoming: Option<Servers>,
    /// Who gets all entries and has no vote (thesis §4.2.1).
    pub learners: Servers,
}

impl Configuration {
    /// These vote, and nobody else is there.
    #[must_use]
    pub fn of(voters: Servers) -> Self {
        Self { voters, ..Self::default() }
    }

    /// Everybody who gets entries.
    #[must_use]
    #[inline]
    pub fn members(&self) -> Servers {
        self.deciders().union(self.learners)
    }

    /// Everybody whose answer may count: those of both sets, while the configuration is joint.
    #[must_use]
    #[inline]
    pub fn deciders(&self) -> Servers {
        self.voters.union(self.incoming.unwrap_or_default())
    }

    /// Whether this server's answer counts.
    #[must_use]
    #[inline]
    pub fn is_voter(&self, server: ServerId) -> bool {
        self.deciders().contains(server)
    }

    /// Whether these are enough to elect or to commit: a majority, or both while the configuration is joint (§6: "separate
    /// majorities from both the old and new configurations").
    #[must_use]
    #[inline]
    pub fn agree(&self, yes: Servers) -> bool {
        self.voters.have_majority(yes) && self.incoming.is_none_or(|incoming| incoming.have_majority(yes))
    }

    /// The highest value that enough servers have reached, given what each has.
    #[must_use]
    #[inline]
    pub fn reached(&self, reached: impl Fn(ServerId) -> u64) -> u64 {
        let old = self.voters.majority_reached(&reached);
        self.incoming.map_or(old, |incoming| old.min(incoming.majority_reached(&reached)))
    }

    /// Whether a cluster of `servers` can have it: somebody decides, of the old and of the new ones, nobody both decides and
    /// only learns, and all of them are there. With any other one nobody could ever be elected, or somebody would be asked for
    /// who is not there.
    #[must_use]
    pub fn is_possible(&self, servers: usize) -> bool {
        let somebody_decides =
            !self.voters.is_empty() && self.incoming.is_none_or(|incoming| !incoming.is_empty());
        let all_are_there = self.members().iter().all(|server| server < servers);
        somebody_decides && all_are_there && self.deciders().intersection(self.learners).is_empty()
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.voters)?;
        if let Some(incoming) = self.incoming {
            write!(f, " and {incoming}")?;
        }
        if !self.learners.is_empty() {
            write!(f, ", learning {}", self.learners)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_sets(servers: usize) -> impl Iterator<Item = Servers> {
        (0..1_u64 << servers).map(Servers)
    }

    #[test]
    fn sets() {
        let set: Servers = [5, 0, 63].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 5, 63]);
        assert_eq!((set.len(), set.contains(5), set.contains(4), set.contains(64)), (3, true, false, false));
        assert_eq!(set.without(5).with(5), set);
        assert_eq!(set.without(7), set);
        assert_eq!(set.to_string(), "{S0 S5 S63}");
        assert_eq!(Servers::first(3), [2, 1, 0].into_iter().collect());
        assert_eq!(Servers::first(Servers::MAX).len(), 64);
        assert!(Servers::NONE.is_empty() && Servers::NONE.to_string() == "{}");
    }

    #[test]
    #[should_panic(expected = "server 64, but 64 at most")]
    fn servers_that_no_set_can_hold_are_refused() {
        let _ = Servers::first(65);
    }

    #[test]
    fn majority_is_more_than_half() {
        for servers in 1..=7 {
            let all = Servers::first(servers);
            for yes in all_sets(servers) {
                assert_eq!(all.have_majority(yes), yes.len() > servers - yes.len(), "{yes} of {servers}");
            }
        }
        assert!(!Servers::NONE.have_majority(Servers::first(3)), "nobody can never agree");
        assert!(!Servers::first(3).have_majority([3, 4, 5].into_iter().collect()), "others do not count");
    }

    /// What makes it safe to ask this question everywhere: two sets that are enough always share a server.
    #[test]
    fn any_two_that_agree_share_a_server() {
        for voters in all_sets(4) {
            for incoming in std::iter::once(None).chain(all_sets(4).map(Some)) {
                let joint = Configuration { voters, incoming, ..Configuration::default() };
                // §6, while the change is under way: the joint configuration beside the old one, and beside the new one.
                let neighbours =
                    [Some(joint), Some(Configuration::of(voters)), incoming.map(Configuration::of)];
                for other in neighbours.into_iter().flatten() {
                    for (a, b) in all_sets(4).flat_map(|a| all_sets(4).map(move |b| (a, b))) {
                        let both = joint.agree(a) && other.agree(b);
                        assert!(!both || !a.intersection(b).is_empty(), "{joint}: {a}; {other}: {b}");
                    }
                }
            }
        }
    }

    #[test]
    fn reached_is_what_enough_servers_have() {
        let values = [7, 3, 9, 3, 5];
        for voters in all_sets(5) {
            for incoming in [None, Some(Servers::first(2)), Some(Servers::first(5))] {
                let configuration = Configuration { voters, incoming, ..Configuration::default() };
                let agrees = |value: u64| {
                    configuration.agree(Servers::first(5).iter().filter(|&s| values[s] >= value).collect())
                };
                let highest = (1..=9).rev().find(|&value| agrees(value)).unwrap_or(0);
                assert_eq!(configuration.reached(|server| values[server]), highest, "{configuration}");
            }
        }
    }

    #[test]
    fn only_what_can_be_is_possible() {
        let set = |servers: &[ServerId]| servers.iter().copied().collect::<Servers>();
        let rows = [
            ("plain", &[0, 1, 2][..], None, &[][..], true),
            ("of one", &[2], None, &[], true),
            ("joint", &[0, 1], Some(&[2, 3][..]), &[], true),
            ("with a learner", &[0, 1], None, &[3], true),
            ("nobody", &[], None, &[], false),
            ("nobody new", &[0, 1], Some(&[][..]), &[], false),
            ("a voter that is not there", &[0, 1, 4], None, &[], false),
            ("a new voter that is not there", &[0], Some(&[63][..]), &[], false),
            ("a learner that is not there", &[0], None, &[4], false),
            ("a learner that votes", &[0, 1], None, &[1], false),
        ];
        for (name, voters, incoming, learners, possible) in rows {
            let configuration =
                Configuration { voters: set(voters), incoming: incoming.map(set), learners: set(learners) };
            assert_eq!(configuration.is_possible(4), possible, "{name}");
        }
    }

    #[test]
    fn learners_are_members_that_never_count() {
        let configuration =
            Configuration { learners: [3, 4].into_iter().collect(), ..Configuration::of(Servers::first(3)) };
        assert_eq!(configuration.members(), Servers::first(5));
        assert!(!configuration.is_voter(3) && configuration.is_voter(2));
        assert!(!configuration.agree([0, 3, 4].into_iter().collect()));
        assert_eq!(configuration.to_string(), "{S0 S1 S2}, learning {S3 S4}");
    }
}
