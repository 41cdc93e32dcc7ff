//! Names of tests and parts as people type them.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use raft_interface::NotOffered;

use lab_harness::case::{Part, TestCase};
use lab_harness::implementation::Implementation;
use lab_runs::commands;
use lab_runs::similarity::nearest;
use lab_suites as suites;

/// How similar a name must be to be proposed, from 0 to 1.
const SIMILARITY_MIN: f64 = 0.6;

/// The tests that these names mean for an implementation.
pub(super) struct Selected {
    pub(super) cases: Vec<&'static TestCase>,
    /// What is left out, and why.
    pub(super) note: Option<String>,
}

/// The tests that these names mean and that this implementation can be put to: a Raft without a service is not asked for
/// parts 4A to 4C and E6, and one that does not offer a feature beyond Figure 2 not for its part. Without names, none of a part
/// whose [features](Part::features_unasked) it does not offer.
pub(super) fn select_for(names: &[String], implementation: Implementation) -> Result<Selected> {
    let is_shown = |case: &TestCase| {
        if case.part.needs_no_raft() {
            return why_not(case.part, implementation).is_none();
        }
        let features = case.part.features_unasked();
        (case.part != Part::E6 || implementation.forwards())
            && features.iter().any(|features| implementation.offers(features).is_ok())
    };
    let is_asked_for = |case: &&TestCase| !names.is_empty() || is_shown(case);
    let is_possible = |case: &&TestCase| why_not(case.part, implementation).is_none();
    let (cases, left_out): (Vec<&TestCase>, Vec<&TestCase>) =
        select(names)?.into_iter().filter(is_asked_for).partition(is_possible);
    let mut notes: BTreeMap<String, usize> = BTreeMap::new();
    for case in left_out {
        // Nobody has to go beyond Figure 2, or to hear of it without having asked.
        if case.part.needs_service() || !names.is_empty() {
            *notes.entry(why_not(case.part, implementation).unwrap_or_default()).or_default() += 1;
        }
    }
    let notes: Vec<String> = notes.iter().map(|(why, count)| format!("{count} {why}")).collect();
    Ok(Selected { cases, note: (!notes.is_empty()).then(|| notes.join("; ")) })
}

/// Why an implementation cannot be put to the tests of a part, to be read after their number.
fn why_not(part: Part, implementation: Implementation) -> Option<String> {
    let name = implementation.name();
    if part.needs_no_raft() {
        let (is_there, what) = if part == Part::K2 {
            (implementation.has_single(), "key/value server on one machine (Implementation::with_single)")
        } else {
            (implementation.has_locks(), "locks (Implementation::with_locks)")
        };
        return (!is_there).then(|| format!("tests of {part} skipped: {name} comes without {what}"));
    }
    if part.needs_service() && !implementation.has_service() {
        let parts = if part == Part::E6 { "E6" } else { "4A to 4C" };
        return Some(format!(
            "tests of {parts} skipped: {name} is a Raft without a service (Implementation::of_service grades one)"
        ));
    }
    if part == Part::E6 && !implementation.forwards() {
        return Some(format!(
            "tests of E6 skipped: {name} does not forward commands (KeyValue::forwards says what it does)"
        ));
    }
    let missing: Vec<&str> = part
        .features()
        .iter()
        .map(|features| implementation.offers(features).err().map(|NotOffered { feature }| feature))
        .collect::<Option<_>>()?;
    Some(format!(
        "tests of {part} skipped: {name} does not offer {} (RaftServer::offers says what it does)",
        missing.join(" or ")
    ))
}

/// The tests that these names mean, in the order of the table; all if there are no names. A name is a part (`3A`, or `2A`
/// in the old numbering), all parts that begin with a sign (`3`, `E`), a test, MIT's name of one (`TestFigure83C`, `Figure8`), or a pattern (`*snapshot*`, `3?`). Several
/// may stand in one word, with commas between.
pub(super) fn select(names: &[String]) -> Result<Vec<&'static TestCase>> {
    let words =
        || names.iter().flat_map(|name| name.split(',')).map(str::trim).filter(|name| !name.is_empty());
    let mut wanted = Vec::new();
    for name in words() {
        match name.parse::<Part>() {
            Ok(part) => wanted.extend(suites::of_part(part).map(|case| case.name)),
            Err(_) if name.len() == 1 && !parts_with(name).is_empty() => {
                wanted.extend(parts_with(name).into_iter().flat_map(suites::of_part).map(|case| case.name));
            }
            Err(_) if name.contains(['*', '?', '[']) => wanted.extend(matching(name)?),
            Err(_) => wanted.push(find(name)?.name),
        }
    }
    // Filtered from the table and not collected by name: a test that two names mean runs once, and in its usual
    // place.
    let is_wanted = |case: &&TestCase| words().next().is_none() || wanted.contains(&case.name);
    Ok(suites::TESTS.iter().filter(is_wanted).collect())
}

/// The parts whose names begin with this sign: `3` for 3A to 3D.
fn parts_with(sign: &str) -> Vec<Part> {
    let sign = sign.to_ascii_uppercase();
    Part::ALL.into_iter().filter(|part| part.name().starts_with(&sign)).collect()
}

/// The tests whose name, or whose part, this pattern matches.
fn matching(pattern: &str) -> Result<Vec<&'static str>> {
    let glob = glob::Pattern::new(pattern).with_context(|| format!("{pattern:?} is no pattern"))?;
    let options = glob::MatchOptions { case_sensitive: false, ..glob::MatchOptions::default() };
    let is_match = |name: &str| glob.matches_with(name, options);
    let found = suites::TESTS.iter().filter(|case| is_match(case.name) || is_match(case.part.name()));
    let found: Vec<&'static str> = found.map(|case| case.name).collect();
    if found.is_empty() {
        bail!("no test matches {pattern:?}. {} list shows all tests", commands::program());
    }
    Ok(found)
}

