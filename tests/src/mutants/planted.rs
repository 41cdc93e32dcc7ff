//! The crates in which bugs are planted, and the programs that try them.
//!
//! The Raft and the key/value service stand in a copy of the workspace once more, under `planted/`, as packages of other
//! names, with a small program each. So the harness need not be built again for every bug, and what is built takes seconds.
//!
//! The harness knows the service of the workspace and not its double, so the program brings the harness' own glue
//! (`kv/reference.rs`) along, with the errors of clerks translated.

use anyhow::{Context, Result};

use super::catalogue::{Catalogue, Edit, Suites};
use super::plant::{self, Texts};

/// Where all of it is.
pub(super) const FOLDER: &str = "planted/";

/// The members of the copy's workspace that are not in the original.
pub(super) const MEMBERS: &str =
    "\"planted/raft\", \"planted/kvraft\", \"planted/try-raft\", \"planted/try-service\", ";

/// The glue between the harness and the service.
const GLUE: &str = "tests/src/kv/reference.rs";

/// The programs, as they are.
const PROGRAMS: [(&str, &str); 4] = [
    (
        "try-raft/Cargo.toml",
        r#"[package]
name = "try-raft"
version.workspace = true
edition.workspace = true

[dependencies]
lab = { path = "../../tests" }
raft = { package = "planted-raft", path = "../raft" }
"#,
    ),
    (
        "try-raft/src/main.rs",
        "fn main() -> std::process::ExitCode {
    lab::cli::main(lab::Implementation::of::<raft::Raft>())
}
",
    ),
    (
        "try-service/Cargo.toml",
        r#"[package]
name = "try-service"
version.workspace = true
edition.workspace = true

[dependencies]
kvraft = { package = "planted-kvraft", path = "../kvraft" }
lab = { path = "../../tests" }
labrpc.workspace = true
original = { package = "kvraft", path = "../../kvraft" }
raft.workspace = true
raft-interface.workspace = true
"#,
    ),
    (
        "try-service/src/main.rs",
        "mod reference;

fn main() -> std::process::ExitCode {
    lab::cli::main(lab::Implementation::of_service::<reference::Reference<raft::Raft>>())
}

/// What the harness calls an error of the clerk.
pub fn known(error: kvraft::ClerkError) -> original::ClerkError {
    use kvraft::op::TooLarge;
    match error {
        kvraft::ClerkError::WrongVersion(version) => original::ClerkError::WrongVersion(version),
        kvraft::ClerkError::Maybe => original::ClerkError::Maybe,
        kvraft::ClerkError::NoLeader => original::ClerkError::NoLeader,
        kvraft::ClerkError::TooLarge(TooLarge::Key(bytes)) => original::op::TooLarge::Key(bytes).into(),
        kvraft::ClerkError::TooLarge(TooLarge::Value(bytes)) => original::op::TooLarge::Value(bytes).into(),
        kvraft::ClerkError::ValueTooLong => original::ClerkError::ValueTooLong,
        kvraft::ClerkError::Protocol => original::ClerkError::Protocol,
    }
}
",
    ),
];

/// The package and program that try mutants of these suites.
pub(super) fn program(suites: Suites) -> &'static str {
    match suites {
        Suites::Raft => "try-raft",
        Suites::Service => "try-service",
        Suites::Cargo => "lab",
    }
}

/// Everything under [`FOLDER`], made from the files of the workspace.
///
/// # Errors
///
/// When the Raft cannot be disarmed, or the glue or a manifest is not as expected.
pub fn texts(workspace: &Texts, catalogue: &Catalogue) -> Result<Texts> {
    let mut made = Texts::new();
    for name in ["raft", "kvraft"] {
        let mut package = package(workspace, name)?;
        if name == "raft" {
            plant::replace("disarm.toml", &catalogue.disarm, &mut package)?;
        }
        made.extend(package);
    }
    made.extend(PROGRAMS.map(|(file, text)| (file.to_owned(), text.to_owned())));
    made.insert("try-service/src/reference.rs".to_owned(), glue(workspace)?);
    Ok(made.into_iter().map(|(file, text)| (FOLDER.to_owned() + &file, text)).collect())
}

/// A crate once more, by another name and without what is only for its own tests.
fn package(workspace: &Texts, name: &str) -> Result<Texts> {
    let manifest = format!("{name}/Cargo.toml");
    let sources = format!("{name}/src/");
    let is_part = |(file, _): &(&String, &String)| **file == manifest || file.starts_with(&sources);
    let mut files: Texts =
        workspace.iter().filter(is_part).map(|(file, text)| (file.clone(), text.clone())).collect();
    let old = format!("name = \"{name}\"");
    let new = format!("name = \"planted-{name}\"\nautobenches = false\nautoexamples = false");
    substitute(&mut files, &manifest, &[(&old, &new)])?;
    if let Some(text) = files.get_mut(&manifest) {
        let kept = text.split("\n[dev-dependencies]").next().unwrap_or_default();
        *text = format!("{kept}\n");
    }
    Ok(files)
}

fn glue(workspace: &Texts) -> Result<String> {
    let text = workspace.get(GLUE).with_context(|| format!("there is no {GLUE}"))?;
    let mut files = Texts::from([(GLUE.to_owned(), text.clone())]);
    let translated: [(&str, &str); 7] = [
        ("use super::{", "use original::ClerkError;\nuse lab::kv::{"),
        ("ClerkConfig, ClerkError, ", "ClerkConfig, "),
        ("        Self::get(self, key)\n", "        Self::get(self, key).map_err(crate::known)\n"),
        (
            "        Self::put(self, key, value)\n",
            "        Self::put(self, key, value).map_err(crate::known)\n",
        ),
        (
            "        Self::append(self, key, tail)\n",
            "        Self::append(self, key, tail).map_err(crate::known)\n",
        ),
        (
            "        Self::put_if(self, key, value, version)\n",
            "        Self::put_if(self, key, value, version).map_err(crate::known)\n",
        ),
        (
            "        Self::put_version(self, key, value, version)\n",
            "        Self::put_version(self, key, value, version).map_err(crate::known)\n",
        ),
    ];
    substitute(&mut files, GLUE, &translated)?;
    Ok(files.remove(GLUE).unwrap_or_default())
}

/// Puts texts in the place of others.
pub(super) fn substitute(texts: &mut Texts, file: &str, replaced: &[(&str, &str)]) -> Result<()> {
    let edit =
        |&(old, new): &(&str, &str)| Edit { file: file.to_owned(), old: old.to_owned(), new: new.to_owned() };
    let edits: Vec<Edit> = replaced.iter().map(edit).collect();
    plant::replace("the copy of the workspace", &edits, texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::catalogue::root;
    use crate::mutants::workshop::sources;

    /// The manifests and the glue still have what is replaced in them.
    #[test]
    fn the_doubles_can_be_made() {
        let catalogue = Catalogue::load(&root()).expect("the catalogue");
        let made = texts(&sources(&root()).expect("the sources"), &catalogue).expect("the doubles");
        for file in ["raft/src/election.rs", "kvraft/src/server.rs", "try-service/src/reference.rs"] {
            assert!(made.contains_key(&format!("planted/{file}")), "{file}");
        }
        assert!(!made["planted/raft/Cargo.toml"].contains("dev-dependencies"));
    }
}
