//! Runs this executable as the program.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Makes this executable the program.
const VARIABLE: &str = "LAB_TEST_PROGRAM";

pub(crate) fn is_asked_for() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// The program with these arguments, which leaves everything under `target`.
pub(crate) fn command(target: &Path, arguments: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments.split_whitespace()).env(VARIABLE, "1").env("CARGO_TARGET_DIR", target);
    for name in ["LAB_WORLD", "LAB_POLICY", "LAB_STALL", "LAB_SEED", "LAB_SEEDS"] {
        command.env_remove(name);
    }
    command
}

/// What the program did.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Ran {
    /// Fails unless it ended with this code and said all this.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, parts: &[&str]) {
        let all = format!("{}{}", self.out, self.err);
        assert_eq!(self.code, Some(code), "{all}");
        for part in parts {
            assert!(all.contains(part), "{part:?} is missing in:\n{all}");
        }
    }
}

/// Runs the program to its end.
pub(crate) fn run(target: &Path, arguments: &str) -> Ran {
    command(target, arguments).output().unwrap().into()
}

/// A file of JSON.
pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
