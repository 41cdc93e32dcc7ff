//! Grades one submission: the program in a folder of its own, with a limit of time.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use hostile::{Kind, Submission, VARIABLE};
use labrpc::time::Instant;

use crate::leftovers;

/// The longest that a grading may take. The machine may be busy.
const TIME_MAX: Duration = Duration::from_secs(90);
/// The real time in which a simulated thread of a hostile submission must give way, in seconds: many wait for it. The others have the usual time,
/// on a busy machine as well.
const STALL_S: &str = "2";

/// What the program did.
pub(crate) struct Graded {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    /// Whether it had to be ended.
    pub(crate) is_too_long: bool,
    pub(crate) elapsed: Duration,
    pub(crate) out: String,
    pub(crate) err: String,
    /// What was written to the file that the grader's parent had open.
    pub(crate) open: String,
    /// Processes that are still there.
    pub(crate) left: Vec<String>,
}

/// Grades it.
pub(crate) fn grade(submission: &Submission) -> Graded {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    // An executable of its own, since some remove it.
    let own = path("program");
    let executable = std::env::current_exe().expect("this executable");
    std::fs::hard_link(&executable, &own)
        .or_else(|_| std::fs::copy(&executable, &own).map(drop))
        .expect("a copy of this executable");
    // Files and not pipes: a process that lives on and holds them open keeps nobody waiting. And one more, which whoever starts a
    // grader has open by chance.
    let mut command = Command::new("sh");
    command
        .args(["-c", "exec 9>>\"$0\"; exec \"$@\""])
        .arg(path("open"))
        .arg(own)
        .args(submission.command.split_whitespace())
        .env(VARIABLE, submission.name)
        .env("CARGO_TARGET_DIR", folder.path())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(File::create(path("out")).expect("a file"))
        .stderr(File::create(path("err")).expect("a file"));
    for name in
        ["LAB_STALL", "LAB_WORLD", "LAB_POLICY", "LAB_SEED", "LAB_SEEDS", "RUST_BACKTRACE", "RUST_LOG"]
    {
        command.env_remove(name);
    }
    if submission.kind == Kind::Hostile {
        command.env("LAB_STALL", STALL_S);
    }
    let began = Instant::now();
    let mut child = command.spawn().expect("the program starts");
    while began.elapsed() < TIME_MAX && child.try_wait().expect("the state of a child").is_none() {
        labrpc::thread::sleep(Duration::from_millis(5));
    }
    let elapsed = began.elapsed();
    let is_too_long = elapsed >= TIME_MAX;
    let left = leftovers::of(folder.path());
    // It is gone already, if all is well.
    let _ = child.kill();
    let status = child.wait();
    leftovers::end(folder.path());
    let text = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    let code = status.ok().and_then(|status| status.code());
    Graded {
        code,
        is_too_long,
        elapsed,
        out: text(&path("out")),
        err: text(&path("err")),
        open: text(&path("open")),
        left,
    }
}
