//! Puts the results of shards together, or of sweeps over different seeds.
//!
//! Only what belongs together is merged: the same build, implementation and world, of one sweep the shards, each once, and
//! no seed twice. What is missing is told, and what there is is merged all the same.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use super::claims;
use super::json::{Results, Shards};
use super::results::Row;
use super::scope::Seeds;

/// So many of the shards that are missing are named.
const ABSENT_SHOWN: usize = 10;

/// Merged results, and what is missing.
#[derive(Clone, Debug)]
pub struct Merged {
    /// All that was merged; complete if nothing is missing.
    pub results: Results,
    /// Sentences; empty if nothing is missing.
    pub missing: Vec<String>,
}

/// Merges results, each with the name of its file.
///
/// # Errors
///
/// If they do not belong together, or if something is in there twice.
pub fn merge(files: Vec<(String, Results)>) -> Result<Merged> {
    let mut files = files.into_iter();
    let Some((first_name, mut merged)) = files.next() else { bail!("there are no files to merge") };
    let mut missing = Vec::from_iter(incomplete(&first_name, &merged));
    // Which file each shard and each row came from, to say so if it comes again.
    let mut sources = vec![(first_name, merged.clone())];
    for (name, results) in files {
        // Against the first is enough, since to be of the same sweep is the same for all. What must be
        // disjoint has to be compared with each.
        must_fit(&sources[0], &name, &results)?;
        for (other_name, other) in &sources {
            must_be_disjoint((other_name, other), (&name, &results))?;
        }
        missing.extend(incomplete(&name, &results));
        add(&mut merged, &results);
        sources.push((name, results));
    }
    // What is missing is told and no error: half of a cluster's results is worth a look, and the missing file
    // can be merged into the result later.
    if let Some(shards) = &mut merged.shards {
        shards.numbers.sort_unstable();
        match absent(shards) {
            // With all shards there it is the whole sweep, and equal to one that was never split.
            None => merged.shards = None,
            Some(sentence) => missing.push(sentence),
        }
    } else if missing.is_empty() {
        missing.extend(gaps(&merged));
    }
    merged.is_complete = missing.is_empty();
    merged.find_causes();
    Ok(Merged { results: merged, missing })
}

/// Which shards are missing, in a sentence; `None` if none is. Their numbers are in order, and there may be far more of them
/// than anybody wants to read.
fn absent(shards: &Shards) -> Option<String> {
    let count = shards.of - shards.numbers.len() as u64;
    let is_absent = |number: &u64| shards.numbers.binary_search(number).is_err();
    // Of the first so many numbers at least as many are absent as are shown, if there are as many.
    let looked_at = shards.of.min((shards.numbers.len() + ABSENT_SHOWN) as u64);
    let shown = (1..=looked_at).filter(is_absent).take(ABSENT_SHOWN);
    let shown: Vec<String> = shown.map(|number| format!("{number}/{}", shards.of)).collect();
    match (count, shown.as_slice()) {
        (0, _) => None,
        (1, [one]) => Some(format!("shard {one} is missing")),
        (_, shown) if count == shown.len() as u64 => Some(format!("shards {} are missing", shown.join(", "))),
        (_, shown) => {
            Some(format!("shards {} and {} more are missing", shown.join(", "), count - shown.len() as u64))
        }
    }
}

/// Whole sweeps over different seeds may leave some out between them, or of some tests: in a sentence.
fn gaps(merged: &Results) -> Option<String> {
    let whole = claims::range(merged.seeds);
    let mut lacking = merged.rows.iter().map(|row| (row, row.seeds())).filter(|(_, seeds)| *seeds != whole);
    let (row, seeds) = lacking.next()?;
    let name = claims::name(row);
    let others = match lacking.count() {
        0 => String::new(),
        count => format!(", and {count} other tests have not run all of them either"),
    };
    Some(format!(
        "{name} has run {} of the {} seeds from {:#x} on{others}",
        seeds.len(),
        whole.len(),
        merged.seeds.from
    ))
}

fn incomplete(name: &str, results: &Results) -> Option<String> {
    (!results.is_complete).then(|| format!("{name} is not complete: its sweep was stopped before its end"))
}

