//! What scenarios are worth.
//!
//! A bug weighs the more the fewer of the lab's own tests find it: `1 + log2(tests / found by)`, rounded down. One that
//! every second test finds weighs 2, and one that a single test of a hundred finds 7. A scenario that fails on a right Raft finds
//! nothing, and costs [`FALSE_ALARM_COST`]. The sum is not below 0.

use lab_harness::TestCase;
use serde::Serialize;

use crate::ledger::{End, Results};
use crate::subjects::{Bug, Subjects};

/// What a scenario costs that accuses a right Raft.
pub(crate) const FALSE_ALARM_COST: u32 = 5;

/// All that came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Score {
    pub(crate) points: u32,
    pub(crate) points_max: u32,
    pub(crate) bugs: Vec<ScoredBug>,
    pub(crate) false_alarms: Vec<FalseAlarm>,
    /// What each scenario finds; nothing for a false alarm.
    pub(crate) scenarios: Vec<ScoredScenario>,
}

/// A bug, and who found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ScoredBug {
    pub(crate) name: &'static str,
    pub(crate) story: &'static str,
    pub(crate) weight: u32,
    /// Scenario, seed and what it says.
    pub(crate) found: Vec<Found>,
}

/// A scenario that has found a bug.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Found {
    pub(crate) scenario: String,
    pub(crate) seed: u64,
    pub(crate) headline: String,
}

/// A scenario that fails on a right Raft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FalseAlarm {
    pub(crate) scenario: String,
    /// The first right Raft that it accuses.
    pub(crate) subject: String,
    pub(crate) seed: u64,
    pub(crate) headline: String,
    pub(crate) report: String,
}

/// A scenario, and what it finds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ScoredScenario {
    pub(crate) name: String,
    pub(crate) finds: Vec<&'static str>,
    /// Those that no other scenario finds.
    pub(crate) alone: Vec<&'static str>,
    /// Why it judges nothing, if it is skipped on all right Rafts.
    pub(crate) skipped: Option<String>,
}

/// What a bug weighs.
pub(crate) fn weight(bug: Bug, own_tests: u32) -> u32 {
    // One that none of our tests finds is not in the list; should it be, it is as hard as one that a single one finds.
    let rarity = (own_tests / bug.found_by.max(1)).max(1);
    1 + rarity.ilog2()
}

impl Score {
    /// What these results are worth.
    pub(crate) fn of(subjects: &Subjects, scenarios: &[TestCase], results: &Results) -> Self {
        let of = |subject: &str, scenario: &str| results.get(&(subject.to_owned(), scenario.to_owned()));
        let mut false_alarms = Vec::new();
        for case in scenarios {
            let alarm = subjects.all.iter().filter(|subject| subject.bug.is_none()).find_map(|subject| {
                let End::Failed { seed, headline, report } = of(subject.name, case.name)? else {
                    return None;
                };
                Some(FalseAlarm {
                    scenario: case.name.to_owned(),
                    subject: subject.name.to_owned(),
                    seed: *seed,
                    headline: headline.clone(),
                    report: report.clone(),
                })
            });
            false_alarms.extend(alarm);
        }
        let is_sound = |name: &str| !false_alarms.iter().any(|alarm| alarm.scenario == name);
        let bugs: Vec<ScoredBug> = subjects
            .all
            .iter()
            .filter_map(|subject| Some((subject.name, subject.bug?)))
            .map(|(name, bug)| {
                let found = scenarios.iter().filter(|case| is_sound(case.name)).filter_map(|case| {
                    let End::Failed { seed, headline, .. } = of(name, case.name)? else { return None };
                    Some(Found { scenario: case.name.to_owned(), seed: *seed, headline: headline.clone() })
                });
                let weight = weight(bug, subjects.own_tests);
                ScoredBug { name, story: bug.story, weight, found: found.collect() }
            })
            .collect();
        let found: u32 = bugs.iter().filter(|bug| !bug.found.is_empty()).map(|bug| bug.weight).sum();
        let cost = FALSE_ALARM_COST * u32::try_from(false_alarms.len()).unwrap_or(u32::MAX);
        Self {
            points: found.saturating_sub(cost),
            points_max: bugs.iter().map(|bug| bug.weight).sum(),
            scenarios: scenarios.iter().map(|case| scored(case, subjects, &bugs, results)).collect(),
            bugs,
            false_alarms,
        }
    }
}

