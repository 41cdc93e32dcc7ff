//! The results of all mutants: the lines, the table and the numbers.

use crate::catalogue::{Catalogue, Mutant, Suites};
use crate::probe::{FailureKind, Run};
use crate::subject::BASELINE;
use crate::trial::{Trial, Verdict};

/// All trials, in the order of the catalogue.
#[derive(Debug)]
pub(crate) struct Matrix<'a> {
    /// The mutants beside their trials.
    pub(crate) rows: Vec<(&'a Mutant, &'a Trial)>,
    /// The code as it is.
    pub(crate) unmutated: Vec<&'a Trial>,
}

/// What a group is called in the tables.
fn title(group: &str) -> &str {
    if group == "blind" { "blind spots" } else { group }
}

impl<'a> Matrix<'a> {
    /// Sorts the trials.
    pub(crate) fn new(catalogue: &'a Catalogue, trials: &'a [Trial]) -> Self {
        let of = |mutant: &Mutant| trials.iter().find(|trial| trial.name == mutant.name);
        // In the order of the catalogue: workers finish in any order, and the table should change only where
        // a result does.
        let rows = catalogue.mutants.iter().filter_map(|mutant| Some((mutant, of(mutant)?))).collect();
        let unmutated = trials.iter().filter(|trial| trial.name == BASELINE).collect();
        Self { rows, unmutated }
    }

    /// Whether every mutant was caught and nothing else was.
    pub(crate) fn is_good(&self) -> bool {
        self.rows.iter().all(|(_, trial)| trial.verdict == Verdict::Caught)
            && self.unmutated.iter().all(|trial| trial.verdict == Verdict::Survived)
    }

    /// Whether there are verdicts that say nothing about the suites.
    pub(crate) fn is_inconclusive(&self) -> bool {
        // A mutant that does not compile is not caught by anything but the compiler.
        let says_nothing = |trial: &Trial| !matches!(trial.verdict, Verdict::Caught | Verdict::Survived);
        self.rows.iter().map(|(_, trial)| *trial).chain(self.unmutated.iter().copied()).any(says_nothing)
    }

    /// Whether the code as it is failed a test.
    pub(crate) fn has_false_alarm(&self) -> bool {
        self.unmutated.iter().any(|trial| trial.is_false_alarm())
    }

    /// The numbers, a sentence each.
    pub(crate) fn numbers(&self) -> Vec<String> {
        let all = Counts::of(self.rows.iter());
        let percent =
            |part: usize| if all.caught == 0 { 0.0 } else { 100.0 * part as f64 / all.caught as f64 };
        let mut numbers = vec![
            format!(
                "{} of {} mutants are caught, {} of them with the first seed",
                all.caught, all.mutants, all.by_first_seed
            ),
            format!(
                "{} of {} reports ({:.0} %) name the broken rule or what was expected",
                all.explained,
                all.caught,
                percent(all.explained)
            ),
        ];
        // Of cargo's tests only the real time is known.
        let is_simulated = |(mutant, _): &&(&Mutant, &Trial)| mutant.suites() != Suites::Cargo;
        let caught = self.rows.iter().filter(|(_, trial)| trial.verdict == Verdict::Caught);
        if let Some(median) = median(caught.filter(is_simulated).map(|(_, trial)| trial.cpu_ms).collect()) {
            numbers.push(format!("processor time until a mutant is caught: {median:.0} ms in the median"));
        }
        if all.tried_by_chaos > 0 {
            numbers.push(format!(
                "the tests of chaos alone catch {} of the {} that are in a Raft or in the service",
                all.chaos, all.tried_by_chaos
            ));
        }
        if all.tried_by_mit > 0 {
            numbers.push(format!(
                "MIT's suite caught {} of the {} that it was tried on",
                all.mit, all.tried_by_mit
            ));
        }
        let runs: usize = self.unmutated.iter().map(|trial| trial.runs.len()).sum();
        let alarms = self.unmutated.iter().filter(|trial| trial.is_false_alarm()).count();
        numbers.push(format!("the unmutated code: {runs} runs of the same tests, {alarms} false alarms"));
        numbers
    }

    /// The counts of each group and of all, as a table in Markdown.
    pub(crate) fn summary(&self) -> String {
        let mut out = String::from(
            "| group | mutants | caught | with the first seed | explained | by chaos alone | by MIT's suite |\n\
             |---|---:|---:|---:|---:|---:|---:|\n",
        );
        for group in self.groups() {
            let counts = Counts::of(self.rows.iter().filter(|(mutant, _)| mutant.group == group));
            out += &counts.row(title(group));
        }
        out + &Counts::of(self.rows.iter()).row("**all**")
    }

