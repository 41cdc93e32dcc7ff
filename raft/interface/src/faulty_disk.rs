//! A disk in memory that does what real ones do at the worst moment: for tests of whatever stores something on a [`Disk`].
//!
//! # How it works
//!
//! Of each file it knows what is stable and which writes have come since its last flush; of the directory, which names are
//! stable and what was done to names since. Reads see everything. Then the power fails:
//!
//! ```
//! use raft_interface::{Disk, FaultyDisk, Loss};
//!
//! let disk = FaultyDisk::new();
//! disk.append("log", b"kept").unwrap();
//! disk.flush("log").unwrap();
//! disk.flush_directory().unwrap();
//! disk.append("log", b" and lost").unwrap();
//! let disk = disk.after_power_failure(Loss::Unflushed);
//! assert_eq!(disk.read("log").unwrap(), b"kept");
//! ```
//!
//! | fault | how |
//! |---|---|
//! | the power fails in the middle of a call | [`FaultyDisk::power_fails_after`] so many steps. A byte that is written is a step, and each other call that changes or flushes something is one. From then on every call fails, until somebody takes the [disk after it](FaultyDisk::after_power_failure) |
//! | writes are lost, torn, out of order | [`Loss`]: what the power failure takes of all that was not flushed. With [`Loss::Drawn`] each sector and each name goes or stays on its own |
//! | a process is killed | [`FaultyDisk::after_kill`]: all can be read that was written, and what was not flushed still is not |
//! | a flush fails | [`FaultyDisk::flush_fails`]: its writes are forgotten. They can be read until the power fails, also by another process, and later flushes succeed and say nothing of them |
//! | a disk full | [`FaultyDisk::append_fails`]: half of the bytes are written |
//! | a bit flips | [`FaultyDisk::flip_bit`], in what is stable |
//!
//! Nothing is drawn from a clock or an address: the same calls and the same [`Loss`] give the same bytes.
//!
//! # What it leaves out
//!
//! A sector that is itself torn, sectors of a length other than 512 bytes, and old bytes of other files where a write was lost (it
//! leaves zeros): a file system that shows these is broken or misconfigured.

mod file;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::Disk;
use file::{Draws, StoredFile};

/// What is written as a whole or not at all, in bytes from the start of a file.
pub const SECTOR_LEN: usize = 512;

/// What a power failure takes of all that was written and not flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing: the machine has written everything in time, but for what a failed flush has forgotten.
    Nothing,
    /// All of it.
    Unflushed,
    /// Each sector and each change of a name is lost or not, as this seed says.
    Drawn(u64),
}

/// A fault that has just happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskFault {
    /// The power has failed, and every later call will fail.
    #[error("the power has failed")]
    PowerFailed,
    /// A flush has failed and forgotten what it was to flush.
    #[error("the flush failed")]
    FlushFailed,
    /// An append has written half of its bytes.
    #[error("the disk is full")]
    Full,
}

/// What is called at each fault, in the thread whose call was under way. No lock of the disk is held.
pub type DiskAlarm = Arc<dyn Fn(DiskFault) + Send + Sync>;

/// A [`Disk`] in memory, with faults.
#[derive(Default)]
pub struct FaultyDisk {
    /// A plain lock, and no step of a simulation: what happens in it is too short to be seen half done.
    inner: Mutex<Inner>,
}

#[derive(Clone, Default)]
struct Inner {
    /// All files that a name has stood for, by number.
    files: BTreeMap<u64, StoredFile>,
    /// Which file each name stands for, as reads see it.
    names: BTreeMap<String, u64>,
    /// The same, after a power failure that takes all that was not flushed.
    stable_names: BTreeMap<String, u64>,
    /// What was done to names since the last flush of the directory, in order.
    unflushed_names: Vec<NameChange>,
    steps: u64,
    plan: Plan,
    alarm: Option<DiskAlarm>,
    is_off: bool,
}

/// The faults that are to come.
#[derive(Clone, Default)]
struct Plan {
    /// So many steps are still done.
    power_fails_after: Option<u64>,
    /// So many flushes still succeed before one fails.
    flushes: Option<u64>,
    /// So many appends still succeed before one fails.
    appends: Option<u64>,
}

