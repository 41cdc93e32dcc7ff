//! The search for the moment after which a run was lost, among counts of continuations that fail.

use std::collections::BTreeMap;

/// So many moments are tried first.
const FIRST_MOMENTS: usize = 24;
/// So many continuations each moment is given at first.
const FIRST_TRIES: u64 = 12;
/// So many the moments before and after the event that decides are given in the end.
const TRIES_MAX: u64 = 200;
/// By so many at a time.
const MORE_TRIES: u64 = 47;
/// A smaller jump is none.
const JUMP_MIN: f64 = 0.2;
/// From a moment on of which so many continuations fail, the run is lost.
const LOST_MIN: f64 = 0.9;
/// A point of no return at which the share rises by less is none.
const RETURN_MIN: f64 = 0.15;

/// How many continuations were tried from a moment, and how many of them failed.
pub(super) type Count = (u64, u64);

/// Tries continuations from moments: for each how many more, after so many that were tried before. Returns how many failed.
pub(super) type Try<'a> = dyn FnMut(&[(usize, u64, u64)]) -> Vec<u64> + 'a;

/// The moments that were tried, and the one after which the run was lost: the greatest jump, or else the point of no return.
pub(super) fn search(
    moments: usize,
    runs_max: usize,
    try_all: &mut Try<'_>,
) -> (BTreeMap<usize, Count>, Option<usize>) {
    let mut search = Search { counts: BTreeMap::new(), left: runs_max as u64, try_all };
    let Some(last) = moments.checked_sub(1) else { return (search.counts, None) };
    let first = FIRST_MOMENTS.min(moments).max(2) - 1;
    search.try_moments((0..=first).map(|place| last * place / first), FIRST_TRIES);
    let found = search.greatest_jump().or_else(|| search.point_of_no_return());
    (search.counts, found)
}

struct Search<'a, 'b> {
    counts: BTreeMap<usize, Count>,
    /// How many runs are left.
    left: u64,
    try_all: &'a mut Try<'b>,
}

impl Search<'_, '_> {
    /// Tries these moments so many times more. Returns whether there were runs left for it.
    fn try_moments(&mut self, moments: impl IntoIterator<Item = usize>, more: u64) -> bool {
        let mut moments: Vec<usize> = moments.into_iter().collect();
        moments.dedup();
        let wanted = moments.len() as u64 * more;
        if wanted > self.left {
            return false;
        }
        self.left -= wanted;
        let tried = |moment: &usize| self.counts.get(moment).map_or(0, |count| count.0);
        let jobs: Vec<(usize, u64, u64)> =
            moments.iter().map(|moment| (*moment, tried(moment), more)).collect();
        let failed = (self.try_all)(&jobs);
        for ((moment, _, more), failed) in jobs.into_iter().zip(failed) {
            let count = self.counts.entry(moment).or_default();
            *count = (count.0 + more, count.1 + failed);
        }
        true
    }

    /// The moment from which on the run is lost, the moment before it being one from which it is not; `None` if there is no such
    /// moment, the share rises too little there, or no runs are left to find it.
    fn point_of_no_return(&mut self) -> Option<usize> {
        // Twice: more tries may show that what seemed lost is not.
        for (more, enough) in [(FIRST_TRIES, 2 * FIRST_TRIES), (MORE_TRIES, TRIES_MAX)] {
            let (from, to) = loop {
                let (from, to) = self.around_no_return()?;
                if to - from == 1 {
                    break (from, to);
                }
                if !self.try_moments([(from + to) / 2], more) {
                    return None;
                }
            };
            while self.counts[&from].0.min(self.counts[&to].0) < enough && self.try_moments([from, to], more)
            {
            }
            if self.rise(from, to) < RETURN_MIN {
                return None;
            }
        }
        let (from, to) = self.around_no_return()?;
        (to - from == 1 && self.rise(from, to) >= RETURN_MIN).then_some(to)
    }

    /// The last moment that was tried from which the run is not lost, and the next one.
    fn around_no_return(&self) -> Option<(usize, usize)> {
        let from = *self.counts.keys().rev().find(|&&moment| self.share(moment) < LOST_MIN)?;
        let (&to, _) = self.counts.range(from + 1..).next()?;
        Some((from, to))
    }

    fn share(&self, moment: usize) -> f64 {
        let (tried, failed) = self.counts[&moment];
        failed as f64 / tried as f64
    }

    /// By how much more of the continuations from one moment fail than of those from another.
    fn rise(&self, from: usize, to: usize) -> f64 {
        self.share(to) - self.share(from)
    }

