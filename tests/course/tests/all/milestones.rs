//! The texts against what they speak of: the tests of the suites, and each other.

use std::collections::BTreeMap;

/// Every test of a part that has a text belongs to exactly one milestone, and no milestone names a test that is not there.
#[test]
fn every_test_belongs_to_one_milestone() {
    let mut wrong = Vec::new();
    for part in lab_course::parts() {
        let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for milestone in &part.milestones {
            for test in &milestone.tests {
                places.entry(test).or_default().push(milestone.id);
            }
        }
        let of_part = lab_suites::TESTS.iter().filter(|case| case.part.name() == part.name);
        for case in of_part {
            match places.remove(case.name) {
                None => wrong.push(format!("{} of part {} belongs to no milestone", case.name, part.name)),
                Some(ids) if ids.len() > 1 => {
                    wrong.push(format!("{} belongs to {}", case.name, ids.join(" and ")))
                }
                Some(_) => {}
            }
        }
        wrong.extend(
            places.iter().map(|(test, ids)| format!("{test} of {} is no test of part {}", ids[0], part.name)),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The parts of Raft and of the service have texts, in the order of the course.
#[test]
fn parts_have_texts() {
    let names: Vec<_> =
        lab_course::parts().iter().map(|part| part.name).filter(|name| !name.starts_with('2')).collect();
    assert_eq!(names, ["3A", "3B", "3C", "3D", "4A", "4B", "4C"]);
}
