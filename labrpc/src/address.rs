//! Who sends and who receives.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

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
    pub(crate) fn number(self) -> u64 {
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

/// What [`Display`](fmt::Display) writes.
impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let number = |digits: &str| digits.parse().map_err(|_| NoAddress(text.to_owned()));
        match text.split_at_checked(1) {
            _ if text == "nobody" => Ok(Self::Nobody),
            Some(("S", digits)) => number(digits).map(Self::Server),
            Some(("C", digits)) => number(digits).map(Self::Client),
            _ => Err(NoAddress(text.to_owned())),
        }
    }
}

/// A text that names no party.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address: S2 is a server, C7 a client, and there is `nobody`")]
pub struct NoAddress(String);

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_written_can_be_read() {
        for address in [Address::Server(0), Address::Server(12), Address::Client(7), Address::Nobody] {
            assert_eq!(address.to_string().parse(), Ok(address));
        }
        for wrong in ["", "S", "S-1", "X3", "Ö", "7", "nobody2"] {
            assert_eq!(wrong.parse::<Address>(), Err(NoAddress(wrong.to_owned())));
        }
    }
}
