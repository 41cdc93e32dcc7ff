//! Histories as text: read, written, and checked.
//!
//! Three forms are known; reading tells them apart by itself.
//!
//! - [`Format::JsonLines`]: one event per line.
//! - [`Format::Edn`]: the same as Jepsen writes it; one map after the other, or all in one vector or list.
//! - [`Format::Porcupine`]: EDN with neither index nor time, as in the key/value logs that come with porcupine.
//!
//! ```text
//! {"index":0,"time":5020000000,"process":3,"type":"invoke","f":"get","key":"x","value":null}
//! {:index 0, :time 5020000000, :process 3, :type :invoke, :f :get, :key "x", :value nil}
//! {:process 3, :type :invoke, :f :get, :key "x", :value nil}
//! ```
//!
//! The rules are Jepsen's. Events stand in the order in which they happened. `type` is `invoke`, and then
//! `ok` (it took effect), `fail` (it did not, and never will) or `info` (nobody knows). A process whose
//! operation ended in `info` is done; the operation is pending. `time` is in nanoseconds. Events of processes
//! without a number (the nemesis) are skipped, and fields that are not listed here are ignored.
//!
//! | model | `f` | `key` | `value` |
//! |---|---|---|---|
//! | `register` | `read`, `write` | optional | a number or nil |
//! | `cas-register` | and `cas` | optional | `cas`: `[expected, new]` |
//! | `kv` | `get`, `put`, `append` | required | a string; nil reads as the empty one |
//! | `versioned-kv` | `get`, `put` | required | a string; and in the field `version` a number |
//!
//! Instead of the field `key`, the value may be `[key, value]`, as Jepsen's `independent` writes it.
//!
//! A `fail` is dropped, as Jepsen does, unless the field `error` says that it was an answer: `mismatch` for a
//! `cas` that found another value, `ErrVersion` or `ErrNoKey` for the versioned map. Its `ErrMaybe` is an
//! `info` with that error: it took effect before its reply, or never will.

mod edn;
mod error;
mod event;
mod json;
mod models;
mod recorder;

use std::str::FromStr;

pub use self::error::TextError;
pub use self::event::{Answer, Event, EventType, Textual};
use crate::check::{Budget, Verdict, check};
use crate::explanation::explain;
use crate::history::History;
use crate::model::{Kv, Register, VersionedKv};

/// How a history is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line.
    JsonLines,
    /// Jepsen's EDN, one map per line.
    Edn,
    /// Porcupine's key/value logs: EDN without index and time.
    Porcupine,
}

impl Format {
    /// The format that `contents` is probably in.
    pub fn detect(contents: &str) -> Format {
        // By the first key: JSON has it in quotes, EDN with a colon. Both EDN forms are read alike, so a
        // wrong guess between them changes nothing but what would be written.
        let start = contents.trim_start();
        match start.strip_prefix('{').map(str::trim_start) {
            Some(rest) if rest.starts_with('"') => Format::JsonLines,
            Some(_) if !contents.contains(":time") => Format::Porcupine,
            _ => Format::Edn,
        }
    }
}

/// A specification that a history in a file is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// [`Register`] without compare-and-set.
    Register,
    /// [`Register`].
    CasRegister,
    /// [`Kv`].
    Kv,
    /// [`VersionedKv`].
    VersionedKv,
}

impl Model {
    /// All models, by name.
    pub const NAMES: [(&'static str, Model); 4] = [
        ("kv", Model::Kv),
        ("versioned-kv", Model::VersionedKv),
        ("register", Model::Register),
        ("cas-register", Model::CasRegister),
    ];
}

impl FromStr for Model {
    type Err = String;

    fn from_str(name: &str) -> Result<Model, String> {
        let known = Model::NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, model)| *model).ok_or_else(|| {
            let names = Model::NAMES.map(|(name, _)| name).join(", ");
            format!("there is no model {name:?}; there are {names}")
        })
    }
}

/// What came of the check of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextCheck {
    /// The verdict; [`Verdict::exit_code`] makes an exit code of it.
    pub verdict: Verdict,
    /// The verdict with its reasons, in words.
    pub report: String,
}

/// Checks the history in `contents`, in whatever format it is, against `model`.
///
/// # Errors
///
/// If a line is no part of a history of `model`.
pub fn check_text(contents: &str, model: Model, budget: Budget) -> Result<TextCheck, TextError> {
    match model {
        Model::Register => check_as(&Register::without_cas(), contents, budget),
        Model::CasRegister => check_as(&Register::default(), contents, budget),
        Model::Kv => check_as(&Kv, contents, budget),
        Model::VersionedKv => check_as(&VersionedKv, contents, budget),
    }
}

fn check_as<P: Textual>(specification: &P, contents: &str, budget: Budget) -> Result<TextCheck, TextError> {
    let history = read_history(specification, contents)?;
    let result = check(specification, &history, budget);
    Ok(TextCheck { verdict: result.verdict(), report: explain(specification, &history, &result) })
}

/// Reads a history, in whatever format it is.
///
/// # Errors
///
/// If a line is no part of a history of `specification`.
pub fn read_history<P: Textual>(
    specification: &P,
    contents: &str,
) -> Result<History<P::Input, P::Output>, TextError> {
    let events = match Format::detect(contents) {
        Format::JsonLines => json::read(contents)?,
        Format::Edn | Format::Porcupine => edn::read(contents)?,
    };
    recorder::read(specification, events)
}

/// Writes a history.
pub fn write_history<P: Textual>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    format: Format,
) -> String {
    let line = |event: &Event| match format {
        Format::JsonLines => json::write(event),
        Format::Edn => edn::write(event, true),
        Format::Porcupine => edn::write(event, false),
    };
    recorder::write(specification, history).iter().map(|event| line(event) + "\n").collect()
}
