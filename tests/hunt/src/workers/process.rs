//! One worker, seen from outside: its process, its jobs, and for how long it is at work on the first of them.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;
use labrpc::thread;
use labrpc::time::Instant;

use super::crash::KillReason;
use super::protocol::{Answer, Cost, Job, LINE_MAX};
use super::seal::{Key, Seal};
use super::stderr::StderrTail;
use super::{descriptors, system};
use crate::target::{RunEnd, RunFacts};

/// A process that closed its answers has this long to end by itself.
const END_WAIT: Duration = Duration::from_millis(500);
/// How often one looks whether it has.
const END_POLL: Duration = Duration::from_millis(2);

/// How workers are started: this executable again, or another program of the lab, with these arguments.
#[derive(Clone, Default)]
pub struct Launch {
    /// Another program of the lab, built from the same version of it; `None` for this executable. So whoever counts points
    /// needs no code under test in its own process.
    pub program: Option<PathBuf>,
    /// Whether it gets of this process's environment only what every program needs: not the tokens and
    /// secrets of whoever grades.
    pub is_bare: bool,
    /// The arguments that make it a worker.
    pub arguments: Vec<String>,
    /// Variables of the environment that are set for it.
    pub environment: Vec<(String, String)>,
    /// User and group under which it runs; `None` for those of this process.
    pub user: Option<(u32, u32)>,
    /// Gets each line that it writes to standard error; `None` if nobody wants them.
    pub echo: Option<Echo>,
}

/// What gets the lines of standard error.
pub type Echo = Arc<dyn Fn(&str) + Send + Sync>;

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program, is_bare, arguments, environment, user, echo: _ } = self;
        f.debug_struct("Launch")
            .field("program", program)
            .field("is_bare", is_bare)
            .field("arguments", arguments)
            .field("environment", environment)
            .field("user", user)
            .finish_non_exhaustive()
    }
}

/// What the pool waits for: the numbers are those of workers.
#[derive(Debug)]
pub(super) enum Message {
    /// A worker answered.
    Answer(u64, Box<Answer>),
    /// A worker closed its answers: it has ended, or is about to.
    Closed(u64),
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// A run that has ended, and whose report is on its way.
#[derive(Debug)]
pub(super) struct Unreported {
    pub(super) cost: Cost,
    pub(super) end: RunEnd,
    pub(super) facts: RunFacts,
    pub(super) is_tainted: bool,
}

/// A worker.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) id: u64,
    /// Its jobs, oldest first. It works on the first, or will.
    pub(super) jobs: VecDeque<Job>,
    /// When it began with the first of its jobs; `None` if it has not.
    pub(super) busy_since: Option<Instant>,
    /// For how long the first job has kept it at work, or has not been begun. Only time in which it could run counts: not
    /// that in which it was stopped, or the machine was asleep, and [not all](counted) in which others had the processors.
    pub(super) spent: Duration,
    /// For how long it had waited for a processor when that was last asked, since its start.
    waited: Duration,
    /// For how long it has been stopped (SIGSTOP) during the first job.
    pub(super) stopped: Duration,
    /// For how long it has been gone while something holds its answers open.
    pub(super) gone: Duration,
    /// The first of its jobs, if that has ended and its report has not come yet.
    pub(super) unreported: Option<Unreported>,
    /// Whether it has answered that it is ready.
    pub(super) is_ready: bool,
    /// Why this process killed it.
    pub(super) kill_reason: Option<KillReason>,
    /// The processor on which it stays; `None` if the system chooses.
    pub(super) processor: Option<usize>,
    child: Child,
    stdin: ChildStdin,
    stderr: StderrTail,
}

impl Process {
    /// Starts a worker, on that processor if it is to stay on one, which answers to `messages`. `stall` is its guard
    /// against threads that do not give way.
    ///
    /// # Errors
    ///
    /// If the system starts no process.
    pub(super) fn start(
        id: u64,
        launch: &Launch,
        stall: Duration,
        processor: Option<usize>,
        messages: &Sender<Message>,
    ) -> io::Result<Self> {
        let key = Key::new()?;
        // As a rule this executable again: what is tested is compiled into it, and a worker can never be of another build.
        let mut command = match &launch.program {
            Some(program) => system::other_program(program),
            None => system::this_program()?,
        };
        if launch.is_bare {
            command.env_clear().envs(std::env::vars_os().filter(|(name, _)| system::is_harmless(name)));
        }
        command
            .args(&launch.arguments)
            // By the environment, as everybody else sets it: it is read where a simulation is set up, which
            // knows no workers.
            .env(lab_runs::settings::STALL, stall.as_secs_f64().to_string())
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        system::run_as(&mut command, launch.user);
        descriptors::keep_from_children();
        let mut child = command.spawn()?;
        if let Some(processor) = processor {
            system::pin(processor, child.id());
        }
        let missing = || io::Error::other("a stream of the worker is missing");
        let mut stdin = child.stdin.take().ok_or_else(missing)?;
        let answers = child.stdout.take().ok_or_else(missing)?;
        let errors = child.stderr.take().ok_or_else(missing)?;
        // The worker reads it before any code under test runs, and then it is nowhere but in its memory.
        // A write that fails means that it is gone already, and the end of its answers will say so.
        let _ = writeln!(stdin, "{}", key.to_text());
        let stderr = StderrTail::new(launch.echo.clone())?;
        let tail = stderr.clone();
        // A thread for each stream: if nobody read standard error, a program that prints a lot would block in
        // the middle of its run, and look like a hang.
        thread::Builder::new().spawn(move || tail.read_from(errors))?;
        let messages = messages.clone();
        thread::Builder::new().spawn(move || {
            read_answers(id, Seal::new(key), answers, &messages);
            // Sent when the stream ends and in no other case, so every worker is noticed exactly once.
            let _ = messages.send(Message::Closed(id));
        })?;
        Ok(Self {
            id,
            jobs: VecDeque::new(),
            busy_since: None,
            spent: Duration::ZERO,
            waited: Duration::ZERO,
            stopped: Duration::ZERO,
            gone: Duration::ZERO,
            unreported: None,
            is_ready: false,
            kill_reason: None,
            processor,
            child,
            stdin,
            stderr,
        })
    }

