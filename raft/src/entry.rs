//! One entry of the log, and what it says: a client's command, nothing, or who counts from now on.
//!
//! On the wire an entry is `{ term, kind, command }`. Figure 2 knows commands only, and a command is what an entry
//! without a `kind` is. A message or a stored record whose parts do not fit together is refused as a whole: whoever went on
//! would apply something else than the others.

use std::borrow::Cow;

use labrpc::sync::Arc;
use raft_interface::{Command, Configuration, OwnEntry, Term};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One entry of the log. Its index is its place in the log and is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The term of the leader that created it.
    pub(crate) term: Term,
    /// What it says.
    pub(crate) payload: Payload,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// For the state machine. Shared with the log: immutable, so nobody can change a message under way.
    Command(Command),
    /// For Raft itself. A configuration counts from the moment when it is in a log, committed or not (§6).
    Own(OwnEntry),
}

impl Entry {
    /// A client's command.
    pub(crate) fn command(term: Term, command: Command) -> Self {
        Self { term, payload: Payload::Command(command) }
    }

    /// An entry that is Raft's own.
    pub(crate) fn own(term: Term, entry: OwnEntry) -> Self {
        Self { term, payload: Payload::Own(entry) }
    }

    /// The configuration that this entry puts in force, if it does.
    pub(crate) fn configuration(&self) -> Option<Configuration> {
        match self.payload {
            Payload::Own(OwnEntry::Configuration(configuration)) => Some(configuration),
            Payload::Own(OwnEntry::NoOp) | Payload::Command(_) => None,
        }
    }
}

/// The first is what an entry is that says nothing of its kind.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    Command,
    NoOp,
    Configuration,
}

/// An entry as it is written to the wire.
#[derive(Serialize)]
#[serde(rename = "Entry")]
struct Written<'a> {
    term: Term,
    kind: Kind,
    #[serde(serialize_with = "crate::rpc::bytes::serialize")]
    command: Cow<'a, [u8]>,
}

/// An entry as it is read from the wire.
#[derive(Deserialize)]
#[serde(rename = "Entry")]
struct Read {
    term: Term,
    kind: Kind,
    #[serde(deserialize_with = "crate::rpc::bytes::deserialize")]
    command: Arc<[u8]>,
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, command) = match &self.payload {
            Payload::Command(command) => (Kind::Command, Cow::Borrowed(&**command)),
            Payload::Own(OwnEntry::NoOp) => (Kind::NoOp, Cow::default()),
            Payload::Own(OwnEntry::Configuration(configuration)) => {
                let bytes = postcard::to_stdvec(configuration).map_err(serde::ser::Error::custom)?;
                (Kind::Configuration, Cow::Owned(bytes))
            }
        };
        Written { term: self.term, kind, command }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Read { term, kind, command } = Read::deserialize(deserializer)?;
        let payload = match kind {
            Kind::Command => Payload::Command(command),
            Kind::NoOp if command.is_empty() => Payload::Own(OwnEntry::NoOp),
            Kind::NoOp => return Err(D::Error::custom("an entry that says nothing has a command")),
            Kind::Configuration => match postcard::take_from_bytes(&command) {
                Ok((configuration, [])) => Payload::Own(OwnEntry::Configuration(configuration)),
                Ok(_) | Err(_) => return Err(D::Error::custom("the bytes of an entry are no configuration")),
            },
        };
        Ok(Self { term, payload })
    }
}

#[cfg(test)]
mod tests {
    use raft_interface::Servers;

    use super::*;

    fn written(term: Term, kind: Kind, command: &[u8]) -> Vec<u8> {
        postcard::to_stdvec(&Written { term, kind, command: Cow::Borrowed(command) }).expect("plain data")
    }

    #[test]
    fn each_kind_survives_the_wire() {
        let joint =
            Configuration { incoming: Some(Servers::first(5)), ..Configuration::of(Servers::first(3)) };
        let payloads = [
            Payload::Command(Arc::from(*b"x")),
            Payload::Command(Arc::from([])),
            Payload::Own(OwnEntry::NoOp),
            Payload::Own(OwnEntry::Configuration(joint)),
        ];
        for payload in payloads {
            let entry = Entry { term: 7, payload };
            let bytes = postcard::to_stdvec(&entry).expect("plain data");
            assert_eq!(postcard::from_bytes::<Entry>(&bytes), Ok(entry));
        }
    }

    #[test]
    fn entry_of_parts_that_do_not_fit_is_refused() {
        let configuration = postcard::to_stdvec(&Configuration::of(Servers::first(3))).expect("plain data");
        let rows = [
            ("a command in a no-op", written(1, Kind::NoOp, b"x")),
            ("nothing in a configuration", written(1, Kind::Configuration, b"")),
            (
                "more than a configuration",
                written(1, Kind::Configuration, &[&configuration[..], b"x"].concat()),
            ),
            ("a kind that nobody knows", vec![1, 3, 0]),
        ];
        for (name, bytes) in rows {
            assert!(postcard::from_bytes::<Entry>(&bytes).is_err(), "{name}");
        }
    }
}
