//! Chromium without a window, driven over its DevTools protocol, for the tests of the page that shows a run.
//!
//! # How it works
//!
//! The browser is told to speak the protocol on two of its file descriptors: JSON objects with a zero byte after each. So there
//! is no port, and no library for sockets. A shell gives the descriptors their numbers. One tab is opened; commands wait for
//! their answers, and what the page says meanwhile (its console, its errors, what it loads) is kept.
//!
//! # What it leaves out
//!
//! Everything that the tests do not need. Another browser than Chromium.

mod pipe;
mod tab;

use std::env;
use std::path::{Path, PathBuf};

pub use tab::{Tab, Theme};

/// The variable that names the browser's executable.
pub const EXECUTABLE: &str = "CHROMIUM";
/// With this variable set a test fails where there is no browser; else it is skipped.
pub const REQUIRED: &str = "LAB_BROWSER_REQUIRED";

/// What Chromium is called on different systems.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The browser's executable; `None`, with a sentence for whoever reads the output, if there is none.
///
/// # Panics
///
/// If there is none, and [`REQUIRED`] is set.
#[must_use]
pub fn executable() -> Option<PathBuf> {
    let named = env::var_os(EXECUTABLE).map(PathBuf::from);
    let found = named.filter(|path| path.is_file()).or_else(|| {
        let path = env::var_os("PATH")?;
        let all = env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name)));
        all.into_iter().find(|path: &PathBuf| path.is_file())
    });
    if found.is_none() {
        let sentence =
            format!("no Chromium here ({}, or {EXECUTABLE}=PATH): the page is not tested", NAMES.join(", "));
        assert!(env::var_os(REQUIRED).is_none(), "{sentence}");
        eprintln!("skipped: {sentence}");
    }
    found
}

/// A file as an address.
#[must_use]
pub fn address(file: &Path) -> String {
    // The names of these tests need no escapes.
    format!("file://{}", file.display())
}
