//! Who is enough to elect and to commit: a majority of all servers, or what configurations say (§6).
//!
//! Which configuration a server has nobody can see from outside: it is in force as soon as it is in a log. So where the
//! configuration may change, the referee keeps all that can ever have been in force, and those are enough that are enough in one
//! of them. It is told the first one and every change that anybody asks for, before the servers are.

use raft_interface::{Change, Configuration, ServerId, Servers};

/// What can be in force.
#[derive(Clone, Debug)]
pub(crate) struct Quorum {
    servers: usize,
    /// Empty: all servers count, and that never changes.
    configurations: Vec<Configuration>,
}

impl Quorum {
    pub(super) fn of_all(servers: usize) -> Self {
        Self { servers, configurations: Vec::new() }
    }

    /// This one is in force at first.
    pub(super) fn begin_with(&mut self, configuration: Configuration) {
        self.configurations = vec![configuration];
    }

    /// Somebody asks for a change. Whichever configuration is in force where that is heard, what it leads to may be next.
    pub(super) fn may_change(&mut self, change: Change) {
        for place in 0..self.configurations.len() {
            // An implementation may go through the joint configuration where the direct way would do.
            let Ok(next) = self.configurations[place].after(change, self.servers) else { continue };
            let last = next.settled();
            let joint = Configuration {
                voters: self.configurations[place].voters,
                incoming: Some(last.voters),
                learners: last.learners,
            };
            for configuration in [next, joint, last] {
                if !self.configurations.contains(&configuration) {
                    self.configurations.push(configuration);
                }
            }
        }
    }

    /// Whether these are enough, as far as anybody can tell.
    pub(crate) fn agree(&self, yes: impl Iterator<Item = ServerId>) -> bool {
        if self.configurations.is_empty() {
            return 2 * yes.count() > self.servers;
        }
        let yes: Servers = yes.filter(|&server| server < Servers::MAX).collect();
        self.configurations.iter().any(|configuration| configuration.agree(yes))
    }

    /// Whether somebody may be enough alone: such a one commits without a word to anybody.
    pub(super) fn may_be_one(&self) -> bool {
        self.configurations.iter().any(|configuration| configuration.deciders().len() == 1)
    }

    /// Whether a server has no vote, whichever configuration is in force.
    pub(crate) fn never_votes(&self, server: ServerId) -> bool {
        !self.configurations.is_empty()
            && self.configurations.iter().all(|configuration| !configuration.is_voter(server))
    }

    /// Whether a server gets all entries, whichever configuration is in force.
    pub(crate) fn is_always_member(&self, server: ServerId) -> bool {
        self.configurations.iter().all(|configuration| configuration.members().contains(server))
    }

    /// What is enough, for people.
    pub(crate) fn describe(&self) -> String {
        match self.configurations.as_slice() {
            [] => format!("{} of {} servers", self.servers / 2 + 1, self.servers),
            [only] => format!("a majority of {only}"),
            many => format!("a majority of one of the {} configurations that there may be", many.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_can_be_in_force_is_enough() {
        let mut quorum = Quorum::of_all(6);
        let agree = |quorum: &Quorum, yes: &[ServerId]| quorum.agree(yes.iter().copied());
        assert!(agree(&quorum, &[0, 1, 2, 5]) && !agree(&quorum, &[0, 1, 2]));
        assert!(!quorum.never_votes(5) && quorum.is_always_member(5));
        quorum.begin_with(Configuration {
            learners: Servers::NONE.with(3),
            ..Configuration::of(Servers::first(3))
        });
        assert!(agree(&quorum, &[0, 2]) && !agree(&quorum, &[0, 3, 4, 5]));
        assert!(quorum.never_votes(3) && quorum.is_always_member(3) && !quorum.is_always_member(4));
        quorum.may_change(Change::Promote(3));
        assert!(agree(&quorum, &[0, 2]), "it may not have come about");
        assert!(agree(&quorum, &[0, 2, 3]) && !agree(&quorum, &[2, 3]) && !quorum.never_votes(3));
        quorum.may_change(Change::Voters([3, 4, 5].into_iter().collect()));
        assert!(agree(&quorum, &[3, 5]), "the last one alone");
        assert!(!agree(&quorum, &[0, 5]));
    }
}
