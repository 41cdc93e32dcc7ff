//! The submissions of a class: the entries of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

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
    /// Nothing that can be graded, and that has to be said.
    Other,
}

/// All entries of a folder, by name. Those that begin with a dot are passed over.
///
/// # Errors
///
/// Those of the file system, or two that are called the same.
pub(crate) fn list(folder: &Path) -> Result<Vec<Submission>> {
    let problem = || format!("cannot read the submissions in {}", folder.display());
    let mut submissions: Vec<Submission> = Vec::new();
    for entry in fs::read_dir(folder).with_context(problem)? {
        let path = entry.with_context(problem)?.path();
        let full = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if full.starts_with('.') {
            continue;
        }
        let (name, kind) = kind_of(&path, &full);
        submissions.push(Submission { name: plain(name), path, kind });
    }
    submissions.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(pair) = submissions.windows(2).find(|pair| pair[0].name == pair[1].name) {
        bail!(
            "two submissions are called {}: {} and {}",
            pair[0].name,
            pair[0].path.display(),
            pair[1].path.display()
        );
    }
    Ok(submissions)
}

fn kind_of<'a>(path: &Path, full: &'a str) -> (&'a str, Kind) {
    // Not through links: one may lead to the folder of somebody else.
    let data = fs::symlink_metadata(path);
    if data.as_ref().is_ok_and(fs::Metadata::is_dir) {
        return (full, Kind::Folder);
    }
    if !data.is_ok_and(|data| data.is_file()) {
        return (full, Kind::Other);
    }
    let ends =
        [(".tar.gz", Format::TarGz), (".tgz", Format::TarGz), (".tar", Format::Tar), (".zip", Format::Zip)];
    let without = |end: &str| {
        let (name, last) = full.split_at_checked(full.len().checked_sub(end.len())?)?;
        last.eq_ignore_ascii_case(end).then_some(name)
    };
    ends.into_iter()
        .find_map(|(end, format)| Some((without(end)?, Kind::Archive(format))))
        .unwrap_or((full, Kind::Other))
}

/// A name that can be that of a folder, a line of a table and an argument.
fn plain(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+' | ' ');
    let name: String = name.chars().take(100).map(|c| if is_plain(c) { c } else { '_' }).collect();
    if name.starts_with(['.', '-']) || name.is_empty() { format!("_{name}") } else { name }
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
            Kind::Other => {
                Err("it is neither a folder nor an archive (.zip, .tar, .tar.gz, .tgz)".to_owned())
            }
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
        for name in ["ann", "bob smith", ".git"] {
            fs::create_dir(path(name)).unwrap();
        }
        for name in ["eve.tar.gz", "dan.tgz", "kim.tar", "lee.ZIP", "notes.txt", "=evil()"] {
            fs::write(path(name), "").unwrap();
        }
        let told: Vec<(String, bool)> = list(folder.path())
            .unwrap()
            .into_iter()
            .map(|submission| (submission.name, submission.kind == Kind::Other))
            .collect();
        let wanted = [
            ("_evil__", true),
            ("ann", false),
            ("bob smith", false),
            ("dan", false),
            ("eve", false),
            ("kim", false),
            ("lee", false),
            ("notes.txt", true),
        ];
        assert_eq!(told, wanted.map(|(name, is_other)| (name.to_owned(), is_other)));
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
        let found = list(folder.path()).unwrap();
        assert!(found[1].sources().unwrap_err().contains("neither a folder nor an archive"));
    }
}
