//! The page of statements names tests that exist.

use lab::suites::find;

#[test]
fn statements_name_tests_that_exist() {
    let page = include_str!("../../../raft/src/statements.rs");
    let named = page.split('`').skip(1).step_by(2);
    let is_of_a_suite = |name: &&str| name.rsplit_once('_').is_some_and(|(_, part)| part.len() == 2);
    let tests: Vec<&str> = named.filter(is_of_a_suite).collect();
    assert!(tests.len() > 50, "{tests:?}");
    let missing: Vec<&&str> = tests.iter().filter(|name| find(name).is_none()).collect();
    assert!(missing.is_empty(), "there are no tests {missing:?}");
}
