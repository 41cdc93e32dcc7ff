//! Programs of a working copy: how they are started, limited and read.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use labrpc::channel::{self, Receiver, RecvTimeoutError};
use labrpc::thread;

use lab_probe::Run;

/// What a probe printed, and how it ended.
#[derive(Debug)]
pub(crate) struct ProbeOutput {
    /// The runs that came to their end.
    pub(crate) runs: Vec<Run>,
    /// How the program ended.
    pub(crate) end: End,
    /// The last line that it wrote to standard error.
    pub(crate) last_error: String,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, with this exit code.
    Exit(i32),
    /// It had used all the processor time that it may.
    OutOfTime,
    /// In another way: it overflowed its stack, or ran out of memory.
    Died,
}

/// A program that is ended by the system after so much processor time, where a shell can ask for that.
pub(crate) fn limited(program: &Path, cpu_max: Duration) -> Command {
    // By a shell, since std can set no limit for a child, and the call that could do it between fork and exec
    // is unsafe. A soft limit: the program gets SIGXCPU, which is told from a crash. With exec the shell
    // becomes the program, so to kill the child is to kill it, and no process is left behind.
    if cfg!(unix) {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit -S -t {}; exec \"$0\" \"$@\"", cpu_max.as_secs().max(1)));
        shell.arg(program);
        shell
    } else {
        Command::new(program)
    }
}

/// How it ended. An error if somebody ended it from outside: that says nothing about what it did.
pub(crate) fn end(status: ExitStatus) -> Result<End> {
    if let Some(code) = status.code() {
        return Ok(End::Exit(code));
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;

        const SIGINT: i32 = 2;
        const SIGTERM: i32 = 15;
        const SIGXCPU: i32 = 24;
        // Ctrl-C goes to all processes of the terminal's group. What it ended has not crashed and must not
        // count as anything.
        match status.signal() {
            Some(SIGINT | SIGTERM) => bail!("interrupted"),
            Some(SIGXCPU) => return Ok(End::OutOfTime),
            _ => {}
        }
    }
    Ok(End::Died)
}

