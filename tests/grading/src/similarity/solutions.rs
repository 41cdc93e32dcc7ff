//! What students can copy from the lab's own repository, which is where their workspaces are built from: the solutions of the course,
//! the reference, and the controls.

use std::path::{Path, PathBuf};

use super::{Files, sources_of};

/// Folders with the sources of one, below the root of the repository.
const FOLDERS: [&str; 6] = ["raft/course", "kvraft/course", "kvraft/single", "kvraft/lock", "raft", "kvraft"];
/// The folder with the sources of one in each folder.
const CONTROLS: &str = "tests/controls";

/// What a student may have copied.
#[derive(Clone, Debug)]
pub(crate) struct Solution {
    /// Its folder in the repository.
    pub(crate) name: String,
    /// Its sources.
    pub(crate) files: Files,
}

/// All of them, as they lie where this program was built; none of what is not there any more.
pub(crate) fn find() -> Vec<Solution> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let whole = FOLDERS.map(|folder| (folder.to_owned(), root.join(folder).join("src")));
    let controls = entries(&root.join(CONTROLS).join("src"));
    let controls = controls.into_iter().filter(|path| path.is_dir() && !path.ends_with("bin"));
    let controls = controls.filter_map(|path| {
        let name = path.file_name()?.to_str()?;
        Some((format!("{CONTROLS}/{name}"), path.clone()))
    });
    let solution = |(name, folder): (String, PathBuf)| {
        let files = sources_of(&folder).unwrap_or_default();
        (!files.is_empty()).then_some(Solution { name, files })
    };
    whole.into_iter().chain(controls).filter_map(solution).collect()
}

/// In their order.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    entries
}
