//! The packages that are made in the copy: a Raft for each bug, the student's scenarios, and the program of both.

use std::fmt::Write;

use anyhow::{Context, Result, bail, ensure};

use super::{CHOSEN, Chosen, ChosenBug};
use crate::apply;
use crate::catalogue::Catalogue;
use crate::workspace::Files;

/// Where the packages are made in the copy.
pub(super) const MADE: &str = "tests/exam/made";
/// Right Rafts beside the reference, and how they are made.
pub(super) const RIGHT: [(&str, &str); 7] = [
    ("event_loop", "of::<controls::event_loop::EventLoop>()"),
    ("one_way", "of::<controls::event_loop::OneWay>()"),
    ("polling", "of::<controls::polling::Raft>()"),
    ("no_op", "of::<controls::no_op::Raft>()"),
    ("pre_vote", "of::<controls::pre_vote::Raft>()"),
    ("resettable_timer", "of::<controls::resettable_timer::Raft>()"),
    ("retrying", "of::<controls::retrying::Raft>().with_names(controls::retrying::names)"),
];

/// What the scenarios of one call are put before, beside the reference.
pub(super) struct Rafts {
    /// The right ones, as in [`RIGHT`].
    pub(super) right: &'static [(&'static str, &'static str)],
    /// The places of the bugs in the list of those that were chosen.
    pub(super) bugs: Vec<usize>,
}

/// The package of a bug, by its place: its name would tell a scenario too much.
pub(super) fn package(place: usize) -> String {
    format!("exam-raft-{place:02}")
}

/// A package for each bug: the files of `raft/` with it.
pub(super) fn add_bugs(
    catalogue: &Catalogue,
    chosen: &Chosen,
    clean: &Files,
    files: &mut Files,
) -> Result<()> {
    let mut disarmed = clean.clone();
    apply::apply_edits("disarm.toml", &catalogue.disarm, &mut disarmed)?;
    for (place, bug) in chosen.bug.iter().enumerate() {
        let mutants = catalogue.select(std::slice::from_ref(&bug.name))?;
        let [mutant] = mutants[..] else { bail!("{CHOSEN}: {} is no bug", bug.name) };
        let changed = apply::apply(mutant, &disarmed)?;
        ensure!(
            changed.keys().all(|file| file.starts_with("raft/src/")),
            "{CHOSEN}: {} is not in raft/src alone",
            bug.name
        );
        let folder = format!("{MADE}/{}", package(place));
        for (file, text) in disarmed.iter().filter(|(file, _)| file.starts_with("raft/src/")) {
            let text = changed.get(file).unwrap_or(text);
            files.insert(format!("{folder}/{}", &file["raft/".len()..]), text.clone());
        }
        files.insert(format!("{folder}/Cargo.toml"), raft_manifest(place, &disarmed)?);
    }
    Ok(())
}

/// The manifest of `raft/` under another name, without what is for its own tests.
fn raft_manifest(place: usize, clean: &Files) -> Result<String> {
    let manifest = clean.get("raft/Cargo.toml").context("there is no raft/Cargo.toml")?;
    let dependencies = manifest.split("\n[").find(|part| part.starts_with("dependencies]\n"));
    let dependencies = dependencies.context("raft/Cargo.toml has no [dependencies]")?;
    Ok(format!("[package]\nname = {:?}\n{PACKAGE}[{dependencies}{LINTS}", package(place)))
}

/// Switched off checks and planted bugs leave warnings, which nobody can mend here; and those of the file are its author's.
const LINTS: &str = "\n[lints.rust]\nwarnings = \"allow\"\n";
const PACKAGE: &str = "version.workspace = true\nedition.workspace = true\nrust-version.workspace = true\n\n";

