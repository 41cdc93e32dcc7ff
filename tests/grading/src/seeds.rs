//! The seeds of a grade, and the secret that hidden ones are derived from.
//!
//! Hidden seeds are the same for everybody in a course and an assignment, and of each test others. Who knows some of them knows
//! nothing of the rest: they are cut from SHA-256 of the secret, the assignment, the test and a number.
//!
//! The secret never comes near code under test. It is in the environment of whoever grades, or in a file; workers get a bare
//! environment, and on Linux no other process of the same user may look into this one ([`close_process`]). What root runs may look
//! everywhere: there code under test has to run as another user, and a file that this user could read is refused
//! ([`check_secret_file`](crate::launch::check_secret_file)). Who runs it as himself is warned of a file.

use std::path::Path;

use anyhow::{Context, Result, bail};
use lab_runs::input;
use sha2::{Digest, Sha256};

use crate::rubric::{Rubric, SeedRule, TestRule};

/// The variable with the course's secret.
pub const SECRET: &str = "LAB_COURSE_SECRET";
/// A shorter secret can be tried out by whoever has seen one seed.
const LENGTH_MIN: usize = 12;
/// A longer file is another one than was meant.
const LENGTH_MAX: u64 = 64 << 10;

/// A course's secret.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// A secret; white space around it is none of it.
    ///
    /// # Errors
    ///
    /// If it is so short that it can be guessed.
    pub fn new(text: &[u8]) -> Result<Self> {
        let text = text.trim_ascii();
        if text.len() < LENGTH_MIN {
            bail!(
                "the course's secret has {} bytes: take {LENGTH_MIN} or more, as from `openssl rand -hex 16`",
                text.len()
            );
        }
        Ok(Self(text.to_vec()))
    }

    /// The secret in this file, or in the environment; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or what stands there is too short.
    pub fn find(file: Option<&Path>) -> Result<Option<Self>> {
        if let Some(file) = file {
            let problem = || format!("cannot read the course's secret in {}", file.display());
            return Self::new(&input::read(file, LENGTH_MAX).with_context(problem)?).map(Some);
        }
        match std::env::var_os(SECRET) {
            Some(secret) => Self::new(secret.as_encoded_bytes()).with_context(|| SECRET.to_owned()).map(Some),
            None => Ok(None),
        }
    }

    /// The hidden seed of this number of a test in an assignment.
    fn seed(&self, assignment: &str, test: &str, number: u64) -> u64 {
        let mut hash = Sha256::new();
        // With their lengths, so that no two lists of texts are the same bytes.
        for part in [b"raft-lab hidden seed 1".as_slice(), &self.0, assignment.as_bytes(), test.as_bytes()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.update(number.to_le_bytes());
        let hash = hash.finalize();
        // A quarter of the hash: so nothing can be appended to what was hashed.
        let mut seed = [0; 8];
        seed.copy_from_slice(&hash[..8]);
        u64::from_le_bytes(seed)
    }
}

/// The seeds of each test of a rubric, in its order: public ones first.
///
/// # Errors
///
/// If there are to be hidden ones, and there is no secret.
pub fn of_rubric(rubric: &Rubric, secret: Option<&Secret>) -> Result<Vec<Vec<u64>>> {
    if rubric.seeds.hidden > 0 && secret.is_none() {
        bail!(
            "the rubric asks for {} hidden seeds, and there is no secret: set {SECRET}, or name a file with --secret-file",
            rubric.seeds.hidden
        );
    }
    Ok(rubric.tests().map(|(_, test)| of_test(&rubric.assignment, rubric.seeds, test, secret)).collect())
}

fn of_test(assignment: &str, rule: SeedRule, test: &TestRule, secret: Option<&Secret>) -> Vec<u64> {
    let hidden = (0..rule.hidden).filter_map(|number| Some(secret?.seed(assignment, test.case.name, number)));
    (1..=rule.public).chain(hidden).collect()
}

/// Keeps its children from what this process has open, and, on Linux, other processes of the same user from reading its memory and
/// environment. Elsewhere, and for root, nothing does the second.
pub fn close_process() {
    lab_hunt::workers::keep_descriptors();
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // It is a help, and nothing that grading rests on.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: &str = "assignment = 'raft'\n[seeds]\npublic = 2\nhidden = 3\n[[part]]\nname = '3A'\n";

    fn seeds(text: &str, secret: &str) -> Vec<Vec<u64>> {
        let secret = Secret::new(secret.as_bytes()).unwrap();
        of_rubric(&Rubric::read("rubric.toml", text).unwrap(), Some(&secret)).unwrap()
    }

    /// Written down: a grade of last year must be repeatable with this year's build.
    #[test]
    fn hidden_seeds_stay_what_they_are() {
        let first = &seeds(HIDDEN, "correct horse battery")[0];
        assert_eq!(first[..2], [1, 2]);
        assert_eq!(
            first[2..].iter().map(|seed| format!("{seed:#x}")).collect::<Vec<_>>(),
            ["0xdd008b80b84f8c30", "0xd3189de605a8ba3b", "0x3744fbadd57dce15"]
        );
    }

    #[test]
    fn another_secret_assignment_or_test_has_other_seeds() {
        let seeds_here = seeds(HIDDEN, "correct horse battery");
        let all: std::collections::BTreeSet<u64> =
            seeds_here.iter().flat_map(|seeds| &seeds[2..]).copied().collect();
        assert_eq!(all.len(), 3 * seeds_here.len(), "no two tests share one");
        let other_secret = seeds(HIDDEN, "correct horse batterz");
        let other_name = seeds(&HIDDEN.replace("'raft'", "'raft-2'"), "correct horse battery");
        for other in [other_secret, other_name] {
            assert!(other.iter().flat_map(|seeds| &seeds[2..]).all(|seed| !all.contains(seed)));
        }
        // White space around a secret in a file is none of it.
        assert_eq!(seeds(HIDDEN, " correct horse battery\n"), seeds_here);
    }

    #[test]
    fn secret_that_is_missing_or_short_is_told() {
        let rubric = Rubric::read("rubric.toml", HIDDEN).unwrap();
        assert!(of_rubric(&rubric, None).unwrap_err().to_string().contains("LAB_COURSE_SECRET"));
        assert!(Secret::new(b"hunter2").unwrap_err().to_string().contains("12 or more"));
        assert_eq!(format!("{:?}", Secret::new(b"correct horse battery").unwrap()), "Secret(..)");
    }
}
