//! What kind of fault a history shows, as data.

use std::fmt;

/// A fault of a service, by what its clients see of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A read returned a value that had been replaced before the read was called.
    StaleRead,
    /// The effect of a write that was acknowledged, or seen, is missing, although what came after that write is there.
    LostUpdate,
    /// A write took effect more often than it was asked for, or two writes of one version took effect.
    DoubleApply,
    /// A version that cannot be: one that was never made, or one that was over.
    WrongVersion,
    /// A read returned what no write makes.
    ValueFromNowhere,
    /// A read does not show a write that was over before it was called. Whether the read is stale, the write is lost or an
    /// older one took effect again, the history does not tell.
    MissingWrite,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::StaleRead => "stale read",
            Kind::LostUpdate => "lost update",
            Kind::DoubleApply => "double apply",
            Kind::WrongVersion => "wrong version",
            Kind::ValueFromNowhere => "value from nowhere",
            Kind::MissingWrite => "missing write",
        })
    }
}

/// A fault that a history proves. Operations have the type of whoever names them: places in a list, or
/// [identifiers](crate::OperationId).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly<O = crate::OperationId> {
    /// What kind it is.
    pub kind: Kind,
    /// The operation that it happened to: the read that is stale, the write that is lost.
    pub operation: O,
    /// The operation that it cannot be reconciled with, if it is one.
    pub other: Option<O>,
    /// What should have been, with what proves it.
    pub expected: String,
    /// What was.
    pub seen: String,
}

impl<O: Copy> Anomaly<O> {
    /// The whole in one line; `call` says whose operation it was, and which.
    pub fn headline(&self, call: impl Fn(O) -> String) -> String {
        let Self { kind, operation, other, .. } = self;
        let operation = call(*operation);
        let other = other.map(call);
        let what = match (kind, other) {
            (Kind::StaleRead, Some(write)) => format!("{operation} returned what was there before {write}"),
            (Kind::StaleRead, None) => format!("{operation} returned what had been replaced"),
            (Kind::MissingWrite, Some(write)) => format!("{operation} does not show {write}"),
            (Kind::LostUpdate, Some(read)) => format!("the effect of {operation} is missing in {read}"),
            (Kind::MissingWrite | Kind::LostUpdate, None) => format!("the effect of {operation} is missing"),
            (Kind::DoubleApply, Some(other)) => format!("{operation} succeeded, and so did {other}"),
            (Kind::DoubleApply, None) => format!("{operation} took effect more often than it was asked for"),
            (Kind::WrongVersion, _) => format!("{operation} was answered as of a version that cannot be"),
            (Kind::ValueFromNowhere, _) => format!("{operation} returned what no write makes"),
        };
        format!("{kind}: {what}")
    }
}
