//! The key/value service of 6.5840: `Put` only replaces the version of a value that its caller has seen.
//!
//! MIT's own model leaves the version that `Get` returns unchecked. Here it is part of the reply.

use super::quote::quote;
use super::versioned_faults::Faults;
use crate::anomaly::Anomaly;
use crate::specification::{Call, Specification, Step, Timed};

/// How many times a key was written. The first write makes version 1.
pub type Version = u64;

/// A map from keys to values with versions.
#[derive(Clone, Copy, Debug, Default)]
pub struct VersionedKv;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionedInput {
    /// The key that it works on.
    pub key: String,
    /// What to do.
    pub op: VersionedOp,
}

/// What to do with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionedOp {
    /// Return its value and version.
    Get,
    /// Replace the value, if the key is at `version` (0: if it was never written).
    Put {
        /// The new value.
        value: String,
        /// The version to replace.
        version: Version,
    },
}

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionedOutput {
    /// To a `Get`: the value and its version.
    Value {
        /// The value.
        value: String,
        /// Its version, 1 or more.
        version: Version,
    },
    /// To a `Put`: it is done.
    Done,
    /// To a `Put`: the key exists, at another version. Nothing was changed.
    ErrVersion,
    /// To a `Get`, or to a `Put` of a version above 0: the key was never written. Nothing was changed.
    ErrNoKey,
    /// To a `Put` that was sent more than once: the last try met another version, perhaps one that an earlier
    /// try had made. So it took effect if the version fitted at the moment of its effect, and else did not.
    Maybe,
}

/// The value and version of a key; `None` if it was never written.
type Stored = Option<(String, Version)>;

impl Specification for VersionedKv {
    type State = Stored;
    type Input = VersionedInput;
    type Output = VersionedOutput;

    fn partition<'a>(&self, input: &'a VersionedInput) -> &'a str {
        &input.key
    }

    fn initial(&self, _key: &str) -> Stored {
        None
    }

    fn step(
        &self,
        stored: &Stored,
        input: &VersionedInput,
        output: Option<&VersionedOutput>,
    ) -> Step<Stored> {
        use VersionedOutput::{Done, ErrNoKey, ErrVersion, Maybe, Value};
        match (&input.op, stored, output) {
            (VersionedOp::Get, _, None) | (VersionedOp::Get, None, Some(ErrNoKey)) => Step::Unchanged,
            (VersionedOp::Get, Some((held, at)), Some(Value { value, version }))
                if value == held && version == at =>
            {
                Step::Unchanged
            }
            (VersionedOp::Put { value, version }, _, output) => {
                let current = stored.as_ref().map_or(0, |(_, version)| *version);
                match output {
                    None | Some(Maybe | Done) if current == *version => {
                        Step::To(Some((value.clone(), version + 1)))
                    }
                    // At another version the put does nothing, and neither of these says that it did
                    // something.
                    None | Some(Maybe) => Step::Unchanged,
                    Some(ErrVersion) if current != *version && current > 0 => Step::Unchanged,
                    Some(ErrNoKey) if current != *version && current == 0 => Step::Unchanged,
                    Some(_) => Step::Illegal,
                }
            }
            _ => Step::Illegal,
        }
    }

    fn only_observes(&self, input: &VersionedInput, output: Option<&VersionedOutput>) -> bool {
        let refused = matches!(output, Some(VersionedOutput::ErrVersion | VersionedOutput::ErrNoKey));
        input.op == VersionedOp::Get || refused
    }

    /// Versions only grow, and a version is made by a put of the one before it.
    fn may_lead_to<'a>(
        &self,
        stored: &Stored,
        (_, read): Call<'a, Self>,
        mut between: impl Iterator<Item = Call<'a, Self>> + Clone,
    ) -> bool {
        let mut made_later = |value: &String, made: Version| {
            between.any(|(input, _)| match &input.op {
                VersionedOp::Put { value: new, version } => *new == *value && version + 1 == made,
                VersionedOp::Get => false,
            })
        };
        match (stored, read) {
            (Some((held, at)), Some(VersionedOutput::Value { value, version })) if version <= at => {
                // Versions only grow: one that is not above the present is the present one, or will never be
                // seen again.
                version == at && value == held
            }
            (_, Some(VersionedOutput::Value { value, version })) => made_later(value, *version),
            (stored, Some(VersionedOutput::ErrNoKey)) => stored.is_none(),
            // A refused put fits any other version, which nearly any write makes.
            _ => true,
        }
    }

    fn classify(
        &self,
        operations: &[Timed<'_, Self>],
        culprit: usize,
        sentence: &dyn Fn(usize) -> String,
    ) -> Option<Anomaly<usize>> {
        Faults { operations, sentence }.classify(culprit)
    }

    fn state_bytes(&self, stored: &Stored) -> usize {
        stored.as_ref().map_or(0, |(value, _)| value.len()) + size_of::<Stored>()
    }

    fn reply(&self, stored: &Stored, input: &VersionedInput) -> VersionedOutput {
        match (&input.op, stored) {
            (VersionedOp::Get, Some((value, version))) => {
                VersionedOutput::Value { value: value.clone(), version: *version }
            }
            (VersionedOp::Get, None) => VersionedOutput::ErrNoKey,
            (VersionedOp::Put { version, .. }, Some((_, current))) if version != current => {
                VersionedOutput::ErrVersion
            }
            (VersionedOp::Put { version, .. }, None) if *version != 0 => VersionedOutput::ErrNoKey,
            (VersionedOp::Put { .. }, _) => VersionedOutput::Done,
        }
    }

    fn describe_input(&self, input: &VersionedInput) -> String {
        let key = &input.key;
        match &input.op {
            VersionedOp::Get => format!("get({key})"),
            VersionedOp::Put { value, version } => format!("put({key}, {}, version {version})", quote(value)),
        }
    }

    fn describe_output(&self, output: &VersionedOutput) -> String {
        match output {
            VersionedOutput::Value { value, version } => format!("{} at version {version}", quote(value)),
            VersionedOutput::Done => "ok".to_string(),
            VersionedOutput::ErrVersion => "ErrVersion".to_string(),
            VersionedOutput::ErrNoKey => "ErrNoKey".to_string(),
            VersionedOutput::Maybe => "ErrMaybe".to_string(),
        }
    }

    fn describe_state(&self, key: &str, stored: &Stored) -> String {
        match stored {
            Some((value, version)) => format!("{key} = {} at version {version}", quote(value)),
            None => format!("{key} was never written"),
        }
    }
}
