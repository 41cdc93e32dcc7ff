//! A persister on a disk: a journal that is appended to, and snapshots in files of their own.
//!
//! # How it works
//!
//! | file | what |
//! |---|---|
//! | `journal-<n>` | the newest segment: a header, which names the snapshot, the whole Raft state, and then one record for each save |
//! | `snapshot-<n>` | the service's bytes, as they are; their length and checksum stand in the journal's header |
//! | `*.tmp` | a file that is not whole yet |
//!
//! A save appends one record with what differs from the state before (how many bytes stay, and what comes behind them), and flushes
//! the segment: one write and one flush. Only then it says that something is saved.
//!
//! With a new snapshot, and when the segment has become several times as long as the state, a new segment begins. Snapshot first,
//! segment second, each is written under a temporary name, flushed, renamed, and the directory is flushed. The rename of
//! the segment is the instant at which the new pair takes the place of the old one. Only when that is stable the old files go: in
//! the other order a power failure could take the new name and leave the removal.
//!
//! # Opening
//!
//! The segment with the highest number counts. If its last record is not whole, because the power failed while it was written, it is
//! left out: nobody was told that it is saved. Anything else that is wrong is [refused](OpenError), and nothing of it
//! used: see `segment.rs` for how the two are told apart.
//!
//! Then a new segment begins with what was read. It may have been written by a process that was killed before its flush, or whose
//! flush failed: it can be read, and is not stable. A server acts upon what it has read, and if it finds its vote there it answers
//! without another save. A flush of the old file would not do: the system may have forgotten that there is something to flush.
//!
//! # When the disk fails
//!
//! After an error of any call nobody knows what the file holds: a flush that failed may have forgotten its pages, and the next one
//! would succeed all the same. So this persister refuses every later save. Its server must stop; what was saved before is
//! there when it starts again.
//!
//! # The rules
//!
//! One lock is held during a whole save; reads take another one, which is held for the copy only, and see the pair that was
//! saved last. A server that loses its power inside a save holds up nobody who looks at its storage.
//!
//! # What it leaves out
//!
//! It does not notice when a whole file was removed, cut off at its end or replaced by an older copy, and it does not keep two
//! processes out of one directory.

mod segment;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use labrpc::sync::Mutex;
use parking_lot::Mutex as PlainMutex;
use xxhash_rust::xxh3::xxh3_64;

use crate::pair::Pair;
use crate::{Disk, Persister, RealDisk, SaveError};
use segment::SnapshotName;

/// A segment becomes that many times as long as the state before a new one begins: what is written twice is then a third of
/// what is written once.
const SEGMENT_FACTOR: usize = 4;
/// No segment that is shorter, in bytes, is replaced: a page, less than which no disk writes.
const SEGMENT_LEN_MIN: usize = 4096;
/// Where the persister before this one kept its pair.
const OLD_NAME: &str = "raft-state";
const TEMPORARY: &str = ".tmp";

/// A [`Persister`] that keeps one server's pair on a [`Disk`] of its own.
pub struct JournalPersister {
    disk: Arc<dyn Disk>,
    /// Held during a save. A facade, for a save is long: the disk may wait, and the power may fail.
    writer: Mutex<Writer>,
    /// What the disk holds, so that reads cost no input and a failed save changes nothing. A plain lock, held for a copy.
    stored: PlainMutex<Pair>,
}

#[derive(Default)]
struct Writer {
    /// The number of the segment; 0: none yet.
    number: u64,
    /// Its length in bytes.
    len: usize,
    /// The snapshot that it names.
    snapshot: SnapshotName,
    /// Why nothing can be saved any more.
    failed: Option<SaveError>,
}

/// Why stored bytes could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The disk did not do what it was asked for.
    #[error("cannot open {file}: {source}")]
    Io {
        /// What was being read or written.
        file: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A file is not what a save wrote. Nothing of it has been used.
    #[error(
        "{file} is damaged or not ours, at byte {offset}: {reason}. Do not start this server without it: it would forget its vote \
         and entries that it has acknowledged. Let a new server take its place"
    )]
    Corrupt {
        /// The damaged file.
        file: String,
        /// Where the first wrong part begins, in bytes from the start of the file.
        offset: usize,
        /// What is wrong there.
        reason: &'static str,
    },
    /// The pair was stored by a version before the journal.
    #[error(
        "{file} was written by a version of this lab that kept state and snapshot in one file: start the server with that \
         version, or in an empty directory as a new server"
    )]
    OldFormat {
        /// Its file.
        file: String,
    },
}