    /// The later of the two moments between which the share rises most, with a single event between them if there are runs enough;
    /// `None` if it rises nowhere by much.
    fn greatest_jump(&mut self) -> Option<usize> {
        // Between the moments that differ most, a few at a time: how many must not depend on the machine.
        loop {
            let mut gaps = self.jumps();
            gaps.retain(|&(jump, from, to)| jump.abs() >= JUMP_MIN && to - from > 1);
            gaps.truncate(2);
            if gaps.is_empty()
                || !self.try_moments(gaps.iter().map(|&(_, from, to)| (from + to) / 2), FIRST_TRIES)
            {
                break;
            }
        }
        // Chance may have made a jump where there is none: the greatest one is tried until it stays so.
        loop {
            let (from, to) = self.greatest()?;
            let is_sure = [from, to].iter().all(|moment| self.counts[moment].0 >= TRIES_MAX);
            if is_sure || !self.try_moments([from, to], MORE_TRIES) {
                return Some(to);
            }
        }
    }

    /// The jumps between neighbours, the greatest first, with the moments before and after.
    fn jumps(&self) -> Vec<(f64, usize, usize)> {
        let shares: Vec<(usize, f64)> =
            self.counts.keys().map(|&moment| (moment, self.share(moment))).collect();
        let mut jumps: Vec<(f64, usize, usize)> =
            shares.windows(2).map(|pair| (pair[1].1 - pair[0].1, pair[0].0, pair[1].0)).collect();
        jumps.sort_by(|one, other| other.0.abs().total_cmp(&one.0.abs()));
        jumps
    }

    /// The moments before and after the greatest rise.
    fn greatest(&self) -> Option<(usize, usize)> {
        let (_, from, to) = self.jumps().into_iter().find(|&(jump, ..)| jump >= JUMP_MIN)?;
        Some((from, to))
    }
}

#[cfg(test)]
mod tests {
    use super::super::RUNS_DEFAULT;
    use super::*;

    /// A run that fails from a moment on with another chance; numbers of tries stand for chance.
    fn found(
        moments: usize,
        lost_at: usize,
        before: u64,
        after: u64,
    ) -> (BTreeMap<usize, Count>, Option<usize>, u64) {
        let mut runs = 0;
        let mut try_all = |jobs: &[(usize, u64, u64)]| {
            jobs.iter()
                .map(|&(moment, tried, more)| {
                    runs += more;
                    let percent = if moment >= lost_at { after } else { before };
                    (tried..tried + more).filter(|number| number * 37 % 100 < percent).count() as u64
                })
                .collect()
        };
        let (counts, jump) = search(moments, RUNS_DEFAULT, &mut try_all);
        (counts, jump, runs)
    }

    #[test]
    fn event_after_which_a_run_is_lost_is_found() {
        for (moments, lost_at) in [(2_000, 1_234), (2_000, 1_999), (2_000, 1), (30, 7), (2, 1)] {
            let (counts, jump, runs) = found(moments, lost_at, 6, 97);
            assert_eq!(jump, Some(lost_at), "of {moments}");
            assert!(runs <= RUNS_DEFAULT as u64);
            assert!(counts[&lost_at].0 >= TRIES_MAX && counts[&(lost_at - 1)].0 >= TRIES_MAX);
        }
    }

    /// Some may still go well after the greatest jump. What follows it is what the bug needs besides.
    #[test]
    fn greatest_jump_goes_before_the_point_of_no_return() {
        let mut try_all = |jobs: &[(usize, u64, u64)]| {
            let percent = |moment| match moment {
                0..700 => 5,
                700..1_500 => 60,
                _ => 98,
            };
            let failed = |&(moment, tried, more): &(usize, u64, u64)| {
                (tried..tried + more).filter(|number| number * 37 % 100 < percent(moment)).count() as u64
            };
            jobs.iter().map(failed).collect()
        };
        assert_eq!(search(2_000, RUNS_DEFAULT, &mut try_all).1, Some(700));
    }

    #[test]
    fn run_that_is_lost_from_the_beginning_has_no_such_event() {
        assert_eq!(found(500, 0, 0, 100).1, None);
        assert_eq!(found(0, 0, 0, 100).1, None);
        assert_eq!(found(1, 0, 0, 100).1, None);
    }

    #[test]
    fn budget_is_kept() {
        let (counts, _, runs) = found(100_000, 50_001, 0, 100);
        assert!(runs <= RUNS_DEFAULT as u64 && counts.len() < 60, "{runs}, {}", counts.len());
    }
}
