//! A client: a clerk on a node of its own, whose every operation goes into the history.

use std::fmt;
use std::time::Duration;

use kvraft_interface::{AnyClerk, ClerkError, Reads, Version, Writes};
use labrpc::network::ClientEnd;
use labrpc::sync::Arc;
use labrpc::thread;
use raft_interface::Index;

use super::cluster::fail_with_history;
use crate::client_history::{ClientHistory, Completion, Unclear};
use crate::lab::Lab;
use lab_linearizability::model::{KvInput, KvOp, KvOutput, VersionedInput, VersionedOp, VersionedOutput};
use lab_referee::Violation;
use lab_runs::actions::ActionKind;

/// Either of them will do where keys are written by version.
const BY_VERSION: &[Writes] = &[Writes::IfVersion, Writes::ByVersion];
/// What a client is told of an operation that is left out; see [`lab_runs::actions`].
const LEFT_OUT: ClerkError = ClerkError::NoLeader;

/// A client of the service. It does one thing at a time.
///
/// A key belongs to one kind of operation for a whole test: either [`get`](Self::get), [`put`](Self::put) and
/// [`append`](Self::append), or [`read`](Self::read) and the writes by version. If the service writes by version only, the first kind is
/// made of the second (`by_version`).
pub struct Client {
    pub(super) lab: Lab,
    pub(super) number: u32,
    pub(super) clerk: Box<dyn AnyClerk>,
    pub(super) reads: Reads,
    pub(super) client_history: Arc<ClientHistory>,
    /// Its ends to the servers, by id.
    pub(super) ends: Vec<ClientEnd>,
}

impl Client {
    /// Its number, from 1: it is `C3` in reports and on the network.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The lab that it is part of.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Its ends to the servers, by id: for tests that disable them.
    #[must_use]
    pub fn ends(&self) -> &[ClientEnd] {
        &self.ends
    }

    /// The value of a key; empty if it was never written.
    ///
    /// # Panics
    ///
    /// If the clerk gives up.
    pub fn get(&mut self, key: &str) -> Option<String> {
        if self.only_by_version() {
            return self.read(key).map(|(value, _)| value);
        }
        let told = self.classic(key, KvOp::Get, |clerk| {
            // The classic suite knows no missing keys: there, MIT's `Get` returns the empty string.
            clerk.get(key).map(|told| told.map_or_else(String::new, |it| it.0))
        });
        told.ok()
    }

    /// A value as it was at some time, and at which index, as far as the clerk says; empty if it was not written by then. For a client
    /// that reads [weakly](Reads::Weak): what it reads is in no history, for it may be old.
    ///
    /// # Panics
    ///
    /// If the client reads otherwise.
    pub fn read_weakly(&mut self, key: &str) -> Option<(String, Option<Index>)> {
        assert!(self.reads == Reads::Weak, "a read that is not weak belongs into the history");
        if !self.performs(key, || format!("read {key}, as it was at any time")) {
            return None;
        }
        let value = self.clerk.get(key).ok()?;
        Some((value.map_or_else(String::new, |(value, _)| value), self.clerk.position()))
    }

    /// Of which state the last read was, as far as the clerk says: the index of the last entry that was applied in it.
    #[must_use]
    pub fn position(&self) -> Option<Index> {
        self.clerk.position()
    }

    /// Replaces a value.
    ///
    /// # Errors
    ///
    /// What the clerk says, if the write was refused.
    ///
    /// # Panics
    ///
    /// If the clerk gives up.
    pub fn put(&mut self, key: &str, value: &str) -> Result<(), ClerkError> {
        if self.only_by_version() {
            return self.put_by_version(key, value);
        }
        self.classic(key, KvOp::Put(value.into()), |clerk| clerk.put(key, value).map(|()| String::new()))
            .map(drop)
    }

    /// Puts `tail` at the end of a value.
    ///
    /// # Errors
    ///
    /// What the clerk says.
    pub fn append(&mut self, key: &str, tail: &str) -> Result<(), ClerkError> {
        if self.only_by_version() {
            return self.append_by_version(key, tail);
        }
        self.classic(key, KvOp::Append(tail.into()), |clerk| clerk.append(key, tail).map(|()| String::new()))
            .map(drop)
    }