/// Which of our files a name is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    Journal(u64),
    Snapshot(u64),
    Temporary,
}

impl Name {
    /// `None` for files that are not ours.
    fn read(name: &str) -> Option<Self> {
        let plain = name.strip_suffix(TEMPORARY);
        let (kind, number) = plain.unwrap_or(name).split_once('-')?;
        let has_next = |&parsed: &u64| number.len() == 16 && parsed < u64::MAX;
        let number = u64::from_str_radix(number, 16).ok().filter(has_next)?;
        let named = match kind {
            "journal" => Self::Journal(number),
            "snapshot" => Self::Snapshot(number),
            _ => return None,
        };
        Some(if plain.is_some() { Self::Temporary } else { named })
    }
}

fn journal_name(number: u64) -> String {
    format!("journal-{number:016x}")
}

fn snapshot_name(number: u64) -> String {
    format!("snapshot-{number:016x}")
}

impl JournalPersister {
    /// Opens the pair in a directory of the machine, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_directory(directory: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let directory = directory.into();
        let file = directory.display().to_string();
        let disk = RealDisk::open(directory).map_err(|source| OpenError::Io { file, source })?;
        Self::open(Arc::new(disk))
    }

    /// Opens the pair on a disk. No journal means a server that starts for the first time. A save that was not finished is as if
    /// it had never begun, or is done, and what is left of it is removed.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the disk fails, or a file is damaged.
    pub fn open(disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        let names = disk.list().map_err(|source| OpenError::Io { file: disk.place(), source })?;
        if names.iter().any(|name| name == OLD_NAME) {
            return Err(OpenError::OldFormat { file: full_name(&*disk, OLD_NAME) });
        }
        // First of all, or the next file of that name would begin with what is in it.
        for name in names.iter().filter(|name| Name::read(name) == Some(Name::Temporary)) {
            disk.remove(name).map_err(|source| OpenError::Io { file: full_name(&*disk, name), source })?;
        }
        let numbers = names.iter().filter_map(|name| match Name::read(name) {
            Some(Name::Journal(number)) => Some(number),
            _ => None,
        });
        let Some(number) = numbers.max() else {
            let persister = Self { disk, writer: Mutex::default(), stored: PlainMutex::default() };
            persister.remove_leftovers(&Writer::default());
            return Ok(persister);
        };
        let (mut writer, pair) = read_pair(&*disk, number)?;
        let state = pair.state.clone();
        let persister = Self { disk, writer: Mutex::default(), stored: PlainMutex::new(pair) };
        let file = || full_name(&*persister.disk, &journal_name(number + 1));
        persister
            .begin_segment(&mut writer, &state, None)
            .map_err(|source| OpenError::Io { file: file(), source })?;
        *persister.writer.lock() = writer;
        Ok(persister)
    }

    /// Appends what the last bytes of the state are now to the segment, or begins a new one.
    fn write(
        &self,
        writer: &mut Writer,
        keep: usize,
        tail: &[u8],
        snapshot: Option<&[u8]>,
    ) -> io::Result<()> {
        let is_long = writer.len > SEGMENT_LEN_MIN.max(SEGMENT_FACTOR * (keep + tail.len()));
        if writer.number == 0 || snapshot.is_some() || is_long {
            let state = [&self.stored.lock().state[..keep], tail].concat();
            return self.begin_segment(writer, &state, snapshot);
        }
        let record = segment::record(writer.number, writer.len, keep, tail);
        let name = journal_name(writer.number);
        self.disk.append(&name, &record)?;
        self.disk.flush(&name)?;
        writer.len += record.len();
        Ok(())
    }

    /// Puts a segment with this state in the place of the old one, and a snapshot beside it.
    fn begin_segment(&self, writer: &mut Writer, state: &[u8], snapshot: Option<&[u8]>) -> io::Result<()> {
        let number = writer.number + 1;
        let snapshot = match snapshot {
            None => writer.snapshot,
            Some([]) => SnapshotName::default(),
            Some(bytes) => {
                self.write_whole(&snapshot_name(number), bytes)?;
                SnapshotName { number, len: bytes.len() as u64, sum: xxh3_64(bytes) }
            }
        };
        let bytes = segment::begin(number, snapshot, state);
        self.write_whole(&journal_name(number), &bytes)?;
        *writer = Writer { number, len: bytes.len(), snapshot, failed: None };
        self.remove_leftovers(writer);
        Ok(())
    }

    /// Writes a file that is there as a whole or not at all.
    fn write_whole(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = format!("{name}{TEMPORARY}");
        self.disk.append(&temporary, bytes)?;
        // First the bytes and then the name: the other way round the name could stand for half of them.
        self.disk.flush(&temporary)?;
        self.disk.rename(&temporary, name)?;
        self.disk.flush_directory()
    }

    /// Removes those of our files that do not count any more.
    fn remove_leftovers(&self, writer: &Writer) {
        // What cannot be listed or removed now is removed when the next segment begins. It harms nobody.
        for name in self.disk.list().unwrap_or_default() {
            let counts = match Name::read(&name) {
                None => true,
                Some(Name::Temporary) => false,
                Some(Name::Journal(number)) => number == writer.number,
                Some(Name::Snapshot(number)) => number == writer.snapshot.number,
            };
            if !counts {
                let _ = self.disk.remove(&name);
            }
        }
    }
}

