//! Runs all series that were asked for, on two threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::arguments::Measure;
use crate::catalogue::Program;
use crate::search::{Search, Series};
use crate::statistics::Cell;

/// Each takes the next series that nobody has taken, so neither is idle while there is work.
const WORKERS: usize = 2;

/// A row of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) program: Program,
    /// One for each policy, in the order in which they were asked for.
    pub(crate) cells: Vec<Cell>,
}

/// Runs all series. The rows do not depend on who ran what.
///
/// # Errors
///
/// The sentence of the first series, in the order of the table, in which a program failed for another reason than its bug.
pub(crate) fn run(measure: &Measure) -> Result<Vec<Row>, String> {
    let all = all_series(measure);
    let mut searches = on_workers(&all).into_iter();
    let mut rows = Vec::new();
    for program in &measure.programs {
        let mut cells = Vec::new();
        for _ in &measure.searchers {
            let series: Result<Vec<_>, _> = searches.by_ref().take(measure.series as usize).collect();
            cells.push(Cell::new(series?, measure.cap));
        }
        rows.push(Row { program: *program, cells });
    }
    Ok(rows)
}

fn all_series(measure: &Measure) -> Vec<Series> {
    let mut all = Vec::new();
    for program in &measure.programs {
        for searcher in &measure.searchers {
            all.extend((0..measure.series).map(|number| Series {
                program: *program,
                searcher: *searcher,
                number,
                cap: measure.cap,
                step_cost: measure.step_cost,
            }));
        }
    }
    all
}

/// Runs each, and returns the results in the order of `all`.
fn on_workers(all: &[Series]) -> Vec<Result<Search, String>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(vec![Ok(Search::Missed); all.len()]);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(series) = all.get(place) else { break };
                    let result = series.run();
                    results.lock().unwrap_or_else(PoisonError::into_inner)[place] = result;
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}
