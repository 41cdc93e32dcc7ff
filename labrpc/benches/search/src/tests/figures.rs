//! What becomes of the numbers.

use super::program;
use crate::arguments::{Measure, Request, parse};
use crate::runner::{self, Row};
use crate::search::Search::{self, Found, Missed, NoClock};
use crate::statistics::{Cell, geometric_mean};
use crate::{json, table};

fn cell(searches: &[Search]) -> Cell {
    Cell::new(searches.to_vec(), 100)
}

fn measure(line: &str) -> Measure {
    match parse(line.split_whitespace().map(str::to_owned)) {
        Ok(Request::Measure(measure)) => measure,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_cell_shows_measured_numbers() {
    for (searches, shown) in [
        (&[Found(3)][..], "3 (3-3)"),
        (&[Found(9), Found(1), Found(5), Found(2)], "2 (1-5)"),
        (&[Found(7), Missed, Found(3)], "7 (2 of 3)"),
        (&[Found(7), Missed, Missed], ">100 (1 of 3)"),
        (&[Missed, Missed], ">100 (0 of 2)"),
        (&[NoClock, NoClock], "no clock"),
    ] {
        assert_eq!(cell(searches).to_string(), shown);
    }
}

#[test]
fn geometric_mean_of_powers_is_the_power_between() {
    assert_eq!(geometric_mean(&[]), None);
    assert!((geometric_mean(&[1, 100]).unwrap() - 10.0).abs() < 1e-9);
}

#[test]
fn the_best_of_a_row_is_bold_and_a_bound_is_marked() {
    let measure = measure("--policy random,pct:2,shuttle:random --series 2 --cap 100");
    let row = |name, cells: [&[Search]; 3]| Row { program: program(name), cells: cells.map(cell).to_vec() };
    let rows = [
        row("account", [&[Found(1), Found(2)], &[Found(4), Found(8)], &[Found(1), Found(9)]]),
        row("stack", [&[Missed, Missed], &[Found(25), Missed], &[Missed, Missed]]),
        row("queue", [&[Found(1), Found(1)], &[Found(1), Found(1)], &[Found(1), Found(1)]]),
        row("timer_race", [&[Found(5), Found(5)], &[Found(6), Found(6)], &[NoClock, NoClock]]),
    ];
    let expected = "\
Schedules to the first failure: median (quartiles) of 2 series of 100 at most.

| program    |        random |           pct:2 | shuttle:random |
| ---------- | ------------: | --------------: | -------------: |
| account    |   **1 (1-2)** |         4 (4-8) |    **1 (1-9)** |
| stack      | >100 (0 of 2) | **25 (1 of 2)** |  >100 (0 of 2) |
| queue      |       1 (1-1) |         1 (1-1) |        1 (1-1) |
| timer_race |   **5 (5-5)** |         6 (6-6) |       no clock |

| policy         | found in all series | geometric mean of the medians of 3 programs |
| -------------- | ------------------: | ------------------------------------------: |
| random         |              3 of 4 |                                        >4.6 |
| pct:2          |              3 of 4 |                                         4.6 |
| shuttle:random |              2 of 3 |                                        >4.6 |
";
    assert_eq!(table::show(&measure, &rows), expected);
}

#[test]
fn the_same_command_gives_the_same_figures() {
    let measure = measure("--program a*,r*_3,timer_race --series 3 --cap 200");
    let run = || {
        crate::quiet::install_hook();
        let rows = runner::run(&measure).unwrap();
        (table::show(&measure, &rows), json::value(&measure, &rows))
    };
    let (text, value) = run();
    assert_eq!(run(), (text, value.clone()));
    assert_eq!(value["programs"].as_array().unwrap().len(), 4);
    assert!(value["programs"][3]["found"]["shuttle:random"].is_null());
    assert_eq!(value["programs"][0]["found"]["random"].as_array().unwrap().len(), 3);
}
