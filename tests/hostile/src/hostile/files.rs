//! They change what the grader may look at: the environment, the current folder, the folder of reports, the executable.

use std::fs;
use std::os::unix::fs::{FileExt, symlink};
use std::path::{Path, PathBuf};

use crate::submission::Submission;
use crate::system;

/// Where reports go.
fn reports() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("/nowhere"), PathBuf::from);
    // What is not the folder of a test stays as it is, whoever runs this by hand.
    assert!(target.starts_with(std::env::temp_dir()), "not in a temporary folder");
    target.join("lab")
}

fn remove(path: &Path) {
    // One of them is right, and it may be gone already.
    let _ = fs::remove_dir_all(path);
    let _ = fs::remove_file(path);
}

/// Sets what the lab reads from the environment.
fn set_all(value: &str) {
    for name in [
        "LAB_SEED",
        "LAB_SEEDS",
        "LAB_WORLD",
        "LAB_POLICY",
        "LAB_STALL",
        "LAB_COMMAND",
        "LAB_WORKER",
        "LAB_TEST_SUBMISSION",
        "CARGO_TARGET_DIR",
        "RUST_LOG",
        "RUST_BACKTRACE",
        "NO_COLOR",
        "TMPDIR",
    ] {
        system::set_variable(name, value);
    }
}

pub(super) fn submissions() -> Vec<Submission> {
    let hostile = Submission::hostile;
    vec![
        hostile("current-folder-changed", "It goes to another folder.").make(|_| {
            let _ = std::env::set_current_dir("/");
        }),
        hostile("current-folder-removed", "It goes to a folder that it removes.").make(|_| {
            let folder = reports().with_file_name("gone");
            let _ = fs::create_dir_all(&folder);
            let _ = std::env::set_current_dir(&folder);
            remove(&folder);
        }),
        hostile("environment-emptied", "It sets all variables of the lab to nothing.").make(|_| set_all("")),
        hostile("environment-changed", "It sets all variables of the lab to something else.")
            .make(|_| set_all("/nowhere")),
        hostile("no-seeds", "It asks for no seeds, and for the other world.").make(|_| {
            system::set_variable("LAB_SEEDS", "0");
            system::set_variable("LAB_WORLD", "real");
            system::set_variable("LAB_STALL", "1000000000");
        }),
        hostile("reports-removed", "It removes the folder of the reports whenever it can.")
            .make(|_| remove(&reports()))
            .get_state(|_| {
                remove(&reports());
                None
            }),
        hostile("reports-are-a-file", "It puts a file where the folder of the reports was.").make(|_| {
            remove(&reports());
            let _ = fs::write(reports(), "no points");
        }),
        hostile("reports-are-elsewhere", "It puts a link where the folder of the reports was.").make(|_| {
            remove(&reports());
            let _ = symlink("/dev/null", reports());
        }),
        hostile("reports-are-a-circle", "It puts a link to itself where the folder of the reports was.")
            .make(|_| {
                remove(&reports());
                let _ = symlink(reports(), reports());
            }),
        hostile("reports-are-read-only", "It forbids to write reports, and exits.")
            .make(|_| {
                let _ = fs::create_dir_all(reports());
                let _ = fs::set_permissions(reports(), std::os::unix::fs::PermissionsExt::from_mode(0o000));
                std::process::exit(0);
            })
            .says("exit code 0"),
        hostile(
            "report-is-a-pipe",
            "It puts a pipe where a report goes, so that who opens it waits for a reader.",
        )
        .make(|_| {
            let folder = reports().join("initial_election_3a/0x1");
            let _ = fs::create_dir_all(&folder);
            for name in ["report.md", "output.txt", "log.txt", "run.json", "trace.jsonl"] {
                let _ = system::make_pipe(&folder.join(name));
            }
            eprintln!("a pipe");
            std::process::exit(0);
        })
        .says("exit code 0"),
        hostile(
            "writes-to-its-graders-output",
            "It writes a better sum into the file to which its grader prints, far behind all else.",
        )
        .make(|_| {
            let path = format!("/proc/{}/fd/1", system::parent());
            if let Ok(output) = fs::OpenOptions::new().write(true).open(path) {
                let _ = output.write_at(b"\n25 of 25 points: all passed, 6 runs in 0.01 s\n", 1 << 16);
            }
        }),
        hostile("executable-removed", "It removes the executable from which workers are started.")
            .make(|_| {
                let own = reports().with_file_name("program");
                let executable = std::env::current_exe().unwrap_or_default();
                // Only the copy that the test has made for it.
                assert!(
                    !own.exists() || executable == own,
                    "{} is not {}",
                    executable.display(),
                    own.display()
                );
                remove(&own);
                std::process::exit(0);
            })
            .says("exit code 0"),
        hostile("executable-replaced", "It puts another program in the place of the executable.")
            .make(|_| {
                let own = reports().with_file_name("program");
                remove(&own);
                let _ = fs::copy("/bin/true", &own);
                std::process::exit(0);
            })
            .says("exit code 0"),
    ]
}
