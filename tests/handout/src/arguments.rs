//! The command line, and what it refuses.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};
use lab_course::Part;

use crate::commit::{self, Commit};
use crate::lock;
use crate::shapes::Shape;
use crate::workspace::{Handout, Source};

/// Parts that the masters teach.
const PARTS: [&str; 9] = ["2K", "2L", "3A", "3B", "3C", "3D", "4A", "4B", "4C"];

/// Makes a student's workspace: a skeleton, the tests, and the texts of the parts.
#[derive(Parser, Debug)]
#[command(name = "handout")]
struct Arguments {
    /// The folder, which must not be there, or be empty
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Which parts of the course, with commas between, or 3A-3D: 2K and 2L (lab 2, without a Raft), 3A to 3D, 4A to 4C (a service on the
    /// Raft; without a part of lab 3 a Raft is given)
    #[arg(long, value_delimiter = ',', default_value = "3A,3B,3C,3D")]
    parts: Vec<String>,
    /// The name of the student's package
    #[arg(long, default_value = "my-raft")]
    name: String,
    /// How much of the Raft is given
    #[arg(long, value_enum, default_value = "guided", overrides_with = "shape")]
    shape: Shape,
    /// Build against this repository of the lab; otherwise against this clone
    #[arg(long, value_name = "URL")]
    git: Option<String>,
    /// Build against this commit of it; otherwise against the one where this clone is
    #[arg(long, value_name = "REV", requires = "git")]
    rev: Option<String>,
    /// Parts or milestones whose solution is given, in the guided shape: a class that begins with 3B gets an election that works
    #[arg(long, value_delimiter = ',', value_name = "3A,3B.1", conflicts_with = "solution")]
    given: Vec<String>,
    /// With the whole solution in the place of the skeleton: for teachers
    #[arg(long)]
    solution: bool,
}

/// The subcommand `handout`.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Makes the workspace. Returns what to say: where it is, and what to type next.
///
/// # Errors
///
/// A sentence about what is wrong with the arguments, or what could not be written.
pub fn run(matches: &ArgMatches) -> Result<String> {
    let Arguments { folder, parts, name, shape, git, rev, given, solution } =
        Arguments::from_arg_matches(matches)?;
    check_name(&name)?;
    let (source, note) = match git {
        Some(url) => {
            let url = commit::address(&url)?;
            let Commit { id, note } = commit::find(root().ok().as_deref(), rev.as_deref(), &url)?;
            (Source::Git { url, commit: id }, note)
        }
        None => {
            let root = root()?;
            let note = beside(&root);
            (Source::Path(root), note)
        }
    };
    let (parts, given) = (known(&parts)?, milestones(&given)?);
    ensure!(
        given.is_empty() || shape == Shape::Guided,
        "milestones can be given in the guided shape only: --shape guided"
    );
    let handout = Handout { name, parts, shape, source, given, is_solved: solution };
    handout.write(&folder)?;
    let folder = folder.display();
    Ok(format!("{folder} is ready. Type next:\n\n  cd {folder}\n  cargo lab\n\n{note}"))
}

/// What is to be said of a handout that is built against a clone: the paths in its manifest lead there, and students do not have it.
fn beside(root: &Path) -> String {
    format!(
        "It builds on this machine only, against the clone in {}. For students: --git URL.",
        root.display()
    )
}

/// The parts of these names, in the order of the course, each once. A name may be two with a line between, and means those between, too.
fn known(names: &[String]) -> Result<Vec<&'static Part>> {
    let mut is_asked = [false; PARTS.len()];
    for name in names {
        let place = |name: &str| PARTS.iter().position(|part| part.eq_ignore_ascii_case(name.trim()));
        let (first, last) = name.split_once('-').unwrap_or((name, name));
        match (place(first), place(last)) {
            (Some(first), Some(last)) if first <= last => is_asked[first..=last].fill(true),
            _ => bail!(
                "there is no handout for part {name:?}: {}, with commas between, or 3A-3D",
                PARTS.join(", ")
            ),
        }
    }
    let asked = PARTS.iter().zip(is_asked).filter(|(_, is_asked)| *is_asked);
    Ok(asked.filter_map(|(name, _)| lab_course::part(name)).collect())
}

