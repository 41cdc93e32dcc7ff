//! A directory on a disk, as a trait: all that a journal needs, and no more.
//!
//! What a call has done is seen by the next one at once, and is *stable* only after a flush. Until then a power failure may undo
//! it: all of it, some sectors of it, the later part and not the earlier one. A name and the bytes behind it are flushed
//! apart: [`Disk::flush`] is about the bytes of one file, [`Disk::flush_directory`] about which names there are and what stands
//! behind them. A file that was flushed can still be gone if its name was not.
//!
//! A [`RealDisk`](crate::RealDisk) is a directory of the machine, a [`FaultyDisk`](crate::FaultyDisk) is one in memory that does its
//! worst. Whoever writes a persister against this trait can have it tried on both: see
//! [`RaftServer::open_storage`](crate::RaftServer::open_storage).
//!
//! What it leaves out: writing in the middle of a file, folders in folders, reading a part of a file, and keeping two processes
//! out of one directory.

use std::fmt;
use std::io;

/// A directory of files, by plain names without a path.
///
/// Every call may fail. Then nothing is promised of what it was to do, and after a flush that has failed nothing of what was
/// written since the last one that did not: see [`flush`](Self::flush).
pub trait Disk: Send + Sync + fmt::Debug {
    /// Where this is, for messages to people.
    fn place(&self) -> String;

    /// The names of all files, sorted.
    ///
    /// # Errors
    ///
    /// The disk's.
    fn list(&self) -> io::Result<Vec<String>>;

    /// All bytes of a file.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`] if there is no such file, or the disk's.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;

    /// Writes bytes behind the last byte of a file, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// The disk's. Some of the bytes may be there nevertheless.
    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Cuts a file off after `len` bytes. It is no shorter than that.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); [`io::ErrorKind::InvalidInput`] if the file is shorter.
    fn truncate(&self, name: &str, len: u64) -> io::Result<()>;

    /// Gives a file another name, in the place of the file that had it: whoever looks finds the one or the other.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Waits until all bytes of a file, and its length, are stable.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read). After an error what was written since the last flush may be forgotten, although it can still be
    /// read, and a later flush that succeeds says nothing of it. Linux does so: it marks the pages as clean when it could not
    /// write them (A. Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020). So nobody may go
    /// on with that file.
    fn flush(&self, name: &str) -> io::Result<()>;

    /// Waits until all names are stable: files that were made, renamed and removed.
    ///
    /// # Errors
    ///
    /// The disk's.
    fn flush_directory(&self) -> io::Result<()>;
}
