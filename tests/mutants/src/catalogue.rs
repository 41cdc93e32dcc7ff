//! The mutants, as they stand in `tests/mutants/catalogue/*.toml`; those of controls in `controls/*.toml` beside them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use lab_harness::case::Part;
use lab_runs::similarity;

use crate::controls;
use crate::program::{CONTROLS, Program};

/// A mutant: a bug, and what is expected of the suites.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutant {
    /// Its name, in words joined by hyphens. Unique.
    pub(crate) name: String,
    /// Whose suites are to catch it: a part of the lab, or `labrpc` or `lab` for bugs of the lab itself.
    pub(crate) part: String,
    /// The bug in one sentence.
    pub(crate) story: String,
    /// Where such a bug, or the rule that it breaks, is known from.
    pub(crate) source: String,
    /// Why it has this form, if another would be no bug in the reference.
    #[serde(default)]
    pub(crate) note: Option<String>,
    /// The test that is expected to find it; it runs first. None for bugs of the lab itself.
    #[serde(default)]
    pub(crate) test: Option<String>,
    /// What cargo is told to test, for bugs of the lab itself.
    #[serde(default)]
    pub(crate) check: Vec<String>,
    /// What the report must contain for it to count as an explanation.
    pub(crate) rule: String,
    /// What MIT's suites did with the same bug, if that is known.
    #[serde(default)]
    pub(crate) mit: Option<String>,
    /// Whether it is one of the few that continuous integration runs.
    #[serde(default)]
    pub(crate) fast: bool,
    /// What is replaced.
    pub(crate) edit: Vec<Edit>,
    /// The file of the catalogue that it stands in, without its ending.
    #[serde(skip)]
    pub(crate) group: String,
    /// The program that it is planted in.
    #[serde(skip)]
    pub(crate) program: Program,
}

/// A text that is replaced.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// The file, from the root of the workspace.
    pub(crate) file: String,
    /// What stands there, exactly once.
    pub(crate) old: String,
    /// What is put in its place.
    pub(crate) new: String,
}

/// The tests that are to catch a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suites {
    /// Those of lab 2, 2K and 2L.
    Lab2,
    /// Those of Raft, 3A to 3D.
    Raft,
    /// Those of what goes beyond Figure 2, E1 to E7.
    Beyond,
    /// Those of the services, 4A to 4C.
    Service,
    /// Cargo's own tests of the lab's crates.
    Cargo,
}

impl Suites {
    /// Their parts.
    pub(crate) fn parts(self) -> &'static [Part] {
        match self {
            Self::Lab2 => &[Part::K2, Part::L2],
            Self::Raft => &[Part::A3, Part::B3, Part::C3, Part::D3],
            Self::Beyond => &[Part::E1, Part::E2, Part::E3, Part::E4, Part::E5, Part::E6, Part::E7],
            Self::Service => &[Part::A4, Part::B4, Part::C4],
            Self::Cargo => &[],
        }
    }
}

impl Mutant {
    /// The tests that are to catch it.
    pub(crate) fn suites(&self) -> Suites {
        match self.part.parse::<Part>() {
            Ok(Part::K2 | Part::L2) => Suites::Lab2,
            Ok(Part::A3 | Part::B3 | Part::C3 | Part::D3) => Suites::Raft,
            Ok(Part::E1 | Part::E2 | Part::E3 | Part::E4 | Part::E5 | Part::E6 | Part::E7) => Suites::Beyond,
            Ok(Part::A4 | Part::B4 | Part::C4) => Suites::Service,
            Err(_) => Suites::Cargo,
        }
    }
}

/// All mutants, and what is done to every copy before one is applied.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    /// The mutants, group by group.
    pub(crate) mutants: Vec<Mutant>,
    /// Switches the reference's own checks off.
    pub(crate) disarm: Vec<Edit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    mutant: Vec<Mutant>,
    #[serde(default)]
    edit: Vec<Edit>,
}

/// The groups, in the order in which they are shown.
const GROUPS: [&str; 16] = [
    "votes",
    "log",
    "persistence",
    "snapshots",
    "pieces",
    "calm",
    "members",
    "reads",
    "forwarding",
    "storage",
    "catch_up",
    "threads",
    "service",
    "lab2",
    "blind",
    "harness",
];

