//! Reads a rubric: from the fields of the file to what they mean, or to a sentence with the line.

use std::ops::Range;
use std::time::Duration;

use lab_harness::case::Part;
use lab_hunt::program::quantity;
use lab_runs::similarity::nearest;
use lab_suites as suites;
use labrpc::printable;
use labrpc::sim::Policy as Schedule;
use toml::{Spanned, Value};

use super::file::{self, File};
use super::policy::{Policy, Visibility};
use super::{Budget, Late, PartRule, Rubric, SeedRule, TestRule};
use crate::moment::Moment;
use crate::points::Points;

/// More seeds of a test than this nobody waits for.
const SEEDS_MAX: u64 = 100_000;
/// How similar a name must be to be proposed, from 0 to 1.
const SIMILARITY_MIN: f64 = 0.6;

pub(super) fn read(name: &str, text: &str) -> Result<Rubric, String> {
    let place = Place { name, text };
    let file: File = toml::from_str(text).map_err(|error| {
        let message = error.message().trim().replace('\n', ", ");
        place.wrong(error.span().unwrap_or_default(), &message)
    })?;
    let policy = place.value(file.policy.as_ref(), Policy::All)?;
    let visibility = place.value(file.visibility.as_ref(), Visibility::Visible)?;
    let defaults = Defaults { policy, visibility };
    let assignment = file.assignment.get_ref().trim().to_owned();
    if assignment.is_empty() {
        return Err(place.wrong(file.assignment.span(), "the assignment needs a name"));
    }
    let rubric = Rubric {
        text: text.to_owned(),
        assignment,
        seeds: seeds(&place, &file.seeds)?,
        budget: budget(&place, &file.budget)?,
        late: late(&place, &file.late)?,
        parts: parts(&place, &file, defaults)?,
        has_leaderboard: file.leaderboard,
        allows_unsafe: file.allow_unsafe,
    };
    if rubric.parts.is_empty() {
        return Err(format!("{}: there is no [[part]], so nothing is graded", printable(name)));
    }
    Ok(rubric)
}

/// What holds for parts and tests that say nothing else.
#[derive(Clone, Copy)]
struct Defaults {
    policy: Policy,
    visibility: Visibility,
}

/// The file, for messages.
struct Place<'a> {
    name: &'a str,
    text: &'a str,
}

impl Place<'_> {
    /// What is wrong, and in which line.
    fn wrong(&self, span: Range<usize>, what: &str) -> String {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        format!("{}, line {line}: {}", printable(self.name), printable(what))
    }

    /// Reads a value that may be missing.
    fn value<T: std::str::FromStr<Err = String>>(
        &self,
        value: Option<&Spanned<String>>,
        default: T,
    ) -> Result<T, String> {
        self.read(value, default, |text| text.parse())
    }

    fn read<T>(
        &self,
        value: Option<&Spanned<String>>,
        default: T,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        let Some(value) = value else { return Ok(default) };
        read(value.get_ref()).map_err(|error| self.wrong(value.span(), &error))
    }
}

fn seeds(place: &Place<'_>, file: &file::Seeds) -> Result<SeedRule, String> {
    let count = |value: &Option<Spanned<u64>>, default| match value {
        Some(count) if *count.get_ref() > SEEDS_MAX => {
            let what = format!("{} seeds of each test are more than {SEEDS_MAX}", count.get_ref());
            Err(place.wrong(count.span(), &what))
        }
        Some(count) => Ok(*count.get_ref()),
        None => Ok(default),
    };
    let (public, hidden) = (count(&file.public, 5)?, count(&file.hidden, 0)?);
    if public + hidden == 0 {
        let span = file.public.as_ref().map(Spanned::span).unwrap_or_default();
        return Err(place.wrong(span, "no public seeds and no hidden ones: nothing would be run"));
    }
    let schedule = place.read(file.schedule.as_ref(), Schedule::default(), schedule)?;
    Ok(SeedRule { public, hidden, schedule, is_shown: file.show.unwrap_or(true) })
}

fn budget(place: &Place<'_>, file: &file::Budget) -> Result<Budget, String> {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    Ok(Budget {
        time: place.read(file.time.as_ref(), minutes(60), quantity::time)?,
        test: place.read(file.test.as_ref(), minutes(10), quantity::time)?,
        run: place.read(file.run.as_ref(), minutes(2), quantity::limit)?,
        memory: place.read(file.memory.as_ref(), 2 << 30, quantity::memory)?,
        build: place.read(file.build.as_ref(), minutes(10), quantity::time)?,
    })
}

