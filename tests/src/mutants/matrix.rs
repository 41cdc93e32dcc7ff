//! What came of all mutants: the lines, the table and the numbers.

use std::time::Duration;

use super::catalogue::{Catalogue, Mutant, Suites};
use super::probe::{Kind, Run};
use super::trial::{Trial, UNMUTATED, Verdict};

/// All trials, in the order of the catalogue.
#[derive(Debug)]
pub struct Matrix<'a> {
    /// The mutants beside what came of them.
    pub rows: Vec<(&'a Mutant, &'a Trial)>,
    /// The code as it is.
    pub unmutated: Vec<&'a Trial>,
}

impl<'a> Matrix<'a> {
    /// Sorts the trials.
    #[must_use]
    pub fn new(catalogue: &'a Catalogue, trials: &'a [Trial]) -> Self {
        let of = |mutant: &Mutant| trials.iter().find(|trial| trial.name == mutant.name);
        let rows = catalogue.mutants.iter().filter_map(|mutant| Some((mutant, of(mutant)?))).collect();
        let unmutated = trials.iter().filter(|trial| trial.name == UNMUTATED).collect();
        Self { rows, unmutated }
    }

    /// Whether every mutant was caught and nothing else was.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.rows.iter().all(|(_, trial)| trial.verdict == Verdict::Caught)
            && self.unmutated.iter().all(|trial| trial.verdict == Verdict::Survived)
    }

    /// Whether there are verdicts that say nothing about the suites.
    #[must_use]
    pub fn is_unclear(&self) -> bool {
        let says_nothing = |trial: &Trial| !matches!(trial.verdict, Verdict::Caught | Verdict::Survived);
        self.rows.iter().map(|(_, trial)| *trial).chain(self.unmutated.iter().copied()).any(says_nothing)
    }

    /// The numbers, a sentence each.
    #[must_use]
    pub fn numbers(&self) -> Vec<String> {
        let caught: Vec<_> = self.rows.iter().filter(|(_, trial)| trial.verdict == Verdict::Caught).collect();
        let count = |is: &dyn Fn(&(&Mutant, &Trial)) -> bool| caught.iter().filter(|row| is(row)).count();
        let at_once = count(&|(_, trial)| trial.is_caught_at_once());
        let explained = count(&|(_, trial)| trial.is_explained);
        let timed: Vec<Duration> = caught
            .iter()
            .filter(|(mutant, _)| mutant.suites() != Suites::Cargo)
            .map(|(_, trial)| Duration::from_secs_f64(trial.cpu_ms / 1000.0))
            .collect();
        let mit: Vec<&str> = self.rows.iter().filter_map(|(mutant, _)| mutant.mit.as_deref()).collect();
        let tried = mit.iter().filter(|said| !said.starts_with("not tried")).count();
        let survived = mit.iter().filter(|said| **said == "survived").count();
        let runs: usize = self.unmutated.iter().map(|trial| trial.runs.len()).sum();
        let alarms = self.unmutated.iter().filter(|trial| trial.verdict != Verdict::Survived).count();
        let mut numbers = vec![
            format!(
                "{} of {} caught; {at_once} of them with the first seed of some test",
                caught.len(),
                self.rows.len()
            ),
            format!("{explained} of {} reports name the broken rule or what was expected", caught.len()),
        ];
        if let Some(median) = median(timed) {
            numbers.push(format!(
                "processor time until a mutant is caught: {:.0} ms in the median",
                median.as_secs_f64() * 1000.0
            ));
        }
        numbers.push(format!("the unmutated code: {runs} runs, {alarms} false alarms"));
        if tried > 0 {
            numbers.push(format!(
                "MIT's suite, of the {tried} that it was tried on: {} caught",
                tried - survived
            ));
        }
        numbers
    }

    /// The table in Markdown, group by group.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        let mut group = "";
        for (mutant, trial) in &self.rows {
            if mutant.group != group {
                group = &mutant.group;
                let title = format!("{}{}", group[..1].to_uppercase(), &group[1..]);
                out += &format!(
                    "\n### {title}\n\n| mutant | the bug | found by | what the report says | MIT |\n|---|---|---|---|---|\n"
                );
            }
            let cells = [
                format!("`{}`", mutant.name),
                mutant.story.clone(),
                found_by(trial),
                shortened(&said(trial), 160),
                mutant.mit.clone().unwrap_or_default(),
            ];
            let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
            out += &format!("| {} |\n", cells.join(" | "));
        }
        out
    }
}