    /// The value and version of a key; version 0 if it was never written.
    pub fn read(&mut self, key: &str) -> Option<(String, Version)> {
        self.lab.needs_writes(BY_VERSION);
        if !self.performs(key, || format!("read {key}")) {
            return None;
        }
        self.assert_in_history(true);
        let input = VersionedInput { key: key.into(), op: VersionedOp::Get };
        // Before the call, and completed after it: the operation may take effect at any moment in between. With
        // a shorter interval a correct service would be accused.
        let id = self.client_history.versioned.invoke(u64::from(self.number), self.lab.now(), input);
        let told = self.clerk.get(key);
        let completion = match &told {
            Ok(Some((value, version))) => {
                Completion::Replied(VersionedOutput::Value { value: value.clone(), version: *version })
            }
            Ok(None) => Completion::Replied(VersionedOutput::ErrNoKey),
            Err(_) => Completion::Unknown,
        };
        self.client_history.versioned.complete(id, self.lab.now(), completion);
        told.ok().map(Option::unwrap_or_default)
    }

    /// Replaces a value that is at `version`, exactly once. A service without such writes is asked for the next: then it may also say
    /// that nobody knows.
    ///
    /// # Errors
    ///
    /// What the clerk says.
    pub fn replace(&mut self, key: &str, value: &str, version: Version) -> Result<(), ClerkError> {
        if !self.lab.offers_writes(Writes::IfVersion) {
            // The refusal may be the answer to a second copy of the request, if the network makes such: without a session nobody can tell.
            let ask = |clerk: &mut dyn AnyClerk| clerk.put_version(key, value, version);
            return self.versioned(key, value, version, false, ask);
        }
        self.versioned(key, value, version, true, |clerk| clerk.put_if(key, value, version))
    }

    /// The same without a session: the `Put` of 6.5840. A service without such writes is asked for the one before.
    ///
    /// # Errors
    ///
    /// What the clerk says.
    pub fn replace_plain(&mut self, key: &str, value: &str, version: Version) -> Result<(), ClerkError> {
        if !self.lab.offers_writes(Writes::ByVersion) {
            return self.versioned(key, value, version, true, |clerk| clerk.put_if(key, value, version));
        }
        self.versioned(key, value, version, true, |clerk| clerk.put_version(key, value, version))
    }

    /// Fails: what this client was told of a key that is appended to cannot be. The report is what the history of all clients
    /// proves after another look at the key, or `otherwise` if that is nothing.
    ///
    /// # Panics
    ///
    /// Always.
    #[track_caller]
    pub fn fail_with_history(&self, key: &str, otherwise: Violation) -> ! {
        self.look_again(Unclear::Classic(key.to_owned()));
        fail_with_history(&self.lab, &self.client_history, otherwise)
    }

    /// Writes a key once more and reads it: a write that is missing beside a later one is lost, and one that shows again was
    /// only not seen.
    pub(super) fn look_again(&self, unclear: Unclear) {
        const PATIENCE: Duration = Duration::from_secs(5);
        // By a clerk of its own in a thread of its own: a service that is wrong may also never answer, and then the report
        // must not wait for it.
        let mut again = Client {
            lab: self.lab.clone(),
            number: self.number,
            clerk: (self.lab.implementation().services().clerk)(self.ends.clone(), Reads::default()),
            reads: Reads::default(),
            client_history: Arc::clone(&self.client_history),
            ends: self.ends.clone(),
        };
        let thread = thread::spawn(move || match unclear {
            Unclear::Classic(key) => {
                let _ = again.append(&key, "once more ");
                again.get(&key);
            }
            Unclear::Versioned(key) => {
                let Some((_, version)) = again.read(&key) else { return };
                let _ = again.replace(&key, "once more ", version);
                again.read(&key);
            }
        });
        self.lab.wait_until_finished(&thread, PATIENCE, 1);
    }

    /// What the clerk says, if it has the operation.
    fn offered<T>(
        &mut self,
        ask: impl FnOnce(&mut dyn AnyClerk) -> Result<T, ClerkError>,
    ) -> Result<T, ClerkError> {
        let told = ask(&mut *self.clerk);
        if matches!(told, Err(ClerkError::NotOffered)) {
            self.lab.fail(Violation::new(
                "the clerk has not the operations that its service offers",
                "KeyValue::offers_writes says no to what the clerk has not",
                "ClerkError::NotOffered",
            ));
        }
        told
    }

