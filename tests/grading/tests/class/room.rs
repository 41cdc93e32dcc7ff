//! A folder with a handout, a rubric and submissions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::submissions::{self, NEVER_LEADS, SUBMISSIONS};

/// Tests of two parts, few enough that all submissions take seconds.
const TESTS: [&str; 4] = ["initial_election_3a", "re_election_3a", "basic_agree_3b", "fail_agree_3b"];

pub(crate) struct Room(tempfile::TempDir);

/// What the program did.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Room {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
        }
        let room = Self(folder);
        room.make_handout();
        room.write("rubric.toml", rubric());
        for submission in SUBMISSIONS {
            (submission.make)(&room, submission.name);
        }
        room
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// What students were given, with the crates that the reference and the controls need.
    fn make_handout(&self) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/new-raft");
        let made = Command::new(script)
            .arg(self.path("handout"))
            .args(["--name", "class-raft"])
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("a shell").success(), "a handout is made");
        // What it depends on was built for this test already. Cargo holds two packages of one name in one such folder for the
        // same; `class-raft` is only here.
        let config = fs::read_to_string(self.path("handout/.cargo/config.toml")).expect("settings of cargo");
        let built = std::env::current_exe().expect("this program");
        let built = built.ancestors().nth(3).expect("a target directory");
        self.write(
            "handout/.cargo/config.toml",
            format!("{config}\n[build]\nbuild-dir = '{}'\n", built.display()),
        );
        // What students begin with: it is no sign of a copy.
        self.write("handout/src/lib.rs", NEVER_LEADS);
        let manifest = fs::read_to_string(self.path("handout/Cargo.toml")).expect("a manifest");
        let more = [
            "postcard = { version = \"1\", default-features = false, features = [\"use-std\"] }",
            "thiserror = \"2\"",
            "xxhash-rust = { version = \"0.8\", features = [\"xxh3\"] }",
        ];
        let is_missing = |line: &&str| {
            let name = line.split(' ').next().unwrap_or_default();
            !manifest.lines().any(|there| there.starts_with(&format!("{name} = ")))
        };
        let more: String =
            more.iter().copied().filter(|line| is_missing(line)).map(|line| format!("{line}\n")).collect();
        self.write(
            "handout/Cargo.toml",
            manifest.replace("[dependencies]\n", &format!("[dependencies]\n{more}")),
        );
    }

    /// Grades all of them.
    pub(crate) fn grade(&self, arguments: &str) -> Ran {
        let as_user = if is_root() { "--as-user nobody" } else { "" };
        self.run(&format!(
            "grade-class submissions --rubric rubric.toml --out out --handout handout {as_user} {arguments}"
        ))
    }

    /// Makes a grade again, of the program that was built last.
    pub(crate) fn repeat(&self, name: &str) {
        let as_user = if is_root() { "--as-user nobody" } else { "" };
        let ran = self.run(&format!(
            "grade --repeat out/students/{name}/grade.json --program out/work/target/debug/lab --out again {as_user}"
        ));
        assert!(ran.code == Some(0) && ran.text.contains("the same grade"), "{}", ran.text);
    }

    fn run(&self, arguments: &str) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab-grading"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env("CARGO_TARGET_DIR", self.path("target"))
            .env(lab_grading::seeds::SECRET, submissions::SECRET)
            .stdin(Stdio::null());
        for name in ["LAB_STALL", "LAB_WORLD", "LAB_POLICY", "LAB_SEED", "LAB_SEEDS", "LAB_COMMAND"] {
            command.env_remove(name);
        }
        let output = command.output().expect("the program starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: output.status.code(), text: text(&output.stdout) + &text(&output.stderr) }
    }

    /// All files below the folder, but for what is built.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let (mut files, mut folders) = (Vec::new(), vec![self.0.path().to_path_buf()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && entry.file_name() != "deps" => folders.push(entry.path()),
                    _ => files.push(entry.path()),
                }
            }
        }
        files
    }
}

fn rubric() -> String {
    let mut text = "assignment = 'class'\n[seeds]\npublic = 1\nhidden = 1\n[budget]\nrun = '30s'\nmemory = '512M'\nbuild = '5m'\n\
                    [[part]]\nname = '3A'\npoints = 10\n[[part]]\nname = '3B'\npoints = 20\n"
        .to_owned();
    for case in lab::suites::TESTS.iter().filter(|case| ["3A", "3B"].contains(&case.part.name())) {
        if !TESTS.contains(&case.name) {
            text += &format!("[[test]]\nname = '{}'\nskip = true\n", case.name);
        }
    }
    text
}

fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    return false;
}
