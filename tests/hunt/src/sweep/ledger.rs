//! The runs that were made before, so that a sweep that was stopped goes on where it was.
//!
//! Each finished run is a line of JSON in a file under `target/lab/sweep/<build>/`. The build is a hash of the executable:
//! results of another build say nothing about this one. Sweeps of the same build that run at the same time, such as
//! shards, have a file each; every one of them reads all files and writes to its own.
//!
//! A line that was cut off when the machine stopped does not count, and that run is made again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::FailedRun;
use crate::workers::Cost;
use crate::workers::system;

/// A finished run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) test: String,
    pub(crate) policy: String,
    pub(crate) world: String,
    pub(crate) seed: u64,
    #[serde(flatten)]
    pub(crate) cost: Cost,
    /// Why it judged nothing, if it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) skipped: Option<String>,
    /// `None` if it passed or was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<FailedRun>,
}

/// So many sweeps of one build can go on at the same time on one file system.
const FILES_MAX: u32 = 10_000;

/// The hash of this executable, which stands for the build.
///
/// # Errors
///
/// If it cannot be read.
pub fn build_id() -> Result<String> {
    let path = system::executable()?;
    let mut file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut hash = Xxh3::new();
    // By chunks: the executable has tens of megabytes, and shards start many sweeps at once.
    let mut chunk = vec![0; 1 << 20];
    loop {
        match file.read(&mut chunk).with_context(|| format!("cannot read {}", path.display()))? {
            0 => return Ok(format!("{:016x}", hash.digest())),
            length => hash.update(&chunk[..length]),
        }
    }
}

/// The file that this sweep writes to, and what was known when it was opened.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Where its files are.
    pub(crate) directory: PathBuf,
    /// Locked as long as it is open.
    file: BufWriter<File>,
    /// Lines that could not be read.
    pub(crate) unreadable: u64,
}

impl Ledger {
    /// Opens the ledger of a build, under `root`. Every finished run goes to `found`.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub(crate) fn open(root: &Path, build: &str, mut found: impl FnMut(Entry)) -> Result<Self> {
        let directory = root.join(build);
        let problem = || format!("cannot keep results under {}", directory.display());
        fs::create_dir_all(&directory).with_context(problem)?;
        let mut unreadable = 0;
        // Those of sweeps that are writing at this moment are read, too. What they add later is found by the
        // next sweep; at worst both make a run, and it counts once for each.
        for path in files(&directory).with_context(problem)? {
            let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
            // Bytes, not text: what is left of a line may end within a character, and must cost this line
            // alone.
            for line in BufReader::new(file).split(b'\n') {
                match serde_json::from_slice(&line.with_context(problem)?) {
                    Ok(entry) => found(entry),
                    Err(_) => unreadable += 1,
                }
            }
        }
        // After the reading, so that this sweep's own file is read before it is written to.
        let file = open_own(&directory).with_context(problem)?;
        Ok(Self { directory, file: BufWriter::new(file), unreadable })
    }

    /// Adds a run. It is safe when [`flush`](Self::flush) was called.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub(crate) fn add(&mut self, entry: &Entry) -> Result<()> {
        // One buffer for line and newline, flushed together as a rule. Where they are not, the next sweep
        // ends the line.
        serde_json::to_writer(&mut self.file, entry).context("cannot write down a result")?;
        self.file.write_all(b"\n").context("cannot write down a result")
    }

    /// Writes what was added to the file.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.file.flush().with_context(|| format!("cannot keep results under {}", self.directory.display()))
    }
}

/// Forgets the runs of a build that `is_unwanted` picks. Files that another sweep writes to are left alone.
///
/// # Errors
///
/// Those of the file system.
pub(crate) fn forget(root: &Path, build: &str, is_unwanted: impl Fn(&Entry) -> bool) -> Result<()> {
    let directory = root.join(build);
    if !directory.exists() {
        return Ok(());
    }
    for path in files(&directory).with_context(|| format!("cannot read {}", directory.display()))? {
        rewrite(&path, &is_unwanted).with_context(|| format!("cannot rewrite {}", path.display()))?;
    }
    Ok(())
}

/// Leaves lines out, by way of a second file, so that no line is lost when the machine stops.
fn rewrite(path: &Path, is_unwanted: impl Fn(&Entry) -> bool) -> io::Result<()> {
    let file = File::open(path)?;
    // Whoever holds it writes to it, and would go on writing to a file that has no name any more.
    if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
        return Ok(());
    }
    // No ending .jsonl: what is left of it after a crash is never read as results.
    let kept = path.with_extension("new");
    let mut out = BufWriter::new(File::create(&kept)?);
    for line in BufReader::new(&file).split(b'\n') {
        let mut line = line?;
        // Lines that cannot be read are dropped here: they never count, and this is the one time that the
        // file is rewritten.
        if serde_json::from_slice(&line).is_ok_and(|entry| !is_unwanted(&entry)) {
            line.push(b'\n');
            out.write_all(&line)?;
        }
    }
    out.flush()?;
    // In one step. A reader sees the old lines or the new ones, and the old ones stay if the disk is full.
    fs::rename(kept, path)
}

