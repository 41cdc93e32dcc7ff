//! What a failure leaves behind, under `target/lab/<test>/<seed>/`.
//!
//! | file | what |
//! |---|---|
//! | `report.txt` | the report, in full |
//! | `timeline.txt` | what the tester did and what came of it |
//! | `trace.jsonl` | the last events of the simulation, an object a line |
//! | `log.txt` | the same events for reading: what the servers logged, and the messages |

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use labrpc::sim::{Kind, Trace};

use crate::run::Outcome;
use crate::timeline::Happened;

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

/// Writes the files.
///
/// # Errors
///
/// Those of the file system.
pub(super) fn write(directory: &Path, report: &str, run: &Outcome) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    fs::write(directory.join("report.txt"), report)?;
    let create = |name| File::create(directory.join(name)).map(BufWriter::new);
    if let Some(defeat) = &run.defeat {
        write_timeline(create("timeline.txt")?, &defeat.timeline)?;
    }
    if let Some(trace) = &run.trace {
        trace.write_json_lines(create("trace.jsonl")?)?;
        write_log(create("log.txt")?, trace)?;
    }
    Ok(())
}

fn write_timeline(mut out: impl Write, timeline: &[(Duration, Happened)]) -> io::Result<()> {
    for (at, what) in timeline {
        writeln!(out, "{:>11.6} s  {what}", at.as_secs_f64())?;
    }
    out.flush()
}

/// Writes the events that say something in words: log lines, messages, faults, panics.
///
/// # Errors
///
/// Those of `out`.
pub fn write_log(mut out: impl Write, trace: &Trace) -> io::Result<()> {
    let is_telling = |kind| {
        !matches!(
            kind,
            Kind::Lock
                | Kind::TryLock
                | Kind::Notify
                | Kind::Block
                | Kind::Resume
                | Kind::Yield
                | Kind::Spawn
                | Kind::Exit
                | Kind::Chance
                | Kind::Atomic
                | Kind::Recv
                | Kind::Send
                | Kind::Select
                | Kind::Join
        )
    };
    for event in trace.events.iter().filter(|event| is_telling(event.kind) && !event.detail.is_empty()) {
        let seconds = Duration::from_nanos(event.time_ns).as_secs_f64();
        let who = format!("{}/{}", event.node, event.thread);
        writeln!(out, "{seconds:>11.6} s {who:<16} {}", event.detail)?;
    }
    out.flush()
}
