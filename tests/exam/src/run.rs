//! Runs scenarios on Rafts, in worker processes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use lab_harness::TestCase;
use lab_hunt::program::launch;
use lab_hunt::target::{Ran, RunEnd, Target};
use lab_hunt::workers::cores;
use lab_runs::{Plan, TestInfo, World, eprintln, println};
use lab_suites::grade::grading::{self, Grading, Row, RowEnd, Watcher};
use lab_suites::grade::target::{Suites, info};
use labrpc::sim::{Policy, Tracing};
use labrpc::sync::Mutex;

use crate::ledger::{End, Entry, Ledger, Results};
use crate::subjects::{Subject, Subjects, own_tests};

/// What a worker can run: a scenario, or a test of the lab's own, on a Raft. Its name is `NUMBER/NAME`: the number of the Raft.
pub(crate) struct Rafts {
    pub(crate) subjects: &'static Subjects,
    pub(crate) scenarios: &'static [TestCase],
    /// The names that were asked for, each once: a test keeps its name for as long as the program runs.
    names: Mutex<BTreeSet<&'static str>>,
}

impl Rafts {
    pub(crate) fn new(subjects: &'static Subjects, scenarios: &'static [TestCase]) -> Self {
        Self { subjects, scenarios, names: Mutex::default() }
    }

    /// The name for as long as the program runs.
    fn kept(&self, name: &str) -> &'static str {
        let mut names = self.names.lock();
        if let Some(kept) = names.get(name) {
            return kept;
        }
        let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
        names.insert(kept);
        kept
    }

    fn of(&self, name: &str) -> Option<(&'static Subject, &'static TestCase)> {
        let (subject, name) = self.subjects.of_run(name)?;
        let case = self.scenarios.iter().find(|case| case.name == name);
        Some((subject, case.or_else(|| lab_suites::find(name))?))
    }
}

impl Target for Rafts {
    fn find(&self, name: &str) -> Option<TestInfo> {
        // The hunt runs what is called so: with the number of the Raft.
        self.of(name).map(|(_, case)| TestInfo { name: self.kept(name), ..info(case) })
    }

    fn run(&self, name: &str, plan: Plan, covers: bool) -> Ran<'_> {
        let (subject, case) = self.of(name).expect("a worker runs what it has found");
        let implementation = (subject.implementation)();
        let ran = Suites { implementation }.run_case(case, plan, covers);
        // What a false alarm says is told in full, and that is made by a second run. Of a bug that was found the headline is enough.
        let explain = match &ran.end {
            RunEnd::Failed(failure) if subject.bug.is_some() && ran.explain.is_some() => {
                let headline = failure.headline.clone();
                Some(Box::new(move || headline) as Box<dyn FnOnce() -> String>)
            }
            _ => ran.explain,
        };
        Ran { explain, ..ran }
    }
}

/// Scenarios, and what they are put before.
pub(crate) struct Exam {
    pub(crate) subjects: &'static Subjects,
    pub(crate) scenarios: &'static [TestCase],
    pub(crate) seeds: u64,
    pub(crate) sound_seeds: u64,
    pub(crate) ledger: Ledger,
}

impl Exam {
    /// Runs what is not known yet: first on the right Rafts, and then on the wrong ones whoever has accused none.
    ///
    /// # Errors
    ///
    /// If no worker can be started, or somebody ends them again and again.
    pub(crate) fn run(&self) -> Result<Results> {
        let mut results = Results::new();
        let mut scenarios: Vec<&'static TestCase> = self.scenarios.iter().collect();
        self.run_on(&mut results, &scenarios, self.sound_seeds, |subject| subject.bug.is_none())?;
        scenarios.retain(|case| {
            !results.iter().any(|((_, name), end)| name == case.name && matches!(end, End::Failed { .. }))
        });
        self.run_on(&mut results, &scenarios, self.seeds, |subject| subject.bug.is_some())?;
        Ok(results)
    }

