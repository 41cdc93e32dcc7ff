//! The workspace that this program was built from: where it is, and the files that a working copy is made of.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lab_runs::artifacts;

/// Where the workspace is.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    /// Its root.
    pub(crate) root: PathBuf,
    /// Cargo's target directory: what was built is there, and the working copies are made there.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// The workspace that this program was built from, and the target directory that it was built in.
    pub(crate) fn of_this_program() -> Self {
        Self { root: root(), target: artifacts::target() }
    }
}

/// The root of the workspace that this program was built from.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map_or_else(PathBuf::new, Path::to_path_buf)
}

/// What of the workspace is copied.
pub(crate) const COPIED: [&str; 8] =
    [".cargo", "Cargo.toml", "Cargo.lock", "rustfmt.toml", "labrpc", "raft", "kvraft", "tests"];

/// The texts of files, by their path from the root of the workspace.
pub(crate) type Files = BTreeMap<String, String>;

/// The texts of a workspace that matter for building and testing it.
///
/// # Errors
///
/// Those of the file system.
pub(crate) fn sources(root: &Path) -> io::Result<Files> {
    let mut texts = Files::new();
    for name in COPIED {
        read_into(root, Path::new(name), &mut texts)?;
    }
    Ok(texts)
}

fn read_into(root: &Path, path: &Path, texts: &mut Files) -> io::Result<()> {
    let full = root.join(path);
    if full.is_dir() {
        for entry in fs::read_dir(&full)? {
            let name = entry?.file_name();
            // Target directories hold generated sources as well, and hidden files are of editors and tools.
            let is_source = name != "target" && !name.to_string_lossy().starts_with('.');
            if is_source {
                read_into(root, &path.join(name), texts)?;
            }
        }
    } else if let Ok(text) = fs::read_to_string(&full) {
        // What is no text is no source.
        texts.insert(path.to_string_lossy().replace('\\', "/"), text);
    }
    Ok(())
}
