//! The sources below a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lab_runs::input;

use super::Files;

/// A longer source is none that anybody has written.
const FILE_MAX: u64 = 16 << 20;

/// All Rust files below this folder, with their paths there.
///
/// # Errors
///
/// If one cannot be read.
pub(crate) fn sources_of(src: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(src.join(&below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let problem = || format!("cannot read {}", entry.path().display());
                files.insert(
                    path.display().to_string(),
                    input::read_text(&entry.path(), FILE_MAX).with_context(problem)?,
                );
            }
        }
    }
    Ok(files)
}
