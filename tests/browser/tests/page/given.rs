//! Pages that somebody else has made: those of planted bugs, say.

use std::path::Path;

use lab_browser::{Tab, Theme};

use super::runs::{assert_accessible, assert_quiet, picture};

/// The variable that names a folder of pages.
const PAGES: &str = "LAB_PAGES";

#[test]
fn given_pages_open_without_complaints() {
    let Some(folder) = std::env::var_os(PAGES) else { return };
    let Some(mut tab) = Tab::start() else { return };
    tab.look(1440, 1000, Theme::Light);
    let mut pages: Vec<_> = std::fs::read_dir(Path::new(&folder))
        .expect("a folder")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "html"));
    pages.sort();
    for page in pages {
        tab.open(&page, "");
        for key in [
            "j", "r", "R", "f", "F", ".", ",", "u", "p", "0", "e", "+", "-", "Home", "End", "1", "w", "x",
            "d", "Escape", "j", "p",
        ] {
            tab.press(key);
        }
        let name = page.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        tab.screenshot(&picture(&format!("given_{name}")));
        assert_accessible(&mut tab);
        assert_quiet(&mut tab);
    }
}
