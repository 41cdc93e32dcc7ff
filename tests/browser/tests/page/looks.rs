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

/// A theme that is chosen has the colours that it has on a system which is set to it, in the picture and around it.
#[test]
fn theme_can_be_chosen() {
    let Some(mut tab) = Tab::start() else { return };
    let page = html(test("crash_at_every_save_3c"), Implementation::of::<With<Amnesiac>>(), 1).0;
    let path = file("theme", &page);
    let colors = "JSON.stringify([view.picture.colors, ...['body', '.verdict', '.why', '.role'].map((name) => { const { color, \
                  backgroundColor } = getComputedStyle(document.querySelector(name)); return [color, backgroundColor]; })])";
    let [light, dark] = [Theme::Light, Theme::Dark].map(|theme| {
        tab.look(1440, 900, theme);
        tab.open(&path, "");
        let of_system = tab.eval(colors);
        tab.press("t");
        let chosen = tab.eval(colors);
        tab.press("t");
        assert_eq!(tab.eval(colors), of_system);
        (of_system, chosen)
    });
    assert_ne!(light.0, dark.0);
    assert_eq!((light.1, dark.1), (dark.0, light.0.clone()));
    assert!(!light.0.to_string().contains("light-dark"), "{}", light.0);
    assert_quiet(&mut tab);
}