/// Reads the segment of that number and its snapshot.
fn read_pair(disk: &dyn Disk, number: u64) -> Result<(Writer, Pair), OpenError> {
    let name = journal_name(number);
    let read =
        |name: &str| disk.read(name).map_err(|source| OpenError::Io { file: full_name(disk, name), source });
    let bytes = read(&name)?;
    let found = segment::decode(number, &bytes).map_err(|damage| damage.of(full_name(disk, &name)))?;
    let snapshot = match found.snapshot.number {
        0 => Vec::new(),
        snapshot => read(&snapshot_name(snapshot))?,
    };
    if found.snapshot.number != 0
        && (snapshot.len() as u64, xxh3_64(&snapshot)) != (found.snapshot.len, found.snapshot.sum)
    {
        let reason = "its length or its checksum is not what the journal says";
        let file = full_name(disk, &snapshot_name(found.snapshot.number));
        return Err(OpenError::Corrupt { file, offset: 0, reason });
    }
    let writer = Writer { number, len: found.len, snapshot: found.snapshot, failed: None };
    Ok((writer, Pair { state: found.state, snapshot }))
}

/// How many bytes at the beginning are the same in both.
fn common_len(one: &[u8], other: &[u8]) -> usize {
    /// Compared at once, in bytes: a state may be long, and mostly only its end is new.
    const BLOCK_LEN: usize = 256;
    let blocks = one.chunks_exact(BLOCK_LEN).zip(other.chunks_exact(BLOCK_LEN));
    let same = BLOCK_LEN * blocks.take_while(|(one, other)| one == other).count();
    same + one[same..].iter().zip(&other[same..]).take_while(|(one, other)| one == other).count()
}

fn full_name(disk: &dyn Disk, name: &str) -> String {
    format!("{}/{name}", disk.place())
}

impl Persister for JournalPersister {
    fn save(&self, state: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        self.save_tail(0, state, snapshot)
    }

    fn save_tail(&self, keep: usize, tail: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        let mut writer = self.writer.lock();
        if let Some(failed) = &writer.failed {
            return Err(failed.clone());
        }
        let same = {
            let state = &self.stored.lock().state;
            assert!(keep <= state.len(), "cannot keep {keep} bytes of {}", state.len());
            // Who hands over all of a state mostly has the same beginning again.
            common_len(&state[keep..], tail)
        };
        let (keep, tail) = (keep + same, &tail[same..]);
        if let Err(error) = self.write(&mut writer, keep, tail, snapshot) {
            let name = full_name(&*self.disk, &journal_name(writer.number.max(1)));
            let failed = SaveError(format!("{name}: {error}"));
            let later = format!("{}; after that, nothing can be saved there: stop the server", failed.0);
            writer.failed = Some(SaveError(later));
            return Err(failed);
        }
        self.stored.lock().save_tail(keep, tail, snapshot);
        Ok(())
    }

    fn raft_state(&self) -> Vec<u8> {
        self.stored.lock().state.clone()
    }

    fn snapshot(&self) -> Vec<u8> {
        self.stored.lock().snapshot.clone()
    }

    fn raft_state_len(&self) -> usize {
        self.stored.lock().state.len()
    }

    fn snapshot_len(&self) -> usize {
        self.stored.lock().snapshot.len()
    }
}

impl fmt::Debug for JournalPersister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, snapshot) = (self.raft_state_len(), self.snapshot_len());
        write!(f, "{}: {state} bytes of state, {snapshot} of snapshot", self.disk.place())
    }
}

#[cfg(test)]
mod tests;
