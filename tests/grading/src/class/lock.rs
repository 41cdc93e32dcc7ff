//! One call at a time grades into a folder: two would take each other's unfinished grades for their own.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context, Result, bail};
use lab_runs::eprintln;

/// Nobody else grades into the folder as long as this is kept, whatever ends this process.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "the system holds the lock while it is open")] File);

impl Lock {
    /// Takes it.
    ///
    /// # Errors
    ///
    /// If somebody else has it, or nothing can be written there.
    pub(super) fn take(out: &Path) -> Result<Self> {
        let path = out.join("lock");
        let problem = || format!("cannot write {}", path.display());
        let file = File::options().create(true).append(true).open(&path).with_context(problem)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "somebody else is grading into {}: wait until that has ended, or name another folder with --out",
                out.display()
            ),
            // Some file systems have no locks, and grading needs none if it is alone.
            Err(TryLockError::Error(error)) => eprintln!(
                "{} cannot be locked ({error}): see to it that nobody else grades into this folder",
                path.display()
            ),
        }
        Ok(Self(file))
    }
}
