//! A directory of the machine as a [`Disk`].
//!
//! A file that was written stays open until it is removed. Linux tells of a page that it could not write to those who had the
//! file open at that time; one who opens it anew for the flush might not hear of it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::Disk;

/// A directory of its own on a real disk.
#[derive(Debug)]
pub struct RealDisk {
    directory: PathBuf,
    /// Files that were written, by name. A plain lock: calls to a real disk are no steps of a simulation.
    open: Mutex<BTreeMap<String, File>>,
}

impl RealDisk {
    /// The disk in `directory`, which is made if it is missing; its own name is flushed then, too.
    ///
    /// # Errors
    ///
    /// When it is missing and cannot be made.
    pub fn open(directory: impl Into<PathBuf>) -> io::Result<Self> {
        let directory = directory.into();
        if !directory.is_dir() {
            fs::create_dir_all(&directory)?;
            // A relative path of one part has the empty path as its parent: that is where the process is.
            let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
            flush_names(parent.unwrap_or(Path::new(".")))?;
        }
        Ok(Self { directory, open: Mutex::default() })
    }

    /// Does something to a file that is open for writing, opened if it was not.
    fn with_file<T>(
        &self,
        name: &str,
        creates: bool,
        call: impl FnOnce(&mut File) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut open = self.open.lock();
        if let Some(file) = open.get_mut(name) {
            return call(file);
        }
        let mut file = OpenOptions::new().append(true).create(creates).open(self.directory.join(name))?;
        let done = call(&mut file);
        open.insert(name.to_owned(), file);
        done
    }
}

impl Disk for RealDisk {
    fn place(&self) -> String {
        self.directory.display().to_string()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            // A name that is no text is none that anybody has written through this.
            names.extend(entry?.file_name().into_string().ok());
        }
        names.sort();
        Ok(names)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.directory.join(name))
    }

    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.with_file(name, true, |file| file.write_all(bytes))
    }

    fn truncate(&self, name: &str, len: u64) -> io::Result<()> {
        self.with_file(name, false, |file| {
            if file.metadata()?.len() < len {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "the file is shorter"));
            }
            file.set_len(len)
        })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut open = self.open.lock();
        fs::rename(self.directory.join(from), self.directory.join(to))?;
        open.remove(to);
        if let Some(file) = open.remove(from) {
            open.insert(to.to_owned(), file);
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut open = self.open.lock();
        fs::remove_file(self.directory.join(name))?;
        open.remove(name);
        Ok(())
    }

    fn flush(&self, name: &str) -> io::Result<()> {
        self.with_file(name, false, |file| file.sync_all())
    }

    fn flush_directory(&self) -> io::Result<()> {
        flush_names(&self.directory)
    }
}

fn flush_names(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
