//! Which frames of a stack are the user's.
//!
//! A stack shows every call, from the code under test down to the scheduler and up to the panic. Whoever reads it looks for
//! their own lines; all others are left out here, unless `RUST_BACKTRACE=full` asks for them.
//!
//! The standard library shows a stack as text only, and promises nothing about its form: a line `7: path::of::function` for
//! each frame, and as a rule a line `at file:line:column` below it. Text that looks otherwise is shown as it is.

use std::backtrace::Backtrace;
use std::path::{Path, PathBuf};

/// Crates whose frames are nobody's concern who uses labrpc: of the language, of labrpc and what it stands on.
const LIBRARIES: [&str; 12] = [
    "__rustc",
    "std",
    "core",
    "alloc",
    "test",
    "backtrace_rs",
    "rustc_demangle",
    "labrpc",
    "corosensei",
    "parking_lot",
    "lock_api",
    "crossbeam_channel",
];

/// The laboratory's crates, by name and folder. A student's crate may well be called `lab_raft` or lie in `raft/`.
const LABORATORY: [(&str, &str); 10] = [
    ("raft_interface", "raft/interface/"),
    ("kvraft_interface", "kvraft/interface/"),
    ("lab", "tests/lab/"),
    ("lab_harness", "tests/harness/"),
    ("lab_hunt", "tests/hunt/"),
    ("lab_linearizability", "tests/linearizability/"),
    ("lab_referee", "tests/referee/"),
    ("lab_report", "tests/report/"),
    ("lab_runs", "tests/runs/"),
    ("lab_suites", "tests/suites/"),
];

/// A frame of a stack as text.
struct Frame<'a> {
    function: &'a str,
    /// File, line and column, if the executable knows them.
    place: Option<&'a str>,
}

/// The user's frames of a stack, or all that there is to show if none is the user's.
pub(super) fn shown(backtrace: &Backtrace) -> String {
    let text = backtrace.to_string();
    if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value == "full") {
        return text;
    }
    users_frames(&text).unwrap_or(text)
}

/// The innermost place of the user in a stack: file and line, or the function if the executable knows no lines.
pub(super) fn innermost(backtrace: &Backtrace) -> Option<String> {
    let text = backtrace.to_string();
    let all = frames(&text);
    let mut users = all.iter().filter(|frame| is_users(frame));
    // Crates of others are built without lines, as a rule, and the user's with them.
    let frame = users.clone().find(|frame| frame.place.is_some()).or_else(|| users.next())?;
    Some(match frame.place {
        Some(place) => relative(place).to_owned(),
        None => frame.function.to_owned(),
    })
}

fn users_frames(text: &str) -> Option<String> {
    let all = frames(text);
    let users: Vec<&Frame<'_>> = all.iter().filter(|frame| is_users(frame)).collect();
    if users.is_empty() {
        return None;
    }
    let lines = users.iter().map(|frame| match frame.place {
        Some(place) => format!("  {}\n      at {}\n", frame.function, relative(place)),
        None => format!("  {}\n", frame.function),
    });
    let left_out = all.len() - users.len();
    Some(lines.collect::<String>() + &format!("  ({left_out} other frames: RUST_BACKTRACE=full shows them)"))
}

fn frames(text: &str) -> Vec<Frame<'_>> {
    let mut frames: Vec<Frame<'_>> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(place) = line.strip_prefix("at ") {
            if let Some(last) = frames.last_mut() {
                last.place = Some(place);
            }
        } else if let Some((number, function)) = line.split_once(": ")
            && number.parse::<u32>().is_ok()
        {
            frames.push(Frame { function, place: None });
        }
    }
    frames
}

/// Whether a frame is neither the language's nor the laboratory's.
fn is_users(frame: &Frame<'_>) -> bool {
    match crate_of(frame.function) {
        Some(name) => {
            !LIBRARIES.contains(&name)
                && !LABORATORY.iter().any(|(crate_name, _)| *crate_name == name)
                && !frame.place.is_some_and(is_registry)
        }
        None => frame.place.is_some_and(is_users_file),
    }
}

