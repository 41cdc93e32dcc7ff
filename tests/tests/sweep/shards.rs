//! Shards that are merged are the whole.

use std::path::Path;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::bad::VARIABLE;
use crate::program::{Ran, command, json, run};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("shards_that_are_merged_are_the_whole", merged),
        trial("file_that_does_not_hold_what_it_claims_is_refused", forged),
    ]
}

/// A sweep of two tests, in which seed 10 fails.
fn sweep(target: &Path, arguments: &str) -> Ran {
    let arguments = format!("sweep initial_election_3a few_terms_3a -n 13 {arguments}");
    command(target, &arguments).env(VARIABLE, "10").output().unwrap().into()
}

/// What does not depend on the machine.
fn outcomes(results: &Value) -> Vec<Value> {
    let names = ["test", "policy", "passed", "failures", "runs", "failed", "failure_rate_max"];
    let rows = results["rows"].as_array().unwrap().iter();
    rows.map(|row| names.iter().map(|name| row[name].clone()).collect()).collect()
}

fn merged() {
    let target = tempfile::tempdir().unwrap();
    let path = |name: &str| target.path().join(name);
    sweep(target.path(), &format!("--json {}", path("whole.json").display())).expect(1, &[]);
    for number in 1..=3 {
        // Each on a machine of its own, as it were.
        let machine = tempfile::tempdir().unwrap();
        let file = path(&format!("{number}.json"));
        let code = i32::from(number == 3);
        sweep(machine.path(), &format!("--shard {number}/3 --json {}", file.display())).expect(code, &[]);
    }
    let merge = |names: &[&str]| {
        let files: Vec<String> = names.iter().map(|name| path(name).display().to_string()).collect();
        run(target.path(), &format!("merge {} --json {}", files.join(" "), path("merged.json").display()))
    };
    merge(&["3.json", "1.json", "2.json"])
        .expect(1, &["FAILED: 2 of 26 runs", "this is a panic of server 1"]);
    let (whole, together) = (json(&path("whole.json")), json(&path("merged.json")));
    assert_eq!(outcomes(&whole), outcomes(&together));
    assert_eq!((&together["is_complete"], &together["shards"]), (&Value::Bool(true), &Value::Null));
    let part = merge(&["1.json", "2.json"]);
    part.expect(2, &["shard 3/3 is missing", "not everything is there", "no failure so far"]);
    assert!(!part.out.contains("all passed"), "{}", part.out);
    merge(&["1.json", "1.json"]).expect(2, &["shard 1/3 is in both"]);
    merge(&["1.json", "whole.json"]).expect(2, &["not shards of the same sweep"]);
    merge(&["nowhere.json"]).expect(2, &["cannot read", "nowhere.json"]);
}

fn forged() {
    let target = tempfile::tempdir().unwrap();
    let file = target.path().join("results.json");
    run(target.path(), &format!("sweep initial_election_3a -n 4 --json {}", file.display())).expect(0, &[]);
    let good = json(&file);
    let merge = |path: &str, value: Value, words: &str| {
        let mut forged = good.clone();
        *forged.pointer_mut(path).unwrap() = value;
        std::fs::write(&file, forged.to_string()).unwrap();
        run(target.path(), &format!("merge {}", file.display())).expect(2, &["results.json", words]);
    };
    merge(
        "/rows/0/passed",
        serde_json::json!([[1, 1]]),
        "complete, and holds 1 of 4 seeds of initial_election_3a",
    );
    merge(
        "/shards",
        serde_json::json!({"of": 1_000_000_000_000_u64, "numbers": [1]}),
        "into 1000000000000 shards",
    );
    merge("/seeds/count", serde_json::json!(u64::MAX), "holds 4 of 18446744073709551615 seeds");
    merge("/rows", serde_json::json!([]), "holds nothing");
    // A part of very many shards is one all the same, and says in no time what is missing.
    let mut part = good.clone();
    part["seeds"]["count"] = serde_json::json!(1_000_000_000_000_u64);
    part["shards"] = serde_json::json!({"of": 1_000_000_000_000_u64, "numbers": [1, 2, 3, 4]});
    std::fs::write(&file, part.to_string()).unwrap();
    run(target.path(), &format!("merge {}", file.display()))
        .expect(2, &["and 999999999986 more are missing"]);
}
