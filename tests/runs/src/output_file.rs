//! A file that somebody asked for by name: `--json FILE`.
//!
//! It is opened before the work is done, which may take hours: a folder that is not there is told at once. What stood there
//! before stays until the new content is complete.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::artifacts;

/// A file that can be written, and has not been yet. If it never is, all stays as it was.
#[derive(Debug)]
pub struct OutputFile {
    /// As it was typed.
    path: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A file beside the one that is wanted, which takes its place; that is one step.
    Beside(NamedTempFile, PathBuf),
    /// What cannot be replaced: a device, a pipe, or a file in a folder in which nothing can be made.
    Itself(File),
}

impl OutputFile {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// A sentence that says why it cannot be written.
    pub fn reserve(path: &Path) -> Result<Self, String> {
        let place = place(path).map_err(|error| match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() && !folder.exists() => {
                format!("cannot write {}: there is no folder {}", path.display(), folder.display())
            }
            _ => format!("cannot write {}: {error}", path.display()),
        })?;
        Ok(Self { path: path.to_path_buf(), place })
    }

    /// Writes it. Only now what stood there before is gone.
    ///
    /// # Errors
    ///
    /// A sentence that says why it could not be written. Then what stood there before stays, as a rule.
    pub fn write(self, content: &[u8]) -> Result<(), String> {
        let Self { path, place } = self;
        write(place, content).map_err(|error| format!("cannot write {}: {error}", path.display()))
    }

    /// Whether two names lead to one file, of which only one content could be left.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.place, &other.place) {
            (Place::Beside(_, path), Place::Beside(_, other)) => path == other,
            _ => false,
        }
    }
}

fn place(path: &Path) -> io::Result<Place> {
    // Through links: what a name leads to is replaced, not the name. A link that leads nowhere is a name like any other.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let old = match fs::metadata(&path) {
        Ok(old) => old,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let file = artifacts::beside(&path)?;
            return Ok(Place::Beside(file, absolute(path)?));
        }
        Err(error) => return Err(error),
    };
    // A file that may not be written is not replaced either. Not truncated: its content stays for now.
    let itself = File::options().write(true).open(&path)?;
    match artifacts::beside(&path) {
        Ok(file) if old.is_file() => {
            file.as_file().set_permissions(old.permissions())?;
            Ok(Place::Beside(file, path))
        }
        _ => Ok(Place::Itself(itself)),
    }
}

/// With the folder's own name, so that two names of one new file are the same.
fn absolute(path: PathBuf) -> io::Result<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(match path.file_name() {
        Some(name) => fs::canonicalize(folder)?.join(name),
        None => path,
    })
}

fn write(place: Place, content: &[u8]) -> io::Result<()> {
    match place {
        Place::Beside(mut file, path) => {
            file.write_all(content)?;
            file.persist(path)?;
            Ok(())
        }
        Place::Itself(mut file) => {
            // Devices and pipes have no length.
            if file.metadata()?.is_file() {
                file.set_len(0)?;
            }
            file.write_all(content)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_content_stays_until_the_new_one_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        OutputFile::reserve(&path).unwrap().write(b"old").unwrap();
        let reserved = OutputFile::reserve(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        drop(reserved);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        OutputFile::reserve(&path).unwrap().write(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_cannot_be_written_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |path: &Path| OutputFile::reserve(path).unwrap_err();
        let path = folder.path().join("nodir/x");
        assert!(
            refused(&path).ends_with(&format!("there is no folder {}", path.parent().unwrap().display()))
        );
        assert!(refused(folder.path()).contains("cannot write"));
        assert!(refused(Path::new("")).contains("cannot write"));
        assert!(refused(Path::new("/")).contains("cannot write"));
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(refused(&file.join("x")).contains("cannot write"));
    }

    #[test]
    #[cfg(unix)]
    fn link_and_device_stay_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(OutputFile::reserve(&link).unwrap().is_same(&OutputFile::reserve(&file).unwrap()));
        OutputFile::reserve(&link).unwrap().write(b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        OutputFile::reserve(Path::new("/dev/null")).unwrap().write(b"new").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