/// The test of that name.
pub(super) fn find(name: &str) -> Result<&'static TestCase> {
    let plain = plain(name);
    // The whole name first: what is the name of a test of Raft and was one of the service in the old numbering
    // means the test of Raft.
    let all = || suites::TESTS.iter().chain(suites::small::SCENARIOS);
    let exact = all().find(|case| self::plain(case.name) == plain);
    let without = || suites::TESTS.iter().find(|case| without_part(case.name) == plain);
    if let Some(case) = exact.or_else(without).or_else(|| find_classic(&plain)) {
        return Ok(case);
    }
    let known = all().map(|case| {
        let similarity = strsim::jaro_winkler(&plain, &self::plain(case.name));
        (similarity.max(strsim::jaro_winkler(&plain, &without_part(case.name))), case.name)
    });
    let near = nearest(known, SIMILARITY_MIN);
    if near.is_empty() {
        bail!("there is no test or part {name:?}. {} list shows all tests", commands::program());
    }
    bail!("there is no test or part {name:?}. Did you mean {}?", near.join(", "))
}

/// Without what people write differently: `TestFigure8Unreliable3C` and `figure8_unreliable_3c` are the same.
fn plain(name: &str) -> String {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = name.to_ascii_lowercase();
    let name = name.strip_prefix("test").unwrap_or(&name).to_owned();
    match name.split_at_checked(name.len().saturating_sub(2)) {
        Some((stem, part @ ("2a" | "2b" | "2c" | "2d"))) => format!("{stem}3{}", &part[1..]),
        _ => name,
    }
}

/// The test of the key/value service that was numbered 3A or 3B before 2024 (`TestSnapshotRPC3B`). Parts 3A and 3B as a
/// whole, and names that Raft's tests have as well, mean Raft's.
fn find_classic(plain: &str) -> Option<&'static TestCase> {
    let part = match plain.split_at_checked(plain.len().checked_sub(2)?)? {
        (_, "3a") => Part::B4,
        (_, "3b") => Part::C4,
        _ => return None,
    };
    suites::of_part(part).find(|case| without_part(case.name) == plain[..plain.len() - 2])
}

fn without_part(name: &str) -> String {
    let plain = plain(name);
    plain[..plain.len() - 2].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_is_found_under_all_its_names() {
        for name in [
            "figure8_unreliable_3c",
            "TestFigure8Unreliable3C",
            "TestFigure8Unreliable2C",
            "Figure8Unreliable",
        ] {
            assert_eq!(find(name).unwrap().name, "figure8_unreliable_3c", "{name}");
        }
    }

    #[test]
    fn names_of_the_classic_service_lab_are_known_where_they_are_unambiguous() {
        for (name, test) in [
            ("TestBasic3A", "basic_4b"),
            ("SnapshotRPC3B", "snapshot_rpc_4c"),
            ("TestManyPartitionsOneClient3A", "many_partitions_one_client_4b"),
            ("TestReElection3A", "re_election_3a"),
        ] {
            assert_eq!(find(name).unwrap().name, test);
        }
    }

    struct Unused;

    impl kvraft_interface::SingleKv for Unused {
        fn serve() -> labrpc::network::Service {
            unreachable!("nothing is run")
        }

        fn clerk(_: labrpc::network::ClientEnd) -> Box<dyn kvraft_interface::VersionedClerk> {
            unreachable!("nothing is run")
        }
    }

    /// Who has lab 2 alone is put to that, and hears of the rest what he asks for.
    #[test]
    fn lab_2_alone_is_graded_without_a_raft() {
        let of = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            select_for(&names, Implementation::of_single::<Unused>()).expect("known names")
        };
        let all = of(&[]);
        assert!(all.cases.iter().all(|case| case.part == Part::K2) && !all.cases.is_empty());
        let (raft, locks) = (of(&["3A"]), of(&["2L"]));
        assert!(raft.cases.is_empty() && locks.cases.is_empty());
        assert!(raft.note.expect("a line").contains("does not offer a Raft"));
        assert!(locks.note.expect("a line").contains("comes without locks"));
    }

    #[test]
    fn old_part_numbers_mean_the_new_parts() {
        let names = |text: &str| select(&[text.to_owned()]).unwrap().len();
        assert_eq!(names("2a"), names("3A"));
        assert_eq!(select(&[]).unwrap().len(), suites::TESTS.len());
    }

    #[test]
    fn lists_and_patterns_are_understood() {
        let count = |texts: &[&str]| {
            select(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>()).map(|cases| cases.len())
        };
        let sum = count(&["3A", "3B"]).expect("two parts");
        assert_eq!(count(&["3a,3B"]).expect("the same"), sum);
        assert_eq!(count(&["3[AB]"]).expect("the same"), sum);
        assert_eq!(count(&["figure8*,"]).expect("two tests"), 2);
        assert_eq!(count(&["4"]).expect("three parts"), count(&["4A,4B,4C"]).expect("the same"));
        assert_eq!(count(&["e"]).expect("seven parts"), count(&["E1,E2,E3,E4,E5,E6,E7"]).expect("the same"));
        assert!(count(&["9"]).is_err());
        assert!(count(&["*quantum*"]).expect_err("none").to_string().contains("list shows all"));
    }

    #[test]
    fn misspelt_name_gets_the_nearest() {
        let error = find("figur8_3c").unwrap_err().to_string();
        assert!(error.contains("figure8_3c"), "{error}");
        let error = find("zzz").unwrap_err().to_string();
        assert!(error.contains("cargo lab list"), "{error}");
    }
}
