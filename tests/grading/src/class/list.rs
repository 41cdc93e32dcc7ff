//! The submissions of a class: the entries of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lab_runs::eprintln;
use labrpc::printable;

use super::sources::archive::{self, Format};
use super::sources::{self, Sources};

/// A submission.
pub(crate) struct Submission {
    /// What its folder or archive is called, without what archives end in.
    pub(crate) name: String,
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    Archive(Format),
}

/// What lies in the folder of submissions.
#[derive(Default)]
pub(crate) struct Listed {
    pub(crate) submissions: Vec<Submission>,
    /// What else lies there: nobody's submission, or one that was not packed as it should be. That has to be said.
    pub(crate) strays: Vec<String>,
}

/// What systems leave everywhere, beside what begins with a dot.
const LEFT_BY_SYSTEMS: [&str; 4] = ["__MACOSX", "Thumbs.db", "desktop.ini", "lost+found"];

/// All entries of a folder, by name. Those that begin with a dot are passed over, and what systems leave everywhere.
///
/// # Errors
///
/// Those of the file system, or two that are called the same.
pub(crate) fn list(folder: &Path) -> Result<Listed> {
    let problem = || format!("cannot read the submissions in {}", folder.display());
    let Listed { mut submissions, mut strays } = Listed::default();
    for entry in fs::read_dir(folder).with_context(problem)? {
        let path = entry.with_context(problem)?.path();
        let full = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if full.starts_with('.') || LEFT_BY_SYSTEMS.contains(&&*full) {
            continue;
        }
        match kind_of(&path, &full) {
            Some((name, kind)) => submissions.push(Submission { name: plain(name), path, kind }),
            None => strays.push(printable(&full).into_owned()),
        }
    }
    strays.sort();
    submissions.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(pair) = submissions.windows(2).find(|pair| pair[0].name == pair[1].name) {
        bail!(
            "two submissions are called {}: {} and {}",
            pair[0].name,
            pair[0].path.display(),
            pair[1].path.display()
        );
    }
    Ok(Listed { submissions, strays })
}

/// The name of whoever has handed it in, if it is a submission.
fn kind_of<'a>(path: &Path, full: &'a str) -> Option<(&'a str, Kind)> {
    // Not through links: one may lead to the folder of somebody else.
    let data = fs::symlink_metadata(path);
    if data.as_ref().is_ok_and(fs::Metadata::is_dir) {
        return Some((full, Kind::Folder));
    }
    if !data.is_ok_and(|data| data.is_file()) {
        return None;
    }
    let ends =
        [(".tar.gz", Format::TarGz), (".tgz", Format::TarGz), (".tar", Format::Tar), (".zip", Format::Zip)];
    let without = |end: &str| {
        let (name, last) = full.split_at_checked(full.len().checked_sub(end.len())?)?;
        last.eq_ignore_ascii_case(end).then_some(name)
    };
    ends.into_iter().find_map(|(end, format)| Some((without(end)?, Kind::Archive(format))))
}

/// A name that can be that of a folder, a line of a table and an argument.
fn plain(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+' | ' ');
    let name: String = name.chars().take(100).map(|c| if is_plain(c) { c } else { '_' }).collect();
    if name.starts_with(['.', '-']) || name.is_empty() { format!("_{name}") } else { name }
}

/// Says what is nobody's submission: somebody may have packed his so.
pub(super) fn tell_strays(strays: &[String]) {
    if !strays.is_empty() {
        eprintln!(
            "neither a folder nor an archive (.zip, .tar, .tar.gz, .tgz), and so nobody's submission: {}",
            strays.join(", ")
        );
    }
}

impl Submission {
    /// What is taken of it.
    ///
    /// # Errors
    ///
    /// A sentence for whoever has handed it in.
    pub(crate) fn sources(&self) -> Result<Sources, String> {
        match self.kind {
            Kind::Folder => sources::of_folder(&self.path),
            Kind::Archive(format) => archive::of_archive(&self.path, format),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_told_apart_by_name_and_kind() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["ann", "bob smith", ".git", "__MACOSX"] {
            fs::create_dir(path(name)).unwrap();
        }
        for name in ["eve.tar.gz", "dan.tgz", "kim.tar", "lee.ZIP", "=evil().zip"] {
            fs::write(path(name), "").unwrap();
        }
        for name in ["notes.txt", "ned.rar", ".DS_Store", "Thumbs.db"] {
            fs::write(path(name), "").unwrap();
        }
        let listed = list(folder.path()).unwrap();
        let names: Vec<&str> = listed.submissions.iter().map(|submission| &*submission.name).collect();
        assert_eq!(names, ["_evil__", "ann", "bob smith", "dan", "eve", "kim", "lee"]);
        assert_eq!(listed.strays, ["ned.rar", "notes.txt"]);
        fs::write(path("ann.tar"), "").unwrap();
        assert!(list(folder.path()).err().unwrap().to_string().contains("two submissions are called ann"));
        assert!(list(&path("nowhere")).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn link_is_nobodys_submission() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("ann")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("ann"), folder.path().join("bob")).unwrap();
        let listed = list(folder.path()).unwrap();
        assert_eq!((listed.submissions.len(), listed.strays), (1, vec!["bob".to_owned()]));
    }
}
