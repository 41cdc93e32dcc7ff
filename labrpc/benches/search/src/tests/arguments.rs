//! What the command line may say, and what is said about what it may not.

use std::time::Duration;

use crate::arguments::{Measure, Request, parse};

fn measure(line: &str) -> Measure {
    match parse(line.split_whitespace().map(str::to_owned)) {
        Ok(Request::Measure(measure)) => measure,
        other => panic!("{line}: {other:?}"),
    }
}

fn names(measure: &Measure) -> Vec<&str> {
    measure.programs.iter().map(|program| program.name).collect()
}

#[test]
fn nothing_means_all_programs_twenty_series_and_ten_thousand_schedules() {
    let measure = measure("");
    assert_eq!((measure.series, measure.cap, measure.step_cost), (20, 10_000, None));
    assert!(measure.programs.len() > 30);
    assert!(measure.json.is_none());
}

#[test]
fn policies_are_shown_as_they_are_read() {
    let text = "random,pct:7,fifo,shuttle:random,shuttle:pct:2,shuttle:urw";
    let shown: Vec<_> =
        measure(&format!("--policy {text}")).searchers.iter().map(ToString::to_string).collect();
    assert_eq!(shown.join(","), text);
}

#[test]
fn programs_come_in_the_order_of_the_catalogue() {
    let measure = measure("--program stack,reorder_?,account");
    assert_eq!(names(&measure), ["account", "reorder_3", "reorder_4", "reorder_5", "stack"]);
}

#[test]
fn values_may_be_attached_and_the_last_counts() {
    let measure = measure("--series=3 --series 4 --cap=1_000 --step=2us --json out.json --bench");
    assert_eq!((measure.series, measure.cap), (4, 1_000));
    assert_eq!(measure.step_cost, Some(Duration::from_micros(2)));
    assert_eq!(measure.json.unwrap().to_str(), Some("out.json"));
}

#[test]
fn help_wins_over_what_comes_after() {
    let help = parse(["--help", "--cap", "many"].into_iter().map(str::to_owned));
    assert!(matches!(help, Ok(Request::Help)));
}

#[test]
fn what_is_wrong_is_said_in_a_sentence() {
    for (line, said) in [
        ("--policies random", "\"--policies\" is no option: --help lists them"),
        ("random", "\"random\" is no option: --help lists them"),
        ("--cap", "--cap needs a value: --help says which"),
        ("--cap 0", "\"0\" is no value of --cap: write a number from 1 to 1000000"),
        ("--series many", "\"many\" is no value of --series: write a number from 1 to 1000000"),
        ("--policy random,", "\"\" is not a scheduling policy"),
        ("--policy lifo", "\"lifo\" is not a scheduling policy"),
        ("--policy shuttle:pct", "\"shuttle:pct\" is no scheduler of shuttle"),
        ("--policy shuttle:pct:0", "\"shuttle:pct:0\" is no scheduler of shuttle"),
        ("--program heap", "\"heap\" is the name of no program: there are account, "),
        ("--program [", "\"[\" is no pattern: "),
        ("--step 5", "\"5\" is no value of --step: write a time up to 1000ms"),
        ("--step 2s", "\"2s\" is no value of --step"),
        ("--step 1001ms", "\"1001ms\" is no value of --step"),
        ("--step 99999999999999999999ns", "\"99999999999999999999ns\" is no value of --step"),
    ] {
        let sentence = parse(line.split_whitespace().map(str::to_owned)).unwrap_err();
        assert!(sentence.starts_with(said), "{line}: {sentence}");
    }
}
