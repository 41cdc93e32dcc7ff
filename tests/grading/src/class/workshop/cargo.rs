//! One build: cargo with a bare environment, without the network, and with limits of time and memory.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lab_hunt::workers::{has_ended, kill_group};
use labrpc::printable;
use labrpc::thread;
use labrpc::time::Instant;
use serde_json::Value;

use super::Built;

/// The address space that each process of a build may have, in bytes. A build of the reference needs a fifth of it.
const MEMORY_MAX: u64 = 6 << 30;
/// The most that is read of what cargo says, in bytes: a source can make the compiler say anything, without end.
const SAID_MAX: u64 = 64 << 20;
/// What is told of the first error, in characters.
const ERROR_MAX: usize = 4_000;
/// How often one looks whether a build has ended.
const POLL: Duration = Duration::from_millis(5);

/// How submissions are built.
#[derive(Debug)]
pub(super) struct Cargo {
    folder: PathBuf,
    target: PathBuf,
    /// The first build fetches what it needs.
    is_offline: bool,
}

impl Cargo {
    pub(super) fn new(folder: &Path, target: &Path) -> Self {
        Self { folder: folder.to_path_buf(), target: target.to_path_buf(), is_offline: false }
    }

    /// What it needs is there already.
    pub(super) fn go_offline(&mut self) {
        self.is_offline = true;
    }

    /// Builds what stands in the folder, within this time.
    ///
    /// # Errors
    ///
    /// If cargo cannot be started.
    pub(super) fn build(&mut self, time: Duration) -> Result<Built> {
        let mut child = self.command().spawn().context("cargo cannot be started")?;
        limit_memory(&child);
        let said = reader(child.stdout.take(), Said::read);
        // The first build is that of the handout: it takes minutes, and cargo says how far it is.
        let is_told = !self.is_offline;
        let errors = reader(child.stderr.take(), move |line| {
            let text = String::from_utf8_lossy(line).into_owned();
            if is_told {
                eprint!("{}", printable(&text));
            }
            Some(text)
        });
        let is_in_time = wait(&mut child, time);
        // The pipes end with the last process that has them open, and all of them have been ended.
        let (said, errors) = (said.join(), errors.join());
        let said = said.unwrap_or_default();
        let status = child.wait().context("waiting for cargo")?;
        if !is_in_time {
            return Ok(Built::Error(format!("it was not built within {time:?}")));
        }
        if status.success() {
            self.is_offline = true;
            let program = said.into_iter().find_map(|said| match said {
                Said::Program(path) => Some(path),
                Said::Error(_) => None,
            });
            return match program {
                Some(program) => Ok(Built::Program(program)),
                None => bail!("cargo has built no program `lab`: the handout needs [[bin]] with that name"),
            };
        }
        let error = said.into_iter().find_map(|said| match said {
            Said::Error(text) => Some(text),
            Said::Program(_) => None,
        });
        let last = || errors.unwrap_or_default().join("");
        let error = error.unwrap_or_else(last);
        Ok(Built::Error(error.trim().chars().take(ERROR_MAX).collect()))
    }

    fn command(&self) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(["build", "--bin", "lab", "--message-format=json"])
            .current_dir(&self.folder)
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| is_needed(name)))
            .env("CARGO_TARGET_DIR", &self.target)
            // What is kept for the next build of a source that nobody builds again, and that others have not written.
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_TERM_COLOR", "never")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if self.is_offline {
            // What was fetched and locked for the handout is what there is.
            command.args(["--offline", "--locked"]);
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }
}

/// What cargo and rustc need of the environment, which tells nothing of whoever grades.
fn is_needed(name: &std::ffi::OsStr) -> bool {
    const NEEDED: [&str; 12] = [
        "PATH",
        "HOME",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
        "RUSTC",
        "LANG",
        "TMPDIR",
        "CC",
        "SSL_CERT_FILE",
        "LD_LIBRARY_PATH",
        "CARGO_BUILD_BUILD_DIR",
    ];
    NEEDED.iter().any(|needed| name == *needed)
}

/// Something that cargo says.
enum Said {
    Program(PathBuf),
    Error(String),
}

impl Said {
    fn read(line: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(line).ok()?;
        match value["reason"].as_str()? {
            "compiler-message" if value["message"]["level"] == "error" => {
                Some(Self::Error(value["message"]["rendered"].as_str()?.to_owned()))
            }
            "compiler-artifact" if value["target"]["name"] == "lab" => {
                Some(Self::Program(PathBuf::from(value["executable"].as_str()?)))
            }
            _ => None,
        }
    }
}

/// Reads lines, keeps what is worth it, and reads on when there is too much, so that nobody waits.
fn reader<T: Send + 'static>(
    stream: Option<impl Read + Send + 'static>,
    keep: impl Fn(&[u8]) -> Option<T> + Send + 'static,
) -> thread::JoinHandle<Vec<T>> {
    thread::spawn(move || {
        let Some(mut stream) = stream else { return Vec::new() };
        let mut kept = Vec::new();
        let mut lines = BufReader::new(stream.by_ref().take(SAID_MAX));
        let mut line = Vec::new();
        while matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
            kept.extend(keep(&line));
            line.clear();
        }
        let _ = io::copy(&mut stream, &mut io::sink());
        kept
    })
}

/// Waits for the end, and then ends all that the build has started; returns whether it came in time.
fn wait(child: &mut Child, time: Duration) -> bool {
    let began = Instant::now();
    // Not by taking its status: until somebody does, its number and that of its group are nobody else's.
    while !has_ended(child) && began.elapsed() < time {
        thread::sleep(POLL);
    }
    let is_in_time = has_ended(child);
    kill_group(child);
    is_in_time
}

/// What comes after it has the same limit: cargo itself begins with reading its settings.
fn limit_memory(child: &Child) {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let limit = Rlimit { current: Some(MEMORY_MAX), maximum: Some(MEMORY_MAX) };
        // It may have ended already.
        let _ = prlimit(Some(Pid::from_child(child)), Resource::As, limit);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = child;
}
