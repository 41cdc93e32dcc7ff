//! What is taken of a submission: the Rust sources below its `src/`, but for the program, and nothing else.
//!
//! Nothing is unpacked or followed: files are read, with limits, and written where they belong by whoever builds. A path that
//! leads out of its archive makes the whole of it refused.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use lab_runs::input;

use super::check;

pub(super) mod archive;

/// The most that is taken, in bytes: of one file, and of all. The reference has a tenth of it.
const FILE_MAX: u64 = 1 << 20;
const ALL_MAX: u64 = 8 << 20;
/// The most files.
const FILES_MAX: usize = 500;
/// The longest path below `src`, and the longest name in it, in bytes: what every file system can write.
const PATH_MAX: usize = 1000;
const NAME_MAX: usize = 200;
/// How many folders deep a `src` may lie, and how deep folders may lie in it.
const DEPTH_MAX: usize = 4;
const MODULES_DEPTH_MAX: usize = 12;

/// The sources of a submission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    /// By their paths below `src`.
    pub(crate) files: BTreeMap<String, String>,
}

impl Sources {
    /// What identifies them.
    pub(crate) fn hash(&self) -> String {
        let text: String =
            self.files.iter().map(|(name, text)| format!("{name}\n{}\n{text}\n", text.len())).collect();
        crate::rubric::sha256(text.as_bytes())
    }
}

/// Takes the sources of a folder.
///
/// # Errors
///
/// A sentence for whoever has handed it in.
pub(super) fn of_folder(folder: &Path) -> Result<Sources, String> {
    let mut found = find_src(folder);
    // Files that were dragged onto a page have lost their folder.
    if found.is_empty() && is_file(&folder.join("lib.rs")) {
        found.push(PathBuf::new());
    }
    let src = only(&found)?;
    let mut taken = Taken::default();
    walk(&folder.join(src), &PathBuf::new(), 0, &mut taken)?;
    taken.sources()
}

/// The folders called `src` with a `lib.rs`, relative to the first one, nearest first.
fn find_src(folder: &Path) -> Vec<PathBuf> {
    let mut level = vec![PathBuf::new()];
    for _ in 0..DEPTH_MAX {
        let is_src = |below: &PathBuf| is_file(&folder.join(below).join("src/lib.rs"));
        let found: Vec<PathBuf> =
            level.iter().filter(|below| is_src(below)).map(|below| below.join("src")).collect();
        if !found.is_empty() {
            return found;
        }
        let below = |parent: &PathBuf| {
            let parent = parent.clone();
            let entries = fs::read_dir(folder.join(&parent)).into_iter().flatten().flatten();
            entries.filter(is_visited).map(move |entry| parent.join(entry.file_name())).collect::<Vec<_>>()
        };
        level = level.iter().flat_map(below).take(10_000).collect();
        level.sort();
    }
    Vec::new()
}

/// Folders that are no links, and in which nobody keeps sources.
fn is_visited(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
    is_folder && name != "target" && !name.to_string_lossy().starts_with('.')
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|data| data.is_file())
}

/// The one that is meant.
fn only(found: &[PathBuf]) -> Result<&Path, String> {
    match found {
        [] => Err("there is no src/lib.rs in it".to_owned()),
        [one] => Ok(one),
        [one, other, ..] => Err(format!(
            "it has more than one src/lib.rs: {}/lib.rs and {}/lib.rs",
            one.display(),
            other.display()
        )),
    }
}

fn walk(src: &Path, below: &Path, depth: usize, taken: &mut Taken) -> Result<(), String> {
    if depth > MODULES_DEPTH_MAX {
        return Err(format!("the folders in src are more than {MODULES_DEPTH_MAX} deep"));
    }
    let problem = |error: io::Error| format!("src/{} cannot be read: {error}", below.display());
    let mut entries: Vec<fs::DirEntry> =
        fs::read_dir(src.join(below)).map_err(problem)?.collect::<io::Result<_>>().map_err(problem)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = below.join(entry.file_name());
        let kind = entry.file_type().map_err(problem)?;
        if kind.is_dir() {
            walk(src, &path, depth + 1, taken)?;
        } else if kind.is_symlink() && is_source(&path) {
            return Err(format!("src/{} is a link: hand in the file itself", path.display()));
        } else if kind.is_file() && is_source(&path) {
            let file = input::open_own(&entry.path()).map_err(problem)?;
            taken.take(&path, file)?;
        }
    }
    Ok(())
}

/// Whether a file below `src` is one that is taken: a Rust source, and not the program, nor what macOS puts beside each file.
fn is_source(below: &Path) -> bool {
    let is_rust = below.extension().is_some_and(|end| end == "rs");
    let is_hidden = below.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"._"));
    is_rust && !is_hidden && below != Path::new("main.rs") && !below.starts_with("bin")
}

/// Whether a path can be written anywhere, and beside the others: whoever builds writes it.
fn check_name(name: &str) -> Result<(), String> {
    let folders = name.rsplit_once('/').map_or("", |(folders, _)| folders);
    if name.len() > PATH_MAX || name.split('/').any(|part| part.len() > NAME_MAX) || name.contains('\0') {
        return Err(format!(
            "a name in src is too long, or has a zero in it: {:?}",
            name.chars().take(80).collect::<String>()
        ));
    }
    if folders.split('/').any(|folder| folder.ends_with(".rs")) {
        return Err(format!("src/{name} lies in a folder that is called like a source"));
    }
    Ok(())
}

#[derive(Default)]
struct Taken {
    files: BTreeMap<String, String>,
    bytes: u64,
}

impl Taken {
    fn take(&mut self, below: &Path, content: impl Read) -> Result<(), String> {
        let name =
            below.to_str().ok_or_else(|| format!("the name of src/{} is not UTF-8", below.display()))?;
        check_name(name)?;
        let mut text = Vec::new();
        content
            .take(FILE_MAX + 1)
            .read_to_end(&mut text)
            .map_err(|error| format!("src/{name} cannot be read: {error}"))?;
        self.bytes += text.len() as u64;
        if text.len() as u64 > FILE_MAX {
            return Err(format!("src/{name} has more than {} KB", FILE_MAX >> 10));
        }
        if self.bytes > ALL_MAX || self.files.len() >= FILES_MAX {
            return Err(format!("src has more than {FILES_MAX} files, or more than {} MB", ALL_MAX >> 20));
        }
        let text = String::from_utf8(text).map_err(|_| format!("src/{name} is not UTF-8"))?;
        check::check(name, &text)?;
        self.files.insert(name.to_owned(), text);
        Ok(())
    }

    fn sources(self) -> Result<Sources, String> {
        if self.files.contains_key("lib.rs") {
            return Ok(Sources { files: self.files });
        }
        Err("there is no src/lib.rs in it".to_owned())
    }
}

#[cfg(test)]
mod tests;
