//! Applying a mutant: files in, files out.

use anyhow::{Context, Result, ensure};

use crate::catalogue::{Edit, Mutant};
use crate::workspace::Files;

/// Makes these replacements, in their order. `what` names them in messages.
///
/// # Errors
///
/// When a file is missing, or a text does not stand in it exactly once.
pub(crate) fn apply_edits(what: &str, edits: &[Edit], files: &mut Files) -> Result<()> {
    for Edit { file, old, new } in edits {
        let text = files.get_mut(file).with_context(|| format!("{what}: there is no file {file}"))?;
        // Once, so that an entry names its place: with two, the first would be taken silently, and after a
        // change of the code perhaps another one.
        let found = text.matches(old.as_str()).count();
        ensure!(
            found == 1,
            "{what}: {file} has this text {found} times and should have it once; has the code changed?\n{old}"
        );
        ensure!(old != new, "{what}: an edit of {file} changes nothing");
        // The next edit sees this one done: edits of one mutant may build on each other.
        *text = text.replacen(old.as_str(), new, 1);
    }
    Ok(())
}

/// The files that the mutant changes, as they are with the bug in them.
///
/// # Errors
///
/// As [`apply_edits`], with the mutant's name.
pub(crate) fn apply(mutant: &Mutant, clean: &Files) -> Result<Files> {
    let mut changed = Files::new();
    for Edit { file, .. } in &mutant.edit {
        // One that is missing is left to apply_edits, whose message names it.
        if let Some(text) = clean.get(file) {
            changed.insert(file.clone(), text.clone());
        }
    }
    apply_edits(&format!("mutant {}", mutant.name), &mutant.edit, &mut changed)?;
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Catalogue, Suites};
    use crate::workspace::{root, sources};

    fn edit(file: &str, old: &str, new: &str) -> Edit {
        Edit { file: file.into(), old: old.into(), new: new.into() }
    }

    #[test]
    fn catalogue_applies_to_the_code_as_it_is() {
        let root = root();
        let catalogue = Catalogue::load(&root).expect("the catalogue");
        let clean = sources(&root).expect("the sources");
        let mut disarmed = clean.clone();
        apply_edits("disarm.toml", &catalogue.disarm, &mut disarmed).expect("disarming");
        for mutant in &catalogue.mutants {
            let is_disarmed = matches!(mutant.suites(), Suites::Raft | Suites::Beyond);
            let clean = if is_disarmed { &disarmed } else { &clean };
            let changed = apply(mutant, clean).expect("applying it");
            assert!(
                changed.iter().all(|(file, text)| clean[file] != *text),
                "{} changes nothing",
                mutant.name
            );
        }
    }

    #[test]
    fn edit_needs_its_text_exactly_once() {
        let rows = [
            ("nowhere", edit("f", "z", "y"), "0 times"),
            ("twice", edit("f", "a", "y"), "2 times"),
            ("no such file", edit("g", "a", "y"), "no file g"),
            ("no change", edit("f", "b", "b"), "changes nothing"),
        ];
        for (name, edit, wanted) in rows {
            let mut files = Files::from([("f".to_owned(), "aba".to_owned())]);
            let error = apply_edits("mutant m", &[edit], &mut files).expect_err(name).to_string();
            assert!(error.contains(wanted) && error.contains("mutant m"), "{name}: {error}");
        }
        let mut files = Files::from([("f".to_owned(), "aba".to_owned())]);
        apply_edits("m", &[edit("f", "b", "c"), edit("f", "ac", "d")], &mut files)
            .expect("one after the other");
        assert_eq!(files["f"], "da");
    }
}
