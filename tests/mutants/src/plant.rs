//! Planting a bug: texts in, texts out.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use super::catalogue::{Edit, Mutant};

/// Files by their path from the root of the workspace.
pub(crate) type Texts = BTreeMap<String, String>;

/// Makes these replacements, in their order. `what` names them in messages.
///
/// # Errors
///
/// When a file is missing, or a text does not stand in it exactly once.
pub(crate) fn replace(what: &str, edits: &[Edit], texts: &mut Texts) -> Result<()> {
    for Edit { file, old, new } in edits {
        let text = texts.get_mut(file).with_context(|| format!("{what}: there is no file {file}"))?;
        let found = text.matches(old.as_str()).count();
        ensure!(
            found == 1,
            "{what}: {file} has this text {found} times and should have it once; has the code changed?\n{old}"
        );
        ensure!(old != new, "{what}: an edit of {file} changes nothing");
        *text = text.replacen(old.as_str(), new, 1);
    }
    Ok(())
}

/// The files that the mutant changes, as they are with the bug in them.
///
/// # Errors
///
/// As [`replace`], with the mutant's name.
pub(crate) fn plant(mutant: &Mutant, clean: &Texts) -> Result<Texts> {
    let mut changed = Texts::new();
    for Edit { file, .. } in &mutant.edit {
        if let Some(text) = clean.get(file) {
            changed.insert(file.clone(), text.clone());
        }
    }
    replace(&format!("mutant {}", mutant.name), &mutant.edit, &mut changed)?;
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Catalogue, Suites, root};
    use crate::working_copy::sources;

    fn edit(file: &str, old: &str, new: &str) -> Edit {
        Edit { file: file.into(), old: old.into(), new: new.into() }
    }

    /// The catalogue fits to the code as it is.
    #[test]
    fn every_mutant_can_be_planted() {
        let root = root();
        let catalogue = Catalogue::load(&root).expect("the catalogue");
        let clean = sources(&root).expect("the sources");
        let mut armless = clean.clone();
        replace("disarm.toml", &catalogue.disarm, &mut armless).expect("disarming");
        for mutant in &catalogue.mutants {
            let clean = if mutant.suites() == Suites::Raft { &armless } else { &clean };
            let changed = plant(mutant, clean).expect("planting");
            assert!(
                changed.iter().all(|(file, text)| clean[file] != *text),
                "{} changes nothing",
                mutant.name
            );
        }
    }

    #[test]
    fn a_text_must_stand_there_exactly_once() {
        let rows = [
            ("nowhere", edit("f", "z", "y"), "0 times"),
            ("twice", edit("f", "a", "y"), "2 times"),
            ("no such file", edit("g", "a", "y"), "no file g"),
            ("no change", edit("f", "b", "b"), "changes nothing"),
        ];
        for (name, edit, wanted) in rows {
            let mut texts = Texts::from([("f".to_owned(), "aba".to_owned())]);
            let error = replace("mutant m", &[edit], &mut texts).expect_err(name).to_string();
            assert!(error.contains(wanted) && error.contains("mutant m"), "{name}: {error}");
        }
        let mut texts = Texts::from([("f".to_owned(), "aba".to_owned())]);
        replace("m", &[edit("f", "b", "c"), edit("f", "ac", "d")], &mut texts).expect("one after the other");
        assert_eq!(texts["f"], "da");
    }
}