    /// Gives it another job. If it is crashing, that is noticed when its answers end, and the job comes back.
    pub(super) fn send(&mut self, job: Job) {
        // A write that fails is no error: the pipe is closed because the worker is gone, and the end of its
        // answers will say so. A pipe holds more than the jobs that a worker can have, so it does not block.
        if let Ok(mut line) = serde_json::to_vec(&job) {
            line.push(b'\n');
            let _ = self.stdin.write_all(&line);
        }
        if self.jobs.is_empty() {
            self.restart_watch();
        }
        self.jobs.push_back(job);
    }

    /// Something was heard of it: what comes next has its full time.
    pub(super) fn restart_watch(&mut self) {
        (self.spent, self.stopped) = (Duration::ZERO, Duration::ZERO);
    }

    /// So much time has passed since the last call.
    pub(super) fn watch(&mut self, elapsed: Duration) {
        let before = self.waited;
        self.waited = system::waited_of(self.child.id()).unwrap_or(before);
        if system::is_stopped(self.child.id()) {
            self.stopped += elapsed;
        } else {
            self.spent += counted(elapsed, self.waited.saturating_sub(before));
        }
    }

    /// Whether it has ended, and its answers have not: a process that it has started may hold them open, in a group of its own.
    /// Ends its group.
    pub(super) fn is_gone(&mut self, elapsed: Duration) -> bool {
        if !system::has_ended(&self.child) {
            return false;
        }
        system::kill_group(&mut self.child);
        self.gone += elapsed;
        true
    }

    /// Whether its answers are not waited for any longer.
    pub(super) fn is_given_up(&self) -> bool {
        self.gone > END_WAIT
    }

    /// The number of its process.
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// The memory that it uses, in bytes, if that is known.
    pub(super) fn memory(&self) -> Option<u64> {
        system::memory_of(self.child.id())
    }

    /// Ends it at once, with all that it has started.
    pub(super) fn kill(&mut self, reason: KillReason) {
        // Once. The end comes as a message like any other, and the first reason is the true one.
        if self.kill_reason.is_none() {
            self.kill_reason = Some(reason);
            system::kill_group(&mut self.child);
        }
    }

    /// How it ended, and what it wrote to standard error last. Waits for it, not for long, and then kills it.
    pub(super) fn wait_for_exit(&mut self) -> (Option<ExitStatus>, String) {
        let began = Instant::now();
        // The streams of a process are closed some moments before its status is there. To ask once would be
        // too early, and to wait without a limit would hang with a worker that has closed its answers and
        // runs on. There is no wait with a limit in std, so the end is polled.
        let mut has_ended = false;
        while began.elapsed() < END_WAIT {
            has_ended = has_ended || system::has_ended(&self.child);
            if has_ended {
                // Processes that it has started may hold its streams open and run on. Before its status is taken, so that
                // its number cannot be another group's by now.
                system::kill_group(&mut self.child);
            }
            // Both: the message of a stack overflow is on its way while the status is known already.
            if has_ended && self.stderr.is_closed() {
                break;
            }
            thread::sleep(END_POLL);
        }
        if !has_ended {
            // It lives, without a stream to answer on. Nothing more can come of it.
            self.kill(KillReason::Closed);
        }
        (self.child.wait().ok(), self.stderr.text())
    }
}

/// How much of some time counts against a limit, when a worker has waited for a processor for a part of it: on a busy machine a run
/// takes longer, and is none the worse. But no limit becomes more than four times as long.
fn counted(elapsed: Duration, waited: Duration) -> Duration {
    elapsed.saturating_sub(waited).max(elapsed / 4)
}

/// Passes on what the worker has sealed. A line that it has not sealed is no answer: code under test shares its descriptors.
fn read_answers(id: u64, mut seal: Seal, answers: impl io::Read, messages: &Sender<Message>) {
    // By lines with a limit: a flood without an end must not fill the memory.
    let mut answers = BufReader::new(answers);
    let mut line = Vec::new();
    loop {
        line.clear();
        match io::Read::take(&mut answers, LINE_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        if let Some(text) = seal.open(text)
            && let Ok(answer) = serde_json::from_str::<Answer>(text)
        {
            // The pool is gone when all has ended.
            let _ = messages.send(Message::Answer(id, Box::new(answer)));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        system::kill_group(&mut self.child);
        // Nobody is interested in how it ended; it must not stay behind as a zombie.
        let _ = self.child.wait();
        self.stderr.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_a_processor_counts_little() {
        let ms = Duration::from_millis;
        for (elapsed, waited, wanted) in [(20, 0, 20), (20, 5, 15), (20, 16, 5), (20, 400, 5), (0, 3, 0)] {
            assert_eq!(counted(ms(elapsed), ms(waited)), ms(wanted), "{elapsed} {waited}");
        }
    }
}