/// Starts a probe, collects the runs that it prints, and waits for its end. If it prints nothing for so long, it is killed: it
/// hangs without using the processor, so no other limit would end it.
///
/// # Errors
///
/// When it cannot be started or read, or was ended from outside.
pub(crate) fn run_probe(mut program: Command, silence_max: Duration) -> Result<ProbeOutput> {
    program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().context("cannot start the program of a copy")?;
    let mut stderr = child.stderr.take().context("no pipe")?;
    // In a thread: a program that prints more than a pipe holds would wait for a reader, and this one waits
    // for its other stream.
    let stderr = thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stderr.read_to_end(&mut bytes); // what could be read is all there is
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let lines = lines(child.stdout.take().context("no pipe")?);
    let mut runs = Vec::new();
    let mut is_silent = false;
    loop {
        // Real time, and only as the last resort: on a busy machine a good program may be slow, but it is not
        // silent for minutes.
        match lines.recv_timeout(silence_max) {
            // The last line of a program that was ended in the middle of it is not whole.
            Ok(line) => runs.extend(serde_json::from_str::<Run>(&line).ok()),
            Err(RecvTimeoutError::Timeout) => {
                is_silent = true;
                child.kill().context("cannot end a copy's program")?;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    // Its output has ended, so it has ended or will in a moment.
    let status = child.wait().context("waiting for a copy's program")?;
    let stderr = stderr.join().unwrap_or_default();
    let last_error = stderr.lines().last().unwrap_or_default().to_owned();
    Ok(ProbeOutput { runs, end: if is_silent { End::OutOfTime } else { end(status)? }, last_error })
}

/// The lines of a pipe, as they come.
fn lines(pipe: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel::unbounded();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(io::Result::ok) {
            if sender.send(line).is_err() {
                return; // nobody listens any more
            }
        }
    });
    receiver
}

/// What cargo did.
#[derive(Debug)]
pub(crate) enum BuildResult {
    /// It built everything.
    Done,
    /// The compiler found an error in the code; the first one.
    CompileError(String),
}

/// Lets cargo build.
///
/// # Errors
///
/// When cargo cannot be started, was ended from outside, or fails for another reason than an error in the code: a full disk,
/// a dependency that was not downloaded.
pub(crate) fn build(mut cargo: Command) -> Result<BuildResult> {
    let Output { status, stderr, .. } = cargo.output().context("cannot start cargo")?;
    if status.success() {
        return Ok(BuildResult::Done);
    }
    // First: an interrupted compiler has printed half of an error.
    end(status)?;
    let output = String::from_utf8_lossy(&stderr);
    if is_compile_error(&output) {
        return Ok(BuildResult::CompileError(first_error(&output)));
    }
    bail!("cargo cannot build the copy, for a reason that is not in the code:\n{}", output.trim_end());
}

/// Whether the compiler ran to its end and did not like what it read.
fn is_compile_error(output: &str) -> bool {
    // The compiler shows the place of an error in the code, and of no other: not of a full disk, not of a
    // linker that is missing.
    let is_in_code = |line: &str| line.trim_start().starts_with("--> ");
    output.contains("could not compile") && output.lines().any(is_in_code)
}

/// The first error of the compiler, with the lines that belong to it, without warnings.
fn first_error(output: &str) -> String {
    let mut lines = output.lines().skip_while(|line| !line.starts_with("error"));
    let first = lines.next().unwrap_or("the compiler says no more");
    let more = lines.take_while(|line| !line.trim().is_empty());
    std::iter::once(first).chain(more).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compile_error_is_an_error_in_the_code() {
        let rows = [
            (
                "a type",
                "error[E0308]: mismatched types\n --> raft/src/log.rs:3:5\nerror: could not compile `raft`",
                true,
            ),
            ("a full disk", "error: could not compile `raft`\nCaused by: No space left on device", false),
            ("no copy", "error: could not find `Cargo.toml` in `the copy`", false),
        ];
        for (name, output, wanted) in rows {
            assert_eq!(is_compile_error(output), wanted, "{name}");
        }
        assert_eq!(first_error("warning: w\n --> f\nerror: e\n --> g"), "error: e\n --> g");
    }

    #[test]
    fn first_error_comes_with_its_lines_and_without_the_next() {
        let text =
            "warning: unused\n\nerror[E0425]: cannot find `x`\n --> src/lib.rs:3:5\n  |\n\nerror: aborting\n";
        assert_eq!(first_error(text), "error[E0425]: cannot find `x`\n --> src/lib.rs:3:5\n  |");
    }

    #[cfg(unix)]
    #[test]
    fn ends_of_programs_are_told_apart() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.arg("-c").arg(script);
            command
        };
        let long = Duration::from_secs(60);
        let output = |script| run_probe(shell(script), long).map(|output| output.end);
        assert_eq!(output("exit 3").expect("ended by itself"), End::Exit(3));
        assert_eq!(output("kill -XCPU $$").expect("ended by the system"), End::OutOfTime);
        assert_eq!(output("kill -SEGV $$").expect("died"), End::Died);
        assert_eq!(output("kill -TERM $$").expect_err("ended from outside").to_string(), "interrupted");
        let mut endless = limited(Path::new("sh"), Duration::from_secs(1));
        endless.args(["-c", "while :; do :; done"]);
        assert_eq!(run_probe(endless, long).expect("ended by the system").end, End::OutOfTime);
        let silent = run_probe(shell("exec sleep 60"), Duration::from_millis(100));
        assert_eq!(silent.expect("ended for its silence").end, End::OutOfTime);
    }

    #[test]
    #[cfg(unix)]
    fn line_that_is_cut_off_is_no_run() {
        let run = Run { test: "t".into(), seed: 1, cpu_ms: 1.0, failure: None };
        let line = serde_json::to_string(&run).expect("plain data");
        let half = &line[..line.len() / 2];
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "echo \"$0\"; printf %s \"$1\"; echo one >&2; echo two >&2; exit 1",
            &line,
            half,
        ]);
        let output = run_probe(command, Duration::from_secs(60)).expect("output");
        assert_eq!((output.runs, output.end, output.last_error), (vec![run], End::Exit(1), "two".to_owned()));
    }
}
