//! The browser's process, and the pipe to it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The browser reads commands from its descriptor 3 and answers on 4; it says nothing to anybody else.
const START: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null";

/// It looks at files only, and asks nobody anything.
const ARGUMENTS: [&str; 10] = [
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
];

/// A browser that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Pipe {
    child: Child,
    /// Taken when the browser is told to end.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    number: u64,
    /// What it said that is no answer.
    pub(crate) events: Vec<Value>,
    /// Its profile, which goes with it.
    _profile: TempDir,
}

impl Pipe {
    pub(crate) fn start(executable: &Path) -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let mut child = Command::new("/bin/sh")
            .args(["-c", START])
            .arg(executable)
            .args(ARGUMENTS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("it is a pipe"));
        Self { child, commands, answers, number: 0, events: Vec::new(), _profile: profile }
    }

    /// Sends a command, to a tab if there is one, and waits for the answer.
    pub(crate) fn call(&mut self, session: Option<&str>, method: &str, parameters: &Value) -> Value {
        self.number += 1;
        let mut command = json!({ "id": self.number, "method": method, "params": parameters });
        if let Some(session) = session {
            command["sessionId"] = json!(session);
        }
        let commands = self.commands.as_mut().expect("it runs");
        write!(commands, "{command}\0").and_then(|()| commands.flush()).expect("the browser listens");
        loop {
            let mut said = self.next();
            if said["id"] == self.number {
                assert!(said["error"].is_null(), "{method}: {}", said["error"]);
                return said["result"].take();
            }
            self.events.push(said);
        }
    }

    fn next(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.answers.read_until(0, &mut bytes).expect("the browser answers");
        bytes.pop();
        serde_json::from_slice(&bytes).expect("the browser has ended, or speaks no JSON")
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // It ends when nobody can tell it anything any more. Its own children go with it.
        let _ = self.commands.take();
        let mut rest = Vec::new();
        // Until it has closed its side: then nobody writes into the profile any more.
        while self.answers.read_until(0, &mut rest).is_ok_and(|read| read > 0) {
            rest.clear();
        }
        let _ = self.child.wait();
    }
}
