//! Programs of a copy: started, limited, listened to.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use labrpc::channel::{self, Receiver, RecvTimeoutError};
use labrpc::thread;

use super::probe::Run;

/// What a probe told, and how it ended.
#[derive(Debug)]
pub(crate) struct Heard {
    /// The runs that came to their end.
    pub(crate) runs: Vec<Run>,
    /// How the program ended.
    pub(crate) end: End,
    /// The last line of its complaints.
    pub(crate) complaint: String,
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
        match status.signal() {
            Some(SIGINT | SIGTERM) => bail!("interrupted"),
            Some(SIGXCPU) => return Ok(End::OutOfTime),
            _ => {}
        }
    }
    Ok(End::Died)
}

/// Starts a probe, takes down what it says, and waits for its end. If it says nothing for so long, it is ended: it hangs without
/// using the processor, so no other limit would end it.
///
/// # Errors
///
/// When it cannot be started or heard, or was ended from outside.
pub(crate) fn listen(mut program: Command, silence_max: Duration) -> Result<Heard> {
    program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().context("cannot start the program of a copy")?;
    let mut complaints = child.stderr.take().context("no pipe")?;
    let complaints = thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = complaints.read_to_end(&mut bytes); // what could be read is all there is
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let lines = lines(child.stdout.take().context("no pipe")?);
    let mut runs = Vec::new();
    let mut is_silent = false;
    loop {
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
    let status = child.wait().context("waiting for a copy's program")?;
    let complaints = complaints.join().unwrap_or_default();
    let complaint = complaints.lines().last().unwrap_or_default().to_owned();
    Ok(Heard { runs, end: if is_silent { End::OutOfTime } else { end(status)? }, complaint })
}

/// The lines of a pipe, as they come.
fn lines(pipe: ChildStdout) -> Receiver<String> {
    let (tell, told) = channel::unbounded();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(io::Result::ok) {
            if tell.send(line).is_err() {
                return; // nobody listens any more
            }
        }
    });
    told
}

/// What cargo did.
#[derive(Debug)]
pub(crate) enum Built {
    /// It built everything.
    Whole,
    /// The compiler refused the code, with this first error.
    Refused(String),
}

/// Lets cargo build.
///
/// # Errors
///
/// When cargo cannot be started, was ended from outside, or fails for another reason than an error in the code: a full disk,
/// a dependency that was not downloaded.
pub(crate) fn build(mut cargo: Command) -> Result<Built> {
    let Output { status, stderr, .. } = cargo.output().context("cannot start cargo")?;
    if status.success() {
        return Ok(Built::Whole);
    }
    end(status)?;
    let said = String::from_utf8_lossy(&stderr);
    if is_refusal(&said) {
        return Ok(Built::Refused(first_error(&said)));
    }
    bail!("cargo cannot build the copy, for a reason that is not in the code:\n{}", said.trim_end());
}

/// Whether the compiler ran to its end and did not like what it read.
fn is_refusal(said: &str) -> bool {
    let is_in_code = |line: &str| line.trim_start().starts_with("--> ");
    said.contains("could not compile") && said.lines().any(is_in_code)
}

/// What the compiler says first, without warnings.
fn first_error(said: &str) -> String {
    const LINES_MAX: usize = 12;

    let is_warning = |line: &&str| !line.starts_with("error");
    said.lines().skip_while(is_warning).take(LINES_MAX).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_error_in_the_code_is_a_refusal() {
        let rows = [
            (
                "a type",
                "error[E0308]: mismatched types\n --> raft/src/log.rs:3:5\nerror: could not compile `raft`",
                true,
            ),
            ("a full disk", "error: could not compile `raft`\nCaused by: No space left on device", false),
            ("no copy", "error: could not find `Cargo.toml` in `the copy`", false),
        ];
        for (name, said, wanted) in rows {
            assert_eq!(is_refusal(said), wanted, "{name}");
        }
        assert_eq!(first_error("warning: w\n --> f\nerror: e\n --> g"), "error: e\n --> g");
    }

    #[cfg(unix)]
    #[test]
    fn the_ends_of_programs_are_told_apart() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.arg("-c").arg(script);
            command
        };
        let long = Duration::from_secs(60);
        let heard = |script| listen(shell(script), long).map(|heard| heard.end);
        assert_eq!(heard("exit 3").expect("ended by itself"), End::Exit(3));
        assert_eq!(heard("kill -XCPU $$").expect("ended by the system"), End::OutOfTime);
        assert_eq!(heard("kill -SEGV $$").expect("died"), End::Died);
        assert_eq!(heard("kill -TERM $$").expect_err("ended from outside").to_string(), "interrupted");
        let mut endless = limited(Path::new("sh"), Duration::from_secs(1));
        endless.args(["-c", "while :; do :; done"]);
        assert_eq!(listen(endless, long).expect("ended by the system").end, End::OutOfTime);
        let silent = listen(shell("exec sleep 60"), Duration::from_millis(100));
        assert_eq!(silent.expect("ended for its silence").end, End::OutOfTime);
    }

    #[test]
    #[cfg(unix)]
    fn half_a_line_is_no_run() {
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
        let heard = listen(command, Duration::from_secs(60)).expect("heard");
        assert_eq!((heard.runs, heard.end, heard.complaint), (vec![run], End::Exit(1), "two".to_owned()));
    }
}
