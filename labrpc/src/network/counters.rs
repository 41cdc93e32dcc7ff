//! What the network counts.

use std::collections::BTreeMap;

use super::Address;

/// Calls and bytes. Counts only grow; who wants to know what one phase of a test used takes the difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In a total and for a method: the calls that entered the network, lost or not. For a server: the requests that
    /// were delivered to it.
    pub calls: u64,
    /// In a total and for a method: the bytes of arguments sent, lost or not, and of replies that reached their
    /// caller. For a server: those of the requests delivered to it and of its replies that reached their caller.
    pub bytes: u64,
}

impl std::ops::Sub for Tally {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { calls: self.calls - earlier.calls, bytes: self.bytes - earlier.bytes }
    }
}

/// A copy of all counts of a network at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Everything.
    pub total: Tally,
    /// By the address of the called server; a server that is replaced goes on counting.
    pub servers: BTreeMap<Address, Tally>,
    /// By the called method.
    pub methods: BTreeMap<&'static str, Tally>,
}
