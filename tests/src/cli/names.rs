//! Names of tests and parts as people type them.

use anyhow::{Result, bail};

use crate::case::{Part, TestCase};
use crate::likeness::nearest;
use crate::suites;

/// How like a name must be to be proposed, from 0 to 1.
const LIKENESS_MIN: f64 = 0.6;

/// The tests that these names mean, in the order of the table; all if there are no names. A name is a part (`3A`, or `2A`
/// in the old numbering), a test, or MIT's name of one (`TestFigure83C`, `Figure8`).
pub(super) fn select(names: &[String]) -> Result<Vec<&'static TestCase>> {
    let mut wanted = Vec::new();
    for name in names {
        match name.parse::<Part>() {
            Ok(part) => wanted.extend(suites::of_part(part).map(|case| case.name)),
            Err(_) => wanted.push(find(name)?.name),
        }
    }
    let is_wanted = |case: &&TestCase| names.is_empty() || wanted.contains(&case.name);
    Ok(suites::TESTS.iter().filter(is_wanted).collect())
}

/// The test of that name.
pub(super) fn find(name: &str) -> Result<&'static TestCase> {
    let plain = plain(name);
    let exact = suites::TESTS.iter().find(|case| self::plain(case.name) == plain);
    let without = || suites::TESTS.iter().find(|case| without_part(case.name) == plain);
    if let Some(case) = exact.or_else(without).or_else(|| find_classic(&plain)) {
        return Ok(case);
    }
    let known = suites::TESTS.iter().map(|case| {
        let likeness = strsim::jaro_winkler(&plain, &self::plain(case.name));
        (likeness.max(strsim::jaro_winkler(&plain, &without_part(case.name))), case.name)
    });
    let near = nearest(known, LIKENESS_MIN);
    if near.is_empty() {
        bail!("there is no test or part {name:?}. cargo lab list shows all tests");
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
    fn a_test_is_found_under_all_its_names() {
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

    #[test]
    fn old_part_numbers_mean_the_new_parts() {
        let names = |text: &str| select(&[text.to_owned()]).unwrap().len();
        assert_eq!(names("2a"), names("3A"));
        assert_eq!(select(&[]).unwrap().len(), suites::TESTS.len());
    }

    #[test]
    fn a_misspelt_name_gets_the_nearest() {
        let error = find("figur8_3c").unwrap_err().to_string();
        assert!(error.contains("figure8_3c"), "{error}");
        let error = find("zzz").unwrap_err().to_string();
        assert!(error.contains("cargo lab list"), "{error}");
    }
}
