//! Cargo takes the lock file of a handout as it is: whoever builds changes nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::expect_file;
use lab_handout::{Handout, Shape, Source};

/// A handout against this clone.
fn handout(name: &str, parts: &[&str]) -> Handout {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the clone");
    Handout {
        name: name.to_owned(),
        parts: parts.iter().map(|part| lab_course::part(part).expect("a part")).collect(),
        shape: Shape::Guided,
        source: Source::Path(root),
        given: Vec::new(),
        is_solved: false,
    }
}

/// What cargo says in this folder, without network; the lab's own settings are no matter.
#[track_caller]
fn cargo(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO"));
    let output = command.args(arguments).current_dir(folder).output().expect("cargo");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn lock_of(folder: &Path) -> String {
    fs::read_to_string(folder.join("Cargo.lock")).expect("a lock file")
}

/// The template's lock file is what cargo leaves of the lab's. If the lab's has changed: `UPDATE_EXPECT=1 cargo test -p lab-handout`.
#[test]
fn template_has_the_versions_of_the_lab() {
    let folder = tempfile::tempdir().expect("a folder");
    handout("my-raft", &["3A"]).write(folder.path()).expect("a handout");
    fs::write(folder.path().join("Cargo.lock"), include_str!("../../../Cargo.lock")).expect("written");
    cargo(folder.path(), &["update", "--workspace", "--offline"]);
    expect_file!["../../template/Cargo.lock"].assert_eq(&lock_of(folder.path()));
}

#[test]
fn cargo_takes_the_lock_file_as_it_is() {
    for (name, parts) in [
        ("my-raft", &["3A"][..]),
        ("a", &["2K", "3A"]),
        ("zz-top", &["4A"]),
        ("l_b", &["2K", "2L", "3A", "4A"]),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        handout(name, parts).write(folder.path()).expect("a handout");
        let before = lock_of(folder.path());
        cargo(folder.path(), &["update", "--workspace", "--offline", "--locked"]);
        // Also without the demand: it would write what it holds for better.
        cargo(folder.path(), &["update", "--workspace", "--offline"]);
        assert_eq!(before, lock_of(folder.path()), "{name} {parts:?}");
    }
}

/// Which cargo takes, too: `.ci/template` builds against a repository.
#[test]
fn packages_of_a_repository_have_its_commit_and_nothing_else_changes() {
    let of_clone = handout("my-raft", &["3A"]);
    let (url, commit) = ("https://example.org/lab.git".to_owned(), "0123456789abcdef".repeat(2) + "01234567");
    let line = format!("source = \"git+{url}?rev={commit}#{commit}\"");
    let of_git = Handout { source: Source::Git { url, commit }, ..of_clone.clone() };
    let text = |handout: &Handout| {
        let files = handout.files();
        files.into_iter().find(|(path, _)| path == &PathBuf::from("Cargo.lock")).expect("a lock file").1
    };
    let (plain, sourced) = (text(&of_clone), text(&of_git));
    for (package, before) in sourced.split("[[package]]").zip(plain.split("[[package]]")) {
        let is_sourced =
            before.contains("name = ") && !before.contains("\nsource = ") && !before.contains("\"my-raft\"");
        assert_eq!(package.matches(&*line).count(), usize::from(is_sourced), "{package}");
        assert_eq!(package.replace(&format!("{line}\n"), ""), before);
    }
    assert!(sourced.matches(&*line).count() > 5, "the lab is in it");
}
