//! A persister on disk, for processes that are really killed.
//!
//! A save writes the whole pair into a temporary file, flushes it to the disk, renames it over the old file and
//! flushes the directory. The rename is the instant at which the new pair replaces the old one: a crash before
//! it leaves a temporary file that nobody reads, a crash after it leaves the new pair.
//!
//! The file is, in this order and with little-endian numbers:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the magic `RAFTPAIR` |
//! | 8 + 8 | lengths of the state and of the snapshot |
//! | 8 | XXH3 of the 24 bytes before |
//! | any | the state, then 8 bytes with its XXH3 |
//! | any | the snapshot, then 8 bytes with its XXH3 |
//!
//! What it leaves out: appending. Flushing dominates the cost of a save, so the whole pair is written each time.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use labrpc::sync::Mutex;
use xxhash_rust::xxh3::xxh3_64;

use crate::{Persister, SaveError};

const MAGIC: &[u8; 8] = b"RAFTPAIR";
/// Magic, two lengths and the checksum over these.
const HEADER_LEN: usize = 32;
/// A checksum's length in bytes.
const SUM_LEN: usize = 8;
const FILE_NAME: &str = "raft-state";
const TEMP_NAME: &str = "raft-state.tmp";

/// A [`Persister`] that keeps one server's pair in one file of a directory of its own.
pub struct FilePersister {
    directory: PathBuf,
    /// What the file holds, so that reads cost no input and a failed save changes nothing.
    stored: Mutex<Pair>,
}

#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Pair {
    state: Vec<u8>,
    snapshot: Vec<u8>,
}

/// Why stored bytes could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file or its directory could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// What was being read.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is not what a save wrote. Nothing of it has been used.
    #[error("{} is damaged or not ours, at byte {offset}: {reason}", path.display())]
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// Where the first wrong part begins, in bytes from the start of the file.
        offset: usize,
        /// What is wrong there.
        reason: &'static str,
    },
}

impl FilePersister {
    /// Opens the pair in `directory`, which is created if it is missing. No file means a server that starts for
    /// the first time. A temporary file of an unfinished save is ignored.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the file cannot be read or is damaged.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let directory = directory.into();
        fs::create_dir_all(&directory).map_err(|source| OpenError::Io { path: directory.clone(), source })?;
        let path = directory.join(FILE_NAME);
        let pair = match fs::read(&path) {
            Ok(bytes) => {
                decode(&bytes).map_err(|(offset, reason)| OpenError::Corrupt { path, offset, reason })?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Pair::default(),
            Err(source) => return Err(OpenError::Io { path, source }),
        };
        Ok(Self { directory, stored: Mutex::new(pair) })
    }

    /// The file that holds the pair. It exists once something has been saved.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.directory.join(FILE_NAME)
    }
}

impl Persister for FilePersister {
    fn save(&self, state: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        let mut stored = self.stored.lock();
        let snapshot = snapshot.unwrap_or(&stored.snapshot).to_vec();
        let pair = Pair { state: state.to_vec(), snapshot };
        replace_file(&self.directory, &encode(&pair))
            .map_err(|error| SaveError(format!("{}: {error}", self.path().display())))?;
        *stored = pair;
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

impl fmt::Debug for FilePersister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, snapshot) = (self.raft_state_len(), self.snapshot_len());
        write!(f, "{}: {state} bytes of state, {snapshot} of snapshot", self.path().display())
    }
}

/// Puts `bytes` in the place of the old file, or leaves the old file alone.
///
/// A failure to flush the directory is reported although the new file is in place: it might not survive a power
/// cut, so the caller may not rely on it.
fn replace_file(directory: &Path, bytes: &[u8]) -> io::Result<()> {
    let temp = directory.join(TEMP_NAME);
    let mut file = File::create(&temp)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temp, directory.join(FILE_NAME))?;
    File::open(directory)?.sync_all()
}

fn encode(pair: &Pair) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_LEN + pair.state.len() + pair.snapshot.len() + 2 * SUM_LEN);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&(pair.state.len() as u64).to_le_bytes());
    out.extend_from_slice(&(pair.snapshot.len() as u64).to_le_bytes());
    let sum = xxh3_64(&out);
    out.extend_from_slice(&sum.to_le_bytes());
    for part in [&pair.state, &pair.snapshot] {
        out.extend_from_slice(part);
        out.extend_from_slice(&xxh3_64(part).to_le_bytes());
    }
    out
}