fn late(place: &Place<'_>, file: &file::Late) -> Result<Late, String> {
    let lost_per_day = match &file.lost_per_day {
        Some(percent) if *percent.get_ref() > 100 => {
            return Err(place.wrong(percent.span(), "nobody can lose more than 100 percent"));
        }
        Some(percent) => *percent.get_ref(),
        None => 10,
    };
    // No grace is a grace as well.
    let grace = |text: &str| if text == "0s" { Ok(Duration::ZERO) } else { quantity::time(text) };
    let grace = place.read(file.grace.as_ref(), Duration::from_secs(600), grace)?;
    Ok(Late { lost_per_day, days: file.days.unwrap_or(5), grace })
}

fn parts(place: &Place<'_>, file: &File, defaults: Defaults) -> Result<Vec<PartRule>, String> {
    let mut parts: Vec<PartRule> = Vec::new();
    for part in &file.part {
        let rule = part_rule(place, part, defaults)?;
        if parts.iter().any(|other| other.part == rule.part) {
            return Err(place.wrong(part.name.span(), &format!("part {} stands twice", rule.part)));
        }
        parts.push(rule);
    }
    // What is said of single tests, after what holds for all of their part.
    let mut seen = Vec::new();
    for test in &file.test {
        let (name, span) = (test.name.get_ref(), test.name.span());
        let case = suites::TESTS.iter().find(|case| case.name == name);
        let case = case.ok_or_else(|| place.wrong(span.clone(), &no_test(name)))?;
        if seen.contains(&case.name) {
            return Err(place.wrong(span, &format!("test {name} stands twice")));
        }
        seen.push(case.name);
        let Some(part) = parts.iter_mut().find(|part| part.part == case.part) else {
            let what = format!("test {name} is of part {}, which is not graded here", case.part);
            return Err(place.wrong(span, &what));
        };
        if test.skip {
            part.tests.retain(|rule| rule.case.name != case.name);
            continue;
        }
        for rule in part.tests.iter_mut().filter(|rule| rule.case.name == case.name) {
            rule.policy = place.value(test.policy.as_ref(), rule.policy)?;
            rule.visibility = place.value(test.visibility.as_ref(), rule.visibility)?;
            if let Some(weight) = &test.weight {
                if *weight.get_ref() > 1_000_000 {
                    return Err(place.wrong(weight.span(), "a weight is a number up to a million"));
                }
                rule.weight = *weight.get_ref();
            }
        }
    }
    for (part, file) in parts.iter_mut().zip(&file.part) {
        let weight: u64 = part.tests.iter().map(|test| test.weight).sum();
        if file.points.is_none() {
            part.points = Points::whole(weight);
        }
        if weight == 0 && part.points > Points::default() {
            let what = format!(
                "part {} is worth {} points, and no test of it has any weight",
                part.part, part.points
            );
            return Err(place.wrong(file.name.span(), &what));
        }
    }
    Ok(parts)
}

fn part_rule(place: &Place<'_>, file: &file::Part, defaults: Defaults) -> Result<PartRule, String> {
    let part: Part =
        file.name.get_ref().parse().map_err(|error: String| place.wrong(file.name.span(), &error))?;
    let policy = place.value(file.policy.as_ref(), defaults.policy)?;
    let visibility = place.value(file.visibility.as_ref(), defaults.visibility)?;
    let points = match &file.points {
        Some(points) => Points::read(*points.get_ref()).ok_or_else(|| {
            let what = format!("{} is no number of points: write 25 or 12.5", points.get_ref());
            place.wrong(points.span(), &what)
        })?,
        None => Points::default(), // what the tests are worth, when that is known
    };
    let deadline = file
        .deadline
        .as_ref()
        .map(|value| deadline(value.get_ref()).map_err(|error| place.wrong(value.span(), &error)));
    let tests = suites::of_part(part)
        .map(|case| TestRule { case, weight: u64::from(case.points), policy, visibility })
        .collect();
    Ok(PartRule { part, points, deadline: deadline.transpose()?, tests })
}

/// A moment of TOML. Who knows other formats writes it with quotes.
fn deadline(value: &Value) -> Result<Moment, String> {
    match value {
        Value::Datetime(moment) => Moment::of(moment),
        Value::String(text) => Err(match Moment::read(text) {
            Ok(_) => format!("a deadline is written without quotes: deadline = {text}"),
            Err(error) => format!("{error}, and without quotes"),
        }),
        _ => {
            Err("a deadline is a moment with a time zone, without quotes: 2026-10-01T23:59:00-04:00"
                .to_owned())
        }
    }
}

/// Who runs next. There are more that searches use and nobody grades with.
fn schedule(text: &str) -> Result<Schedule, String> {
    match text {
        "random" => Ok(Schedule::Random),
        "portfolio" => Ok(Schedule::Portfolio),
        other => Err(format!("{other:?} is no schedule for grading: write \"random\" or \"portfolio\"")),
    }
}