/// The files of a ledger, in a fixed order.
fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    // The order of a folder is that of the file system. Sorted, the same files give the same rows.
    paths.sort();
    Ok(paths)
}

/// The first file that no other sweep has, ready to be written at its end.
fn open_own(directory: &Path) -> io::Result<File> {
    for number in 1..=FILES_MAX {
        let path = directory.join(format!("{number:04}.jsonl"));
        // Append, so that lines of two sweeps follow each other where a file system has no locks; read, to
        // look at the last byte.
        let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => continue,
            // A file system without locks: two sweeps at once could mix up their lines, which then do not count.
            Err(fs::TryLockError::Error(_)) | Ok(()) => {}
        }
        end_line(&mut file)?;
        return Ok(file);
    }
    Err(io::Error::other("too many sweeps write there"))
}

/// Ends a line that was cut off, so that the next one does not suffer.
fn end_line(file: &mut File) -> io::Result<()> {
    let mut last = [b'\n'];
    // An empty file has no last byte to look at, and needs no newline.
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last == [b'\n'] { Ok(()) } else { file.write_all(b"\n") }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::target::FailureKind;

    fn entry(seed: u64) -> Entry {
        let failed = (seed == 2).then(|| FailedRun::new(seed, FailureKind::Segfault, "segmentation fault"));
        let text = |text: &str| text.to_owned();
        let cost = Cost { wall_us: 7, cpu_us: 5 };
        Entry {
            test: text("a_3a"),
            policy: text("random"),
            world: text("simulated"),
            seed,
            cost,
            skipped: None,
            failed,
        }
    }

    fn open(root: &Path, build: &str) -> (Ledger, Vec<u64>) {
        let mut seeds = Vec::new();
        let ledger = Ledger::open(root, build, |found| {
            assert_eq!(found, entry(found.seed));
            seeds.push(found.seed);
        });
        (ledger.unwrap(), seeds)
    }

    fn keep(ledger: &mut Ledger, seeds: impl IntoIterator<Item = u64>) {
        for seed in seeds {
            ledger.add(&entry(seed)).unwrap();
        }
        ledger.flush().unwrap();
    }

    #[test]
    fn runs_are_found_again_by_the_same_build_only() {
        let root = tempfile::tempdir().unwrap();
        let (mut ledger, found) = open(root.path(), "build");
        assert!(found.is_empty());
        keep(&mut ledger, 1..=3);
        drop(ledger);
        assert_eq!(open(root.path(), "build").1, [1, 2, 3]);
        assert!(open(root.path(), "another").1.is_empty());
        forget(root.path(), "build", |entry| entry.seed != 2).unwrap();
        forget(root.path(), "never there", |_| true).unwrap();
        assert_eq!(open(root.path(), "build").1, [2]);
    }

    #[test]
    fn sweeps_at_the_same_time_have_a_file_each_and_read_all() {
        let root = tempfile::tempdir().unwrap();
        let (mut first, _) = open(root.path(), "build");
        keep(&mut first, [1]);
        let (mut second, found) = open(root.path(), "build");
        assert_eq!(found, [1]);
        keep(&mut second, [2]);
        keep(&mut first, [3]);
        drop((first, second));
        assert_eq!(files(&root.path().join("build")).unwrap().len(), 2);
        assert_eq!(open(root.path(), "build").1, [1, 3, 2]);
    }

    #[test]
    fn line_that_was_cut_off_costs_one_run_and_no_more() {
        let root = tempfile::tempdir().unwrap();
        let (mut ledger, _) = open(root.path(), "build");
        keep(&mut ledger, [1, 2]);
        drop(ledger);
        let path = root.path().join("build/0001.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, &text[..text.len() - 5]).unwrap();
        let (mut ledger, found) = open(root.path(), "build");
        assert_eq!((found, ledger.unreadable), (vec![1], 1));
        keep(&mut ledger, [2]);
        drop(ledger);
        assert_eq!(open(root.path(), "build").1, [1, 2]);
    }

    #[test]
    fn build_is_a_fixed_number_of_digits() {
        let build = build_id().unwrap();
        assert_eq!(build.len(), 16);
        assert_eq!(build, build_id().unwrap());
    }
}
