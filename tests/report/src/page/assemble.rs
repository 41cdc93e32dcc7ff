//! Sources and data of the page, joined.
#![allow(clippy::disallowed_types, reason = "no simulated thread writes pages")]

use std::sync::LazyLock;

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};

use super::model::Model;

/// The frame, with a place for each of the others.
const FRAME: &str = include_str!("../../page/index.html");
const STYLES: [&str; 2] = [include_str!("../../page/colors.css"), include_str!("../../page/page.css")];
/// In the order in which they build on each other. They share one scope.
const SCRIPTS: [&str; 24] = [
    include_str!("../../page/data.js"),
    include_str!("../../page/words.js"),
    include_str!("../../page/state.js"),
    include_str!("../../page/changes.js"),
    include_str!("../../page/search.js"),
    include_str!("../../page/steps.js"),
    include_str!("../../page/proof.js"),
    include_str!("../../page/scale.js"),
    include_str!("../../page/lanes.js"),
    include_str!("../../page/ink.js"),
    include_str!("../../page/axis.js"),
    include_str!("../../page/arrows.js"),
    include_str!("../../page/overlay.js"),
    include_str!("../../page/draw.js"),
    include_str!("../../page/details.js"),
    include_str!("../../page/cluster.js"),
    include_str!("../../page/list.js"),
    include_str!("../../page/header.js"),
    include_str!("../../page/twin.js"),
    include_str!("../../page/address.js"),
    include_str!("../../page/pointer.js"),
    include_str!("../../page/legend.js"),
    include_str!("../../page/keys.js"),
    include_str!("../../page/main.js"),
];

/// What is the same in all pages.
struct Sources {
    style: String,
    script: String,
    /// What may run and be loaded.
    policy: String,
}

/// Once for all pages of a process: to join and to hash them takes as long as all the rest of a small page.
static SOURCES: LazyLock<Sources> = LazyLock::new(|| {
    let style = STYLES.concat();
    let script = format!("\n\"use strict\";\n{}", SCRIPTS.concat());
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(&style)
    );
    Sources { style, script, policy }
});

/// The whole page.
pub(super) fn page(title: &str, model: &Model) -> String {
    let Sources { style, script, policy } = &*SOURCES;
    let (title, data) = (escaped(title), data(model));
    let parts: [(&str, &str); 5] =
        [("title", &title), ("policy", policy), ("style", style), ("data", &data), ("script", script)];
    // Piece by piece and not by replacing: what was put in is not looked at again.
    let mut out =
        String::with_capacity(FRAME.len() + parts.iter().map(|(_, part)| part.len()).sum::<usize>());
    for (place, piece) in FRAME.split("@@").enumerate() {
        match (place % 2, parts.iter().find(|(name, _)| *name == piece)) {
            (1, Some((_, part))) => out += part,
            _ => out += piece,
        }
    }
    out
}

/// A source as a Content-Security-Policy names it.
fn hash(source: &str) -> String {
    format!("'sha256-{}'", Base64::encode_string(&Sha256::digest(source.as_bytes())))
}

/// JSON in which nothing can end the element that it stands in: in JSON these signs stand in texts alone.
fn data(model: &Model) -> String {
    let mut json = serde_json::to_string(model).unwrap_or_default();
    for sign in ['<', '>', '&', '\u{2028}', '\u{2029}'] {
        if json.contains(sign) {
            json = json.replace(sign, &format!("\\u{:04x}", u32::from(sign)));
        }
    }
    json
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
