//! Partitions: who can reach whom.

use std::collections::BTreeSet;

use super::{Chance, Rule, Verdict};
use crate::network::{Address, Message};

/// Cuts links: what is sent over one is lost, and the caller waits as for a server that cannot be reached.
///
/// A link has a direction, and requests and replies are cut alike: where only messages from 0 to 2 are cut, server 2's
/// requests reach server 0 and run there, but 0's replies do not come back.
#[derive(Clone, Debug)]
pub struct Partition {
    shape: Shape,
}

type Parties = BTreeSet<Address>;

#[derive(Clone, Debug)]
enum Shape {
    /// Messages cross from no set to another. Who is in several sets reaches all of them.
    Sets(Vec<Parties>),
    /// Messages from the first set to the second are lost.
    OneWay(Parties, Parties),
}

fn parties<A: Into<Address>>(members: impl IntoIterator<Item = A>) -> Parties {
    members.into_iter().map(Into::into).collect()
}

impl Partition {
    /// Two sides that do not reach each other. Parties on neither side reach both.
    ///
    /// ```
    /// use labrpc::network::Partition;
    /// let minority = Partition::between([0, 1], [2, 3, 4]);
    /// ```
    #[must_use]
    pub fn between<A: Into<Address>, B: Into<Address>>(
        one: impl IntoIterator<Item = A>,
        other: impl IntoIterator<Item = B>,
    ) -> Self {
        Self { shape: Shape::Sets(vec![parties(one), parties(other)]) }
    }

    /// Any number of sets, none of which reaches another. A party in several sets reaches all of them, and one in none
    /// reaches all.
    #[must_use]
    pub fn of<A: Into<Address>>(sets: impl IntoIterator<Item = impl IntoIterator<Item = A>>) -> Self {
        Self { shape: Shape::Sets(sets.into_iter().map(parties).collect()) }
    }

    /// Two sides that do not reach each other but through `bridge`, which reaches both.
    #[must_use]
    pub fn bridge<A: Into<Address>, B: Into<Address>>(
        one: impl IntoIterator<Item = A>,
        bridge: impl Into<Address>,
        other: impl IntoIterator<Item = B>,
    ) -> Self {
        let bridge = bridge.into();
        let [mut one, mut other] = [parties(one), parties(other)];
        one.insert(bridge);
        other.insert(bridge);
        Self { shape: Shape::Sets(vec![one, other]) }
    }

    /// Messages from `senders` to `receivers` are lost; those the other way arrive.
    #[must_use]
    pub fn one_way<A: Into<Address>, B: Into<Address>>(
        senders: impl IntoIterator<Item = A>,
        receivers: impl IntoIterator<Item = B>,
    ) -> Self {
        Self { shape: Shape::OneWay(parties(senders), parties(receivers)) }
    }

    /// One party that reaches nobody and is reached by nobody of `others`.
    #[must_use]
    pub fn isolate<B: Into<Address>>(party: impl Into<Address>, others: impl IntoIterator<Item = B>) -> Self {
        let party = party.into();
        let mut others = parties(others);
        others.remove(&party);
        Self { shape: Shape::Sets(vec![[party].into(), others]) }
    }

    /// Whether messages get from one party to the other.
    #[must_use]
    pub fn connects(&self, from: Address, to: Address) -> bool {
        match &self.shape {
            Shape::OneWay(senders, receivers) => !(senders.contains(&from) && receivers.contains(&to)),
            Shape::Sets(sets) => {
                let is_placed = |party| sets.iter().any(|set| set.contains(&party));
                let share = sets.iter().any(|set| set.contains(&from) && set.contains(&to));
                // Who is in no set is not part of the partition: a client reaches both sides, if nobody says
                // otherwise.
                share || !is_placed(from) || !is_placed(to)
            }
        }
    }
}

impl Rule for Partition {
    fn judge(&self, message: &Message<'_>, _: &mut Chance<'_>) -> Verdict {
        if self.connects(message.from, message.to) { Verdict::Pass } else { Verdict::Unreachable }
    }
}
