//! The commit of the lab that students build against.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

/// A commit, and what there is to be said of it.
pub(crate) struct Commit {
    /// All of its digits: short ones, tags and branches may mean another one day, and a lock file has all of them.
    pub(crate) id: String,
    /// What a teacher should know of it, in whole sentences.
    pub(crate) note: String,
}

/// The commit that `rev` names in this clone, or its HEAD. The clone may be missing: then all digits are needed.
///
/// # Errors
///
/// A sentence: which commit it is cannot be known, or the clone is not what its HEAD says.
pub(crate) fn find(clone: Option<&Path>, rev: Option<&str>, url: &str) -> Result<Commit> {
    let git = |arguments: &[&str]| said(Command::new("git").arg("-C").arg(clone?).args(arguments));
    let named = |rev: &str| {
        let rev = format!("{rev}^{{commit}}");
        git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &rev]).map(|id| id.trim().to_owned())
    };
    let Some(rev) = rev else {
        let head = named("HEAD");
        ensure!(
            head.is_some(),
            "this is no clone with a history: name the commit that students build against, with --rev REV"
        );
        // What cargo fetches has none of it, and the skeleton may need it.
        let changes = git(&["status", "--porcelain", "--untracked-files=no"]);
        ensure!(
            changes.is_some_and(|changes| changes.is_empty()),
            "this clone has changes that are in no commit: commit and push them, or name the commit that students build against, \
             with --rev REV"
        );
        let id = head.unwrap_or_default();
        let note = format!("It builds against commit {id}, where this clone is: {url} must have it.");
        return Ok(Commit { id, note });
    };
    let is_whole = rev.len() == 40 && rev.bytes().all(|digit| digit.is_ascii_hexdigit());
    let known = named(rev);
    ensure!(
        is_whole || known.is_some(),
        "this clone has no commit {rev}, so that its lock file cannot be written: fetch it (git fetch), or give all 40 digits"
    );
    let id = known.unwrap_or_else(|| rev.to_ascii_lowercase());
    let mut note = format!("It builds against commit {id}: {url} must have it.");
    let there = git(&["show", &format!("{id}:Cargo.lock")]);
    if there.is_none_or(|there| there != include_str!("../../../Cargo.lock")) {
        note += " Its skeleton and its lock file are those of this clone, which that commit may not fit: try it before you give it out, \
                 with `cargo update --workspace`.";
    }
    Ok(Commit { id, note })
}

/// All that a command says, if it ends well.
fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

/// An address as cargo writes it into lock files.
///
/// # Errors
///
/// A sentence, if cargo would not take it.
pub(crate) fn address(url: &str) -> Result<String> {
    let parts = url.split_once("://").filter(|(scheme, path)| !scheme.is_empty() && !path.is_empty());
    let is_one = |c: char| c.is_ascii_graphic() && !"\"\\<>`{}|^#?".contains(c);
    let Some((scheme, path)) = parts.filter(|_| url.chars().all(is_one)) else {
        anyhow::bail!(
            "{url:?} is no address of a repository for cargo: https://HOST/PATH, ssh://git@HOST/PATH, or file:///PATH"
        );
    };
    // Hosts are the same in capital letters, users and paths are not.
    let (host, path) = path.split_at(path.find('/').unwrap_or(path.len()));
    let (user, host) = host.split_at(host.find('@').map_or(0, |at| at + 1));
    Ok(format!("{}://{user}{}{path}", scheme.to_ascii_lowercase(), host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clone with one commit in a temporary folder.
    fn clone() -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let git = |arguments: &[&str]| {
            let who = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
            said(Command::new("git").arg("-C").arg(folder.path()).args(who).args(arguments)).expect("git")
        };
        std::fs::write(folder.path().join("Cargo.lock"), include_str!("../../../Cargo.lock"))
            .expect("a file");
        git(&["init", "--quiet"]);
        git(&["add", "."]);
        git(&["commit", "--quiet", "-m", "all"]);
        git(&["tag", "v1"]);
        let id = git(&["rev-parse", "HEAD"]).trim().to_owned();
        (folder, id)
    }

    const URL: &str = "https://example.org/lab.git";

    fn error(clone: Option<&Path>, rev: Option<&str>) -> String {
        find(clone, rev, URL).map(|commit| commit.id).expect_err("no commit").to_string()
    }

    #[test]
    fn commit_is_the_head_of_a_clean_clone_or_the_one_that_is_named() {
        let (folder, id) = clone();
        let path = Some(folder.path());
        for rev in [None, Some("v1"), Some("HEAD"), Some(&id[..7]), Some(&*id)] {
            let commit = find(path, rev, URL).expect("a commit");
            assert_eq!(commit.id, id, "{rev:?}");
            assert!(commit.note.contains(&id) && !commit.note.contains("cargo update"), "{}", commit.note);
        }
        assert!(error(path, Some("0123abc")).contains("no commit 0123abc"));
        assert!(error(path, Some("--all")).contains("no commit --all"));
        // A file of the teacher's own is no change, but one of the lab's is.
        std::fs::write(folder.path().join("notes"), "").expect("a file");
        assert_eq!(find(path, None, URL).expect("a commit").id, id);
        std::fs::write(folder.path().join("Cargo.lock"), "").expect("a file");
        assert!(error(path, None).contains("changes that are in no commit"));
        assert_eq!(find(path, Some("v1"), URL).expect("a commit").id, id);
    }

    #[test]
    fn without_a_history_all_digits_are_needed() {
        let folder = tempfile::tempdir().expect("a folder");
        for clone in [None, Some(folder.path())] {
            assert!(error(clone, None).contains("--rev REV"));
            assert!(error(clone, Some("v1")).contains("all 40 digits"));
            let commit = find(clone, Some(&"0123ABCDEF".repeat(4)), URL).expect("a commit");
            assert_eq!(commit.id, "0123abcdef".repeat(4));
            assert!(
                commit.note.contains("cargo update --workspace"),
                "nobody knows its lock file: {}",
                commit.note
            );
        }
    }

    #[test]
    fn addresses_are_those_that_cargo_takes() {
        for (given, written) in [
            ("https://GitHub.com/Some/Lab.git", "https://github.com/Some/Lab.git"),
            ("ssh://Git@Example.org/lab", "ssh://Git@example.org/lab"),
            ("file:///srv/Ann/lab", "file:///srv/Ann/lab"),
        ] {
            assert_eq!(address(given).expect("an address"), written);
        }
        for wrong in [
            "git@example.org:lab.git",
            "../lab",
            "",
            "https://",
            "https://example.org/a b",
            "https://example.org/\"a",
        ] {
            assert!(address(wrong).expect_err(wrong).to_string().contains("ssh://git@HOST/PATH"));
        }
    }
}
