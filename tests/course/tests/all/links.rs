//! Every link leads somewhere, as Markdown and as a page of rustdoc.

use std::collections::BTreeSet;

/// `[label]: target` at the beginning of a line.
fn definitions(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "))
}

/// A link by label leads to a text, in its file; and the definitions that rustdoc reads first have the label as well.
#[test]
fn labels_lead_to_texts() {
    let of_pages: BTreeSet<&str> =
        definitions(include_str!("../../src/links.md")).map(|(label, _)| label).collect();
    let mut wrong = Vec::new();
    for (file, text) in lab_course::TEXTS {
        let defined: BTreeSet<&str> = definitions(text).map(|(label, _)| label).collect();
        for label in text.split("][").skip(1).filter_map(|rest| rest.split(']').next()) {
            if !defined.contains(label) {
                wrong.push(format!("{file}: [{label}] is defined nowhere in the file"));
            }
            if !of_pages.contains(label) {
                wrong.push(format!("{file}: [{label}] is not in src/links.md"));
            }
        }
        for (label, target) in definitions(text) {
            if !lab_course::TEXTS.iter().any(|(name, _)| *name == target) {
                wrong.push(format!("{file}: [{label}] leads to {target}, which is no text"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Links with their target beside them lead into the web: a path would be right in one of the two forms only.
#[test]
fn links_beside_words_lead_into_the_web() {
    for (file, text) in lab_course::TEXTS {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(target.starts_with("https://"), "{file}: ({target}) should be a link by label");
        }
    }
}

/// Every text has a page, and the pages have every text.
#[test]
fn every_text_has_a_page() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/texts");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the folder of texts")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name in letters"))
        .collect();
    let pages: BTreeSet<String> = lab_course::TEXTS.iter().map(|(file, _)| (*file).to_owned()).collect();
    assert_eq!(files, pages);
}

/// A bar within a cell ends it, also in backticks: it is written as `\|`.
#[test]
fn rows_of_a_table_have_as_many_cells_as_its_head() {
    for (file, text) in lab_course::TEXTS {
        let mut head = None;
        for line in text.lines() {
            let cells = line.starts_with('|').then(|| line.replace("\\|", "").matches('|').count());
            if let (Some(head), Some(cells)) = (head, cells) {
                assert_eq!(cells, head, "{file}: {line}");
            }
            head = if cells.is_some() { head.or(cells) } else { None };
        }
    }
}