/// The whole pair, or the offset and the reason of the first thing that is wrong.
fn decode(bytes: &[u8]) -> Result<Pair, (usize, &'static str)> {
    if bytes.len() < HEADER_LEN {
        return Err((bytes.len(), "the file ends inside its header"));
    }
    if &bytes[..8] != MAGIC {
        return Err((0, "the file does not begin with RAFTPAIR"));
    }
    if xxh3_64(&bytes[..24]) != number(bytes, 24) {
        return Err((8, "the checksum of the header is wrong"));
    }
    let (state, at) = part(bytes, HEADER_LEN, number(bytes, 8))?;
    let (snapshot, at) = part(bytes, at, number(bytes, 16))?;
    if at != bytes.len() {
        return Err((at, "there are bytes after the end"));
    }
    Ok(Pair { state, snapshot })
}

/// The part of `len` bytes that begins at `at`, and where the next one begins.
fn part(bytes: &[u8], at: usize, len: u64) -> Result<(Vec<u8>, usize), (usize, &'static str)> {
    let room = (bytes.len() - at).checked_sub(SUM_LEN);
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    // No room, too, for the checksum of a part of no bytes.
    if room.is_none_or(|room| len > room) {
        return Err((bytes.len(), "the file is too short"));
    }
    let data = &bytes[at..at + len];
    if xxh3_64(data) != number(bytes, at + len) {
        return Err((at, "the checksum of the part that begins here is wrong"));
    }
    Ok((data.to_vec(), at + len + SUM_LEN))
}

fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("a slice of eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(directory: &Path) -> (Vec<u8>, Vec<u8>) {
        let persister = FilePersister::open(directory).expect("a file that a save wrote");
        (persister.raft_state(), persister.snapshot())
    }

    #[test]
    fn what_is_saved_is_there_when_the_file_is_opened_again() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(stored(directory.path()), (vec![], vec![]));
        let persister = FilePersister::open(directory.path()).unwrap();
        persister.save(b"state", Some(b"snapshot")).unwrap();
        assert_eq!(stored(directory.path()), (b"state".to_vec(), b"snapshot".to_vec()));
        persister.save_tail(2, b"art", None).unwrap();
        assert_eq!(stored(directory.path()), (b"start".to_vec(), b"snapshot".to_vec()));
    }

    #[test]
    fn unfinished_save_is_ignored() {
        let directory = tempfile::tempdir().unwrap();
        FilePersister::open(directory.path()).unwrap().save(b"old", None).unwrap();
        fs::write(directory.path().join(TEMP_NAME), b"half of a n").unwrap();
        assert_eq!(stored(directory.path()).0, b"old");
    }

    #[test]
    fn save_that_fails_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let persister = FilePersister::open(directory.path()).unwrap();
        persister.save(b"old", None).unwrap();
        fs::create_dir(directory.path().join(TEMP_NAME)).unwrap();
        let error = persister.save(b"new", None).unwrap_err();
        assert!(error.to_string().contains("raft-state"), "{error}");
        assert_eq!(persister.raft_state(), b"old");
        assert_eq!(stored(directory.path()).0, b"old");
    }

    /// Every flipped bit, every shorter file and a longer one: an error, never other bytes than were saved.
    #[test]
    fn file_that_ends_before_the_checksum_of_nothing_is_too_short() {
        let whole = encode(&Pair { state: Vec::new(), snapshot: Vec::new() });
        for len in 0..whole.len() {
            assert!(decode(&whole[..len]).is_err(), "the first {len} bytes passed for the whole");
        }
    }

    #[test]
    fn reader_of_stored_pairs_survives_fuzzing() {
        let pair = Pair { state: vec![7; 40], snapshot: b"a snapshot".to_vec() };
        let empty = Pair { state: Vec::new(), snapshot: Vec::new() };
        lab_fuzzing::fuzz("stored-pairs", &[encode(&pair), encode(&empty)], |input| {
            let _ = decode(input);
            // With a header that is sealed anew, its lengths are looked at, too.
            let mut sealed = input.to_vec();
            if sealed.len() >= HEADER_LEN {
                let sum = xxh3_64(&sealed[..24]);
                sealed[24..HEADER_LEN].copy_from_slice(&sum.to_le_bytes());
            }
            if let Ok(pair) = decode(&sealed) {
                assert_eq!(encode(&pair), sealed);
            }
        });
    }

    #[test]
    fn damage_is_reported_with_file_and_offset() {
        let good = encode(&Pair { state: b"the state".to_vec(), snapshot: b"snap".to_vec() });
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                let (offset, reason) = decode(&bad).expect_err("a flipped bit went unnoticed");
                assert!(offset <= at, "byte {at} is wrong, reported at {offset}: {reason}");
            }
            assert!(decode(&good[..at]).is_err(), "the first {at} bytes passed for the whole");
        }
        let longer = [good.as_slice(), b"x"].concat();
        assert_eq!(decode(&longer), Err((good.len(), "there are bytes after the end")));

        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FILE_NAME), b"somebody else's file, not one of ours").unwrap();
        let message = FilePersister::open(directory.path()).unwrap_err().to_string();
        assert!(message.contains("raft-state") && message.contains("at byte 0"), "{message}");
    }
}
