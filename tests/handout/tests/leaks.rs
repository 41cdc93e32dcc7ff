//! Nothing of the solution is in a handout: no eight tokens in a row.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lab_handout::{Handout, Shape, Source, lab2_masters, lab4_masters, master, regions};

/// So many tokens in a row are a part of the solution; fewer are Rust.
const RUN: usize = 8;

/// Words and signs, as rustc would see them, and without comments. Of a text that is no Rust it makes words and signs as well.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let code = text.lines().map(|line| line.trim_start().strip_prefix("//").map_or(line, |_| ""));
    for mut line in code {
        line = line.split(" // ").next().unwrap_or_default();
        while let Some(first) = line.chars().next() {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let end = match is_word(first) {
                true => line.find(|c| !is_word(c)).unwrap_or(line.len()),
                false => first.len_utf8(),
            };
            if !first.is_whitespace() {
                tokens.push(&line[..end]);
            }
            line = &line[end..];
        }
    }
    tokens
}

fn handout(shape: Shape) -> Handout {
    Handout {
        name: "my-raft".to_owned(),
        parts: lab_course::parts().iter().filter(|part| part.name.starts_with(['2', '3', '4'])).collect(),
        shape,
        source: Source::Path(PathBuf::from("/the/lab")),
        given: Vec::new(),
        is_solved: false,
    }
}

const SHAPES: [Shape; 3] = [Shape::Free, Shape::Mit, Shape::Guided];

/// Lab 4 without lab 3, with which a Raft is given.
fn service_alone() -> Handout {
    let parts = lab_course::parts().iter().filter(|part| part.name.starts_with('4')).collect();
    Handout { parts, ..handout(Shape::Guided) }
}

/// All files with regions.
fn masters() -> Vec<(&'static str, &'static str)> {
    master().iter().copied().chain(lab2_masters()).chain(lab4_masters()).collect()
}

/// The runs of tokens of all regions of these files, and in which file each is.
fn runs_of(masters: Vec<(&'static str, &'static str)>) -> BTreeMap<Vec<&'static str>, &'static str> {
    let mut runs = BTreeMap::new();
    for (name, source) in masters {
        for region in regions::regions(source).expect("marks that fit") {
            let solution: &'static str = Box::leak(region.solution.into_boxed_str());
            for run in tokens(solution).windows(RUN) {
                runs.insert(run.to_vec(), name);
            }
        }
    }
    runs
}

/// Where these runs are in a handout.
fn found_in(handout: &Handout, runs: &BTreeMap<Vec<&'static str>, &'static str>) -> Vec<String> {
    let mut found = Vec::new();
    let folder = tempfile::tempdir().expect("a folder");
    handout.write(folder.path()).expect("a handout");
    // All that is written, and not what was meant to be: a history of git would be found as well.
    let mut open = vec![folder.path().to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for run in tokens(&text).windows(RUN).filter(|run| runs.contains_key(*run)) {
            let (path, file, shape) = (path.display(), runs[run], handout.shape);
            found.push(format!("{shape:?}: {path} has \"{}\" of {file}", run.join(" ")));
        }
    }
    found
}

#[test]
fn eight_tokens_of_the_solution_are_nowhere_in_a_handout() {
    let runs = runs_of(masters());
    assert!(runs.len() > 500, "the regions are read: {}", runs.len());
    let found: Vec<String> = SHAPES.iter().flat_map(|&shape| found_in(&handout(shape), &runs)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn raft_is_given_to_who_writes_a_service_alone_and_nothing_of_the_service_is() {
    let service = runs_of(lab4_masters());
    assert!(service.len() > 200, "the regions are read: {}", service.len());
    let found = found_in(&service_alone(), &service);
    assert!(found.is_empty(), "{}", found.join("\n"));
    let files = service_alone().files();
    let of_raft = master().iter().filter(|(name, _)| *name != "lib.rs");
    for (name, source) in of_raft {
        let whole = regions::cut(source, |_| true).expect("marks that fit");
        assert!(files.contains(&(Path::new("src").join(name), whole)), "{name}");
    }
}

#[test]
fn leak_would_be_found() {
    let source = master().iter().find(|(name, _)| *name == "election.rs").expect("election.rs").1;
    let whole = regions::cut(source, |_| true).expect("marks that fit");
    let runs = runs_of(master().to_vec());
    assert!(tokens(&whole).windows(RUN).any(|run| runs.contains_key(run)));
}

#[test]
fn handout_is_the_same_bytes_twice() {
    for shape in SHAPES {
        assert_eq!(handout(shape).files(), handout(shape).files());
    }
}

#[test]
fn marks_name_milestones_of_the_course_and_are_gone() {
    for (name, source) in masters() {
        for region in regions::regions(source).expect("marks that fit") {
            let part = lab_course::part(&region.milestone[..2]).expect("a part");
            let is_one = part.milestones.iter().any(|milestone| milestone.id == region.milestone);
            assert!(is_one, "{name}: there is no milestone {}", region.milestone);
        }
    }
    for shape in SHAPES {
        for (path, text) in handout(shape).files() {
            for mark in ["begin solution", "end solution", "// hint:", "// instead:"] {
                assert!(!text.contains(mark), "{shape:?}: {} has {mark:?}", path.display());
            }
        }
    }
}

#[test]
fn handout_depends_on_the_harness_and_on_no_solution() {
    for shape in SHAPES {
        let files = handout(shape).files();
        let (_, manifest) = files.iter().find(|(path, _)| path.ends_with("Cargo.toml")).expect("a manifest");
        let packages: Vec<&str> =
            manifest.lines().filter(|line| line.contains("path = \"/the/lab")).collect();
        assert_eq!(
            packages,
            [
                "lab = { path = \"/the/lab/tests/lab\" }",
                "labrpc = { path = \"/the/lab/labrpc\" }",
                "raft-interface = { path = \"/the/lab/raft/interface\" }",
                "kvraft-interface = { path = \"/the/lab/kvraft/interface\" }"
            ]
        );
    }
}

#[test]
fn links_between_the_files_of_a_handout_lead_somewhere() {
    let of_shapes = SHAPES.map(|shape| (shape, handout(shape).files()));
    for (shape, files) in of_shapes.into_iter().chain([(Shape::Guided, service_alone().files())]) {
        for (path, text) in files.iter().filter(|(path, _)| path.extension().is_some_and(|kind| kind == "md"))
        {
            for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
                let target = path.parent().expect("a folder").join(link);
                let is_there =
                    link.is_empty() || link.contains("://") || files.iter().any(|(path, _)| *path == target);
                assert!(is_there, "{shape:?}: {} links to {link}", path.display());
            }
            if path.starts_with("docs") {
                links_by_label_lead_somewhere(&files, path, text);
            }
        }
    }
}

/// `[words][label]`, and `[label]: target` at the end of the text.
fn links_by_label_lead_somewhere(files: &[(PathBuf, String)], path: &Path, text: &str) {
    let defined: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: ")).collect();
    for (label, target) in &defined {
        let file = path.parent().expect("a folder").join(target.split('#').next().unwrap_or_default());
        let is_there = target.contains("://") || files.iter().any(|(path, _)| *path == file);
        assert!(is_there, "{} defines [{label}], which leads to {target}", path.display());
    }
    for label in text.split("][").skip(1).filter_map(|rest| rest.split(']').next()) {
        assert!(defined.iter().any(|(name, _)| *name == label), "{} has [{label}]", path.display());
    }
}