pub(super) fn add_student(student: &Files, files: &mut Files) {
    let manifest = format!(
        "[package]\nname = \"exam-scenarios\"\n{PACKAGE}[dependencies]\nlab = {{ package = \"lab-scenarios\", path = \"../../../scenarios\" }}\n{LINTS}"
    );
    files.insert(format!("{MADE}/scenarios/Cargo.toml"), manifest);
    for (name, text) in student {
        files.insert(format!("{MADE}/scenarios/src/{name}"), text.clone());
    }
}

pub(super) fn program_manifest(rafts: &Rafts) -> String {
    let mut text = format!(
        "[package]\nname = \"exam-program\"\n{PACKAGE}[dependencies]\nlab-exam.workspace = true\nlab-harness.workspace = true\n\
         kvraft.workspace = true\nraft.workspace = true\nexam-scenarios = {{ path = \"../scenarios\" }}\n"
    );
    if !rafts.right.is_empty() {
        text += "lab-controls.workspace = true\n";
    }
    for &place in &rafts.bugs {
        let package = package(place);
        let _ = writeln!(text, "{package} = {{ path = \"../{package}\" }}");
    }
    text
}

/// The program: a list of all Rafts, and a call.
pub(super) fn program_source(catalogue: &Catalogue, chosen: &Chosen, rafts: &Rafts) -> String {
    let mut text = String::from(
        "//! Made by `cargo lab grade-tests`.\n\nuse lab_exam::{Bug, Subject, Subjects};\nuse lab_harness::implementation::Implementation;\n\n\
         const ALL: &[Subject] = &[\n    Subject { name: \"reference\", bug: None, implementation: || Implementation::of_service::<kvraft::Reference<raft::Raft>>() },\n",
    );
    for (name, make) in rafts.right {
        let raft = make.split(['<', '>']).nth(1).unwrap_or_default();
        let _ = writeln!(
            text,
            "    Subject {{ name: {name:?}, bug: None, implementation: || Implementation::{make}.with_service(lab_harness::implementation::Services::of::<kvraft::Reference<{raft}>>()) }},"
        );
    }
    for &place in &rafts.bugs {
        let ChosenBug { name, found_by } = &chosen.bug[place];
        let story =
            catalogue.mutants.iter().find(|mutant| mutant.name == *name).map_or("", |mutant| &mutant.story);
        let raft = package(place).replace('-', "_");
        let _ = writeln!(
            text,
            "    Subject {{ name: {name:?}, bug: Some(Bug {{ story: {story:?}, found_by: {found_by} }}), implementation: || Implementation::of_service::<kvraft::Reference<{raft}::Raft>>() }},"
        );
    }
    let _ = write!(
        text,
        "];\n\nfn main() -> std::process::ExitCode {{\n    lab_exam::main(&Subjects {{ all: ALL, own_tests: {} }}, exam_scenarios::SCENARIOS)\n}}\n",
        chosen.tests
    );
    text
}

/// Names the packages in the copy's workspace.
pub(super) fn extend_workspace(chosen: &Chosen, files: &mut Files) -> Result<()> {
    let mut members: Vec<String> = (0..chosen.bug.len()).map(package).collect();
    members.extend(["scenarios".to_owned(), "program".to_owned()]);
    let members: String = members.iter().map(|name| format!("    \"{MADE}/{name}\",\n")).collect();
    let manifest = files.get_mut("Cargo.toml").context("there is no Cargo.toml")?;
    const BEGIN: &str = "\nmembers = [\n";
    ensure!(manifest.matches(BEGIN).count() == 1, "Cargo.toml has no list of members");
    *manifest = manifest.replacen(BEGIN, &format!("{BEGIN}{members}"), 1);
    // Three dozen Rafts, built once: optimised, each takes ten times as long, and runs are short.
    for name in
        (0..chosen.bug.len()).map(package).chain(["exam-program".to_owned(), "exam-scenarios".to_owned()])
    {
        let _ = write!(
            manifest,
            "\n[profile.dev.package.{name}]\nopt-level = 0\nincremental = false\ndebug = false\n"
        );
    }
    Ok(())
}