    /// The groups, in order.
    fn groups(&self) -> Vec<&'a str> {
        let mut groups: Vec<&str> = self.rows.iter().map(|(mutant, _)| mutant.group.as_str()).collect();
        groups.dedup();
        groups
    }

    /// The table in Markdown, group by group.
    pub(crate) fn markdown(&self) -> String {
        let mut out = String::new();
        for group in self.groups() {
            let title = title(group);
            let title = format!("{}{}", title[..1].to_uppercase(), &title[1..]);
            out += &format!(
                "\n### {title}\n\n| mutant | the bug | found by | what the report says | chaos | MIT |\n\
                 |---|---|---|---|---|---|\n"
            );
            for (mutant, trial) in self.rows.iter().filter(|(mutant, _)| mutant.group == group) {
                let cells = [
                    format!("`{}`", mutant.name),
                    mutant.story.clone(),
                    found_by(trial),
                    shortened(&failure_text(trial), 160),
                    found_by_chaos(trial),
                    mutant.mit.clone().unwrap_or_default(),
                ];
                // A bar ends a cell in Markdown, a newline ends the table.
                let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
                out += &format!("| {} |\n", cells.join(" | "));
            }
        }
        out
    }
}

/// How many of some mutants...
#[derive(Default)]
struct Counts {
    /// ... there are.
    mutants: usize,
    /// ... were caught.
    caught: usize,
    /// ... with the first seed of some test.
    by_first_seed: usize,
    /// ... with a report that names the cause.
    explained: usize,
    /// ... were tried by the tests of chaos alone.
    tried_by_chaos: usize,
    /// ... were caught by these.
    chaos: usize,
    /// ... were tried by MIT's suite.
    tried_by_mit: usize,
    /// ... were caught by that.
    mit: usize,
}

impl Counts {
    fn of<'a>(rows: impl Iterator<Item = &'a (&'a Mutant, &'a Trial)>) -> Self {
        let mut counts = Self::default();
        for (mutant, trial) in rows {
            counts.mutants += 1;
            counts.caught += usize::from(trial.verdict == Verdict::Caught);
            counts.by_first_seed += usize::from(trial.is_caught_by_first_seed());
            counts.explained += usize::from(trial.verdict == Verdict::Caught && trial.is_explained);
            counts.tried_by_chaos += usize::from(trial.chaos.is_some());
            counts.chaos += usize::from(trial.found_by_chaos().is_some());
            // Not tried is neither caught nor survived. It counts in no column.
            let mit = mutant.mit.as_deref().filter(|mit| !mit.starts_with("not tried"));
            counts.tried_by_mit += usize::from(mit.is_some());
            counts.mit += usize::from(mit.is_some_and(|mit| mit != "survived"));
        }
        counts
    }

    fn row(&self, name: &str) -> String {
        let of = |part: usize, whole: usize| match whole {
            0 => "–".to_owned(),
            _ if whole == self.mutants => part.to_string(),
            _ => format!("{part} of {whole}"),
        };
        let Self { mutants, caught, by_first_seed, explained, .. } = self;
        format!(
            "| {name} | {mutants} | {caught} | {by_first_seed} | {explained} | {} | {} |\n",
            of(self.chaos, self.tried_by_chaos),
            of(self.mit, self.tried_by_mit)
        )
    }
}

/// The line of one trial, as it is printed when it ends.
pub(crate) fn trial_line(mutant: Option<&Mutant>, trial: &Trial) -> String {
    let verdict = match trial.verdict {
        Verdict::Caught if trial.name == BASELINE => "FALSE ALARM",
        Verdict::Survived if trial.name == BASELINE => "passed",
        Verdict::Caught if trial.is_explained => "caught",
        Verdict::Caught => "caught, unexplained",
        Verdict::Survived => "SURVIVED",
        Verdict::DoesNotCompile => "DOES NOT COMPILE",
        Verdict::TimedOut => "TIMED OUT",
        Verdict::Crashed => "CRASHED",
    };
    let name =
        if trial.name == BASELINE { format!("{BASELINE} ({})", trial.group) } else { trial.name.clone() };
    let mut line = format!("{name:<40} {verdict:<20}");
    if !trial.runs.is_empty() {
        line += &format!(" {:>4} runs {:>7.0} ms", trial.runs.len(), trial.cpu_ms);
    }
    if trial.verdict == Verdict::Caught {
        line += &format!("  {}: {}", found_by(trial), shortened(&failure_text(trial), 200));
    } else if let Some(test) = mutant.and_then(|mutant| mutant.test.as_deref()) {
        line += &format!("  {test} was to catch it");
    }
    if !matches!(trial.verdict, Verdict::Caught | Verdict::Survived) {
        line += &format!("\n{}", trial.message.trim_end());
    }
    line
}

/// Further tests that caught it, a line each; empty without `--all`.
pub(crate) fn other_failures(trial: &Trial) -> Vec<String> {
    let failed: Vec<&Run> = trial.runs.iter().filter(|run| run.failure.is_some()).collect();
    let line = |run: &&Run| {
        let text = run.failure.as_ref().map_or("", |failure| failure.headline.as_str());
        format!("    {} seed {}: {}", run.test, run.seed, shortened(text, 160))
    };
    failed.iter().skip(1).map(line).collect()
}