/// Why a call has failed.
enum Failed {
    /// It asked for what cannot be.
    Call(io::Error),
    Fault(DiskFault),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Call(error)
    }
}

#[derive(Clone)]
enum NameChange {
    Made(String, u64),
    Renamed { from: String, to: String, file: u64 },
    Removed(String),
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Self::Made(name, file) => {
                names.insert(name.clone(), *file);
            }
            Self::Renamed { from, to, file } => {
                // The name may stand for another file by now, if an earlier change was lost.
                if names.get(from) == Some(file) {
                    names.remove(from);
                }
                names.insert(to.clone(), *file);
            }
            Self::Removed(name) => {
                names.remove(name);
            }
        }
    }
}

impl FaultyDisk {
    /// An empty disk without faults to come.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The power fails after so many more steps, counted as [`steps`](Self::steps) does; with 0, in the next call that
    /// is a step.
    pub fn power_fails_after(&self, steps: u64) {
        self.inner.lock().plan.power_fails_after = Some(steps);
    }

    /// From now on this is called at each fault, but for flipped bits, which nobody notices; `None`: nothing is.
    pub fn set_alarm(&self, alarm: Option<DiskAlarm>) {
        self.inner.lock().alarm = alarm;
    }

    /// After so many flushes that succeed, of files and of the directory, one fails, and forgets what it was to flush. With 0 the
    /// next one fails.
    pub fn flush_fails(&self, after: u64) {
        self.inner.lock().plan.flushes = Some(after);
    }

    /// After so many appends that succeed, one writes half of its bytes and fails: the disk is full.
    pub fn append_fails(&self, after: u64) {
        self.inner.lock().plan.appends = Some(after);
    }

    /// Whether the power has failed.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.inner.lock().is_off
    }

    /// How many steps were done since the disk was made: each byte that was written, and each other call that changed or flushed
    /// something.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.inner.lock().steps
    }

    /// Flips a bit in a file: bit `bit % 8` of byte `byte`, where that was written. Unflushed writes may hide it.
    pub fn flip_bit(&self, name: &str, byte: usize, bit: u32) {
        let mut inner = self.inner.lock();
        if let Ok(file) = inner.file(name) {
            file.flip_bit(byte, bit);
        }
    }

    /// The disk as another process finds it when this one was killed, with no faults to come and no alarm. This one stays as it
    /// is, and what is still written to it is written nowhere else.
    #[must_use]
    pub fn after_kill(&self) -> Self {
        Self { inner: Mutex::new(self.without_faults()) }
    }

    fn without_faults(&self) -> Inner {
        Inner { plan: Plan::default(), alarm: None, is_off: false, steps: 0, ..self.inner.lock().clone() }
    }

    /// The disk as it is found when the power comes back, with no faults to come and no alarm. This one stays as it is: one can look
    /// what else could have been found.
    #[must_use]
    pub fn after_power_failure(&self, loss: Loss) -> Self {
        let mut inner = self.without_faults();
        let mut draws = match loss {
            Loss::Nothing => Draws::All,
            Loss::Unflushed => Draws::None,
            Loss::Drawn(seed) => Draws::Some { seed, count: 0 },
        };
        for change in std::mem::take(&mut inner.unflushed_names) {
            if draws.stays() {
                change.apply(&mut inner.stable_names);
            }
        }
        inner.names.clone_from(&inner.stable_names);
        let Inner { files, names, .. } = &mut inner;
        // What nobody can reach is gone. The others, in the order of their numbers, so that each seed means one thing.
        files.retain(|number, _| names.values().any(|named| named == number));
        files.values_mut().for_each(|file| file.lose(&mut draws));
        Self { inner: Mutex::new(inner) }
    }

    /// Does a call, if the power is on.
    fn call<T>(&self, call: impl FnOnce(&mut Inner) -> Result<T, Failed>) -> io::Result<T> {
        let mut inner = self.inner.lock();
        if inner.is_off {
            return Err(io::Error::other(DiskFault::PowerFailed));
        }
        let fault = match call(&mut inner) {
            Ok(done) => return Ok(done),
            Err(Failed::Call(error)) => return Err(error),
            Err(Failed::Fault(fault)) => fault,
        };
        inner.is_off |= fault == DiskFault::PowerFailed;
        let alarm = inner.alarm.clone();
        drop(inner);
        // In a simulation the thread may end here.
        if let Some(alarm) = alarm {
            alarm(fault);
        }
        Err(io::Error::other(fault))
    }

    /// Does a call that is one step, if the power is on that long.
    fn step<T>(&self, call: impl FnOnce(&mut Inner) -> Result<T, Failed>) -> io::Result<T> {
        self.call(|inner| match inner.take_steps(1) {
            0 => Err(Failed::Fault(DiskFault::PowerFailed)),
            _ => call(inner),
        })
    }
}