    /// A weak read in a history would accuse a service that is right.
    fn assert_in_history(&self, is_read: bool) {
        assert!(!is_read || self.reads != Reads::Weak, "a client that reads weakly does so by read_weakly");
    }

    /// Whether an operation on a key is to happen; see [`lab_runs::actions`].
    fn performs(&self, key: &str, words: impl Fn() -> String) -> bool {
        let passed = self.lab.begin_action(ActionKind::Operation, || format!("C{} {key}", self.number));
        if let Some(passed) = passed {
            self.lab.action_outcome(passed, || format!("C{} asks: {}", self.number, words()));
        } else {
            self.lab.sleep_ms(1); // a loop that asks again and again must see time pass
        }
        passed.is_some()
    }

    fn classic(
        &mut self,
        key: &str,
        op: KvOp,
        ask: impl FnOnce(&mut dyn AnyClerk) -> Result<String, ClerkError>,
    ) -> Result<String, ClerkError> {
        let words = || match &op {
            KvOp::Get => format!("get {key}"),
            KvOp::Put(value) => format!("put {key} {value:?}"),
            KvOp::Append(tail) => format!("append {key} {tail:?}"),
            KvOp::Delete => format!("delete {key}"),
        };
        if !self.performs(key, words) {
            return Err(LEFT_OUT);
        }
        let is_get = op == KvOp::Get;
        self.assert_in_history(is_get);
        let input = KvInput { key: key.into(), op };
        let id = self.client_history.classic.invoke(u64::from(self.number), self.lab.now(), input);
        let told = self.offered(ask);
        let completion = match &told {
            Ok(value) if is_get => Completion::Replied(KvOutput::Value(value.clone())),
            Ok(_) => Completion::Replied(KvOutput::Done),
            // Not failed: the write may have taken effect, and may still do so. If it were called failed, a
            // later read that returns its value would be impossible.
            Err(ClerkError::Maybe) => Completion::Unknown,
            Err(_) => Completion::Failed,
        };
        self.client_history.classic.complete(id, self.lab.now(), completion);
        // Whoever uses the classic calls cannot cope with `Maybe`: a clerk with a session need never answer it.
        if let Err(error @ (ClerkError::Maybe | ClerkError::NoLeader | ClerkError::Protocol)) = &told {
            self.lab.fail(
                Violation::new(
                    format!("the clerk of C{} gave up: {error}", self.number),
                    "it tries until it knows: Put, Append and Get have no other end (MIT)",
                    error.to_string(),
                )
                .rule("a client retries a command until it is executed (§8)")
                .hint("sessions that are forgotten, or not in the snapshot"),
            );
        }
        told
    }

    fn versioned(
        &mut self,
        key: &str,
        value: &str,
        version: Version,
        refusal_is_certain: bool,
        ask: impl FnOnce(&mut dyn AnyClerk) -> Result<(), ClerkError>,
    ) -> Result<(), ClerkError> {
        self.lab.needs_writes(BY_VERSION);
        if !self.performs(key, || format!("put {key} {value:?} at version {version}")) {
            return Err(LEFT_OUT);
        }
        let input = VersionedInput { key: key.into(), op: VersionedOp::Put { value: value.into(), version } };
        let id = self.client_history.versioned.invoke(u64::from(self.number), self.lab.now(), input);
        let told = self.offered(ask);
        let completion = match &told {
            Ok(()) => Completion::Replied(VersionedOutput::Done),
            Err(ClerkError::WrongVersion(_)) if !refusal_is_certain => Completion::Unknown,
            // Version 0 is that of a key that was never written.
            Err(ClerkError::WrongVersion(0)) => Completion::Replied(VersionedOutput::ErrNoKey),
            Err(ClerkError::WrongVersion(_)) => Completion::Replied(VersionedOutput::ErrVersion),
            Err(ClerkError::Maybe) => Completion::Unknown,
            Err(_) => Completion::Failed,
        };
        self.client_history.versioned.complete(id, self.lab.now(), completion);
        told
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C{}", self.number)
    }
}
