//! What a run leaves behind, under `target/lab/<test>/<seed>/`.
//!
//! | file | what |
//! |---|---|
//! | `report.md` | the report of a failure, as on the terminal; of a run that passed the line that says so |
//! | `log.txt` | what the servers logged, the messages, and what the tester did, in a column for each server |
//! | `trace.jsonl` | the last events of the simulation, an object a line |
//! | `run.json` | what identifies the run: seed, policy, fingerprint and checkpoints |
//!
//! Two runs may leave the same files at the same time: a test and a terminal, or two tests of two implementations. So
//! each file comes [whole](write_file).

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use labrpc::sim::{Event, Fingerprint, Kind, Trace, Tracing};
use serde::{Deserialize, Serialize};

use super::columns::{self, Layout, Selection};
use crate::case::TestCase;
use crate::implementation::Implementation;
use crate::run::{Outcome, Plan};

/// How much of a run is kept: all of nearly every run, and of a runaway the end.
pub(crate) const TRACING: Tracing = Tracing::Last(150_000);
/// How wide `log.txt` is, in characters for each server.
const LOG_COLUMN: usize = 44;

/// Where the files of a test and a seed go: in cargo's target directory.
#[must_use]
pub fn directory(test: &str, seed: u64) -> PathBuf {
    root().join(test).join(format!("{seed:#x}"))
}

/// Where everything goes that the lab leaves behind: `target/lab`.
#[must_use]
pub fn root() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(workspace_target, PathBuf::from).join("lab")
}

/// `target` of the workspace: seen from its root, where the program runs, or from this package, where tests run.
fn workspace_target() -> PathBuf {
    let from_root = Path::new("tests/Cargo.toml").exists();
    let from_package = Path::new("../tests/Cargo.toml").exists();
    match (from_root, from_package) {
        (false, true) => PathBuf::from("../target"),
        _ => PathBuf::from("target"),
    }
}

/// Everything that the files are made of.
pub(crate) struct Files<'a> {
    pub(crate) case: &'a TestCase,
    pub(crate) implementation: Implementation,
    pub(crate) plan: Plan,
    pub(crate) report: &'a str,
    /// The run, with its trace.
    pub(crate) run: &'a Outcome,
}

/// What identifies a run that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredRun {
    pub(crate) test: String,
    pub(crate) seed: u64,
    pub(crate) policy: String,
    /// The type that was graded.
    pub(crate) implementation: String,
    pub(crate) passed: bool,
    /// As 16 digits.
    pub(crate) fingerprint: String,
    /// How many events there were.
    pub(crate) events: u64,
    /// The hash after every block of events; see [`Trace::checkpoints`].
    pub(crate) checkpoints: Vec<u64>,
}

impl StoredRun {
    fn of(files: &Files<'_>) -> Option<Self> {
        let trace = files.run.trace.as_ref()?;
        Some(Self {
            test: files.case.name.to_owned(),
            seed: files.plan.seed,
            policy: files.plan.policy.to_string(),
            implementation: files.implementation.name().to_owned(),
            passed: files.run.defeat.is_none(),
            fingerprint: trace.fingerprint.to_string(),
            events: trace.total,
            checkpoints: trace.checkpoints.clone(),
        })
    }

    /// The run that is kept for this plan; `None` if there is none, or one of another policy or implementation.
    pub(crate) fn read(directory: &Path, plan: Plan, implementation: Implementation) -> Option<Self> {
        let text = fs::read_to_string(directory.join("run.json")).ok()?;
        let run: Self = serde_json::from_str(&text).ok()?;
        let is_same = run.seed == plan.seed
            && run.policy == plan.policy.to_string()
            && run.implementation == implementation.name();
        is_same.then_some(run)
    }

    /// The index of the first event of the block in which the run differs from `trace`; `None` if it does not.
    pub(crate) fn first_difference(&self, trace: &Trace) -> Option<u64> {
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

/// Writes the files.
///
/// # Errors
///
/// Those of the file system.
pub(crate) fn write(directory: &Path, files: &Files<'_>) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    write_block(&directory.join("report.md"), files.report)?;
    if let Some(trace) = &files.run.trace {
        write_file(&directory.join("trace.jsonl"), |out| trace.write_json_lines(out))?;
        let servers: Vec<usize> = (0..files.run.tally.servers).collect();
        let layout = Layout::new(12 + LOG_COLUMN * (servers.len().min(7) + 1), &servers);
        let lines = columns::lines(trace, &Selection::all(servers));
        write_file(&directory.join("log.txt"), |out| columns::write(out, &layout, &lines))?;
    }
    match StoredRun::of(files) {
        Some(run) => write_text(&directory.join("run.json"), &(serde_json::to_string(&run)? + "\n")),
        None => Ok(()),
    }
}

/// Writes the report of a run of which nothing else is known.
///
/// # Errors
///
/// Those of the file system.
pub(crate) fn write_alone(directory: &Path, report: &str) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    write_block(&directory.join("report.md"), report)?;
    // Files of an earlier run of this seed would mislead.
    for name in ["run.json", "trace.jsonl", "log.txt", "output.txt"] {
        match fs::remove_file(directory.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Writes Markdown that is one block of code, so that a viewer leaves the lines alone.
///
/// # Errors
///
/// Those of the file system.
pub(crate) fn write_block(path: &Path, text: &str) -> io::Result<()> {
    write_text(path, &format!("```text\n{}\n```\n", text.trim_end()))
}

/// Writes a file that is there whole or not at all: who reads it meanwhile sees the old one or the new one.
///
/// # Errors
///
/// Those of the file system. Then the old one stays.
pub(crate) fn write_file(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Those of any other file, which the umask cuts; a file of `tempfile` is the owner's alone.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
    let mut out = BufWriter::new(file.as_file_mut());
    fill(&mut out)?;
    out.flush()?;
    drop(out);
    file.persist(path)?;
    Ok(())
}

/// [`write_file`] of a text.
///
/// # Errors
///
/// Those of the file system.
pub(crate) fn write_text(path: &Path, text: &str) -> io::Result<()> {
    write_file(path, |out| out.write_all(text.as_bytes()))
}

/// The kept events of a stored run with an index from `from` up to `to`, without log lines.
pub(crate) fn stored_events(directory: &Path, from: u64, to: u64) -> Vec<Event> {
    let Ok(file) = File::open(directory.join("trace.jsonl")) else { return Vec::new() };
    BufReader::new(file)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str::<Event>(&line).ok())
        .take_while(|event| event.index < to)
        .filter(|event| event.index >= from && event.kind != Kind::Log)
        .collect()
}