impl Inner {
    /// How many of so many steps can be done before the power fails; these count as done.
    fn take_steps(&mut self, wanted: u64) -> u64 {
        let done = match &mut self.plan.power_fails_after {
            None => wanted,
            Some(left) => {
                let done = wanted.min(*left);
                *left -= done;
                done
            }
        };
        self.steps += done;
        done
    }

    fn number(&self, name: &str) -> io::Result<u64> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("there is no file {name}"));
        self.names.get(name).copied().ok_or_else(missing)
    }

    fn file(&mut self, name: &str) -> io::Result<&mut StoredFile> {
        let number = self.number(name)?;
        Ok(self.files.get_mut(&number).expect("every name stands for a file"))
    }

    fn change_names(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.unflushed_names.push(change);
    }

    /// The file of that name, made if it is missing.
    fn file_or_new(&mut self, name: &str) -> &mut StoredFile {
        let number = self.number(name).unwrap_or_else(|_| {
            let number = self.files.keys().next_back().map_or(0, |last| last + 1);
            self.files.insert(number, StoredFile::default());
            self.change_names(NameChange::Made(name.to_owned(), number));
            number
        });
        self.files.get_mut(&number).expect("every name stands for a file")
    }
}

/// Counts down to a fault that happens once.
fn is_due(left: &mut Option<u64>) -> bool {
    match left {
        Some(0) => {
            *left = None;
            true
        }
        Some(more) => {
            *more -= 1;
            false
        }
        None => false,
    }
}

impl Disk for FaultyDisk {
    fn place(&self) -> String {
        "a disk in memory".to_owned()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.call(|inner| Ok(inner.names.keys().cloned().collect()))
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.call(|inner| Ok(inner.file(name)?.bytes().to_vec()))
    }

    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.call(|inner| {
            let is_full = is_due(&mut inner.plan.appends);
            let wanted = if is_full { bytes.len() / 2 } else { bytes.len() };
            let done = inner.take_steps(wanted as u64) as usize;
            inner.file_or_new(name).append(&bytes[..done]);
            if done < wanted {
                return Err(Failed::Fault(DiskFault::PowerFailed));
            }
            if is_full { Err(Failed::Fault(DiskFault::Full)) } else { Ok(()) }
        })
    }

    fn truncate(&self, name: &str, len: u64) -> io::Result<()> {
        self.step(|inner| Ok(inner.file(name)?.truncate(len)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.step(|inner| {
            let file = inner.number(from)?;
            inner.change_names(NameChange::Renamed { from: from.to_owned(), to: to.to_owned(), file });
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.step(|inner| {
            inner.number(name)?;
            inner.change_names(NameChange::Removed(name.to_owned()));
            Ok(())
        })
    }

    fn flush(&self, name: &str) -> io::Result<()> {
        self.step(|inner| {
            let fails = is_due(&mut inner.plan.flushes);
            let file = inner.file(name)?;
            if fails {
                file.forget();
                return Err(Failed::Fault(DiskFault::FlushFailed));
            }
            file.flush();
            Ok(())
        })
    }

    fn flush_directory(&self) -> io::Result<()> {
        self.step(|inner| {
            let fails = is_due(&mut inner.plan.flushes);
            let changes = std::mem::take(&mut inner.unflushed_names);
            if fails {
                return Err(Failed::Fault(DiskFault::FlushFailed));
            }
            changes.iter().for_each(|change| change.apply(&mut inner.stable_names));
            Ok(())
        })
    }
}

impl fmt::Debug for FaultyDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner.lock();
        let power = if inner.is_off { "off" } else { "on" };
        write!(f, "a disk in memory, {power}, with {} files", inner.names.len())
    }
}

#[cfg(test)]
mod tests;