/// The line of one trial, as it is printed when it ends.
#[must_use]
pub fn line(mutant: Option<&Mutant>, trial: &Trial) -> String {
    let verdict = match trial.verdict {
        Verdict::Caught if trial.name == UNMUTATED => "FALSE ALARM",
        Verdict::Survived if trial.name == UNMUTATED => "passed",
        Verdict::Caught if trial.is_explained => "caught",
        Verdict::Caught => "caught, unexplained",
        Verdict::Survived => "SURVIVED",
        Verdict::DoesNotCompile => "DOES NOT COMPILE",
        Verdict::TimedOut => "TIMED OUT",
        Verdict::Crashed => "CRASHED",
    };
    let name =
        if trial.name == UNMUTATED { format!("{UNMUTATED} ({})", trial.group) } else { trial.name.clone() };
    let mut line = format!("{name:<40} {verdict:<20}");
    if !trial.runs.is_empty() {
        line += &format!(" {:>4} runs {:>7.0} ms", trial.runs.len(), trial.cpu_ms);
    }
    if trial.verdict == Verdict::Caught {
        line += &format!("  {}: {}", found_by(trial), shortened(&said(trial), 200));
    } else if let Some(test) = mutant.and_then(|mutant| mutant.test.as_deref()) {
        line += &format!("  {test} was to find it");
    }
    if !matches!(trial.verdict, Verdict::Caught | Verdict::Survived) {
        line += &format!("\n{}", trial.message.trim_end());
    }
    line
}

/// Further tests that found it, a line each; empty if it was not asked for all.
#[must_use]
pub fn other_finds(trial: &Trial) -> Vec<String> {
    let failed: Vec<&Run> = trial.runs.iter().filter(|run| run.failure.is_some()).collect();
    let said = |run: &&Run| {
        let text = run.failure.as_ref().map_or("", |failure| failure.headline.as_str());
        format!("    {} seed {}: {}", run.test, run.seed, shortened(text, 160))
    };
    failed.iter().skip(1).map(said).collect()
}

fn found_by(trial: &Trial) -> String {
    match (trial.verdict, trial.first_failure()) {
        (Verdict::Caught, Some(run)) if run.seed == 1 => format!("`{}`", run.test),
        (Verdict::Caught, Some(run)) => format!("`{}`, seed {}", run.test, run.seed),
        (Verdict::Caught, None) => format!("`{}`", trial.message),
        (Verdict::Survived, _) => "**survived**".to_owned(),
        (Verdict::DoesNotCompile, _) => "**does not compile**".to_owned(),
        (Verdict::TimedOut, _) => "**timed out**".to_owned(),
        (Verdict::Crashed, _) => "**crashed**".to_owned(),
    }
}

/// The headline, with what was broken or expected if that is not in it.
fn said(trial: &Trial) -> String {
    let Some(failure) = trial.first_failure().and_then(|run| run.failure.as_ref()) else {
        return String::new();
    };
    match (failure.kind, failure.details.first()) {
        (Kind::Rule, Some(rule)) => format!("{} [{rule}]", failure.headline),
        _ => failure.headline.clone(),
    }
}

fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let millis = |all: &[u64]| all.iter().map(|&ms| Duration::from_millis(ms)).collect::<Vec<_>>();
        assert_eq!(median(millis(&[9, 1, 5])), Some(Duration::from_millis(5)));
        assert_eq!(median(vec![]), None);
    }
}
