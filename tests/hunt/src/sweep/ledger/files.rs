//! The files of a ledger: which there are, who writes to them, and how they become one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::aggregate::Aggregate;
use super::lines::{Line, for_each_line};

/// So many sweeps of one key can go on at the same time on one file system.
const FILES_MAX: u32 = 10_000;
/// So much of what cannot be read is kept, in bytes.
const DAMAGED_MAX: usize = 1 << 20;

/// A file to which nobody else writes.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) path: PathBuf,
    /// Locked, and written at its end.
    pub(super) file: File,
}

/// What all files together hold.
pub(super) struct Content {
    /// Those to which no other sweep writes.
    pub(super) held: Vec<Held>,
    /// What is in them.
    pub(super) own: Aggregate,
    /// What is in the others, as far as it was written.
    pub(super) others: Aggregate,
    /// Whether the file system has locks. Where it has none, somebody may be writing to any file.
    pub(super) has_locks: bool,
    /// The lines of held files that cannot be read.
    pub(super) damaged: Vec<u8>,
    /// How many lines cannot be read, in all files.
    pub(super) unreadable: u64,
}

/// Reads all files, and holds those to which nobody writes.
pub(super) fn read_all(directory: &Path) -> io::Result<Content> {
    let mut content = Content {
        held: Vec::new(),
        own: Aggregate::default(),
        others: Aggregate::default(),
        has_locks: has_locks(directory)?,
        damaged: Vec::new(),
        unreadable: 0,
    };
    for path in files(directory)? {
        match content.take(path) {
            // Another sweep has put it together with its own since the folder was read.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            read => read?,
        }
    }
    Ok(content)
}

impl Content {
    fn take(&mut self, path: PathBuf) -> io::Result<()> {
        if self.has_locks
            && let Some(file) = hold(&path)?
        {
            self.read(&file, true)?;
            self.held.push(Held { path, file });
            return Ok(());
        }
        // Those of sweeps that are writing at this moment are read, too. What they add later is found by the next
        // sweep; at worst both make a run, and it counts once for each.
        self.read(&File::open(path)?, false)
    }

    fn read(&mut self, file: &File, is_held: bool) -> io::Result<()> {
        let into = if is_held { &mut self.own } else { &mut self.others };
        // Bytes, not text: what is left of a line may end within a character, and must cost this line alone.
        for_each_line(BufReader::with_capacity(1 << 16, file), is_held, |line| match Line::parse(line) {
            Some(line) => into.add(line),
            None if line.is_empty() => {}
            None => {
                self.unreadable += 1;
                if is_held && self.damaged.len() + line.len() < DAMAGED_MAX {
                    self.damaged.extend_from_slice(line);
                    self.damaged.push(b'\n');
                }
            }
        })
    }
}

/// Keeps lines that cannot be read, which the files will not have any more.
pub(super) fn keep_damaged(directory: &Path, damaged: &[u8]) -> io::Result<()> {
    if damaged.is_empty() {
        return Ok(());
    }
    let mut file = OpenOptions::new().create(true).append(true).open(directory.join("damaged.txt"))?;
    // A disk that damages lines each day must not fill itself with them.
    if file.metadata()?.len() < DAMAGED_MAX as u64 { file.write_all(damaged) } else { Ok(()) }
}

/// The file of this sweep: the first of those that it holds, into which all of them go, or a new one.
pub(super) fn own(
    directory: &Path,
    held: Vec<Held>,
    content: &Aggregate,
    has_locks: bool,
) -> io::Result<Held> {
    let mut held = held.into_iter();
    let own = match held.next() {
        Some(own) => own,
        None => new(directory)?,
    };
    if !has_locks {
        return Ok(own);
    }
    let file = replace(&own.path, content)?;
    // Only now, and still locked: all that is in them is in the first one.
    for other in held {
        fs::remove_file(&other.path)?;
    }
    Ok(Held { file, ..own })
}

/// Writes a file anew, by way of a second one, so that no line is lost when the machine stops. It is locked before it has its
/// name.
pub(super) fn replace(path: &Path, content: &Aggregate) -> io::Result<File> {
    // No ending .jsonl: what is left of it after a crash is never read as results. Only who holds the file writes there.
    let beside = path.with_extension("new");
    let file = OpenOptions::new().create(true).append(true).read(true).open(&beside)?;
    file.try_lock().map_err(io::Error::from)?;
    // What a sweep has left that was killed here.
    file.set_len(0)?;
    let mut out = BufWriter::new(&file);
    if !content.is_empty() {
        content.write(&mut out)?;
    }
    out.flush()?;
    drop(out);
    // The new name must not be on the disk before the content is.
    file.sync_data()?;
    fs::rename(beside, path)?;
    Ok(file)
}

/// The files of a ledger, in a fixed order.
pub(super) fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    // The order of a folder is that of the file system. Sorted, the same files give the same rows.
    paths.sort();
    Ok(paths)
}

/// Whether files can be locked there.
fn has_locks(directory: &Path) -> io::Result<bool> {
    let file = File::options().create(true).append(true).open(directory.join("lock"))?;
    // Shared, so that two who ask at once do not take each other for one that writes.
    Ok(!matches!(file.try_lock_shared(), Err(TryLockError::Error(_))))
}

/// The file, if nobody else writes to it.
fn hold(path: &Path) -> io::Result<Option<File>> {
    // Append, so that lines follow what is there; read, to look at what that is.
    match OpenOptions::new().append(true).read(true).open(path) {
        // Whoever had it may have put another file in its place before it was locked here: that one has no name any
        // more.
        Ok(file) => Ok((file.try_lock().is_ok() && is_at(&file, path)?).then_some(file)),
        // It belongs to somebody else.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (file, named) = (file.metadata()?, fs::metadata(path)?);
    Ok((file.dev(), file.ino()) == (named.dev(), named.ino()))
}

#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

/// The first file that is not there yet.
fn new(directory: &Path) -> io::Result<Held> {
    for number in 1..=FILES_MAX {
        let path = directory.join(format!("{number:04}.jsonl"));
        match OpenOptions::new().create_new(true).append(true).read(true).open(&path) {
            Ok(file) => {
                // Between these two lines another sweep may take it for its own. Then this one takes the next.
                let is_taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
                if !is_taken && is_at(&file, &path).unwrap_or(false) {
                    return Ok(Held { path, file });
                }
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many sweeps write there"))
}