    fn run_on(
        &self,
        results: &mut Results,
        scenarios: &[&'static TestCase],
        seeds: u64,
        is_meant: impl Fn(&Subject) -> bool,
    ) -> Result<()> {
        let mut cases: Vec<&'static TestCase> = Vec::new();
        for (number, subject) in self.subjects.all.iter().enumerate().filter(|(_, subject)| is_meant(subject))
        {
            for &case in scenarios {
                match self.ledger.known(subject.name, case.name) {
                    Some(end) => {
                        results.insert((subject.name.to_owned(), case.name.to_owned()), end.clone());
                    }
                    None => cases.push(named(number, case)),
                }
            }
        }
        if cases.is_empty() {
            return Ok(());
        }
        eprintln!(
            "{} scenarios on {} Rafts",
            scenarios.len(),
            self.subjects.all.iter().filter(|s| is_meant(s)).count()
        );
        let mut keeper = Keeper { exam: self, results, error: None };
        run_all(&cases, seeds, &mut keeper)?;
        keeper.error.map_or(Ok(()), Err)
    }
}

/// A test under the name by which a worker finds its Raft. There are some hundreds, for as long as the program runs.
fn named(number: usize, case: &TestCase) -> &'static TestCase {
    let name: &'static str = Box::leak(format!("{number}/{}", case.name).into_boxed_str());
    Box::leak(Box::new(TestCase { name, ..*case }))
}

/// Runs tests over their seeds.
fn run_all(cases: &[&'static TestCase], seeds: u64, watcher: &mut dyn Watcher) -> Result<()> {
    let plan = |seed| Plan { world: World::Simulated, seed, policy: Policy::Random, tracing: Tracing::Off };
    let plans: Vec<Plan> = (1..=seeds).map(plan).collect();
    let grading = Grading {
        cases,
        plans: &plans,
        workers: cores(),
        launch: launch(),
        is_repeated: false,
        // Ctrl-C ends this process, and its workers with it. What has ended is in the ledger by then.
        is_interruptible: false,
    };
    grading::grade(&grading, watcher).map(drop)
}

/// Keeps each row as it ends.
struct Keeper<'a> {
    exam: &'a Exam,
    results: &'a mut Results,
    error: Option<anyhow::Error>,
}

impl Watcher for Keeper<'_> {
    fn ended(&mut self, row: &Row) {
        let Some((subject, scenario)) = self.exam.subjects.of_run(row.case.name) else { return };
        let end = match &row.end {
            RowEnd::Passed => End::Passed,
            RowEnd::Skipped(why) => End::Skipped(why.clone()),
            RowEnd::Failed(failed) => End::Failed {
                seed: failed.plan.seed,
                headline: failed.headline.clone(),
                report: failed.report.clone(),
            },
            // Somebody else ended its processes: it is not known, and the next call tries again.
            RowEnd::Interrupted(how) => {
                self.error.get_or_insert_with(|| anyhow::anyhow!("{scenario} was interrupted: {how}"));
                return;
            }
        };
        let entry = Entry { subject: subject.name.to_owned(), scenario: scenario.to_owned(), end };
        if let Err(error) = self.exam.ledger.keep(&entry) {
            self.error.get_or_insert(error);
        }
        self.results.insert((entry.subject, entry.scenario), entry.end);
    }
}

/// Counts which tests of the lab's own find each bug, and prints that as JSON: `{"tests": N, "found_by": {"BUG": COUNT}}`.
///
/// # Errors
///
/// If no worker can be started, or somebody ends them again and again.
pub(crate) fn measure(subjects: &'static Subjects, seeds: u64) -> Result<()> {
    let tests: Vec<&'static TestCase> = own_tests().collect();
    let cases: Vec<&'static TestCase> = (0..subjects.all.len())
        .filter(|&number| subjects.all[number].bug.is_some())
        .flat_map(|number| tests.iter().map(move |case| named(number, case)))
        .collect();
    let mut counter = Counter { subjects, found_by: BTreeMap::new() };
    run_all(&cases, seeds, &mut counter)?;
    println!("{}", serde_json::json!({ "tests": tests.len(), "found_by": counter.found_by }));
    Ok(())
}

struct Counter {
    subjects: &'static Subjects,
    found_by: BTreeMap<&'static str, u32>,
}

impl Watcher for Counter {
    fn ended(&mut self, row: &Row) {
        let Some((subject, _)) = self.subjects.of_run(row.case.name) else { return };
        *self.found_by.entry(subject.name).or_default() += u32::from(row.failure().is_some());
    }
}
