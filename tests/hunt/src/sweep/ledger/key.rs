//! Which results are about the same thing: the executable, the limits of a run, and the environment.
//!
//! A run that hung within two seconds may pass within ten, and code under test may look at variables. Whatever can change what
//! comes of a run is part of the key, so that a sweep never takes over what it would not get itself.

use std::fs::File;
use std::io::Read;

use anyhow::{Context, Result};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::workers::Limits;
use crate::workers::system;
use lab_runs::commands;
use lab_runs::settings::STALL;

/// The hash of this executable, which stands for the build.
///
/// # Errors
///
/// If it cannot be read.
pub fn build_id() -> Result<String> {
    let path = system::executable()?;
    let mut file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut hash = Xxh3::new();
    // By chunks: the executable has tens of megabytes, and shards start many sweeps at once.
    let mut chunk = vec![0; 1 << 20];
    loop {
        match file.read(&mut chunk).with_context(|| format!("cannot read {}", path.display()))? {
            0 => return Ok(format!("{:016x}", hash.digest())),
            length => hash.update(&chunk[..length]),
        }
    }
}

/// What all results of a ledger have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The name of its folder.
    pub(crate) name: String,
    /// The same in words, for whoever finds the folder.
    pub(crate) words: String,
}

impl Key {
    /// The key of the sweeps of a build with these limits in this process's environment.
    pub(crate) fn of(build: &str, limits: &Limits) -> Self {
        let variables = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
        Self::with(build, limits, variables)
    }

    fn with(build: &str, limits: &Limits, variables: impl Iterator<Item = (String, String)>) -> Self {
        // How many workers there are decides nothing.
        let Limits { workers: _, run, stall, memory } = limits;
        let mut words = format!(
            "build {build}\nrun {} s\nstall {} s\nmemory {memory} bytes\n",
            run.as_secs_f64(),
            stall.as_secs_f64()
        );
        let mut variables: Vec<_> = variables.filter(|(name, _)| is_relevant(name)).collect();
        // The order of an environment is that of whoever set it.
        variables.sort();
        words.extend(variables.iter().map(|(name, value)| format!("{name}={value:?}\n")));
        Self { name: format!("{build}-{:016x}", xxh3_64(words.as_bytes())), words }
    }
}

/// Whether a variable can change what comes of a run. Nobody knows what code under test looks at; these are what the lab, its
/// tests and Rust's own library look at, and what changes the memory or the code of a process.
fn is_relevant(name: &str) -> bool {
    // What these say is in the rows, in the limits, or in words only.
    let is_known =
        ["LAB_WORLD", "LAB_SEED", "LAB_SEEDS", "LAB_POLICY", STALL, commands::COMMAND].contains(&name);
    let is_of_a_process = ["RUST_LOG", "RUST_MIN_STACK", "LD_PRELOAD", "GLIBC_TUNABLES"].contains(&name);
    !is_known && (is_of_a_process || ["LAB_", "MALLOC_"].iter().any(|prefix| name.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const LIMITS: Limits =
        Limits { workers: 2, run: Duration::from_secs(120), stall: Duration::from_secs(10), memory: 1 << 30 };

    fn name(build: &str, limits: Limits, variables: &[(&str, &str)]) -> String {
        let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Key::with(build, &limits, variables).name
    }

    #[test]
    fn build_is_a_fixed_number_of_digits() {
        let build = build_id().unwrap();
        assert_eq!(build.len(), 16);
        assert_eq!(build, build_id().unwrap());
    }

    #[test]
    fn key_is_another_with_whatever_changes_results_and_nothing_else() {
        let key = name("b", LIMITS, &[]);
        assert_eq!(key, name("b", Limits { workers: 9, ..LIMITS }, &[("HOME", "x"), ("LAB_SEED", "7")]));
        for other in [
            name("c", LIMITS, &[]),
            name("b", Limits { run: Duration::from_secs(2), ..LIMITS }, &[]),
            name("b", Limits { stall: Duration::from_secs(2), ..LIMITS }, &[]),
            name("b", Limits { memory: 1 << 29, ..LIMITS }, &[]),
            name("b", LIMITS, &[("LAB_MY_SWITCH", "1")]),
            name("b", LIMITS, &[("RUST_MIN_STACK", "1")]),
        ] {
            assert_ne!(key, other);
        }
        let two = [("LAB_A", "1"), ("LAB_B", "2")];
        assert_eq!(name("b", LIMITS, &two), name("b", LIMITS, &[two[1], two[0]]));
    }
}
