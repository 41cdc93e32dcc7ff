//! Numbers of mutants, caught and explained, and how they stand in tables.

use crate::matrix::Row;
use crate::program::Program;
use crate::trial::{Trial, Verdict};

/// How many of some mutants...
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// ... there are.
    pub(crate) mutants: usize,
    /// ... were caught.
    pub(crate) caught: usize,
    /// ... with the first seed of some test.
    pub(crate) by_first_seed: usize,
    /// ... with a report that names the cause.
    pub(crate) explained: usize,
    /// ... were tried by the tests of chaos alone.
    pub(crate) tried_by_chaos: usize,
    /// ... were caught by these.
    pub(crate) chaos: usize,
    /// ... were tried by MIT's suite.
    pub(crate) tried_by_mit: usize,
    /// ... were caught by that.
    pub(crate) mit: usize,
}

impl Counts {
    /// Counts them.
    pub(crate) fn of<'a>(rows: impl Iterator<Item = &'a Row<'a>>) -> Self {
        let mut counts = Self::default();
        for (mutant, trial) in rows {
            counts.mutants += 1;
            counts.caught += usize::from(trial.verdict == Verdict::Caught);
            counts.by_first_seed += usize::from(trial.is_caught_by_first_seed());
            counts.explained += usize::from(trial.verdict == Verdict::Caught && trial.is_explained);
            counts.tried_by_chaos += usize::from(!trial.chaos.is_empty());
            counts.chaos += usize::from(trial.found_by_chaos().is_some());
            // Not tried is neither caught nor survived. It counts in no column.
            let mit = mutant.mit.as_deref().filter(|mit| !mit.starts_with("not tried"));
            counts.tried_by_mit += usize::from(mit.is_some());
            counts.mit += usize::from(mit.is_some_and(|mit| mit != "survived"));
        }
        counts
    }

    /// The row of a group, in the table of the reference; what other programs add comes behind it.
    pub(crate) fn row(&self, name: &str) -> String {
        let of = |part: usize, whole: usize| match whole {
            0 => "–".to_owned(),
            _ if whole == self.mutants => part.to_string(),
            _ => format!("{part} of {whole}"),
        };
        let Self { mutants, caught, by_first_seed, explained, .. } = self;
        format!(
            "| {name} | {mutants} | {caught} | {by_first_seed} | {explained} | {} | {} |",
            of(self.chaos, self.tried_by_chaos),
            of(self.mit, self.tried_by_mit)
        )
    }

    /// The same of a control, in one cell.
    pub(crate) fn cell(&self) -> String {
        match self.mutants {
            0 => "–".to_owned(),
            mutants => format!("{} / {} of {mutants}", self.caught, self.explained),
        }
    }

    /// The same of a control, in a sentence.
    pub(crate) fn sentence(&self, program: Program) -> String {
        let Self { mutants, caught, by_first_seed, explained, .. } = self;
        format!(
            "in the control {}, {caught} of {mutants} are caught, {by_first_seed} with the first seed, {explained} explained",
            program.name()
        )
    }
}

/// The result of a bug in a control, in a word: nothing if it was not planted there.
pub(crate) fn in_a_word(trial: Option<&Trial>) -> &'static str {
    match trial {
        None => "",
        Some(trial) => match (trial.verdict, trial.is_explained) {
            (Verdict::Caught, true) => "explained",
            (Verdict::Caught, false) => "caught",
            (Verdict::Survived, _) => "**survived**",
            (Verdict::DoesNotCompile | Verdict::TimedOut | Verdict::Crashed, _) => "**not tried**",
        },
    }
}
