//! Damaged inputs for whatever reads files and messages.
//!
//! # How it works
//!
//! A test gives valid examples and a reader to [`fuzz`], which [mutates](Mutator) the examples: bits flip, parts are missing, stand
//! twice or come from another example, numbers become extreme. The reader may refuse an input in any words. It must not panic,
//! must answer within [`CASE_MAX`] and must not use more than [`MEMORY_MAX`]. An input that breaks this is left in
//! `target/fuzzing/`, also if the process aborts.
//!
//! Each reader is fuzzed for a second by `cargo test`. `LAB_FUZZ_SECONDS=330 cargo test fuzzing` takes an hour for all of them;
//! `LAB_FUZZ_SEED` begins elsewhere. The inputs follow from the seed alone, time only decides how many there are.
//!
//! # What it leaves out
//!
//! Which code an input reaches is not measured: that needs a nightly compiler. So examples should have everything in them that
//! a reader knows.

mod mutator;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub use mutator::Mutator;

/// The real time that a reader is given in a plain `cargo test`.
const SECONDS_DEFAULT: u64 = 1;
/// The real time that one input may take. The slowest takes some tens of milliseconds.
pub const CASE_MAX: Duration = Duration::from_secs(20);
/// By so much the memory of the process may grow, in bytes.
pub const MEMORY_MAX: u64 = 1 << 30;
/// How often memory is looked at, in cases.
const MEMORY_PERIOD: u64 = 64;
/// The longest input, in bytes: mutations of mutations would grow without end.
const INPUT_MAX: usize = 1 << 16;

/// Fuzzes a reader. `name` names the file of an input that breaks it.
///
/// # Panics
///
/// If the reader panics, takes too much memory, or if the environment asks for what is no number. A reader that hangs ends the
/// process, with the place of its input on standard error.
pub fn fuzz(name: &str, examples: &[Vec<u8>], mut reader: impl FnMut(&[u8])) {
    let seconds = number("LAB_FUZZ_SECONDS").unwrap_or(SECONDS_DEFAULT);
    let mut mutator = Mutator::new(number("LAB_FUZZ_SEED").unwrap_or(1), INPUT_MAX);
    for example in examples {
        reader(example);
    }
    let memory = memory_max();
    let case = Case { path: path(name), number: AtomicU64::new(0) };
    #[expect(clippy::disallowed_methods, reason = "no simulation is under way")]
    std::thread::scope(|scope| {
        scope.spawn(|| case.watch());
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(seconds) {
            let input = mutator.mutate(examples);
            // Before it is read: of a process that aborts nothing else is left. Where nothing can be written, the test
            // fails all the same.
            let _ = fs::write(&case.path, &input);
            let outcome = catch_unwind(AssertUnwindSafe(|| reader(&input)));
            let count = case.number.fetch_add(1, Ordering::Release) + 1;
            let grown =
                if count.is_multiple_of(MEMORY_PERIOD) { memory_max().saturating_sub(memory) } else { 0 };
            if let Err(panic) = outcome {
                case.end();
                eprintln!("{name} breaks at the input in {}", case.path.display());
                resume_unwind(panic);
            }
            if grown > MEMORY_MAX {
                case.end();
                panic!("{name} takes {} MB at {} or shortly before", grown >> 20, case.path.display());
            }
        }
        println!("{name}: {} damaged inputs in {seconds} s", case.number.load(Ordering::Relaxed));
        case.end();
        // It may not be there.
        let _ = fs::remove_file(&case.path);
    });
}

/// Where the input under way is kept.
fn path(name: &str) -> PathBuf {
    // Cargo marks its target directory, in which this executable lies.
    let executable = std::env::current_exe().unwrap_or_default();
    let target = executable.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    let folder = target.unwrap_or(Path::new("target")).join("fuzzing");
    let _ = fs::create_dir_all(&folder);
    folder.join(name)
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var_os(name)?;
    let number = text.to_str().and_then(|text| text.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{name}: {} is not a whole number", text.display())))
}

/// The input under way.
struct Case {
    path: PathBuf,
    /// Goes up by one with each input that was read; the highest number means that all were.
    number: AtomicU64,
}

impl Case {
    fn end(&self) {
        self.number.store(u64::MAX, Ordering::Release);
    }

    /// Ends the process if an input takes too long: a thread that hangs cannot be ended otherwise.
    #[expect(clippy::disallowed_methods, reason = "no simulation is under way")]
    fn watch(&self) {
        let (mut seen, mut since) = (0, Instant::now());
        loop {
            std::thread::sleep(Duration::from_millis(20));
            let number = self.number.load(Ordering::Acquire);
            if number == u64::MAX {
                return;
            }
            if number != seen {
                (seen, since) = (number, Instant::now());
            }
            if since.elapsed() > CASE_MAX {
                eprintln!("a reader hangs at the input in {}", self.path.display());
                std::process::abort();
            }
        }
    }
}

/// The most memory that this process has ever occupied, in bytes; 0 where the system does not tell.
fn memory_max() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reader_that_panics_is_found_and_its_input_kept() {
        let seen = catch_unwind(|| {
            fuzz("reader-that-panics", &[b"a number: 1234".to_vec()], |input| {
                let text = String::from_utf8_lossy(input).into_owned();
                assert!(!text.contains("18446744073709551615"), "too large: {text}");
            });
        });
        let kept = fs::read(path("reader-that-panics")).expect("its input");
        assert!(String::from_utf8_lossy(&kept).contains("18446744073709551615"));
        let panic = seen.expect_err("it was not found");
        assert!(panic.downcast_ref::<String>().is_some_and(|text| text.contains("too large")));
    }
}