/// That there is no such test, and which are called nearly so.
fn no_test(name: &str) -> String {
    let known = suites::TESTS.iter().map(|case| (strsim::jaro_winkler(name, case.name), case.name));
    match nearest(known, SIMILARITY_MIN).as_slice() {
        [] => format!("there is no test {name:?}: cargo lab list shows all"),
        near => format!("there is no test {name:?}. Did you mean {}?", near.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::EXAMPLE;
    use super::*;

    fn rubric(text: &str) -> Result<Rubric, String> {
        read("rubric.toml", text)
    }

    /// What the example says is what holds if nothing is said.
    #[test]
    fn example_is_a_rubric_and_says_the_defaults() {
        let example = rubric(EXAMPLE).unwrap();
        assert_eq!(example.points(), Points::whole(100));
        let short = rubric("assignment = 'raft'\n[[part]]\nname = '3A'\npoints = 20\n").unwrap();
        let of = |rubric: &Rubric| {
            format!("{:?} {:?} {:?} {:?}", rubric.seeds, rubric.budget, rubric.late, rubric.parts[0])
        };
        assert_eq!(of(&example), of(&short));
        assert_eq!(example.has_leaderboard, short.has_leaderboard);
        assert_eq!(example.allows_unsafe, short.allows_unsafe);
        let figure8 = example.tests().find(|(_, test)| test.case.name == "figure8_unreliable_3c");
        assert_eq!(figure8.unwrap().1.policy, Policy::Share);
    }

    #[test]
    fn part_without_points_is_worth_what_its_tests_are() {
        let rubric = rubric(
            "assignment = 'x'\n[[part]]\nname = '2a'\n[[test]]\nname = 'initial_election_3a'\nweight = 100\n\
             [[test]]\nname = 're_election_3a'\nskip = true\n",
        )
        .unwrap();
        let suite: u64 = suites::of_part(Part::A3).map(|case| u64::from(case.points)).sum();
        let points = |name: &str| suites::find(name).map_or(0, |case| u64::from(case.points));
        let wanted = suite + 100 - points("initial_election_3a") - points("re_election_3a");
        assert_eq!(rubric.points(), Points::whole(wanted));
        assert!(rubric.tests().all(|(_, test)| test.case.name != "re_election_3a"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let part = "assignment = 'x'\n[[part]]\nname = '3A'\n";
        for (text, line, words) in [
            ("assignment = ", 1, "string"),
            ("assignment = 'x'\nasignment = 'y'\n", 2, "unknown field `asignment`"),
            ("[[part]]\nname = '3A'\n", 1, "missing field `assignment`"),
            ("assignment = ' '\n", 1, "needs a name"),
            ("assignment = 'x'\npolicy = 'most'\n", 2, "no policy"),
            ("assignment = 'x'\nvisibility = 'secret'\n", 2, "no visibility"),
            ("assignment = 'x'\n\n[[part]]\nname = '9Z'\n", 4, "not a part"),
            (&format!("{part}points = -1\n"), 4, "no number of points"),
            (&format!("{part}points = 'many'\n"), 4, "invalid type"),
            (&format!("{part}deadline = 2026-10-01\n"), 4, "time zone"),
            (
                &format!("{part}deadline = '2026-10-01T23:59:00-04:00'\n"),
                4,
                "without quotes: deadline = 2026-",
            ),
            (&format!("{part}deadline = 'tomorrow'\n"), 4, "without quotes"),
            (
                &format!("{part}deadline = '2026-10-01'\n"),
                4,
                "time zone, as in 2026-10-01T23:59:00-04:00, and without quotes",
            ),
            (&format!("{part}deadline = 20261001\n"), 4, "without quotes"),
            (&format!("{part}[[part]]\nname = '2A'\n"), 5, "part 3A stands twice"),
            (
                &format!("{part}[[test]]\nname = 'initial_electoin_3a'\n"),
                5,
                "Did you mean initial_election_3a",
            ),
            (&format!("{part}[[test]]\nname = 'backup_3b'\n"), 5, "is of part 3B, which is not graded"),
            (&format!("{part}[seeds]\npublic = 0\n"), 5, "nothing would be run"),
            (&format!("{part}[seeds]\nhidden = 1000000\n"), 5, "more than 100000"),
            (&format!("{part}[seeds]\nschedule = 'best'\n"), 5, "write \"random\" or \"portfolio\""),
            (&format!("{part}[seeds]\nschedule = 'pct'\n"), 5, "write \"random\" or \"portfolio\""),
            (&format!("{part}[budget]\ntime = 'soon'\n"), 5, "not a time"),
            (&format!("{part}[budget]\nmemory = '1K'\n"), 5, "not an amount of memory"),
            (&format!("{part}[late]\nlost_per_day = 101\n"), 5, "100 percent"),
        ] {
            let error = rubric(text).unwrap_err();
            assert!(error.starts_with(&format!("rubric.toml, line {line}: ")), "{error}\n{text}");
            assert!(error.contains(words), "{error}");
        }
        assert!(rubric("assignment = 'x'").unwrap_err().contains("no [[part]]"));
    }
}
