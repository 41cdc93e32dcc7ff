//! The bugs of the reference, planted in a control: entries that give the edits and inherit the rest.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::catalogue::{Edit, Mutant, Suites};
use crate::program::Program;

/// A bug of the reference in another program.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    /// The name of the reference's mutant, whose story, source, test and rule are this one's.
    bug: String,
    /// Why it has this form, if another would be no bug in this program.
    #[serde(default)]
    note: Option<String>,
    /// Whether it is one of the few that continuous integration runs.
    #[serde(default)]
    fast: bool,
    /// What is replaced; files are named from the folder of the control.
    edit: Vec<Edit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    mutant: Vec<Planted>,
}

/// Reads the file of this control. `of_reference` are the mutants that its entries can name.
///
/// # Errors
///
/// When the file cannot be read, or names a bug that the reference's Raft does not have.
pub(crate) fn read(folder: &Path, control: &'static str, of_reference: &[Mutant]) -> Result<Vec<Mutant>> {
    let path = folder.join(format!("controls/{control}.toml"));
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let file: File =
        toml::from_str(&text).with_context(|| format!("{} is no catalogue of mutants", path.display()))?;
    file.mutant.into_iter().map(|planted| mutant(planted, control, of_reference)).collect()
}

fn mutant(planted: Planted, control: &'static str, of_reference: &[Mutant]) -> Result<Mutant> {
    let Planted { bug, note, fast, edit } = planted;
    let original =
        of_reference.iter().find(|mutant| mutant.name == bug && mutant.program == Program::Reference);
    let original = original.with_context(|| format!("{control}.toml: the reference has no mutant {bug}"))?;
    // The service in a control's program is the reference's, so its bugs are tried there.
    ensure!(original.suites() == Suites::Raft, "{control}.toml: {bug} is no bug of a Raft");
    let in_its_folder =
        |edit: Edit| Edit { file: format!("tests/controls/src/{control}/{}", edit.file), ..edit };
    Ok(Mutant {
        name: format!("{control}/{bug}"),
        note,
        fast,
        edit: edit.into_iter().map(in_its_folder).collect(),
        group: control.to_owned(),
        program: Program::Control(control),
        // What Go programs did with it is told once, and their suite was not tried on this one.
        mit: None,
        ..original.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use crate::workspace::root;

    #[test]
    fn bug_in_a_control_is_that_of_the_reference_in_another_file() {
        let catalogue = Catalogue::load(&root()).expect("the catalogue");
        let find = |name: &str| catalogue.mutants.iter().find(|mutant| mutant.name == name).expect(name);
        let (original, planted) = (find("vote-twice-in-term"), find("event_loop/vote-twice-in-term"));
        assert_eq!(
            (&planted.story, &planted.test, &planted.rule),
            (&original.story, &original.test, &original.rule)
        );
        assert_eq!((planted.bug(), planted.program.name()), (original.bug(), "event_loop"));
        assert!(planted.edit.iter().all(|edit| edit.file.starts_with("tests/controls/src/event_loop/")));
    }

    #[test]
    fn entry_names_a_bug_of_a_raft() {
        let catalogue = Catalogue::load(&root()).expect("the catalogue");
        for (bug, wanted) in [("no-such-bug", "no mutant no-such-bug"), ("kv-local-get", "no bug of a Raft")]
        {
            let planted = Planted { bug: bug.to_owned(), note: None, fast: false, edit: Vec::new() };
            let error = mutant(planted, "polling", &catalogue.mutants).expect_err(bug).to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
