//! The state of a cluster as a search sees it: what tells two situations apart, and no more.
//!
//! Terms and indexes grow for ever, and which server is which means nothing. So a server is its role, whether its term is the
//! greatest, and whether it has applied all that anybody has; a cluster is its servers in any order. With all of the
//! state no situation would come twice, and with a little more than this hardly any: five servers and three kinds of
//! lag make 30,000 states, of which a sweep would see new ones for ever.

use labrpc::sim::{self, Covers};

use super::seen::{Role, Seen};
use super::state::State;

impl State {
    /// Tells the search that the cluster is in this state, if somebody wants to know.
    pub(super) fn cover(&self) {
        if !sim::is_covered() || self.servers.is_empty() {
            return;
        }
        let term = self.servers.iter().map(|seen| seen.term).max().unwrap_or(0);
        let committed = self.committed.last();
        let mut servers: Vec<u64> =
            self.servers.iter().map(|seen| abstracted(seen, term, committed)).collect();
        servers.sort_unstable();
        sim::cover(Covers::State, hash(&servers));
        let faults = self.faults();
        if faults != 0 {
            servers.push(faults);
            sim::cover(Covers::StateUnderFault, hash(&servers));
        }
    }

    /// How many servers are down, paused and cut off, and what the leader is; 0 if nothing is wrong.
    fn faults(&self) -> u64 {
        let count = |fault: u64| self.servers.iter().filter(|seen| self::fault(seen) == fault).count() as u64;
        let leader =
            self.servers.iter().filter(|seen| seen.role == Role::Leader).map(fault).max().unwrap_or(0);
        let (down, paused, cut_off) = (count(1), count(2), count(3));
        if down + paused + cut_off == 0 {
            0
        } else {
            down << 24 | paused << 16 | cut_off << 8 | leader << 1 | 1
        }
    }
}

fn abstracted(seen: &Seen, term: u64, committed: u64) -> u64 {
    let role = match seen.role {
        Role::Follower => 0,
        Role::Candidate => 1,
        Role::Leader => 2,
    };
    role << 2 | u64::from(seen.term < term) << 1 | u64::from(seen.applied < committed)
}

/// What is wrong with a server's surroundings.
fn fault(seen: &Seen) -> u64 {
    match (seen.is_up, seen.is_paused, seen.is_connected) {
        (false, ..) => 1,
        (_, true, _) => 2,
        (_, _, false) => 3,
        _ => 0,
    }
}

/// A number for a list of numbers: FNV-1a. Two lists that share one are one state to a search, which then sees a little less.
fn hash(numbers: &[u64]) -> u64 {
    numbers.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &number| (hash ^ number).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_the_same_with_other_servers_terms_and_indexes() {
        let seen = |role, term, applied| {
            abstracted(&Seen { role, term, applied, ..Seen::default() }, term + 1, applied + 7)
        };
        assert_eq!(seen(Role::Leader, 3, 10), seen(Role::Leader, 300, 1_000));
        assert_ne!(seen(Role::Leader, 3, 10), seen(Role::Candidate, 3, 10));
        assert_ne!(
            seen(Role::Leader, 3, 10),
            abstracted(&Seen { role: Role::Leader, ..Seen::default() }, 0, 7)
        );
        let behind = |by: u64| abstracted(&Seen { applied: 100 - by, ..Seen::default() }, 0, 100);
        assert_eq!(behind(5), behind(50));
        assert_ne!(behind(0), behind(1));
    }
}