impl Catalogue {
    /// Reads the catalogue of the workspace at `root`.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or says what cannot be.
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let folder = root.join("tests/mutants/catalogue");
        let read = |group: &str| -> Result<File> {
            let path = folder.join(format!("{group}.toml"));
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            toml::from_str(&text).with_context(|| format!("{} is no catalogue of mutants", path.display()))
        };
        let mut mutants: Vec<Mutant> = Vec::new();
        for group in GROUPS {
            let file = read(group)?;
            ensure!(file.edit.is_empty(), "{group}.toml has an [[edit]] that belongs to no mutant");
            mutants
                .extend(file.mutant.into_iter().map(|mutant| Mutant { group: group.to_owned(), ..mutant }));
        }
        for control in CONTROLS {
            let planted = controls::read(&folder, control, &mutants)?;
            mutants.extend(planted);
        }
        let catalogue = Self { mutants, disarm: read("disarm")?.edit };
        catalogue.validate()?;
        Ok(catalogue)
    }

    fn validate(&self) -> Result<()> {
        for (place, mutant) in self.mutants.iter().enumerate() {
            let name = &mutant.name;
            // Checked when it is read, not when it is used: an entry that cannot be right should not cost a
            // build first.
            let is_new = self.mutants[..place].iter().all(|other| other.name != *name);
            ensure!(is_new, "two mutants are called {name}");
            ensure!(!mutant.edit.is_empty(), "mutant {name} changes nothing");
            ensure!(!mutant.rule.trim().is_empty(), "mutant {name} does not say what explains it");
            ensure!(!mutant.source.trim().is_empty(), "mutant {name} does not say where it is known from");
            ensure!(mutant.note.as_deref() != Some(""), "mutant {name} has an empty note");
            match (mutant.suites(), &mutant.test) {
                (Suites::Cargo, None) => {
                    ensure!(!mutant.check.is_empty(), "mutant {name} does not say what cargo should test");
                }
                (Suites::Cargo, Some(_)) => {
                    bail!("mutant {name} of part {:?} has a check instead of a test", mutant.part)
                }
                (_, None) => bail!("mutant {name} does not say which test should find it"),
                (suites, Some(test)) => {
                    // A test of another part never runs for this mutant, so it could not be expected to catch
                    // it.
                    let is_there =
                        lab_suites::find(test).is_some_and(|case| suites.parts().contains(&case.part));
                    ensure!(
                        is_there,
                        "mutant {name} should be found by {test}, which is no test of its suites"
                    );
                }
            }
        }
        Ok(())
    }

    /// The mutants of these names, or of groups of these names; all if none is given.
    ///
    /// # Errors
    ///
    /// When there is no such name; the message has the nearest.
    pub(crate) fn select(&self, names: &[String]) -> Result<Vec<&Mutant>> {
        for name in names {
            let is_known = self.mutants.iter().any(|mutant| mutant.is_called(name));
            if !is_known {
                // An error, not an empty selection: with no mutant, everything would be caught.
                let near = self.nearest(name);
                bail!("there is no mutant or group {name:?}. {near}");
            }
        }
        let is_wanted =
            |mutant: &&Mutant| names.is_empty() || names.iter().any(|name| mutant.is_called(name));
        Ok(self.mutants.iter().filter(is_wanted).collect())
    }

    fn nearest(&self, name: &str) -> String {
        const SIMILARITY_MIN: f64 = 0.7;

        let names = self.mutants.iter().map(|mutant| mutant.name.as_str()).chain(GROUPS).chain(CONTROLS);
        let known = names.map(|known| (strsim::jaro_winkler(name, known), known));
        match similarity::nearest(known, SIMILARITY_MIN).as_slice() {
            [] => "cargo lab mutants --list shows all".to_owned(),
            near => format!("Did you mean {}?", near.join(", ")),
        }
    }
}

impl Mutant {
    /// Whether this text, in capitals or not, has the words that explain the bug; `one way | another` are two ways to say it.
    pub(crate) fn is_explained_by(&self, text: &str) -> bool {
        // Reports begin sentences with what the catalogue writes in the middle of one.
        let text = text.to_lowercase();
        self.rule.split(" | ").any(|words| text.contains(&words.to_lowercase()))
    }

    /// The name of the bug, which is the same in every program.
    pub(crate) fn bug(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.group == name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::root;

    #[test]
    fn misspelt_name_gets_the_nearest() {
        let catalogue = Catalogue::load(&root()).expect("the catalogue");
        let names = |text: &str| catalogue.select(&[text.to_owned()]);
        assert_eq!(names("vote-twice-in-term").expect("a mutant").len(), 1);
        assert!(names("votes").expect("a group").len() > 10);
        assert_eq!(names("event_loop/vote-twice-in-term").expect("the same in a control").len(), 1);
        assert!(names("event_loop").expect("a control").len() > 10);
        let error = names("vote-twise-in-term").expect_err("misspelt").to_string();
        assert!(error.contains("vote-twice-in-term"), "{error}");
        let error = names("qqq").expect_err("nothing like it").to_string();
        assert!(error.contains("--list"), "{error}");
    }

    #[test]
    fn rule_is_looked_for_in_the_whole_report() {
        let mut mutant = Catalogue::load(&root()).expect("the catalogue").mutants.remove(0);
        for (words, is_there) in
            [("One vote", true), ("log | voted twice", true), ("log", false), ("log | term 2", false)]
        {
            mutant.rule = words.to_owned();
            assert_eq!(
                mutant.is_explained_by("S1 voted twice\none vote per server and term (§5.2)"),
                is_there,
                "{words}"
            );
        }
    }

    /// A copy has both, and the program that is tried is made of both.
    #[test]
    fn bugs_of_the_raft_can_be_for_the_tests_of_services() {
        let catalogue = Catalogue::load(&root()).expect("the catalogue");
        let is_in_the_raft = |edit: &Edit| edit.file.starts_with("raft/src/");
        let for_services = catalogue.mutants.iter().filter(|mutant| mutant.suites() == Suites::Service);
        assert!(for_services.flat_map(|mutant| &mutant.edit).any(is_in_the_raft));
    }

    #[test]
    fn fast_mutants_are_few_and_of_all_suites_and_programs() {
        let catalogue = Catalogue::load(&root()).expect("the catalogue");
        let fast: Vec<&Mutant> = catalogue.mutants.iter().filter(|mutant| mutant.fast).collect();
        let of = |program: Program| fast.iter().filter(|mutant| mutant.program == program).count();
        assert!((10..=16).contains(&of(Program::Reference)), "{} are fast", of(Program::Reference));
        // Each costs a build; the gate asks only whether bugs are found in other Rafts at all.
        let in_controls = fast.len() - of(Program::Reference);
        assert!((3..=6).contains(&in_controls), "{in_controls} are fast in controls");
        for suites in [Suites::Raft, Suites::Beyond, Suites::Service, Suites::Lab2] {
            assert!(fast.iter().any(|mutant| mutant.suites() == suites), "{suites:?}");
        }
    }
}
