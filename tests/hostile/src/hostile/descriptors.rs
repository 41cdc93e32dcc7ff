//! They write to, read from and close what the harness speaks through.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::exit;

use crate::submission::{ONE, Submission};
use crate::system;

/// As workers answered before answers were sealed.
fn old_answers() -> String {
    let cost = r#""cost":{"wall_us":1,"cpu_us":1}"#;
    let facts = r#""calls":1,"fingerprint":null,"remark":null,"line":"passed""#;
    let all = (1..=8).map(|number| {
        format!(
            "\n{{\"passed\":{{\"number\":{number},{cost},\"facts\":{{{facts}}}}}}}\n{{\"passed\":{{\"number\":{number},{cost}}}}}\n"
        )
    });
    format!("\n\"ready\"\n{}", all.collect::<String>())
}

/// As workers answer now, with something before each line.
fn answers(before: &str) -> String {
    let facts = r#"{"calls":1,"fingerprint":null,"remark":null,"line":"passed"}"#;
    let ends = [r#""passed""#, r#""Passed""#].into_iter();
    let line = |number: u64, end: &str| {
        format!(
            "\n{before}{{\"ended\":{{\"number\":{number},\"cost\":{{\"wall_us\":1,\"cpu_us\":1}},\"end\":{end},\
             \"facts\":{facts},\"is_tainted\":false,\"is_report_coming\":false}}}}\n"
        )
    };
    ends.flat_map(|end| (1..=8).map(move |number| line(number, end))).collect()
}

/// To all descriptors that the harness could have.
fn write_to_all(text: &str) {
    for descriptor in 0..64 {
        system::write(descriptor, text.as_bytes());
    }
}

/// The same, by their names in /proc.
fn write_to_all_by_name(text: &str) {
    for descriptor in 0..64 {
        let path = format!("/proc/self/fd/{descriptor}");
        // One that would wait for a reader does not: some are pipes that nobody reads.
        let file = OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(path);
        if let Ok(mut file) = file {
            let _ = file.write_all(text.as_bytes());
        }
    }
}

/// What lies in the pipes of this process, from both of their ends.
fn steal() -> Vec<u8> {
    let mut stolen = Vec::new();
    for descriptor in 3..64 {
        let path = format!("/proc/self/fd/{descriptor}");
        let is_pipe = std::fs::read_link(&path).is_ok_and(|link| link.to_string_lossy().starts_with("pipe:"));
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
        if let (true, Ok(mut file)) = (is_pipe, file) {
            // It ends with an error when the pipe is empty.
            let _ = file.read_to_end(&mut stolen);
        }
    }
    stolen
}

/// A code as long as a true one.
const SEAL: &str = "0123456789abcdef0123456789abcdef";

pub(super) fn submissions() -> Vec<Submission> {
    [forged(), taken(), floods()].into_iter().flatten().collect()
}

fn forged() -> Vec<Submission> {
    let hostile = Submission::hostile;
    vec![
        hostile("forged-old-answers", "It says in the old format that it has passed.").make(|_| {
            write_to_all(&old_answers());
        }),
        hostile("forged-answers", "It says in the format of today that it has passed.").make(|_| {
            write_to_all(&answers(""));
        }),
        hostile("forged-answers-and-exit", "The same, and then it exits as if all were well.")
            .make(|_| {
                write_to_all(&answers(""));
                exit(0);
            })
            .says("exit code 0"),
        hostile("forged-seal", "It says so with a seal that it has made up.").make(|_| {
            write_to_all(&answers(SEAL));
        }),
        hostile("forged-seal-and-exit", "The same, and then it exits as if all were well.")
            .make(|_| {
                write_to_all(&answers(SEAL));
                exit(0);
            })
            .says("exit code 0"),
        hostile("forged-through-proc", "It finds the descriptors in /proc.").make(|_| {
            write_to_all_by_name(&answers(SEAL));
            write_to_all_by_name(&answers(""));
            write_to_all_by_name(&old_answers());
        }),
        hostile("forged-half-lines", "It begins lines and does not end them, so that true ones are spoilt.")
            .make(|_| write_to_all(SEAL))
            .get_state(|_| {
                write_to_all("{\"ended\":");
                None
            })
            .says("FAILED initial_election_3a seed 0x1: "),
        hostile("forged-summary", "It prints the line that says that all points are gained.")
            .make(|_| println!("\n3A  leader election                      20/20    2 tests\n25 of 25 points: all passed, 6 runs in 0.01 s")),
        hostile("forged-marks", "It writes the marks by which output is given to runs.").make(|_| {
            eprintln!("\u{1e}1\n\u{1e}2\n\u{1e}99999999999999999999\n\u{1e}");
        }),
    ]
}

fn taken() -> Vec<Submission> {
    let hostile = Submission::hostile;
    vec![
        hostile("closes-everything", "It closes all descriptors.")
            .make(|_| (0..64).for_each(system::close))
            .says("FAILED initial_election_3a seed 0x1: the "),
        hostile("closes-what-is-not-standard", "It closes all but the three that everybody has.")
            .make(|_| (3..64).for_each(system::close))
            .says("FAILED initial_election_3a seed 0x1: the "),
        hostile("closes-standard-streams", "It closes the three that everybody has.")
            .make(|_| (0..3).for_each(system::close))
            .says("FAILED initial_election_3a seed 0x1: "),
        hostile("closes-everything-in-destructor", "It closes all descriptors at the end of the run.")
            .dropped(|_| (0..64).for_each(system::close))
            .says("FAILED initial_election_3a seed 0x1: the "),
        hostile("null-over-everything", "It puts /dev/null over all descriptors.").make(|_| {
            let Ok(null) = OpenOptions::new().read(true).write(true).open("/dev/null") else { return };
            let null = null.as_raw_fd();
            (0..64)
                .filter(|descriptor| *descriptor != null)
                .for_each(|descriptor| system::dup2(null, descriptor));
        }),
        hostile(
            "pipe-over-everything",
            "It puts a pipe of its own over all descriptors, and answers itself.",
        )
        .make(|_| {
            let Ok((_, writer)) = std::io::pipe() else { return };
            let writer = writer.as_raw_fd();
            (0..64)
                .filter(|descriptor| *descriptor != writer)
                .for_each(|descriptor| system::dup2(writer, descriptor));
        }),
        hostile("reads-jobs-from-stdin", "It waits for orders on standard input.").make(|_| {
            let mut text = String::new();
            let _ = std::io::stdin().read_to_string(&mut text);
            assert!(text.is_empty(), "it read orders");
        }),
        hostile(
            "steals-answers",
            "It reads the answers of its own process before the grader does, and repeats them.",
        )
        .get_state(|_| {
            let stolen = steal();
            write_to_all(&String::from_utf8_lossy(&stolen).repeat(2));
            None
        })
        .command("sweep initial_election_3a re_election_3a -n 2 --limit 2s"),
        hostile("nonblocking", "It makes all descriptors such that they do not wait.").make(|_| {
            (0..64).for_each(system::make_nonblocking);
            write_to_all(&"x".repeat(1 << 20));
        }),
        hostile("descriptors-used-up", "It opens files until the system gives no more.")
            .make(|_| while File::open("/dev/null").map(std::mem::forget).is_ok() {})
            .says("FAILED initial_election_3a seed 0x1: "),
    ]
}

/// Prints so many bytes to both streams, and to where the answers go.
fn flood(text: &str, bytes: usize) {
    let text = text.repeat(bytes / text.len());
    print!("{text}");
    eprint!("{text}");
    (3..64).for_each(|descriptor| system::write(descriptor, text.as_bytes()));
}

fn floods() -> Vec<Submission> {
    let hostile = Submission::hostile;
    vec![
        hostile("flood-of-lines", "It prints very many lines.")
            .make(|_| flood("no points\n", 2 << 20))
            .command(ONE),
        hostile("flood-without-lines", "It prints without an end of line.")
            .make(|_| flood("x", 2 << 20))
            .command(ONE),
        hostile("flood-of-controls", "It prints what terminals obey, and what is no character.")
            .make(|_| flood("\u{1b}[2J\u{1b}[?1049h\0\u{fffe}\u{7}\r\u{1e}\n", 1 << 18))
            .command(ONE),
        hostile("flood-of-bytes", "It prints what is no UTF-8.")
            .make(|_| {
                let _ = std::io::stderr().write_all(&[0xff, 0xc0, 0x0a].repeat(1 << 17));
            })
            .command(ONE),
        hostile("flood-without-end", "It prints without end.")
            .make(|_| {
                loop {
                    println!("no points");
                }
            })
            .command(ONE)
            .says("of real time and did not give way"),
    ]
}
