//! What a run leaves behind, under `target/lab/<test>/<seed>/`.
//!
//! | file | what |
//! |---|---|
//! | `report.md` | the report of a failure, as on the terminal; of a run that passed the line that says so |
//! | `log.txt` | what the servers logged, the messages, and what the tester did, in a column for each server |
//! | `trace.jsonl` | the last events of the simulation, an object a line |
//! | `timeline.html` | a page that shows the run, if it failed |
//! | `run.json` | what identifies the run: seed, policy, fingerprint and checkpoints |
//!
//! Two runs may leave the same files at the same time: a test and a terminal, or two tests of two implementations. So
//! each file comes [whole](write_file).

#![allow(
    clippy::disallowed_types,
    reason = "what it keeps is the process's, and no simulated thread sees it"
)]

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::NamedTempFile;

use labrpc::printable;
use labrpc::sim::{Event, Fingerprint, Trace, Tracing};
use serde::{Deserialize, Serialize};

use crate::input;
use crate::kept::read_kept;
use crate::plan::Plan;

/// How much of a run is kept: all of nearly every run, and of a runaway the end.
pub const TRACING: Tracing = Tracing::Last(150_000);

/// The variable that says where everything goes, in place of cargo's target directory. For workers that run as another user.
pub const FOLDER: &str = "LAB_ARTIFACTS";

/// Where the files of a test and a seed go: in cargo's target directory.
#[must_use]
pub fn directory(test: &str, seed: u64) -> PathBuf {
    root().join(test).join(format!("{seed:#x}"))
}

/// Where everything goes that the lab leaves behind: the folder `lab` in the target directory of the workspace whose code
/// runs, wherever in it the command was typed.
///
/// It is found once: the code under test may change the current directory.
#[must_use]
pub fn root() -> PathBuf {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| std::env::var_os(FOLDER).map_or_else(|| target().join("lab"), PathBuf::from)).clone()
}

/// Cargo's target directory: that of the workspace whose code runs.
#[must_use]
pub fn target() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let executable = std::env::current_exe().ok();
    let from_executable = || executable.as_deref().and_then(target_of);
    // As cargo decides: the variable before the folder that the program lies in. By its own place it
    // finds the folder also when it is started without cargo.
    let from_cargo = std::env::var_os("CARGO_TARGET_DIR").map(|folder| here.join(folder));
    from_cargo.or_else(from_executable).unwrap_or_else(|| here.join("target"))
}

/// The target directory that an executable lies in: cargo marks it with a file.
fn target_of(executable: &Path) -> Option<PathBuf> {
    let is_target =
        |folder: &&Path| folder.join("CACHEDIR.TAG").exists() && folder.join(".rustc_info.json").exists();
    executable.ancestors().skip(1).find(is_target).map(Path::to_path_buf)
}

/// A path as people type it where they are: relative to the folder in which the program was started. Cargo starts tests in
/// the folder of their package, wherever it was typed itself; there it is relative to the root of the workspace.
#[must_use]
pub fn shown(path: &Path) -> String {
    static HERE: OnceLock<PathBuf> = OnceLock::new();
    let here = HERE.get_or_init(|| {
        let executable = std::env::current_exe().unwrap_or_default();
        let is_test = executable.parent().is_some_and(|folder| folder.ends_with("deps"));
        let workspace = target_of(&executable).and_then(|target| target.parent().map(Path::to_path_buf));
        let here = std::env::current_dir().unwrap_or_default();
        if is_test { workspace.unwrap_or(here) } else { here }
    });
    // Not to the root of the file system: a path with many dots is no easier to read.
    let bases = here.ancestors().enumerate().take_while(|(_, folder)| folder.parent().is_some());
    let relative = bases.filter_map(|(up, base)| {
        Some("../".repeat(up) + &path.strip_prefix(base).ok()?.display().to_string())
    });
    relative.into_iter().next().unwrap_or_else(|| path.display().to_string())
}

/// What identifies a run that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRun {
    /// The name of the test.
    pub test: String,
    /// What all chance came from.
    pub seed: u64,
    /// Who ran next, as it is written: `pct:3`.
    pub policy: String,
    /// The type that was graded.
    pub implementation: String,
    /// Whether it passed.
    pub passed: bool,
    /// Its fingerprint, as 16 hexadecimal digits.
    #[serde(deserialize_with = "digits")]
    pub fingerprint: String,
    /// How many events there were.
    pub events: u64,
    /// The hash after every block of events; see [`Trace::checkpoints`].
    pub checkpoints: Vec<u64>,
}