/// The crate in which a function lies, if its name says so: in an executable that knows no more than lines, the name of a
/// function that was inlined has no path.
fn crate_of(function: &str) -> Option<&str> {
    // `<my_raft::Raft as core::ops::Drop>::drop`, `<&mut my_raft::Ticker>::run`: the first path is whose it is.
    let path = function.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '_');
    let path = path.strip_prefix("dyn ").or_else(|| path.strip_prefix("mut ")).unwrap_or(path);
    let (name, _) = path.split_once("::")?;
    // `labrpc[0123456789abcdef]` in some manglings; `call_once<my_raft::Raft::tick, ()>` has no path.
    let name = name.split('[').next().unwrap_or(name);
    name.chars().all(|c| c.is_alphanumeric() || c == '_').then_some(name)
}

/// Whether a file belongs to a package that somebody else has published.
fn is_registry(place: &str) -> bool {
    place.contains("/registry/src/") || place.contains("/git/checkouts/")
}

fn is_users_file(place: &str) -> bool {
    let is_rust = place.contains(".rs:");
    let is_std = place.starts_with("/rustc/") || place.contains("/lib/rustlib/src/");
    is_rust && !is_std && !is_registry(place) && !is_of_the_laboratory(place)
}

fn is_of_the_laboratory(place: &str) -> bool {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The standard library shows what lies below the current directory as `./`.
    let file = match place.strip_prefix("./") {
        Some(below) => std::env::current_dir().unwrap_or_default().join(below),
        None => PathBuf::from(place),
    };
    let mut folders = LABORATORY.iter().map(|(_, folder)| own.with_file_name(folder));
    file.starts_with(own.join("src")) || folders.any(|folder| file.starts_with(folder))
}

/// A path that begins with `./` reads better without.
fn relative(place: &str) -> &str {
    place.strip_prefix("./").unwrap_or(place)
}

#[cfg(test)]
mod tests {
    use super::{frames, is_users, users_frames};

    const STACK: &str = "   0: std::backtrace::Backtrace::force_capture
             at /rustc/0123/library/std/src/backtrace.rs:312:9
   1: <labrpc::sync::Mutex<T>>::lock
   2: core::ops::function::FnOnce::call_once{{vtable.shim}}
   3: my_raft::election::Raft::start_election
             at ./src/election.rs:41:13
   4: <my_raft::Timer as core::ops::drop::Drop>::drop
   5: lab_harness::cluster::Cluster::start
   6: main
   7: __libc_start_main
";

    #[test]
    fn user_s_frames_are_shown_with_their_places() {
        let expected = [
            "  my_raft::election::Raft::start_election",
            "      at src/election.rs:41:13",
            "  <my_raft::Timer as core::ops::drop::Drop>::drop",
            "  (6 other frames: RUST_BACKTRACE=full shows them)",
        ];
        assert_eq!(users_frames(STACK).unwrap(), expected.join("\n"));
    }

    #[test]
    fn stack_without_a_frame_of_the_user_is_not_made_empty() {
        assert!(users_frames("   0: std::panicking::begin\n   1: main\n").is_none());
        assert!(users_frames("no stack at all").is_none());
    }

    #[test]
    fn frame_belongs_to_the_first_crate_in_its_path_or_to_its_file() {
        let is_users_of = |frame| is_users(&frames(&format!("0: {frame}"))[0]);
        assert!(is_users_of("<my_raft::Raft as labrpc::network::Service>::call"));
        assert!(is_users_of("<&mut lab_raft::Raft>::run"));
        assert!(!is_users_of("<labrpc::sync::Mutex<my_raft::State>>::lock"));
        assert!(!is_users_of("<alloc::boxed::Box<dyn my_raft::Step> as core::ops::FnOnce>::call_once"));
        assert!(!is_users_of("labrpc[9f0a]::thread::spawn"));
        assert!(!is_users_of("call_once<my_raft::Raft::tick, (&my_raft::Raft)>"));
        assert!(!is_users_of("unwrap<u64>\n  at /rustc/0123/library/core/src/option.rs:1:2"));
        assert!(!is_users_of("chrono::now\n  at ~/.cargo/registry/src/index/chrono-0.4/src/lib.rs:1:2"));
        assert!(is_users_of("make\n  at ~/raft/src/lib.rs:81:9"));
        assert!(is_users_of("make\n  at ./mine/lib.rs:81:9"));
        assert!(!is_users_of("start_thread\n  at ./nptl/pthread_create.c:442:8"));
        assert!(!is_users_of(concat!(
            "lock<my_raft::State>\n  at ",
            env!("CARGO_MANIFEST_DIR"),
            "/src/lib.rs:1:2"
        )));
    }
}