fn scored(case: &TestCase, subjects: &Subjects, bugs: &[ScoredBug], results: &Results) -> ScoredScenario {
    let is_by_it = |bug: &&ScoredBug| bug.found.iter().any(|found| found.scenario == case.name);
    let mut found: Vec<&ScoredBug> = bugs.iter().filter(is_by_it).collect();
    found.sort_unstable_by_key(|bug| bug.name);
    let finds = found.iter().map(|bug| bug.name).collect();
    let alone = found.iter().filter(|bug| bug.found.len() == 1).map(|bug| bug.name).collect();
    let sound = subjects.all.iter().filter(|subject| subject.bug.is_none());
    let mut skipped: Vec<Option<String>> = sound
        .map(|subject| match results.get(&(subject.name.to_owned(), case.name.to_owned())) {
            Some(End::Skipped(why)) => Some(why.clone()),
            _ => None,
        })
        .collect();
    let is_skipped = !skipped.is_empty() && skipped.iter().all(Option::is_some);
    let skipped = if is_skipped { skipped.swap_remove(0) } else { None };
    ScoredScenario { name: case.name.to_owned(), finds, alone, skipped }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subjects::Subject;
    use lab_harness::{Implementation, Lab};

    fn nothing(_: &Lab) {}

    fn none() -> Implementation {
        unreachable!("nothing is run")
    }

    const fn subject(name: &'static str, found_by: Option<u32>) -> Subject {
        let bug = match found_by {
            Some(found_by) => Some(Bug { story: "", found_by }),
            None => None,
        };
        Subject { name, bug, implementation: none }
    }

    const SUBJECTS: Subjects = Subjects {
        all: &[
            subject("right", None),
            subject("also right", None),
            subject("easy", Some(50)),
            subject("hard", Some(1)),
        ],
        own_tests: 100,
    };

    fn case(name: &'static str) -> TestCase {
        TestCase { name, body: nothing, ..lab_suites::TESTS[0] }
    }

    fn failed() -> End {
        End::Failed { seed: 2, headline: "h".into(), report: "r".into() }
    }

    fn score(scenarios: &[TestCase], failures: &[(&str, &str)]) -> Score {
        let results = SUBJECTS
            .all
            .iter()
            .flat_map(|subject| scenarios.iter().map(|case| (subject.name.to_owned(), case.name.to_owned())))
            .map(|(subject, scenario)| {
                let is_failed = failures.contains(&(&subject, &scenario));
                ((subject, scenario), if is_failed { failed() } else { End::Passed })
            })
            .collect();
        Score::of(&SUBJECTS, scenarios, &results)
    }

    #[test]
    fn weight_grows_with_what_few_tests_find() {
        let bug = |found_by| Bug { story: "", found_by };
        for (found_by, wanted) in [(100, 1), (60, 1), (50, 2), (25, 3), (1, 7), (0, 7)] {
            assert_eq!(weight(bug(found_by), 100), wanted, "{found_by} of 100");
        }
    }

    #[test]
    fn bug_counts_once_however_many_find_it() {
        let scenarios = [case("a"), case("b")];
        let score = score(&scenarios, &[("easy", "a"), ("easy", "b"), ("hard", "b")]);
        assert_eq!((score.points, score.points_max), (9, 9));
        assert_eq!(score.scenarios[0].alone, Vec::<&str>::new());
        assert_eq!(score.scenarios[1].alone, ["hard"]);
    }

    #[test]
    fn false_alarm_finds_nothing_and_costs() {
        let scenarios = [case("a"), case("b")];
        let score = score(&scenarios, &[("also right", "a"), ("easy", "a"), ("hard", "a"), ("hard", "b")]);
        assert_eq!(score.points, 7 - FALSE_ALARM_COST);
        assert_eq!(score.false_alarms.len(), 1);
        assert_eq!(score.false_alarms[0].subject, "also right");
        assert!(score.bugs[0].found.is_empty(), "only the false alarm has found it");
    }

    #[test]
    fn scenario_that_accuses_everybody_is_worth_nothing() {
        let everybody: Vec<(&str, &str)> = SUBJECTS.all.iter().map(|subject| (subject.name, "a")).collect();
        assert_eq!(score(&[case("a")], &everybody).points, 0);
    }
}
