//! Submissions that are handed in as one file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use zip::ZipArchive;

use super::{ALL_MAX, FILE_MAX, FILES_MAX, Sources, Taken, is_source, only};

/// The most that an archive may hold, unpacked, in bytes: somebody may have packed a target directory.
const ARCHIVE_MAX: u64 = 4 << 30;

/// The longest header of a file in a tar, in bytes: its path, and whatever programs note.
const HEADER_MAX: u64 = 64 << 10;

/// How an archive is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::class) enum Format {
    Tar,
    TarGz,
    Zip,
}

/// Takes the sources of an archive.
///
/// # Errors
///
/// A sentence for whoever has handed it in.
pub(in crate::class) fn of_archive(path: &Path, format: Format) -> Result<Sources, String> {
    let file = File::open(path).map_err(|error| format!("it cannot be opened: {error}"))?;
    match format {
        Format::Tar => read_tar(file),
        Format::TarGz => read_tar(GzDecoder::new(file)),
        Format::Zip => read_zip(file),
    }
}

/// The same of a tar.
pub(crate) fn read_tar(content: impl Read) -> Result<Sources, String> {
    let mut archive = tar::Archive::new(content.take(ARCHIVE_MAX));
    let mut found = Found::default();
    // The crate would read a long name into memory, be it gigabytes. So names are read here.
    let mut long_name: Option<Vec<u8>> = None;
    for entry in archive.entries().map_err(problem)?.raw(true) {
        let mut entry = entry.map_err(problem)?;
        match entry.header().entry_type() {
            tar::EntryType::GNULongName => {
                let mut name = header(&mut entry)?;
                // It ends with a zero, in most programs.
                name.truncate(name.iter().position(|&byte| byte == 0).unwrap_or(name.len()));
                long_name = Some(name);
                continue;
            }
            tar::EntryType::XHeader => {
                let header = header(&mut entry)?;
                for extension in tar::PaxExtensions::new(&header) {
                    let extension = extension.map_err(problem)?;
                    if extension.key_bytes() == b"path" {
                        long_name = Some(extension.value_bytes().to_vec());
                    }
                }
                continue;
            }
            // Where a link leads does not matter, and what holds for all of them is no name. Neither ends the wait for the file.
            tar::EntryType::GNULongLink | tar::EntryType::XGlobalHeader => continue,
            _ => {}
        }
        let path = match long_name.take() {
            Some(name) => PathBuf::from(String::from_utf8_lossy(&name).into_owned()),
            None => entry.path().map_err(problem)?.into_owned(),
        };
        let kind = match entry.header().entry_type() {
            kind if kind.is_symlink() || kind.is_hard_link() => Kind::Link,
            kind if kind.is_file() => Kind::File,
            _ => Kind::Other,
        };
        found.take(&path, kind, &mut entry)?;
    }
    found.sources()
}

/// What stands in the place of a header that is too small.
fn header(content: impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    content.take(HEADER_MAX + 1).read_to_end(&mut bytes).map_err(problem)?;
    if bytes.len() as u64 > HEADER_MAX {
        return Err(format!("the archive has a header of more than {} KB", HEADER_MAX >> 10));
    }
    Ok(bytes)
}

/// The same of a zip, as learning platforms and file managers make them.
pub(crate) fn read_zip(content: impl Read + Seek) -> Result<Sources, String> {
    let mut archive = ZipArchive::new(content).map_err(problem)?;
    let mut found = Found::default();
    for place in 0..archive.len() {
        // Its name and kind stand in the directory at the end: what is not read needs no way to unpack it, and no password.
        let (path, kind) = {
            let entry = archive.by_index_raw(place).map_err(problem)?;
            let kind = match () {
                () if entry.is_symlink() => Kind::Link,
                () if entry.is_file() => Kind::File,
                () => Kind::Other,
            };
            // Some programs of Windows separate by what is part of a name elsewhere.
            (PathBuf::from(entry.name().map_err(problem)?.replace('\\', "/")), kind)
        };
        if is_kept(&path) && kind == Kind::File {
            let mut entry = archive.by_index(place).map_err(problem)?;
            found.take(&path, kind, &mut entry)?;
        } else {
            found.take(&path, kind, io::empty())?;
        }
    }
    found.sources()
}

fn problem(error: impl std::fmt::Display) -> String {
    format!("the archive cannot be read: {error}")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Link,
    Other,
}

/// All that could be meant: which `src` it is, is known at the end.
#[derive(Default)]
struct Found {
    files: BTreeMap<PathBuf, Vec<u8>>,
    links: Vec<PathBuf>,
    bytes: u64,
}

impl Found {
    /// The next entry, in the order of the archive.
    fn take(&mut self, path: &Path, kind: Kind, content: impl Read) -> Result<(), String> {
        let path = plain_path(path)?;
        match kind {
            Kind::Link if is_kept(&path) && self.links.len() < 8 * FILES_MAX => self.links.push(path),
            Kind::File if is_kept(&path) => {
                let mut text = Vec::new();
                content.take(FILE_MAX + 1).read_to_end(&mut text).map_err(problem)?;
                self.bytes += text.len() as u64;
                // What is taken of it is less, but it all lies in memory here.
                if self.bytes > 8 * ALL_MAX || self.files.len() > 8 * FILES_MAX {
                    return Err("the archive has too many Rust sources".to_owned());
                }
                self.files.insert(path, text);
            }
            _ => {}
        }
        Ok(())
    }

    fn sources(self) -> Result<Sources, String> {
        let libraries = self.files.keys().filter(|path| path.ends_with("src/lib.rs"));
        let mut found: Vec<PathBuf> =
            libraries.filter_map(|path| path.parent()).map(Path::to_path_buf).collect();
        let nearest = found.iter().map(|path| path.components().count()).min();
        found.retain(|path| Some(path.components().count()) == nearest);
        // Files that were packed without their folder.
        if found.is_empty() && self.files.contains_key(Path::new("lib.rs")) {
            found.push(PathBuf::new());
        }
        let src = only(&found)?;
        if let Some(link) = self.links.iter().find_map(|link| link.strip_prefix(src).ok()) {
            return Err(format!("src/{} is a link: hand in the file itself", link.display()));
        }
        let mut taken = Taken::default();
        for (path, text) in &self.files {
            match path.strip_prefix(src) {
                Ok(below) if is_source(below) => taken.take(below, text.as_slice())?,
                _ => {}
            }
        }
        taken.sources()
    }
}

/// Whether it may be a source: what Rust has built is none, nor what is hidden, nor what macOS puts beside each file.
fn is_kept(path: &Path) -> bool {
    let is_source = path.extension().is_some_and(|end| end == "rs");
    let is_none = |part: Component<'_>| match part {
        Component::Normal(name) => {
            name == "target" || name == "__MACOSX" || name.as_encoded_bytes().starts_with(b".")
        }
        _ => false,
    };
    is_source && !path.components().any(is_none)
}

/// A path of an archive, without the dots that mean nothing.
fn plain_path(path: &Path) -> Result<PathBuf, String> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => plain.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(format!(
                    "the archive has the path {:?}, which leads out of it: nothing of it is taken",
                    path.display().to_string()
                ));
            }
        }
    }
    Ok(plain)
}
