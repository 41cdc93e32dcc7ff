//! Histories as text: read, written, and checked.
//!
//! Reading tells the forms apart by itself.
//!
//! - JSON: one object after the other, mostly one per line ([`Format::JsonLines`]), or all in one array.
//! - EDN as Jepsen writes it ([`Format::Edn`]): one map after the other, or all in one vector or list; with or without
//!   index and time, as in the key/value logs that come with porcupine ([`Format::Porcupine`]).
//! - Lines of text, as in Jepsen's and Knossos's `history.txt`, in `jepsen.log` and in the etcd logs that come with
//!   porcupine. Lines of a log that are no events are skipped.
//!
//! ```text
//! {"index":0,"time":5020000000,"process":3,"type":"invoke","f":"get","key":"x","value":null}
//! {:index 0, :time 5020000000, :process 3, :type :invoke, :f :get, :key "x", :value nil}
//! {:process 3, :type :invoke, :f :get, :key "x", :value nil}
//! INFO  jepsen.util - 3   :invoke :read   nil
//! ```
//!
//! The rules are Jepsen's. Events stand in the order in which they happened, whatever their times say. `type` is `invoke`,
//! and then `ok` (it took effect), `fail` (it did not, and never will) or `info` (nobody knows). A process is a number or
//! a name. Its operation that ended in `info` is pending. A name whose events are all `info` is no client (the nemesis):
//! its events are skipped, and counted. Fields that are not listed here are ignored. A history without a single reply is
//! refused: there is nothing to judge.
//!
//! | model | `f` | `key` | `value` |
//! |---|---|---|---|
//! | `register` | `read`, `write` | optional | anything |
//! | `cas-register` | and `cas` | optional | `cas`: `[expected, new]` |
//! | `kv` | `get`, `put`, `append`, `delete` | required | a string; all else as its text, nil as the empty one |
//! | `versioned-kv` | `get`, `put` | required | a string; and in the field `version` a number |
//! | `mutex` | `acquire`, `release` | optional | ignored |
//! | `set` | `add`, `remove`, `read` | optional | anything; `read`: a list |
//! | `queue`, `unordered-queue` | `enqueue`, `dequeue` | optional | anything; a `dequeue` that found nothing: nil |
//! | `multi-register` | `txn`, `read`, `write` | in the value | `[[:r x 1] [:w y 2]]`; `read` and `write` also `{x 1, y 2}` |
//!
//! Instead of the field `key`, the value may be `[key, value]`, as Jepsen's `independent` writes it: if all calls of the
//! history are so.
//!
//! A `fail` is dropped, as Jepsen does, unless the field `error` says that it was an answer: `mismatch` for a
//! `cas` that found another value, `empty` for a `dequeue`, `ErrVersion` or `ErrNoKey` for the versioned map. Its
//! `ErrMaybe` is an `info` with that error: it took effect before its reply, or never will.

mod collections;
mod cursor;
mod edn;
mod error;
mod event;
mod log;
mod models;
mod recorder;
mod source;
mod transactions;

use std::str::FromStr;

pub use self::error::TextError;
pub use self::event::{Answer, Event, EventType, Textual};
use self::recorder::Recorded;
use self::source::Source;
use crate::check::{Budget, Verdict, check_telling};
use crate::explanation::reasons;
use crate::history::History;
use crate::model::{Kv, Mutex, Queue, Register, Registers, Set, VersionedKv};

/// How a history is written. There are more forms that are read.
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
    /// The format that `contents` is probably in, of those that can be written.
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
    /// [`Mutex`].
    Mutex,
    /// [`Set`].
    Set,
    /// [`Queue::FIFO`].
    Queue,
    /// [`Queue::UNORDERED`].
    UnorderedQueue,
    /// [`Registers`].
    MultiRegister,
}

impl Model {
    /// All models, by name.
    pub const NAMES: [(&'static str, Model); 9] = [
        ("kv", Model::Kv),
        ("versioned-kv", Model::VersionedKv),
        ("register", Model::Register),
        ("cas-register", Model::CasRegister),
        ("mutex", Model::Mutex),
        ("set", Model::Set),
        ("queue", Model::Queue),
        ("unordered-queue", Model::UnorderedQueue),
        ("multi-register", Model::MultiRegister),
    ];
}

impl FromStr for Model {
    type Err = String;

    fn from_str(name: &str) -> Result<Model, String> {
        // As Knossos has it.
        let name = if name == "fifo-queue" { "queue" } else { name };
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

/// Checks the history in `contents`, in whatever form it is, against `model`.
///
/// # Errors
///
/// If a line is no part of a history of `model`, or if there is nothing to judge.
pub fn check_text(contents: &str, model: Model, budget: Budget) -> Result<TextCheck, TextError> {
    let mut report = String::new();
    let verdict = check_text_telling(contents, model, budget, |line| {
        report.push_str(line);
        report.push('\n');
    })?;
    Ok(TextCheck { verdict, report })
}

/// [`check_text`], which hands out the report line by line: the verdict as soon as it is known, and then its reasons,
/// which may take as long again.
///
/// # Errors
///
/// If a line is no part of a history of `model`, or if there is nothing to judge.
pub fn check_text_telling(
    contents: &str,
    model: Model,
    budget: Budget,
    tell: impl FnMut(&str),
) -> Result<Verdict, TextError> {
    match model {
        Model::Register => check_as(&Register::without_cas(), contents, budget, tell),
        Model::CasRegister => check_as(&Register::default(), contents, budget, tell),
        Model::Kv => check_as(&Kv, contents, budget, tell),
        Model::VersionedKv => check_as(&VersionedKv, contents, budget, tell),
        Model::Mutex => check_as(&Mutex, contents, budget, tell),
        Model::Set => check_as(&Set, contents, budget, tell),
        Model::Queue => check_as(&Queue::FIFO, contents, budget, tell),
        Model::UnorderedQueue => check_as(&Queue::UNORDERED, contents, budget, tell),
        Model::MultiRegister => check_as(&Registers, contents, budget, tell),
    }
}

fn check_as<P: Textual>(
    specification: &P,
    contents: &str,
    budget: Budget,
    mut tell: impl FnMut(&str),
) -> Result<Verdict, TextError> {
    let Recorded { history, skipped } = recorder::read(specification, Source::read(contents)?)?;
    let result = check_telling(specification, &history, budget, |summary| {
        tell(&summary.to_string());
        skipped.iter().for_each(|skipped| tell(skipped));
    });
    reasons(specification, &history, &result).iter().for_each(|line| tell(line));
    Ok(result.verdict())
}

/// Reads a history, in whatever form it is.
///
/// # Errors
///
/// If a line is no part of a history of `specification`, or if there is no reply in it.
pub fn read_history<P: Textual>(
    specification: &P,
    contents: &str,
) -> Result<History<P::Input, P::Output>, TextError> {
    recorder::read(specification, Source::read(contents)?).map(|recorded| recorded.history)
}

/// Writes a history.
///
/// # Panics
///
/// Never: an event holds nothing that JSON cannot.
pub fn write_history<P: Textual>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    format: Format,
) -> String {
    let line = |event: &Event| match format {
        Format::JsonLines => serde_json::to_string(event).expect("an event holds nothing that JSON cannot"),
        Format::Edn => edn::write(event, true),
        Format::Porcupine => edn::write(event, false),
    };
    recorder::write(specification, history).iter().map(|event| line(event) + "\n").collect()
}
