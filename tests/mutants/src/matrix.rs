//! The results of all mutants: the lines, the table and the numbers.

use crate::catalogue::{Catalogue, Mutant, Suites};
use crate::counts::{Counts, in_a_word};
use crate::program::Program;
use crate::subject::BASELINE;
use crate::trial::{Chaos, Trial, Verdict};
use lab_probe::{FailureKind, Run};

/// A mutant beside its trial.
pub(crate) type Row<'a> = (&'a Mutant, &'a Trial);

/// All trials, in the order of the catalogue.
#[derive(Debug)]
pub(crate) struct Matrix<'a> {
    /// Those of the reference.
    rows: Vec<Row<'a>>,
    /// Those of controls.
    in_controls: Vec<Row<'a>>,
    /// The code as it is.
    unmutated: Vec<&'a Trial>,
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
        let rows = catalogue.mutants.iter().filter_map(|mutant| Some((mutant, of(mutant)?)));
        let (rows, in_controls) = rows.partition(|(mutant, _)| mutant.program == Program::Reference);
        let unmutated = trials.iter().filter(|trial| trial.name == BASELINE).collect();
        Self { rows, in_controls, unmutated }
    }

    /// Whether every mutant was caught and nothing else was.
    pub(crate) fn is_good(&self) -> bool {
        self.of_all_programs().all(|(_, trial)| trial.verdict == Verdict::Caught)
            && self.unmutated.iter().all(|trial| trial.verdict == Verdict::Survived)
    }

    /// Whether there are verdicts that say nothing about the suites.
    pub(crate) fn is_inconclusive(&self) -> bool {
        // A mutant that does not compile is not caught by anything but the compiler.
        let says_nothing = |trial: &Trial| !matches!(trial.verdict, Verdict::Caught | Verdict::Survived);
        self.of_all_programs()
            .map(|(_, trial)| *trial)
            .chain(self.unmutated.iter().copied())
            .any(says_nothing)
    }

    fn of_all_programs(&self) -> impl Iterator<Item = &Row<'a>> {
        self.rows.iter().chain(&self.in_controls)
    }

    /// The controls in which something was tried.
    fn controls(&self) -> Vec<Program> {
        let is_tried =
            |program: &Program| self.in_controls.iter().any(|(mutant, _)| mutant.program == *program);
        Program::all().filter(is_tried).collect()
    }

    /// What is counted of a control: all of it, or the bugs that are of this group in the reference.
    fn counts_of(&self, control: Program, group: Option<&str>) -> Counts {
        let is_of_group = |bug: &str| {
            self.rows.iter().any(|(mutant, _)| mutant.name == bug && Some(&*mutant.group) == group)
        };
        let is_counted = |(mutant, _): &&Row<'_>| {
            mutant.program == control && (group.is_none() || is_of_group(mutant.bug()))
        };
        Counts::of(self.in_controls.iter().filter(is_counted))
    }

    /// Whether the code as it is failed a test.
    pub(crate) fn has_false_alarm(&self) -> bool {
        self.unmutated.iter().any(|trial| trial.is_false_alarm())
    }

    /// How many the tests of chaos alone catch, under each policy, and what that costs.
    fn chaos_numbers(&self) -> Vec<String> {
        let tried: Vec<&Chaos> = self.rows.iter().flat_map(|(_, trial)| &trial.chaos).collect();
        let mut policies: Vec<&str> = Vec::new();
        for chaos in &tried {
            if !policies.contains(&chaos.policy.as_str()) {
                policies.push(&chaos.policy);
            }
        }
        let number = |policy: &str| {
            let trials: Vec<&Chaos> = tried.iter().copied().filter(|chaos| chaos.policy == policy).collect();
            let caught = trials.iter().filter(|chaos| chaos.found().is_some()).count();
            let cpu_s =
                trials.iter().flat_map(|chaos| &chaos.runs).map(|run| run.cpu_ms).sum::<f64>() / 1000.0;
            format!(
                "the tests of chaos alone under {policy} catch {caught} of the {} that are in a Raft or in the service, \
                 with {cpu_s:.1} s of processor time",
                trials.len()
            )
        };
        policies.into_iter().map(number).collect()
    }

    /// The numbers, a sentence each.
    pub(crate) fn numbers(&self) -> Vec<String> {
        let mut numbers = if self.rows.is_empty() { Vec::new() } else { self.numbers_of_reference() };
        numbers.extend(
            self.controls().into_iter().map(|control| self.counts_of(control, None).sentence(control)),
        );
        let runs: usize = self.unmutated.iter().map(|trial| trial.runs.len()).sum();
        let alarms = self.unmutated.iter().filter(|trial| trial.is_false_alarm()).count();
        numbers.push(format!("the unmutated code: {runs} runs of the same tests, {alarms} false alarms"));
        numbers
    }

    fn numbers_of_reference(&self) -> Vec<String> {
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
        let is_simulated = |(mutant, _): &&Row<'_>| mutant.suites() != Suites::Cargo;
        let caught = self.rows.iter().filter(|(_, trial)| trial.verdict == Verdict::Caught);
        if let Some(median) = median(caught.filter(is_simulated).map(|(_, trial)| trial.cpu_ms).collect()) {
            numbers.push(format!("processor time until a mutant is caught: {median:.0} ms in the median"));
        }
        if all.tried_by_chaos > 0 {
            numbers.extend(self.chaos_numbers());
        }
        if all.tried_by_mit > 0 {
            numbers.push(format!(
                "MIT's suite caught {} of the {} that it was tried on",
                all.mit, all.tried_by_mit
            ));
        }
        numbers
    }

    /// The counts of each group and of all, as a table in Markdown.
    pub(crate) fn summary(&self) -> String {
        let controls = self.controls();
        let mut out = String::from(
            "| group | mutants | caught | with the first seed | explained | by chaos alone | by MIT's suite |",
        );
        out.extend(controls.iter().map(|control| format!(" in {} |", control.name())));
        out += &format!("\n|---|---:|---:|---:|---:|---:|---:|{}\n", "---:|".repeat(controls.len()));
        let mut add = |name: &str, counts: &Counts, group: Option<&str>| {
            out += &counts.row(name);
            out.extend(
                controls.iter().map(|control| format!(" {} |", self.counts_of(*control, group).cell())),
            );
            out.push('\n');
        };
        for group in self.groups() {
            let counts = Counts::of(self.rows.iter().filter(|(mutant, _)| mutant.group == group));
            add(title(group), &counts, Some(group));
        }
        add("**all**", &Counts::of(self.rows.iter()), None);
        out
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
            // A column that says nothing in all of a group is left out.
            let mut controls = self.controls();
            controls.retain(|control| self.counts_of(*control, Some(group)).mutants > 0);
            let names: String = controls.iter().map(|control| format!(" {} |", control.name())).collect();
            out += &format!(
                "\n### {title}\n\n| mutant | the bug | found by | what the report says | chaos | MIT |{names}\n\
                 |---|---|---|---|---|---|{}\n",
                "---|".repeat(controls.len())
            );
            for (mutant, trial) in self.rows.iter().filter(|(mutant, _)| mutant.group == group) {
                let mut cells = vec![
                    format!("`{}`", mutant.name),
                    mutant.story.clone(),
                    found_by(trial),
                    shortened(&failure_text(trial), 160),
                    found_by_chaos(trial),
                    mutant.mit.clone().unwrap_or_default(),
                ];
                cells.extend(controls.iter().map(|control| self.in_control(mutant, *control).to_owned()));
                // A bar ends a cell in Markdown, a newline ends the table.
                let cells: Vec<String> =
                    cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
                out += &format!("| {} |\n", cells.join(" | "));
            }
        }
        out
    }

    /// What became of this bug in a control.
    fn in_control(&self, mutant: &Mutant, control: Program) -> &'static str {
        let is_it = |(other, _): &&Row<'_>| other.program == control && other.bug() == mutant.name;
        in_a_word(self.in_controls.iter().find(is_it).map(|(_, trial)| *trial))
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
    let mut line = format!("{name:<48} {verdict:<20}");
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
    match trial.found_by_chaos() {
        Some(run) => with_seed(run),
        None if trial.chaos.is_empty() => String::new(),
        None => "–".to_owned(),
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
    use crate::subject::Subject;
    use crate::workspace::root;
    use expect_test::expect_file;
    use lab_probe::{FailureKind, FailureReport};

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
        let chaos = |runs| Chaos { policy: "portfolio".to_owned(), runs };
        let caught = Trial {
            runs: vec![run("few_terms_3a", 1, None), run("few_terms_3a", 2, Some("two\nvotes"))],
            chaos: vec![chaos(vec![run("chaos_3b", 1, Some("two votes"))])],
            is_explained: true,
            cpu_ms: 20.0,
            ..trial("vote-twice-in-term", Verdict::Caught)
        };
        let survived = Trial { chaos: vec![chaos(Vec::new())], ..trial("kv-local-get", Verdict::Survived) };
        let in_control = Trial {
            runs: vec![run("few_terms_3a", 1, Some("two votes"))],
            ..trial("event_loop/vote-twice-in-term", Verdict::Caught)
        };
        let of_lab = Trial {
            failed: vec!["one".to_owned(), "two".to_owned(), "three".to_owned()],
            message: "a panic".to_owned(),
            ..trial("unknown-is-ok", Verdict::Caught)
        };
        vec![
            of_lab,
            survived,
            in_control,
            caught,
            Trial::new(Subject::Baseline(Program::Reference, Suites::Raft), Verdict::Survived),
        ]
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
        let trials = [Trial::new(Subject::Baseline(Program::Reference, Suites::Service), Verdict::Caught)];
        assert!(Matrix::new(&catalogue, &trials).has_false_alarm());
    }
}