/// Whether two files are about the same thing.
fn must_fit((first_name, first): &(String, Results), name: &str, results: &Results) -> Result<()> {
    // Numbers of two builds say nothing together, even if the sources were the same: nobody can know.
    if first.build != results.build {
        bail!(
            "{first_name} and {name} come from different builds ({} and {}), so their numbers are about different \
             programs. Build once and run that executable everywhere",
            first.build,
            results.build
        );
    }
    for (what, a, b) in [
        ("implementations", &first.implementation, &results.implementation),
        ("worlds", &first.world, &results.world),
    ] {
        if a != b {
            bail!("{first_name} and {name} come from different {what}: {a} and {b}");
        }
    }
    match (&first.shards, &results.shards) {
        (None, None) => Ok(()),
        (Some(a), Some(b)) if a.of == b.of && first.seeds == results.seeds && same_tests(first, results) => {
            Ok(())
        }
        _ => bail!(
            "{first_name} and {name} are not shards of the same sweep: {} and {}",
            origin(first),
            origin(results)
        ),
    }
}

fn same_tests(a: &Results, b: &Results) -> bool {
    let names = |results: &Results| -> Vec<(String, String)> {
        results.rows.iter().map(|row| (row.test.clone(), row.policy.clone())).collect()
    };
    names(a) == names(b)
}

/// Which part of what a file holds, in words.
fn origin(results: &Results) -> String {
    let Seeds { from, count } = results.seeds;
    let seeds = count.map_or(format!("seeds from {from}"), |count| format!("{count} seeds from {from}"));
    let rows = results.rows.len();
    match &results.shards {
        Some(Shards { of, .. }) => format!("one of {of} shards over {rows} tests and {seeds}"),
        None => format!("a whole sweep over {rows} tests and {seeds}"),
    }
}

fn must_be_disjoint(a: (&str, &Results), b: (&str, &Results)) -> Result<()> {
    if let (Some(one), Some(other)) = (&a.1.shards, &b.1.shards)
        && let known = other.numbers.iter().collect::<BTreeSet<_>>()
        && let Some(number) = one.numbers.iter().find(|number| known.contains(number))
    {
        bail!("shard {number}/{} is in both {} and {}", one.of, a.0, b.0);
    }
    let others: BTreeMap<_, _> = a.1.rows.iter().map(|row| ((&row.test, &row.policy), row)).collect();
    for row in &b.1.rows {
        let other = others.get(&(&row.test, &row.policy));
        if let Some(seed) = other.and_then(|other| other.seeds().first_common(&row.seeds())) {
            bail!(
                "seed {seed:#x} of {} ({}) is in both {} and {}: it would count twice",
                row.test,
                row.policy,
                a.0,
                b.0
            );
        }
    }
    Ok(())
}

/// Adds results that are known to fit.
fn add(merged: &mut Results, results: &Results) {
    let key = |row: &Row| (row.test.clone(), row.policy.clone());
    let places: BTreeMap<_, _> =
        merged.rows.iter().enumerate().map(|(place, row)| (key(row), place)).collect();
    for row in &results.rows {
        match places.get(&key(row)) {
            Some(&place) => {
                merged.rows[place].merge(row).expect("no seed is in both: that was looked at");
            }
            None => merged.rows.push(row.clone()),
        }
    }
    if let (Some(shards), Some(more)) = (&mut merged.shards, &results.shards) {
        shards.numbers.extend(&more.numbers);
    }
    merged.seeds = hull(merged.seeds, results.seeds);
    merged.wall_s = merged.wall_s.max(results.wall_s);
    merged.cpu_s += results.cpu_s;
    merged.cores = merged.cores.saturating_add(results.cores);
}

/// The seeds from the first of both to the last of both.
fn hull(a: Seeds, b: Seeds) -> Seeds {
    let from = a.from.min(b.from);
    let count = a.count.and(b.count).map(|_| (a.last().max(b.last()) - from).saturating_add(1));
    Seeds { from, count }
}

#[cfg(test)]
mod tests {
    use super::super::json::tests::shard;
    use super::*;

    fn named(files: impl IntoIterator<Item = Results>) -> Vec<(String, Results)> {
        files.into_iter().enumerate().map(|(number, file)| (format!("{}.json", number + 1), file)).collect()
    }

