//! What is tried: a mutant, or the unmutated code.

use crate::catalogue::{Catalogue, Mutant, Suites};
use crate::program::Program;

/// The name of the unmutated code in results.
pub(crate) const BASELINE: &str = "unmutated";

/// What is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'a> {
    /// A mutant.
    Mutant(&'a Mutant),
    /// The unmutated code of this program, with these suites.
    Baseline(Program, Suites),
}

impl Subject<'_> {
    /// The name of the mutant, or [`BASELINE`].
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Mutant(mutant) => &mutant.name,
            Self::Baseline(..) => BASELINE,
        }
    }

    /// Whether it is the unmutated code, of which all false alarms are of interest, not the first only.
    pub(crate) fn is_baseline(&self) -> bool {
        matches!(self, Self::Baseline(..))
    }

    /// The program that it is in.
    pub(crate) fn program(&self) -> Program {
        match self {
            Self::Mutant(mutant) => mutant.program,
            Self::Baseline(program, _) => *program,
        }
    }

    /// The tests that are to catch it.
    pub(crate) fn suites(&self) -> Suites {
        match self {
            Self::Mutant(mutant) => mutant.suites(),
            Self::Baseline(_, suites) => *suites,
        }
    }

    /// The tests, the expected one first.
    pub(crate) fn tests(&self) -> Vec<&'static str> {
        let first = match self {
            Self::Mutant(mutant) => mutant.test.as_deref(),
            Self::Baseline(..) => None,
        };
        let of_part = |part: &_| lab_suites::of_part(*part).map(|case| case.name);
        let mut names: Vec<&'static str> = self.suites().parts().iter().flat_map(of_part).collect();
        // The expected one first, so that the usual trial takes one run. False sorts before true.
        names.sort_by_key(|name| Some(*name) != first); // stable: the rest stays in order
        names
    }

    /// What cargo is told to test: what the mutant names, or whatever any does.
    pub(crate) fn checks<'c>(&'c self, catalogue: &'c Catalogue) -> Vec<&'c [String]> {
        let mut checks: Vec<&[String]> = match self {
            Self::Mutant(mutant) => vec![&mutant.check],
            // Whatever any mutant is tried by must be passed by the unmutated code.
            Self::Baseline(..) => catalogue.mutants.iter().map(|mutant| &mutant.check[..]).collect(),
        };
        checks.retain(|check| !check.is_empty());
        checks.sort();
        checks.dedup();
        checks
    }

    /// The tests in which faults of every kind happen at random.
    pub(crate) fn chaos(&self) -> Vec<&'static str> {
        self.tests().into_iter().filter(|name| name.starts_with("chaos_")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::root;

    #[test]
    fn expected_test_runs_first_and_none_is_left_out() {
        let catalogue = Catalogue::load(&root()).expect("a catalogue");
        for mutant in catalogue.mutants.iter().filter(|mutant| mutant.suites() != Suites::Cargo) {
            let tests = Subject::Mutant(mutant).tests();
            assert_eq!(tests.first().copied(), mutant.test.as_deref(), "{}", mutant.name);
            let all = Subject::Baseline(mutant.program, mutant.suites()).tests();
            assert_eq!(tests.len(), all.len(), "{}", mutant.name);
        }
    }

    #[test]
    fn chaos_is_in_every_suite_of_the_lab() {
        let chaos = |suites| Subject::Baseline(Program::Reference, suites).chaos();
        assert_eq!(chaos(Suites::Raft), ["chaos_3b", "chaos_3c", "chaos_3d"]);
        assert_eq!(
            chaos(Suites::Beyond),
            ["chaos_e1", "chaos_e2", "chaos_e3", "chaos_e4", "chaos_e5", "chaos_e6"]
        );
        assert_eq!(chaos(Suites::Service), ["chaos_4c"]);
        assert_eq!(chaos(Suites::Lab2), ["chaos_2k", "chaos_2l"]);
    }
}
