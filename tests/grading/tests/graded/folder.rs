//! A folder in which something is graded.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lab_grading::record::Grade;

/// A folder that everybody can enter, and what is in it.
pub(crate) struct Folder(tempfile::TempDir);

/// What the program did.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Folder {
    /// With a rubric of these lines.
    pub(crate) fn new(rubric: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
        }
        fs::write(folder.path().join("rubric.toml"), rubric).expect("a rubric");
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Closes a file to everybody else.
    pub(crate) fn close(&self, name: &str) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).expect("permissions");
        }
        let _ = name;
    }

    /// The command that grades this submission. Its program is this executable under the submission's name.
    pub(crate) fn command(&self, submission: &str, arguments: &str) -> Command {
        let program = self.path(submission);
        if !program.exists() {
            let executable = std::env::current_exe().expect("this executable");
            fs::hard_link(&executable, &program)
                .or_else(|_| fs::copy(&executable, &program).map(drop))
                .expect("a copy of this executable");
        }
        self.program(&format!("grade --program {submission} {arguments}"))
    }

    /// The program with these arguments.
    pub(crate) fn program(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab-grading"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env("CARGO_TARGET_DIR", self.0.path())
            .env("LAB_COMMAND", "cargo lab")
            .stdin(Stdio::null());
        for name in
            ["LAB_STALL", "LAB_WORLD", "LAB_POLICY", "LAB_SEED", "LAB_SEEDS", lab_grading::seeds::SECRET]
        {
            command.env_remove(name);
        }
        command
    }

    /// Grades it to the end.
    pub(crate) fn grade(&self, submission: &str, arguments: &str) -> Ran {
        run(self.command(submission, arguments))
    }

    /// What was left in `out`.
    pub(crate) fn result(&self) -> Grade {
        read(&self.path("out/grade.json")).expect("a grade")
    }
}

/// A grade, if there is one.
pub(crate) fn read(path: &Path) -> Option<Grade> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

pub(crate) fn run(mut command: Command) -> Ran {
    let output = command.output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code(), text: text(&output.stdout) + &text(&output.stderr) }
}

impl Ran {
    /// Fails unless it ended with this code and said all this.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "{part:?} is missing in:\n{}", self.text);
        }
    }
}
