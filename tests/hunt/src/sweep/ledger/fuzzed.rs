//! The reader of a ledger as the fuzzing test calls it, without a folder.

use super::Entry;
use super::lines::{Line, for_each_line};
use crate::FailedRun;
use crate::target::FailureKind;
use crate::workers::Cost;

/// What a ledger holds.
pub(crate) struct Aggregate(super::Aggregate);

impl Aggregate {
    pub(crate) fn read(content: &[u8]) -> Self {
        let mut known = super::Aggregate::default();
        let take = |line: &[u8]| {
            if let Some(line) = Line::parse(line) {
                known.add(line);
            }
        };
        for_each_line(content, true, take).expect("memory can be read");
        Self(known)
    }

    pub(crate) fn written(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.0.write(&mut out).expect("memory can be written");
        out
    }
}

/// Ledgers with a line for each run, and put together.
pub(crate) fn ledgers() -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for seed in 1..=12_u64 {
        let failed =
            (seed % 5 == 0).then(|| FailedRun::new(seed, FailureKind::Rule, "two leaders in term 3"));
        let entry = Entry {
            test: if seed.is_multiple_of(2) { "a_3a" } else { "b_3b" }.to_owned(),
            policy: "random".to_owned(),
            world: "simulated".to_owned(),
            seed,
            cost: Cost { wall_us: 100 + seed, cpu_us: 90 },
            skipped: (seed == 7).then(|| "other names".to_owned()),
            failed,
        };
        lines.extend(serde_json::to_vec(&entry).expect("JSON"));
        lines.push(b'\n');
    }
    let together = Aggregate::read(&lines).written();
    vec![lines, together]
}
