//! A new working copy takes over what the workspace has built.
//!
//! Sources and build products are copied with their times. Cargo goes by times, and by paths from the root of the workspace:
//! to it, the copy is the same workspace with everything built. So nothing is built twice but what a mutant changes.
//!
//! A copy has the build products whole or not at all: they are copied beside their place, and then renamed. Nobody builds in the
//! workspace meanwhile: cargo's own lock is held.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::workspace::{COPIED, Workspace};

/// The folder of the profile in which this program and the copies are built.
const PROFILE: &str = "debug";
/// What is in it and is copied. What the compiler keeps for itself (`incremental`) is three times as large, and it makes
/// that anew for the few crates that change.
const PRODUCTS: [&str; 3] = [".fingerprint", "build", "deps"];

/// Copies sources and build products to `copy`, unless there is a target directory already.
///
/// # Errors
///
/// Those of the file system. Then the copy has no target directory, and the next call begins anew.
pub(crate) fn copy_build(workspace: &Workspace, copy: &Path) -> io::Result<()> {
    let target = copy.join("target");
    if target.exists() {
        return Ok(());
    }
    // Cargo writes a product first and then what says that it is fresh. Copied in between, they would not
    // belong together.
    let _lock = lock(workspace)?;
    for name in COPIED {
        copy_with_times(&workspace.root.join(name), &copy.join(name))?;
    }
    let unfinished = copy.join("target.unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    fs::create_dir_all(&unfinished)?;
    for name in PRODUCTS {
        let products = workspace.target.join(PROFILE).join(name);
        copy_with_times(&products, &unfinished.join(PROFILE).join(name))?;
    }
    fs::rename(unfinished, target)
}

/// Waits until nobody builds in the workspace, and holds the lock that cargo takes to build. `None` if nothing was ever
/// built there.
fn lock(workspace: &Workspace) -> io::Result<Option<File>> {
    let path = workspace.target.join(PROFILE).join(".cargo-lock");
    if !path.exists() {
        return Ok(None);
    }
    let file = File::open(path)?;
    match file.lock_shared() {
        // A file system without locks. Cargo does without, too.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(None),
        Err(error) => Err(error),
        Ok(()) => Ok(Some(file)),
    }
}

/// Copies a file or a folder, with the times of modification. What is not there is left out.
fn copy_with_times(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            // A target directory within the sources, made by somebody who built there.
            if name != "target" {
                copy_with_times(&from.join(&name), &to.join(&name))?;
            }
        }
        return Ok(());
    }
    if !from.exists() || is_program(from) {
        return Ok(());
    }
    fs::copy(from, to)?;
    // fs::copy gives the time of now. Every source would look changed since it was built, or every product
    // newer than a source that was changed and not built.
    let modified = fs::metadata(from)?.modified()?;
    File::options().write(true).open(to)?.set_modified(modified)
}

/// Whether it is a program, most likely one of tests. They are large, no trial needs them, and what it does need is linked
/// anew.
fn is_program(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let is_product = path.parent().is_some_and(|folder| folder.ends_with("deps"));
    is_product && extension == std::env::consts::EXE_EXTENSION
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    const SOURCE: &str = "raft/src/lib.rs";
    const PRODUCTS: [&str; 4] = [
        "target/debug/.fingerprint/raft-1/lib-raft",
        "target/debug/build/libc-2/build-script-build",
        "target/debug/deps/libraft-1.rlib",
        "target/debug/deps/libserde_derive-3.so",
    ];
    const LEFT_OUT: [&str; 3] = [
        "target/debug/deps/all-4",
        "target/debug/incremental/raft-5/dep-graph.bin",
        "raft/target/debug/lab.d",
    ];

    /// A workspace whose files are some days old, each of another age.
    fn workspace(root: &Path) -> Workspace {
        let files = [SOURCE].into_iter().chain(PRODUCTS).chain(LEFT_OUT);
        for (age, file) in files.enumerate() {
            let path = root.join(file);
            fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
            fs::write(&path, file).expect("a file");
            let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + age as u64);
            File::options()
                .write(true)
                .open(path)
                .and_then(|file| file.set_modified(modified))
                .expect("a time");
        }
        Workspace { root: root.to_path_buf(), target: root.join("target") }
    }

    #[test]
    fn copy_has_sources_and_products_with_their_times_and_no_programs() {
        let root = tempfile::tempdir().expect("a folder");
        let workspace = workspace(root.path());
        let copy = workspace.target.join("mutants/1");
        copy_build(&workspace, &copy).expect("a copy");
        let modified = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).expect("a time");
        for file in [SOURCE].into_iter().chain(PRODUCTS) {
            assert_eq!(fs::read_to_string(copy.join(file)).expect(file), file);
            assert_eq!(modified(&copy.join(file)), modified(&root.path().join(file)), "{file}");
        }
        for file in LEFT_OUT {
            assert!(!copy.join(file).exists(), "{file}");
        }
        // What was built in the copy since stays.
        fs::write(copy.join(PRODUCTS[2]), "with a mutant").expect("a file");
        copy_build(&workspace, &copy).expect("nothing to do");
        assert_eq!(fs::read_to_string(copy.join(PRODUCTS[2])).expect("a file"), "with a mutant");
    }

    #[test]
    fn copy_that_was_not_finished_is_made_anew() {
        let root = tempfile::tempdir().expect("a folder");
        let workspace = workspace(root.path());
        let copy = workspace.target.join("mutants/1");
        let half = copy.join("target.unfinished/debug/deps/half.rlib");
        fs::create_dir_all(half.parent().expect("a folder")).expect("a folder");
        fs::write(&half, "ha").expect("a file");
        copy_build(&workspace, &copy).expect("a copy");
        assert!(copy.join(PRODUCTS[0]).exists() && !copy.join("target/debug/deps/half.rlib").exists());
        assert!(!copy.join("target.unfinished").exists());
    }
}
