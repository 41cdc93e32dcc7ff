//! What the series of one program under one policy come to.

use std::cmp::Ordering;
use std::fmt;

use crate::search::Search;

/// A cell of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// The tool has no clock, and the program needs one.
    NoClock,
    Measured(Counts),
}

/// The numbers of schedules of all series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// From the least to the greatest. Series that found nothing are not among them: they count as more than the cap.
    pub(crate) found: Vec<u64>,
    /// How many series there were.
    pub(crate) series: usize,
    pub(crate) cap: u64,
}

impl Cell {
    pub(crate) fn new(searches: Vec<Search>, cap: u64) -> Self {
        if searches.contains(&Search::NoClock) {
            return Self::NoClock;
        }
        let series = searches.len();
        let mut found: Vec<_> = searches
            .into_iter()
            .filter_map(|search| match search {
                Search::Found(schedules) => Some(schedules),
                Search::Missed | Search::NoClock => None,
            })
            .collect();
        found.sort_unstable();
        Self::Measured(Counts { found, series, cap })
    }

    pub(crate) fn counts(&self) -> Option<&Counts> {
        match self {
            Self::NoClock => None,
            Self::Measured(counts) => Some(counts),
        }
    }
}

impl Counts {
    pub(crate) fn is_found_by_all(&self) -> bool {
        self.found.len() == self.series
    }

    /// The least number that at least this many quarters of the series do not exceed: one that was measured, never a mean of
    /// two. `None` if that is more than the cap.
    pub(crate) fn quartile(&self, quarters: usize) -> Option<u64> {
        let rank = (self.series * quarters).div_ceil(4).max(1);
        self.found.get(rank - 1).copied()
    }

    pub(crate) fn median(&self) -> Option<u64> {
        self.quartile(2)
    }

    /// The better is less: the smaller median, and of equal ones more series that found the bug.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let median = |counts: &Self| counts.median().unwrap_or(u64::MAX);
        median(self).cmp(&median(other)).then(other.found.len().cmp(&self.found.len()))
    }
}

/// `12 (4-31)`: the median and the quartiles. `>10000 (3 of 20)`, or `12 (15 of 20)`: not all series found it.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Measured(counts) = self else {
            return f.write_str("no clock");
        };
        match counts.median() {
            Some(median) => write!(f, "{median} ")?,
            None => write!(f, ">{} ", counts.cap)?,
        }
        match (counts.is_found_by_all(), counts.quartile(1), counts.quartile(3)) {
            (true, Some(lower), Some(upper)) => write!(f, "({lower}-{upper})"),
            _ => write!(f, "({} of {})", counts.found.len(), counts.series),
        }
    }
}

/// The geometric mean of numbers from 1 up; `None` of none. With medians of very different size the ordinary mean is
/// only that of the greatest.
pub(crate) fn geometric_mean(numbers: &[u64]) -> Option<f64> {
    let logarithms: f64 = numbers.iter().map(|number| (*number as f64).ln()).sum();
    (!numbers.is_empty()).then(|| (logarithms / numbers.len() as f64).exp())
}
