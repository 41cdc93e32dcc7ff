//! Who sends and who receives.

use std::fmt;

/// A party on the network: a server, which can be called, or a client, which only calls.
///
/// Written as a number it is a server: `0.into()` is server 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// The server of that number. It calls other servers, too.
    Server(u32),
    /// The client of that number: a clerk, or the tester.
    Client(u32),
    /// Where an end leads that was never connected.
    Nobody,
}

impl Address {
    /// The tester, when nobody in particular is meant.
    pub const TESTER: Self = Self::Client(0);

    /// A number for hashes that differs from party to party.
    pub(super) fn number(self) -> u64 {
        match self {
            Self::Server(number) => u64::from(number),
            Self::Client(number) => u64::from(number) | 1 << 32,
            Self::Nobody => 1 << 33,
        }
    }
}

impl From<u32> for Address {
    fn from(number: u32) -> Self {
        Self::Server(number)
    }
}

/// `S2` for a server, `C7` for a client.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(number) => write!(f, "S{number}"),
            Self::Client(number) => write!(f, "C{number}"),
            Self::Nobody => f.write_str("nobody"),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