fn found_by(trial: &Trial) -> String {
    match (trial.verdict, trial.first_failure()) {
        (Verdict::Caught, Some(run)) => with_seed(run),
        (Verdict::Caught, None) => match trial.failed.as_slice() {
            // Cargo's tests do not stop at the first failure, as the suites do; one name stands for all.
            [first, others @ ..] if !others.is_empty() => format!("`{first}` and {} more", others.len()),
            only => format!("`{}`", only.concat()),
        },
        (Verdict::Survived, _) => "**survived**".to_owned(),
        (Verdict::DoesNotCompile, _) => "**does not compile**".to_owned(),
        (Verdict::TimedOut, _) => "**timed out**".to_owned(),
        (Verdict::Crashed, _) => "**crashed**".to_owned(),
    }
}

fn found_by_chaos(trial: &Trial) -> String {
    match (&trial.chaos, trial.found_by_chaos()) {
        (_, Some(run)) => with_seed(run),
        (Some(_), None) => "–".to_owned(),
        (None, None) => String::new(),
    }
}

fn with_seed(run: &Run) -> String {
    match run.seed {
        // The first seed is the rule and goes without saying.
        1 => format!("`{}`", run.test),
        seed => format!("`{}`, seed {seed}", run.test),
    }
}

/// The headline, with what was broken or expected if that is not in it.
fn failure_text(trial: &Trial) -> String {
    let Some(failure) = trial.first_failure().and_then(|run| run.failure.as_ref()) else {
        return if trial.verdict == Verdict::Caught { trial.message.clone() } else { String::new() };
    };
    match (failure.kind, failure.details.first()) {
        (FailureKind::Rule, Some(rule)) => format!("{} [{rule}]", failure.headline),
        _ => failure.headline.clone(),
    }
}

fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{FailureKind, FailureReport};
    use crate::subject::Subject;
    use crate::workspace::root;
    use expect_test::expect_file;

    #[test]
    fn median_is_in_the_middle() {
        assert_eq!(median(vec![9.0, 1.0, 5.0]), Some(5.0));
        assert_eq!(median(vec![]), None);
    }

    fn run(test: &str, seed: u64, headline: Option<&str>) -> Run {
        let report = |headline: &str| FailureReport {
            kind: FailureKind::Rule,
            headline: headline.to_owned(),
            details: vec!["a | rule".to_owned()],
        };
        Run { test: test.to_owned(), seed, cpu_ms: 10.0, failure: headline.map(report) }
    }

    /// One that the second seed found, and chaos with the first; one that survived; one of the lab itself.
    fn trials(catalogue: &Catalogue) -> Vec<Trial> {
        let trial = |name: &str, verdict| {
            let mutant = catalogue.mutants.iter().find(|mutant| mutant.name == name).expect("a mutant");
            Trial::new(Subject::Mutant(mutant), verdict)
        };
        let caught = Trial {
            runs: vec![run("few_terms_3a", 1, None), run("few_terms_3a", 2, Some("two\nvotes"))],
            chaos: Some(vec![run("chaos_3b", 1, Some("two votes"))]),
            is_explained: true,
            cpu_ms: 20.0,
            ..trial("vote-twice-in-term", Verdict::Caught)
        };
        let survived = Trial { chaos: Some(Vec::new()), ..trial("kv-local-get", Verdict::Survived) };
        let of_lab = Trial {
            failed: vec!["one".to_owned(), "two".to_owned(), "three".to_owned()],
            message: "a panic".to_owned(),
            ..trial("unknown-is-ok", Verdict::Caught)
        };
        vec![of_lab, survived, caught, Trial::new(Subject::Baseline(Suites::Raft), Verdict::Survived)]
    }

    #[test]
    fn matrix_counts_everything_where_it_belongs() {
        let catalogue = Catalogue::load(&root()).expect("the catalogue");
        let trials = trials(&catalogue);
        let matrix = Matrix::new(&catalogue, &trials);
        assert!(!matrix.is_good() && !matrix.is_inconclusive() && !matrix.has_false_alarm());
        let numbers: String = matrix.numbers().iter().map(|number| format!("- {number}\n")).collect();
        let table = format!("{numbers}\n{}{}", matrix.summary(), matrix.markdown());
        // UPDATE_EXPECT=1 writes it anew, when the story of one of these mutants has changed.
        expect_file!["expected/matrix.md"].assert_eq(&table);
    }

    #[test]
    fn verdicts_other_than_caught_and_survived_are_inconclusive() {
        let catalogue = Catalogue::load(&root()).expect("the catalogue");
        for verdict in [Verdict::DoesNotCompile, Verdict::TimedOut, Verdict::Crashed] {
            let trials = [Trial::new(Subject::Mutant(&catalogue.mutants[0]), verdict)];
            let matrix = Matrix::new(&catalogue, &trials);
            assert!(matrix.is_inconclusive() && !matrix.is_good(), "{verdict:?}");
        }
        let trials = [Trial::new(Subject::Baseline(Suites::Service), Verdict::Caught)];
        assert!(Matrix::new(&catalogue, &trials).has_false_alarm());
    }
}