    fn error(files: impl IntoIterator<Item = Results>) -> String {
        merge(named(files)).unwrap_err().to_string()
    }

    #[test]
    fn shards_in_any_order_are_the_whole() {
        let merged = merge(named([3, 1, 2].map(|number| shard(number, 3)))).unwrap();
        assert!(merged.missing.is_empty() && merged.results.is_complete);
        let whole = shard(1, 1);
        assert_eq!(merged.results.rows, whole.rows);
        assert_eq!((merged.results.seeds, merged.results.shards), (whole.seeds, None));
    }

    #[test]
    fn missing_shard_is_named_and_the_rest_is_merged() {
        let merged = merge(named([shard(1, 4), shard(4, 4)])).unwrap();
        assert_eq!(merged.missing, ["shards 2/4, 3/4 are missing"]);
        assert!(!merged.results.is_complete);
        // What was merged can be merged with the rest.
        let rest = merge(named([shard(2, 4), merged.results, shard(3, 4)])).unwrap();
        assert_eq!(rest.results.rows, shard(1, 1).rows);
        assert_eq!(rest.missing, ["2.json is not complete: its sweep was stopped before its end"]);
    }

    #[test]
    fn files_that_do_not_belong_together_are_refused() {
        let other_build = Results { build: "c".into(), ..shard(2, 2) };
        assert!(
            error([shard(1, 2), other_build])
                .contains("1.json and 2.json come from different builds (b and c)")
        );
        let other_raft = Results { implementation: "mine".into(), ..shard(2, 2) };
        assert!(error([shard(1, 2), other_raft]).contains("different implementations: raft::Raft and mine"));
        let real = Results { world: "real".into(), ..shard(2, 2) };
        assert!(error([shard(1, 2), real]).contains("different worlds: simulated and real"));
        assert!(error([shard(1, 2), shard(2, 3)]).contains("not shards of the same sweep"));
        assert!(error([shard(1, 2), shard(1, 1)]).contains("a whole sweep over 1 tests and 40 seeds from 1"));
        assert!(error([]).contains("no files"));
    }

    #[test]
    fn shard_or_seed_that_is_there_twice_is_refused() {
        assert!(
            error([shard(1, 2), shard(2, 2), shard(2, 2)]).contains("shard 2/2 is in both 2.json and 3.json")
        );
        let again = error([shard(1, 1), shard(1, 1)]);
        assert!(
            again.contains("seed 0x1 of basic_agree_3b (random) is in both 1.json and 2.json"),
            "{again}"
        );
    }

    #[test]
    fn of_very_many_missing_shards_a_few_are_named_at_once() {
        let shards = |of, numbers: &[u64]| absent(&Shards { of, numbers: numbers.to_vec() });
        assert_eq!(shards(3, &[1, 2, 3]), None);
        let text = shards(1_000_000_000_000, &[1, 3]).unwrap();
        assert!(text.starts_with("shards 2/1000000000000, 4/1000000000000, "), "{text}");
        assert!(text.ends_with("12/1000000000000 and 999999999988 more are missing"), "{text}");
    }

    #[test]
    fn seeds_that_no_file_has_are_told() {
        let sweep = |from: u64| {
            let mut results = shard(1, 1);
            results.seeds = Seeds { from, count: Some(10) };
            results.rows[0].passed = vec![(from, from + 9)].into();
            results.rows[0].failures.clear();
            results
        };
        assert!(merge(named([sweep(11), sweep(1)])).unwrap().missing.is_empty());
        let merged = merge(named([sweep(1), sweep(21)])).unwrap();
        assert_eq!(merged.missing, ["basic_agree_3b (random) has run 20 of the 30 seeds from 0x1 on"]);
        assert!(!merged.results.is_complete);
        // From the first seed to the last: one more than can be counted.
        let all = merge(named([sweep(0), sweep(u64::MAX - 9)])).unwrap();
        assert_eq!(all.results.seeds.count, Some(u64::MAX));
    }

    #[test]
    fn interrupted_shard_is_named() {
        let stopped = Results { is_complete: false, ..shard(2, 2) };
        let merged = merge(named([shard(1, 2), stopped])).unwrap();
        assert_eq!(merged.missing, ["2.json is not complete: its sweep was stopped before its end"]);
    }
}
