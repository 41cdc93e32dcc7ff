//! One worker, seen from the sweep: its process, its jobs, and since when it is busy.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::time::Duration;

use crossbeam_channel::Sender;
use labrpc::thread;
use labrpc::time::Instant;

use super::crash::KillReason;
use super::protocol::{Answer, Job};
use super::stderr::StderrTail;
use super::{system, worker};

/// A process that closed its answers has this long to end by itself.
const END_WAIT: Duration = Duration::from_millis(500);
/// How often one looks whether it has.
const END_POLL: Duration = Duration::from_millis(2);

/// What the pool waits for: the numbers are those of workers.
#[derive(Debug)]
pub(super) enum Message {
    /// A worker answered.
    Answer(u64, Answer),
    /// A worker closed its answers: it has ended, or is about to.
    Closed(u64),
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// A worker.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) id: u64,
    /// Its jobs, oldest first. It works on the first, or will.
    pub(super) jobs: VecDeque<Job>,
    /// When it began with the first of its jobs; `None` if it has not.
    pub(super) busy_since: Option<Instant>,
    /// Whether it has answered that it is ready.
    pub(super) is_ready: bool,
    /// When it was started.
    pub(super) started_at: Instant,
    /// Why the sweep killed it.
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
        stall: Duration,
        processor: Option<usize>,
        messages: &Sender<Message>,
    ) -> io::Result<Self> {
        // This executable again, not a program of its own: what is swept is compiled into it, and a worker
        // can never be of another build.
        let mut child = system::this_program()?
            .arg(worker::COMMAND)
            // By the environment, as everybody else sets it: it is read where a simulation is set up, which
            // knows no sweep.
            .env(lab_runs::settings::STALL, stall.as_secs_f64().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(processor) = processor {
            system::pin(processor, child.id());
        }
        let missing = || io::Error::other("a stream of the worker is missing");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let answers = child.stdout.take().ok_or_else(missing)?;
        let errors = child.stderr.take().ok_or_else(missing)?;
        let stderr = StderrTail::default();
        let (tail, messages) = (stderr.clone(), messages.clone());
        // A thread for each stream: if nobody read standard error, a program that prints a lot would block in
        // the middle of its run, and look like a hang.
        thread::Builder::new().spawn(move || tail.read_from(errors))?;
        thread::Builder::new().spawn(move || {
            for line in BufReader::new(answers).lines().map_while(Result::ok) {
                // A line that cannot be read is no answer of the worker. One that is lost shows as a hang.
                if let Ok(answer) = serde_json::from_str::<Answer>(&line) {
                    // The pool is gone when the sweep has ended.
                    let _ = messages.send(Message::Answer(id, answer));
                }
            }
            // Sent when the stream ends and in no other case, so every worker is noticed exactly once.
            let _ = messages.send(Message::Closed(id));
        })?;
        Ok(Self {
            id,
            jobs: VecDeque::new(),
            busy_since: None,
            is_ready: false,
            started_at: Instant::now(),
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
        self.jobs.push_back(job);
    }

    /// The memory that it uses, in bytes, if that is known.
    pub(super) fn memory(&self) -> Option<u64> {
        system::memory_of(self.child.id())
    }

    /// Ends it at once.
    pub(super) fn kill(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
    }

    /// How it ended, and what it wrote to standard error last. Waits for it, not for long, and then kills it.
    pub(super) fn wait_for_exit(&mut self) -> (Option<ExitStatus>, String) {
        let began = Instant::now();
        // The streams of a process are closed some moments before its status is there. To ask once would be
        // too early, and to wait without a limit would hang with a worker that has closed its answers and
        // runs on. There is no wait with a limit in std, so the end is polled.
        let mut status = None;
        while began.elapsed() < END_WAIT {
            status = self.child.try_wait().ok().flatten();
            // Both: the message of a stack overflow is on its way while the status is known already.
            if status.is_some() && self.stderr.is_closed() {
                break;
            }
            thread::sleep(END_POLL);
        }
        // It lives, without a stream to answer on. Nothing more can come of it.
        if status.is_none() {
            self.kill();
            status = self.child.wait().ok();
        }
        (status, self.stderr.text())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        // Nobody is interested in how it ended; it must not stay behind as a zombie.
        let _ = self.child.wait();
    }
}