impl StoredRun {
    /// The run that is kept for this plan; `None` if there is none, or one of another policy or implementation. One that is
    /// damaged is [set aside](read_kept).
    pub fn read(directory: &Path, plan: Plan, implementation: &str) -> Option<Self> {
        let run: Self = read_kept(&directory.join("run.json"))?;
        let is_same = run.seed == plan.seed
            && run.policy == plan.policy.to_string()
            && run.implementation == implementation;
        is_same.then_some(run)
    }

    /// What identifies the run of this test and plan whose events were these.
    #[must_use]
    pub fn new(test: &str, plan: Plan, implementation: &str, passed: bool, trace: &Trace) -> Self {
        Self {
            test: test.to_owned(),
            seed: plan.seed,
            policy: plan.policy.to_string(),
            implementation: implementation.to_owned(),
            passed,
            fingerprint: trace.fingerprint.to_string(),
            events: trace.total,
            checkpoints: trace.checkpoints.clone(),
        }
    }

    /// Keeps it in this folder. To be done last: a replay goes by this file, and then the trace that it compares with is
    /// there.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        Self::make_room(directory);
        write_text(&directory.join("run.json"), &(serde_json::to_string(self)? + "\n"))
    }

    /// Makes room for another run: a kept one that is damaged is [set aside](read_kept).
    pub fn make_room(directory: &Path) {
        let _: Option<Self> = read_kept(&directory.join("run.json"));
    }

    /// The index of the first event of the block in which the run differs from `trace`; `None` if it does not.
    pub fn first_difference(&self, trace: &Trace) -> Option<u64> {
        let fingerprint = Fingerprint(u64::from_str_radix(&self.fingerprint, 16).unwrap_or_default());
        let stored = Trace {
            fingerprint,
            checkpoints: self.checkpoints.clone(),
            total: self.events,
            events: Vec::new(),
        };
        stored.first_difference(trace)
    }
}

/// A fingerprint as it is written.
fn digits<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text);
    }
    Err(serde::de::Error::custom(format_args!("{text:?} is no fingerprint: it has 16 digits")))
}

/// Writes the report of a run of which nothing else is known.
///
/// # Errors
///
/// Those of the file system.
pub fn write_alone(directory: &Path, report: &str) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    write_block(&directory.join("report.md"), report)?;
    // Files of an earlier run of this seed would mislead. A damaged one is no such file any more.
    StoredRun::make_room(directory);
    for name in ["run.json", "trace.jsonl", "timeline.html", "log.txt", "output.txt"] {
        match fs::remove_file(directory.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Writes Markdown that is one block of code, so that a viewer leaves the lines alone, whatever is in them.
///
/// # Errors
///
/// Those of the file system.
pub fn write_block(path: &Path, text: &str) -> io::Result<()> {
    let text = printable(text.trim_end());
    // The block ends at a line of as many backticks as began it.
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    write_text(path, &format!("{fence}text\n{text}\n{fence}\n"))
}

/// Writes a file that is there whole or not at all: who reads it meanwhile sees the old one or the new one.
///
/// # Errors
///
/// Those of the file system. Then the old one stays.
pub fn write_file(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = beside(path)?;
    let mut out = BufWriter::new(file.as_file_mut());
    fill(&mut out)?;
    // Said here, as an error of a buffer that is flushed when it is dropped is lost.
    out.flush()?;
    drop(out);
    file.persist(path)?;
    Ok(())
}

/// A new file beside this one, to be written and then renamed, which is one step: two writers never mix, and a reader never
/// sees half a file.
pub(crate) fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Those of any other file, which the umask cuts; a file of `tempfile` is the owner's alone.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    // In the same folder, as a file cannot be renamed into another file system. The parent of a mere name is empty.
    let folder = path.parent().ok_or(io::ErrorKind::IsADirectory)?;
    builder.tempfile_in(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

/// [`write_file`] of a text.
///
/// # Errors
///
/// Those of the file system.
pub fn write_text(path: &Path, text: &str) -> io::Result<()> {
    write_file(path, |out| out.write_all(text.as_bytes()))
}

/// The kept events of a stored run with an index from `from` up to `to`, without log lines.
pub fn stored_events(directory: &Path, from: u64, to: u64) -> Vec<Event> {
    let Ok(file) = input::open_own(&directory.join("trace.jsonl")) else { return Vec::new() };
    BufReader::new(file)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str::<Event>(&line).ok())
        // Events stand in order, so there is nothing to find behind the end.
        .take_while(|event| event.index < to)
        .filter(|event| event.index >= from && !event.kind.is_annotation())
        .collect()
}
