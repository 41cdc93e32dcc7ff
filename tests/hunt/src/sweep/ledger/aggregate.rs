//! What a ledger holds, in as little room as it needs: of runs that passed the ranges of their seeds.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::lines::{Entry, Line, Sum};
use crate::FailedRun;
use crate::sweep::results::{Ended, Row};
use crate::sweep::seed_set::SeedSet;

/// So many failures stand in one line, which is read as a whole.
const FAILURES_IN_A_LINE: usize = 1_000;

/// So many ranges of seeds do, for the same reason. A test that fails now and then has one for each gap.
const RANGES_IN_A_LINE: usize = 20_000;

/// World, test and policy.
type Place = (String, String, String);

/// The runs of all tests, and what they cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Aggregate {
    rows: BTreeMap<Place, Row>,
}

impl Aggregate {
    /// Takes over what a line holds. A seed that is there already does not count again.
    pub(super) fn add(&mut self, line: Line) {
        match line {
            Line::Run(Entry { test, policy, world, seed, cost, skipped, failed }) => {
                let row = self.row(&world, &test, &policy);
                row.add(
                    seed,
                    cost,
                    Ended::from_parts(skipped, failed.map(|failed| FailedRun { seed, ..failed })),
                );
            }
            Line::Sum(Sum { world, row }) => {
                let all = SeedSet::from(vec![(0, u64::MAX)]);
                let known = self.row(&world, &row.test, &row.policy);
                known.absorb(&row, &all);
            }
        }
    }

    fn row(&mut self, world: &str, test: &str, policy: &str) -> &mut Row {
        let place = (world.to_owned(), test.to_owned(), policy.to_owned());
        self.rows.entry(place).or_insert_with(|| Row {
            test: test.to_owned(),
            policy: policy.to_owned(),
            ..Row::default()
        })
    }

    /// The runs of a test, if there are any.
    pub(super) fn get(&self, world: &str, test: &str, policy: &str) -> Option<&Row> {
        self.rows.get(&(world.to_owned(), test.to_owned(), policy.to_owned()))
    }

    /// Forgets the runs of a test with these seeds.
    pub(super) fn forget(&mut self, world: &str, test: &str, policy: &str, seeds: &SeedSet) {
        self.row(world, test, policy).forget(seeds);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.values().all(|row| row.seeds().is_empty())
    }

    /// Writes it as lines: for each test the first of its ranges and failures with all costs, then the others.
    pub(super) fn write(&self, mut out: impl Write) -> io::Result<()> {
        for ((world, ..), row) in &self.rows {
            if row.seeds().is_empty() {
                continue;
            }
            let (passed, skipped) = (ranges(&row.passed), ranges(&row.skipped));
            let (mut passed, mut skipped) =
                (passed.chunks(RANGES_IN_A_LINE), skipped.chunks(RANGES_IN_A_LINE));
            let mut failures = row.failures.chunks(FAILURES_IN_A_LINE);
            // All that is not split stands in the first line.
            let mut rest = Row {
                passed: SeedSet::default(),
                skipped: SeedSet::default(),
                failures: Vec::new(),
                ..row.clone()
            };
            loop {
                let parts = (passed.next(), skipped.next(), failures.next());
                let has_more = parts.0.is_some() || parts.1.is_some() || parts.2.is_some();
                if !has_more {
                    break;
                }
                let row = Row {
                    passed: parts.0.unwrap_or_default().to_vec().into(),
                    skipped: parts.1.unwrap_or_default().to_vec().into(),
                    failures: parts.2.unwrap_or_default().to_vec(),
                    ..rest
                };
                rest = Row { test: row.test.clone(), policy: row.policy.clone(), ..Row::default() };
                serde_json::to_writer(&mut out, &Sum { world: world.clone(), row })?;
                out.write_all(b"\n")?;
            }
        }
        Ok(())
    }
}

fn ranges(seeds: &SeedSet) -> Vec<(u64, u64)> {
    seeds.clone().into()
}
