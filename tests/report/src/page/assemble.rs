//! Sources and data of the page, joined.
#![allow(clippy::disallowed_types, reason = "no simulated thread writes pages")]

use std::io::{self, Write};
use std::sync::LazyLock;

use base64ct::{Base64, Encoding};
use serde::Serialize;
use serde_json::ser::Formatter;
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
    let title = escaped(title);
    let bytes = FRAME.len() + style.len() + script.len() + model.trace.bytes_about();
    let mut out = Vec::with_capacity(bytes);
    // Piece by piece and not by replacing: what was put in is not looked at again.
    for (place, piece) in FRAME.split("@@").enumerate() {
        match (place % 2, piece) {
            (1, "title") => out.extend_from_slice(title.as_bytes()),
            (1, "policy") => out.extend_from_slice(policy.as_bytes()),
            (1, "style") => out.extend_from_slice(style.as_bytes()),
            (1, "script") => out.extend_from_slice(script.as_bytes()),
            (1, "data") => write_data(model, &mut out),
            _ => out.extend_from_slice(piece.as_bytes()),
        }
    }
    String::from_utf8(out).unwrap_or_default()
}

/// A source as a Content-Security-Policy names it.
fn hash(source: &str) -> String {
    format!("'sha256-{}'", Base64::encode_string(&Sha256::digest(source.as_bytes())))
}

fn write_data(model: &Model, out: &mut Vec<u8>) {
    // Memory can always be written, and a model is all that JSON can say.
    let _ = model.serialize(&mut serde_json::Serializer::with_formatter(out, InAnElement));
}

/// JSON in which nothing can end the element that it stands in: in JSON these signs stand in texts alone.
struct InAnElement;

impl Formatter for InAnElement {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        write_harmless(text, out)
    }

    fn write_raw_fragment<W: Write + ?Sized>(&mut self, out: &mut W, json: &str) -> io::Result<()> {
        write_harmless(json, out)
    }
}

fn write_harmless<W: Write + ?Sized>(text: &str, out: &mut W) -> io::Result<()> {
    // The first byte of each of the signs. Nearly all texts have none: all bytes are looked at, so that it takes no branches.
    let may_begin = |byte: u8| matches!(byte, b'<' | b'>' | b'&' | 0xe2);
    if !text.bytes().fold(false, |found, byte| found | may_begin(byte)) {
        return out.write_all(text.as_bytes());
    }
    let mut rest = text;
    while let Some(place) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        let (before, from) = rest.split_at(place);
        out.write_all(before.as_bytes())?;
        let mut signs = from.chars();
        write!(out, "\\u{:04x}", signs.next().map_or(0, u32::from))?;
        rest = signs.as_str();
    }
    out.write_all(rest.as_bytes())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
