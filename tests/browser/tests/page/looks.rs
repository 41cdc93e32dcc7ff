//! How the page looks: pictures of three sizes and both themes, which are kept to be looked at.

use lab_browser::{Tab, Theme};
use lab_harness::Implementation;

use super::runs::{assert_quiet, file, html, picture, test};
use super::wrong::{Amnesiac, StaleReads, With};

const SIZES: [(u32, u32); 3] = [(1440, 900), (1024, 768), (420, 860)];

#[test]
fn pictures_of_three_sizes_and_both_themes() {
    let Some(mut tab) = Tab::start() else { return };
    let pages = [
        ("rule", html(test("crash_at_every_save_3c"), Implementation::of::<With<Amnesiac>>(), 1).0),
        (
            "service",
            html(test("many_partitions_one_client_4b"), Implementation::of_service::<StaleReads>(), 1).0,
        ),
    ];
    for (name, page) in &pages {
        let path = file(&format!("looks_{name}"), page);
        for (width, height) in SIZES {
            for theme in [Theme::Light, Theme::Dark] {
                tab.look(width, height, theme);
                tab.open(&path, "");
                let fits = "document.documentElement.scrollWidth <= window.innerWidth";
                assert_eq!(tab.eval(fits), true, "{name} is wider than {width}");
                tab.screenshot(&picture(&format!("{name}_{width}_{theme:?}")));
                assert_quiet(&mut tab);
            }
        }
    }
}
