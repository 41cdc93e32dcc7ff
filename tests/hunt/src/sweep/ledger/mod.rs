//! The runs that were made before, so that a sweep that was stopped goes on where it was.
//!
//! # Where
//!
//! In files under `target/lab/sweep/<key>/`. The [key] stands for the executable, the limits and the environment: results of
//! another one say nothing about this one. Sweeps of the same key that run at the same time, such as shards, have a file each; every
//! one of them reads all files and writes to its own, which it keeps locked.
//!
//! # What
//!
//! Each finished run is a [line](lines) of JSON. A million seeds of all tests would be 21 GB of them, so they are put
//! [together](aggregate): a line for each test with the ranges of its seeds, its failures and the sum of its costs. That happens when
//! a sweep begins, with all files to which nobody writes, and again whenever its own file has grown.
//!
//! # What can go wrong
//!
//! A file is rewritten by way of a second one, so that the old one stays when the disk is full or the machine stops. A line that
//! was cut off does not count, and that run is made again; lines that cannot be read are kept in `damaged.txt`. Where a file
//! system has no locks, each sweep begins a file of its own, and nothing is put together.

mod aggregate;
mod files;
mod key;
mod lines;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::results::Row;
use super::seed_set::SeedSet;
use aggregate::Aggregate;
use files::{Content, Held};

pub(crate) use key::Key;
pub use key::build_id;
pub(crate) use lines::Entry;
use lines::Line;

/// A file is put together anew when so many bytes were added, and as many as it had.
const COMPACT_AFTER: u64 = 16 << 20;

/// The file that this sweep writes to, and what was known when it was opened.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Where its files are.
    pub(crate) directory: PathBuf,
    /// Lines that could not be read.
    pub(crate) unreadable: u64,
    path: PathBuf,
    /// Locked as long as it is open, where that is possible.
    file: BufWriter<File>,
    /// What is in the file; `None` if it cannot be locked, and so is never put together.
    own: Option<Aggregate>,
    /// How many bytes the file had when it was last put together, and how many were added since.
    compact_bytes: u64,
    added_bytes: u64,
}

/// Whether runs that were made before count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Earlier {
    /// They are taken over.
    Counts,
    /// They are forgotten, here and on disk: else the next sweep would find them before the new ones. What other sweeps that run
    /// at this moment hold in their files stays.
    IsForgotten,
}

impl Ledger {
    /// Opens the ledger of a key, under `root`, for the runs of these rows with these seeds. What is known of them goes into the
    /// rows, or is forgotten.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub(crate) fn open(
        root: &Path,
        key: &Key,
        earlier: Earlier,
        (world, seeds): (&str, &SeedSet),
        rows: &mut [Row],
    ) -> Result<Self> {
        let directory = root.join(&key.name);
        let problem = || format!("cannot keep results under {}", directory.display());
        fs::create_dir_all(&directory).with_context(problem)?;
        let words = directory.join("key.txt");
        if !words.exists() {
            fs::write(words, &key.words).with_context(problem)?;
        }
        let Content { held, mut own, others, has_locks, damaged, unreadable } =
            files::read_all(&directory).with_context(problem)?;
        match earlier {
            Earlier::Counts => {
                for known in [&own, &others] {
                    take_over(rows, known, world, seeds);
                }
            }
            Earlier::IsForgotten if !has_locks => bail!(
                "--fresh cannot forget what is in {}: the file system has no locks. Remove that folder",
                directory.display()
            ),
            Earlier::IsForgotten => {
                rows.iter().for_each(|row| own.forget(world, &row.test, &row.policy, seeds));
            }
        }
        files::keep_damaged(&directory, &damaged).with_context(problem)?;
        let Held { path, file, .. } = files::own(&directory, held, &own, has_locks).with_context(problem)?;
        let compact_bytes = file.metadata().with_context(problem)?.len();
        let (own, file) = (has_locks.then_some(own), BufWriter::new(file));
        Ok(Self { directory, unreadable, path, file, own, compact_bytes, added_bytes: 0 })
    }

    /// Adds a run. It is safe when [`flush`](Self::flush) was called.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub(crate) fn add(&mut self, entry: &Entry) -> Result<()> {
        // One buffer for line and newline, flushed together as a rule. Where they are not, the next sweep
        // ends the line.
        let mut line = serde_json::to_vec(entry).context("cannot write down a result")?;
        line.push(b'\n');
        self.file.write_all(&line).context("cannot write down a result")?;
        self.added_bytes += line.len() as u64;
        if let Some(own) = &mut self.own {
            own.add(Line::Run(entry.clone()));
        }
        Ok(())
    }

    /// Writes what was added to the file.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let problem = || format!("cannot keep results under {}", self.directory.display());
        self.file.flush().with_context(problem)?;
        if self.added_bytes < COMPACT_AFTER.max(self.compact_bytes) {
            return Ok(());
        }
        self.added_bytes = 0;
        // All is in the file: when it cannot be put together, it is only long.
        if let Some(own) = &self.own
            && let Ok(file) = files::replace(&self.path, own)
        {
            self.compact_bytes = file.metadata().with_context(problem)?.len();
            self.file = BufWriter::new(file);
        }
        Ok(())
    }
}

/// Enters what is known of these rows. The ledger is one for all sweeps of a key: most of what is in it may be of other tests
/// or other seeds.
fn take_over(rows: &mut [Row], known: &Aggregate, world: &str, seeds: &SeedSet) {
    for row in rows {
        if let Some(known) = known.get(world, &row.test, &row.policy) {
            row.absorb(known, seeds);
        }
    }
}

#[cfg(test)]
pub(super) mod fuzzed;
#[cfg(test)]
mod tests;
