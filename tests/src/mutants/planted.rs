//! The crates in which bugs are planted, and the programs that try them.
//!
//! The Raft and the key/value service stand in a copy of the workspace once more, under `planted/`, as packages of other
//! names, with a small program each. So the harness need not be built again for every bug, and what is built takes seconds.
//!
//! The harness knows the service of the workspace and not its double. So the double brings the harness' own glue
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

/// The programs: what each is called, what it needs besides the harness, and what it tries.
const PROGRAMS: [(&str, &str, &str); 2] = [
    ("try-raft", "raft = { package = \"planted-raft\", path = \"../raft\" }", "of::<raft::Raft>()"),
    (
        "try-service",
        "planted-kvraft = { path = \"../kvraft\" }\nraft.workspace = true",
        "of_service::<planted_kvraft::reference::Reference<raft::Raft>>()",
    ),
];

/// What the glue needs besides.
const TRANSLATION: &str = "
/// What the harness calls an error of the clerk.
fn known(error: crate::ClerkError) -> ClerkError {
    match error {
        crate::ClerkError::WrongVersion(version) => ClerkError::WrongVersion(version),
        crate::ClerkError::Maybe => ClerkError::Maybe,
        crate::ClerkError::NoLeader => ClerkError::NoLeader,
        crate::ClerkError::TooLarge(crate::op::TooLarge::Key(bytes)) => original::op::TooLarge::Key(bytes).into(),
        crate::ClerkError::TooLarge(crate::op::TooLarge::Value(bytes)) => original::op::TooLarge::Value(bytes).into(),
        crate::ClerkError::ValueTooLong => ClerkError::ValueTooLong,
        crate::ClerkError::Protocol => ClerkError::Protocol,
    }
}
";

/// The package and program that try mutants of these suites.
pub(super) fn program(suites: Suites) -> &'static str {
    match suites {
        Suites::Raft => "try-raft",
        Suites::Service => "try-service",
        Suites::Cargo => "lab",
    }
}

/// Everything under `planted/`, made from the files of the workspace.
///
/// # Errors
///
/// When the Raft cannot be disarmed, or the glue or a manifest is not as expected.
pub fn texts(workspace: &Texts, catalogue: &Catalogue) -> Result<Texts> {
    let mut made = Texts::new();
    for name in ["raft", "kvraft"] {
        let mut package = package(workspace, name)?;
        match name {
            "raft" => plant::replace("disarm.toml", &catalogue.disarm, &mut package)?,
            _ => add_glue(workspace, &mut package)?,
        }
        made.extend(package);
    }
    for (name, needs, tries) in PROGRAMS {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion.workspace = true\nedition.workspace = true\n\n\
             [dependencies]\nlab = {{ path = \"../../tests\" }}\n{needs}\n"
        );
        let main = format!(
            "fn main() -> std::process::ExitCode {{\n    lab::cli::main(lab::Implementation::{tries})\n}}\n"
        );
        made.insert(format!("{name}/Cargo.toml"), manifest);
        made.insert(format!("{name}/src/main.rs"), main);
    }
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

/// Puts the harness' glue into the double of the service, where the types are that it is about.
fn add_glue(workspace: &Texts, service: &mut Texts) -> Result<()> {
    let needed = "[dependencies]\nlab = { path = \"../../tests\" }\noriginal = { package = \"kvraft\", path = \"../../kvraft\" }\n";
    substitute(service, "kvraft/Cargo.toml", &[("[dependencies]\n", needed)])?;
    substitute(
        service,
        "kvraft/src/lib.rs",
        &[("pub mod carrier;\n", "pub mod carrier;\npub mod reference;\n")],
    )?;
    service.insert("kvraft/src/reference.rs".to_owned(), glue(workspace)?);
    Ok(())
}

/// The glue, with other names for what it glues together.
fn glue(workspace: &Texts) -> Result<String> {
    let text = workspace.get(GLUE).with_context(|| format!("there is no {GLUE}"))?;
    let mut files = Texts::from([(GLUE.to_owned(), text.clone())]);
    let translated: [(&str, &str); 10] = [
        ("use kvraft::op::", "use crate::op::"),
        ("use kvraft::rsm::", "use crate::rsm::"),
        ("use kvraft::{", "use crate::{"),
        ("use super::{", "use original::ClerkError;\nuse lab::kv::{"),
        ("ClerkConfig, ClerkError, ", "ClerkConfig, "),
        ("        Self::get(self, key)\n", "        Self::get(self, key).map_err(known)\n"),
        ("        Self::put(self, key, value)\n", "        Self::put(self, key, value).map_err(known)\n"),
        ("        Self::append(self, key, tail)\n", "        Self::append(self, key, tail).map_err(known)\n"),
        (
            "        Self::put_if(self, key, value, version)\n",
            "        Self::put_if(self, key, value, version).map_err(known)\n",
        ),
        (
            "        Self::put_version(self, key, value, version)\n",
            "        Self::put_version(self, key, value, version).map_err(known)\n",
        ),
    ];
    substitute(&mut files, GLUE, &translated)?;
    Ok(files.remove(GLUE).unwrap_or_default() + TRANSLATION)
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
        for file in ["raft/src/election.rs", "kvraft/src/server.rs", "kvraft/src/reference.rs"] {
            assert!(made.contains_key(&format!("planted/{file}")), "{file}");
        }
        assert!(!made["planted/raft/Cargo.toml"].contains("dev-dependencies"));
    }
}