/// The milestones of these names, and all those of the parts among them.
fn milestones(names: &[String]) -> Result<Vec<&'static str>> {
    let mut found = Vec::new();
    for name in names {
        let is_meant = |id: &str| id.eq_ignore_ascii_case(name) || id[..2].eq_ignore_ascii_case(name);
        let parts = PARTS.iter().filter_map(|part| lab_course::part(part));
        let ids = parts.flat_map(|part| &part.milestones).map(|milestone| milestone.id);
        let before = found.len();
        found.extend(ids.filter(|id| is_meant(id)));
        ensure!(found.len() > before, "there is no part or milestone {name:?} to give: 3A, or 3A.1");
    }
    Ok(found)
}

/// The clone that this program was built from.
fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().with_context(|| {
        format!(
            "the clone of the lab is not at {} any more: build again, or name a repository with --git",
            root.display()
        )
    })
}

/// Names that cargo or the compiler would refuse, or take for another package.
fn check_name(name: &str) -> Result<()> {
    let is_made_of = |allowed: fn(char) -> bool| name.chars().all(allowed);
    let begins_well = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
    if !begins_well || !is_made_of(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c)) {
        bail!("{name:?} is no name of a package: small letters, digits, - and _, and a letter first");
    }
    ensure!(!is_word_of_rust(name), "{name} is a word of Rust: choose another name");
    ensure!(
        !is_of_the_lab(name),
        "{name} is a package of the lab, or one that it needs: choose another name"
    );
    Ok(())
}

fn is_word_of_rust(name: &str) -> bool {
    // Keywords, and crates that come with the compiler.
    let words = "_ abstract alloc as async await become box break const continue core crate do dyn else enum extern false final fn \
        for gen if impl in let loop macro match mod move mut override priv proc_macro pub ref return self static std struct super \
        test trait true try type typeof unsafe unsized use virtual where while yield";
    words.split(' ').any(|word| word == name.replace('-', "_"))
}

/// Whether a lock file could not hold both, or the two crates could not be told apart.
fn is_of_the_lab(name: &str) -> bool {
    let packages = include_str!("../../../Cargo.lock").split("[[package]]");
    // What comes from a registry has a source; what has none is of this workspace.
    let own = packages
        .filter(|package| !package.contains("\nsource = "))
        .filter_map(|package| package.split('"').nth(1));
    let plain = |name: &str| name.replace('-', "_");
    own.chain(lock::names()).any(|taken| plain(taken) == plain(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_not_build_are_refused() {
        for name in ["my-raft", "raft", "r2", "paxos_no", "_x"] {
            check_name(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        for name in [
            "",
            "My-raft",
            "2raft",
            "-x",
            "a b",
            "ä",
            "lab",
            "labrpc",
            "raft_interface",
            "serde",
            "anyhow",
            "match",
            "proc-macro",
            "test",
        ] {
            check_name(name).expect_err(name);
        }
    }

    /// One that nobody has.
    const COMMIT: &str = "0123456789012345678901234567890123456789";

    #[test]
    fn handout_that_students_cannot_build_is_said_to_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let told = |name: &str, more: &[&str]| {
            let folder = folder.path().join(name).display().to_string();
            let words = ["handout", &folder].into_iter().chain(more.iter().copied());
            run(&command().get_matches_from(words)).unwrap()
        };
        let words = "builds on this machine only";
        assert!(told("clone", &[]).contains(words));
        let of_git = told("git", &["--git", "https://example.org/raft-lab.git", "--rev", COMMIT]);
        assert!(of_git.contains("is ready") && !of_git.contains(words), "{of_git}");
        assert!(of_git.contains(&format!("commit {COMMIT}")), "{of_git}");
    }

    #[test]
    fn parts_are_sorted_and_unknown_ones_named() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let found: Vec<_> =
            known(&names(&["3b", "3A", "3B"])).unwrap().iter().map(|part| part.name).collect();
        assert_eq!(found, ["3A", "3B"]);
        let range = known(&names(&["2l", "3a-3C", " 4A"])).unwrap();
        assert_eq!(range.iter().map(|part| part.name).collect::<Vec<_>>(), ["2L", "3A", "3B", "3C", "4A"]);
        for wrong in ["3D-3A", "3A-", "3A-9Z", "-", "3A..3D", "3A 3B"] {
            let error = known(&names(&[wrong])).expect_err(wrong).to_string();
            assert!(error.contains("with commas between, or 3A-3D"), "{error}");
        }
        assert_eq!(milestones(&names(&["3a.1", "3B"])).unwrap()[..2], ["3A.1", "3B.1"]);
        milestones(&names(&["3A.9"])).expect_err("no milestone");
        let error = known(&names(&["3A", "9Z"])).expect_err("no part").to_string();
        assert!(error.contains("\"9Z\""), "{error}");
    }
}
