//! A client: a clerk whose every operation goes into the history.

use std::fmt;
use std::time::Duration;

use kvraft_interface::{PutError, Version, VersionedClerk};
use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use labrpc::thread;

use super::VERSIONS;
use super::server::Inner;
use crate::client_history::{Completion, Unclear};
use crate::lab::Lab;
use lab_linearizability::model::{VersionedInput, VersionedOp, VersionedOutput};
use lab_referee::Violation;
use lab_runs::actions::ActionKind;

/// How often [`SingleClient::write`] tries. Each refusal needs a write by somebody else, and no scenario has nearly as many.
const WRITE_TRIES_MAX: u32 = 1_000;

/// A client of the server on one machine. It does one thing at a time.
pub struct SingleClient {
    server: Arc<Inner>,
    number: u32,
    clerk: Box<dyn VersionedClerk>,
}

impl SingleClient {
    pub(super) fn new(server: &Arc<Inner>) -> Self {
        let number = server.next_client();
        Self { server: Arc::clone(server), number, clerk: server.clerk_of(number) }
    }

    /// Its number, from 1: it is `C3` in reports and on the network.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The lab that it is part of.
    #[must_use]
    pub fn lab(&self) -> &Lab {
        &self.server.lab
    }

    /// The machine that it runs on: a new one.
    #[must_use]
    pub fn node(&self) -> NodeHandle {
        NodeHandle::new(self.server.lab.client_name(self.number))
    }

    /// The value and the version of a key; `None` if it was never written.
    pub fn get(&mut self, key: &str) -> Option<(String, Version)> {
        if !self.performs(key, || format!("get {key}")) {
            return None;
        }
        let history = &self.server.client_history.versioned;
        let input = VersionedInput { key: key.into(), op: VersionedOp::Get };
        // Before the call, and completed after it: the operation may take effect at any moment in between.
        let id = history.invoke(u64::from(self.number), self.server.lab.now(), input);
        let told = self.clerk.get(key);
        let output = match &told {
            Some((value, version)) => VersionedOutput::Value { value: value.clone(), version: *version },
            None => VersionedOutput::ErrNoKey,
        };
        history.complete(id, self.server.lab.now(), Completion::Replied(output));
        told
    }

    /// Writes a value if the key is at this version.
    ///
    /// # Errors
    ///
    /// What the clerk says.
    pub fn put(&mut self, key: &str, value: &str, version: Version) -> Result<(), PutError> {
        self.put_unless_left_out(key, value, version).unwrap_or(Err(PutError::Maybe))
    }

    /// The same; `None` if it was left out of the run.
    fn put_unless_left_out(
        &mut self,
        key: &str,
        value: &str,
        version: Version,
    ) -> Option<Result<(), PutError>> {
        if !self.performs(key, || format!("put {key} {value:?} at version {version}")) {
            return None;
        }
        let history = &self.server.client_history.versioned;
        let input = VersionedInput { key: key.into(), op: VersionedOp::Put { value: value.into(), version } };
        let id = history.invoke(u64::from(self.number), self.server.lab.now(), input);
        let told = self.clerk.put(key, value, version);
        let completion = match &told {
            Ok(()) => Completion::Replied(VersionedOutput::Done),
            Err(PutError::Version) => Completion::Replied(VersionedOutput::ErrVersion),
            Err(PutError::NoKey) => Completion::Replied(VersionedOutput::ErrNoKey),
            Err(PutError::Maybe) => Completion::Unknown,
        };
        history.complete(id, self.server.lab.now(), completion);
        Some(told)
    }

    /// Puts until it is known to be done, whatever the key holds; reads where nobody knows. Does nothing if the put is left out of
    /// the run.
    ///
    /// # Panics
    ///
    /// If put after put is refused, more of them than other clients can have come before.
    #[track_caller]
    pub fn write(&mut self, key: &str, value: &str) {
        let mut last = None;
        for _ in 0..WRITE_TRIES_MAX {
            let version = self.get(key).map_or(0, |(_, version)| version);
            let Some(told) = self.put_unless_left_out(key, value, version) else { return };
            match told {
                Ok(()) => return,
                Err(PutError::Maybe) if self.get(key).is_some_and(|(held, _)| held == value) => return,
                Err(refusal) => last = Some((version, refusal)),
            }
        }
        let Some((version, refusal)) = last else { return };
        self.lab().fail(
            Violation::new(
                format!("C{} cannot write {key}: {WRITE_TRIES_MAX} puts, and none was done", self.number),
                "a put of the version that a get has just told is done, unless somebody else has written in between; version 0 \
                 makes a key that is not there",
                format!("{refusal:?} to the last of them, put({key}, {value:?}, version {version})"),
            )
            .rule(VERSIONS)
            .hint(
                "a put that compares the version with something else than what get tells, NoKey for version 0, which makes the \
                 key, or an answer that says of a put that was done that it was not",
            ),
        );
    }

    /// Writes a key once more and reads it: a write that is missing beside a later one is lost, and one that shows again was only
    /// not seen.
    pub(super) fn look_again(mut self, unclear: Unclear) {
        const PATIENCE: Duration = Duration::from_secs(5);
        let Unclear::Versioned(key) = unclear else { return };
        let lab = self.server.lab.clone();
        // In a thread of its own: a server that is wrong may also never answer, and then the report must not wait for it.
        let thread = thread::spawn(move || {
            let version = self.get(&key).map_or(0, |(_, version)| version);
            let _ = self.put(&key, "once more", version);
            self.get(&key);
        });
        lab.wait_until_finished(&thread, PATIENCE, 1);
    }

    /// Whether an operation on a key is to happen; see [`lab_runs::actions`].
    fn performs(&self, key: &str, words: impl Fn() -> String) -> bool {
        let lab = &self.server.lab;
        let passed = lab.begin_action(ActionKind::Operation, || format!("C{} {key}", self.number));
        if let Some(passed) = passed {
            lab.action_outcome(passed, || format!("C{} asks: {}", self.number, words()));
        } else {
            lab.sleep_ms(1); // a loop that asks again and again must see time pass
        }
        passed.is_some()
    }
}

impl fmt::Debug for SingleClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C{}", self.number)
    }
}
