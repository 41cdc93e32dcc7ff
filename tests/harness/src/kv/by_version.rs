//! Plain writes for services whose clerks write by version only (MIT since 2025): read the version, write at it, and look again where
//! nobody knows what became of that.

use kvraft_interface::{ClerkError, Version, Writes};

use super::client::Client;

impl Client {
    /// Whether the clerk has no plain writes, so that all keys are written by version.
    pub(super) fn only_by_version(&self) -> bool {
        !self.lab.offers_writes(Writes::Plain) && self.lab.writes_by_version()
    }

    /// Replaces a value at whatever version it is.
    pub(super) fn put_by_version(&mut self, key: &str, value: &str) -> Result<(), ClerkError> {
        self.write_by_version(key, |_| value.to_owned(), |now| now == value)
    }

    /// Puts `tail` at the end of a value. It must be one that nobody else appends.
    pub(super) fn append_by_version(&mut self, key: &str, tail: &str) -> Result<(), ClerkError> {
        self.write_by_version(key, |before| format!("{before}{tail}"), |now| now.contains(tail))
    }

    /// Reads and writes until it is written. A write of which nothing is known is taken for done if the value shows it. If the value
    /// has moved on without, it never will be done: its version is over.
    fn write_by_version(
        &mut self,
        key: &str,
        new: impl Fn(&str) -> String,
        shows: impl Fn(&str) -> bool,
    ) -> Result<(), ClerkError> {
        let mut unclear: Option<Version> = None;
        loop {
            let Some((value, version)) = self.read(key) else { return Err(ClerkError::NoLeader) };
            if unclear.is_some_and(|before| version > before) && shows(&value) {
                return Ok(());
            }
            match self.replace(key, &new(&value), version) {
                // Refused: somebody else was faster, or it was this one's own write before, or another copy of it.
                Err(ClerkError::Maybe | ClerkError::WrongVersion(_)) => unclear = Some(version),
                told => return told,
            }
        }
    }
}
