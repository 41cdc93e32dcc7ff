//! Whether a file of results holds what it claims.
//!
//! Somebody may have edited it, or a disk may have lost the half of it. Numbers that are wrong are worse than none: a file
//! that contradicts itself is refused with the first contradiction.

use std::collections::BTreeSet;

use labrpc::sim::Policy;

use super::json::{Results, Shards};
use super::results::Row;
use super::scope::{Seeds, Shard};
use super::seed_set::SeedSet;
use lab_runs::World;

/// Looks at everything in a file that something else in it, or the program, must agree with.
///
/// # Errors
///
/// What does not agree, in words that follow the name of the file.
pub(super) fn check(results: &Results) -> Result<(), String> {
    results.world.parse::<World>()?;
    let part = part(results)?;
    let mut known = BTreeSet::new();
    for row in &results.rows {
        let name = name(row);
        if !known.insert((&row.test, &row.policy)) {
            return Err(format!("there are two rows of {name}"));
        }
        row.policy.parse::<Policy>().map_err(|error| error.to_string())?;
        check_row(row).map_err(|seed| format!("seed {seed:#x} of {name} is in it twice"))?;
        let seeds = row.seeds();
        if let Some(seed) = seeds.first_outside(&part) {
            return Err(format!("seed {seed:#x} of {name} is none of its seeds"));
        }
        if results.is_complete && seeds != part {
            return Err(format!(
                "it claims to be complete, and holds {} of {} seeds of {name}",
                seeds.len(),
                part.len()
            ));
        }
    }
    if results.is_complete && results.rows.is_empty() {
        return Err("it claims to be complete, and holds nothing".to_owned());
    }
    Ok(())
}

pub(super) fn name(row: &Row) -> String {
    format!("{} ({})", row.test, row.policy)
}

/// The seeds that belong to a file: all, or those of its shards.
fn part(results: &Results) -> Result<SeedSet, String> {
    let Seeds { from, count } = results.seeds;
    if let Some(count) = count
        && (count == 0 || from.checked_add(count - 1).is_none())
    {
        return Err(format!("there are no {count} seeds from {from:#x} on"));
    }
    if results.is_complete && count.is_none() {
        return Err("it claims to be complete, and its seeds have no end".to_owned());
    }
    let Some(Shards { of, numbers }) = &results.shards else { return Ok(range(results.seeds)) };
    let of = *of;
    // As the sweep has it: no shard is empty.
    if !count.is_some_and(|count| (1..=count).contains(&of)) {
        return Err(format!("its seeds cannot be split into {of} shards"));
    }
    let mut part = SeedSet::default();
    let mut known = BTreeSet::new();
    for &number in numbers {
        if !(1..=of).contains(&number) || !known.insert(number) {
            return Err(format!("there is no shard {number}/{of}, or it is in it twice"));
        }
        part.extend(&range(results.seeds.of_shard(Shard { number, of })));
    }
    if numbers.is_empty() { Err("it holds no shard".to_owned()) } else { Ok(part) }
}

pub(super) fn range(seeds: Seeds) -> SeedSet {
    SeedSet::from(vec![(seeds.from, seeds.last())])
}

/// Whether each seed is in it once, and failures are in order.
fn check_row(row: &Row) -> Result<(), u64> {
    if let Some(seed) = row.passed.first_common(&row.skipped) {
        return Err(seed);
    }
    let mut before = None;
    for failed in &row.failures {
        let seed = failed.seed;
        // In order, as they are found by halving. One that is not may stand there twice.
        if row.passed.contains(seed)
            || row.skipped.contains(seed)
            || before.is_some_and(|before| before >= seed)
        {
            return Err(seed);
        }
        before = Some(seed);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::json::tests::shard;
    use super::*;

    #[test]
    fn what_a_sweep_writes_holds_what_it_claims() {
        for (number, of) in [(1, 1), (1, 3), (3, 3), (40, 40)] {
            assert_eq!(check(&shard(number, of)), Ok(()), "{number}/{of}");
        }
    }

    #[test]
    fn each_contradiction_is_named() {
        type Spoil = fn(&mut Results);
        let cases: [(Spoil, &str); 15] = [
            (|r| r.rows[0].passed = vec![(1, 1)].into(), "holds 2 of 40 seeds of basic_agree_3b (random)"),
            (|r| r.rows.clear(), "holds nothing"),
            (|r| r.seeds.count = None, "its seeds have no end"),
            (|r| r.seeds.count = Some(0), "no 0 seeds from 0x1"),
            (|r| r.seeds = Seeds { from: u64::MAX, count: Some(2) }, "no 2 seeds"),
            (|r| r.seeds.count = Some(39), "seed 0x28 of basic_agree_3b (random) is none of its seeds"),
            (|r| r.rows.push(r.rows[0].clone()), "two rows of basic_agree_3b (random)"),
            (|r| r.rows[0].failures.extend_from_within(..), "seed 0x7 of"),
            (|r| r.rows[0].passed = vec![(1, 40)].into(), "seed 0x7 of"),
            (|r| r.rows[0].skipped = vec![(9, 9)].into(), "seed 0x9 of"),
            (|r| r.rows[0].policy = "best".into(), "\"best\" is not a scheduling policy"),
            (|r| r.world = "moon".into(), "\"moon\" is not a world"),
            (
                |r| r.shards = Some(Shards { of: 1_000_000_000_000, numbers: vec![1] }),
                "into 1000000000000 shards",
            ),
            (|r| r.shards = Some(Shards { of: 4, numbers: vec![] }), "no shard"),
            (|r| r.shards = Some(Shards { of: 4, numbers: vec![5] }), "no shard 5/4"),
        ];
        for (spoil, words) in cases {
            let mut results = shard(1, 1);
            spoil(&mut results);
            let error = check(&results).unwrap_err();
            assert!(error.contains(words), "{words:?} is missing in {error}");
        }
    }
}
