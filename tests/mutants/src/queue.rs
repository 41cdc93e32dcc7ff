//! Who is tried where, and when.
//!
//! Bugs of the lab itself change crates that everything else is built from. So they have a copy of their own, and are tried
//! there one after the other, while the other copies try the bugs of the Raft and of the service. In that copy, bugs of the `lab`
//! crate come before those of `labrpc`, which it is built from.

use std::collections::VecDeque;
use std::path::Path;

use anyhow::Result;
use labrpc::channel::{self, Sender};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;

use super::catalogue::{Catalogue, Mutant, Suites};
use super::trial::{self, Candidate, Terms, Trial};
use super::working_copy::WorkingCopy;

/// The trials that are still to be run in one or more copies, the next one first.
type Candidates<'a> = Arc<Mutex<VecDeque<Candidate<'a>>>>;

/// All trials that are still to be run.
#[derive(Clone, Debug)]
pub(crate) struct Queue<'a> {
    /// Of the lab itself.
    crates: Candidates<'a>,
    /// Of the Raft and the service.
    suites: Candidates<'a>,
}

impl<'a> Queue<'a> {
    /// The trials of these mutants. The unmutated code comes first, before whatever it is needed for.
    pub(crate) fn new(mutants: &[&'a Mutant]) -> Self {
        let queue = |suites: &[Suites]| {
            let mut of_them: Vec<&Mutant> =
                mutants.iter().copied().filter(|mutant| suites.contains(&mutant.suites())).collect();
            of_them.sort_by_key(|mutant| mutant.part == "labrpc"); // stable: the rest stays in order
            let is_needed = |suites: &&Suites| of_them.iter().any(|mutant| mutant.suites() == **suites);
            let unmutated = suites.iter().filter(is_needed).map(|suites| Candidate::Unmutated(*suites));
            Arc::new(Mutex::new(unmutated.chain(of_them.iter().copied().map(Candidate::Mutant)).collect()))
        };
        Self { crates: queue(&[Suites::Cargo]), suites: queue(&[Suites::Raft, Suites::Service]) }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.crates.lock().len() + self.suites.lock().len()
    }

    /// Nothing more is to be tried. What is under way comes to its end.
    pub(crate) fn clear(&self) {
        self.crates.lock().clear();
        self.suites.lock().clear();
    }

    /// For each of so many workers the copies that it works in, one after the other, and what is tried there.
    fn places(&self, jobs: usize) -> Vec<Vec<(String, Candidates<'a>)>> {
        let crates = ("crates".to_owned(), Arc::clone(&self.crates));
        let suites = |number: usize| (number.to_string(), Arc::clone(&self.suites));
        let (has_crates, trials) = (!self.crates.lock().is_empty(), self.suites.lock().len());
        match (has_crates, trials) {
            (true, 0) => vec![vec![crates]],
            (true, _) if jobs == 1 => vec![vec![suites(1), crates]],
            (true, _) => {
                let others = (1..=trials.min(jobs - 1)).map(|number| vec![suites(number)]);
                std::iter::once(vec![crates]).chain(others).collect()
            }
            (false, _) => (1..=trials.min(jobs)).map(|number| vec![suites(number)]).collect(),
        }
    }

    /// Runs all trials in copies of the workspace at `root`, so many at a time, and tells what comes of each. An error ends all:
    /// after that, nothing is known of what was under way.
    ///
    /// # Errors
    ///
    /// When a copy cannot be made, a bug not be planted, a program not be built for a reason that is not in the code.
    pub(crate) fn run(
        &self,
        (root, catalogue): (&Path, &Catalogue),
        jobs: usize,
        terms: Terms,
        mut tell: impl FnMut(Trial),
    ) -> Result<()> {
        let (told, trials) = channel::unbounded();
        thread::scope(|scope| {
            for places in self.places(jobs) {
                let told = told.clone();
                scope.spawn(move || {
                    if let Err(error) = work(places, (root, catalogue), terms, &told) {
                        // The command may have ended.
                        let _ = told.send(Err(error));
                    }
                });
            }
            drop(told);
            for trial in trials.iter() {
                match trial {
                    Ok(trial) => tell(trial),
                    Err(error) => {
                        self.clear();
                        return Err(error);
                    }
                }
            }
            Ok(())
        })
    }
}

/// Holds trials in these copies until there are no more.
fn work(
    places: Vec<(String, Candidates<'_>)>,
    (root, catalogue): (&Path, &Catalogue),
    terms: Terms,
    told: &Sender<Result<Trial>>,
) -> Result<()> {
    for (name, queue) in places {
        let mut copy = WorkingCopy::open(root, &name, catalogue)?;
        loop {
            let Some(what) = queue.lock().pop_front() else { break };
            let trial = trial::hold(&mut copy, catalogue, what, terms)?;
            if told.send(Ok(trial)).is_err() {
                return Ok(()); // nobody listens any more
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::root;

    #[test]
    fn every_mutant_has_its_turn_in_the_right_copy() {
        let catalogue = Catalogue::load(&root()).expect("the catalogue");
        let rows = [
            (&[][..], 1, &[&["1", "crates"][..]][..]),
            (&[], 2, &[&["crates"], &["1"]]),
            (&[], 3, &[&["crates"], &["1"], &["2"]]),
            (&["harness"], 4, &[&["crates"]]),
            (&["votes"], 2, &[&["1"], &["2"]]),
            (&["kv-local-get"], 4, &[&["1"], &["2"]]), // itself and the unmutated code
        ];
        for (names, jobs, wanted) in rows {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let mutants = catalogue.select(&names).expect("they are there");
            let queue = Queue::new(&mutants);
            assert!(queue.len() > mutants.len(), "the unmutated code as well: {names:?}");
            let found: Vec<Vec<String>> = queue
                .places(jobs)
                .into_iter()
                .map(|places| places.into_iter().map(|(name, _)| name).collect())
                .collect();
            assert_eq!(found, wanted, "{names:?} with {jobs} jobs");
            queue.clear();
            assert_eq!(queue.len(), 0);
        }
    }

    #[test]
    fn the_unmutated_code_comes_first_and_labrpc_last() {
        let catalogue = Catalogue::load(&root()).expect("the catalogue");
        let queue = Queue::new(&catalogue.select(&[]).expect("all"));
        let crates = queue.crates.lock();
        assert!(matches!(crates.front(), Some(Candidate::Unmutated(Suites::Cargo))));
        let is_labrpc =
            |what: &Candidate<'_>| matches!(what, Candidate::Mutant(mutant) if mutant.part == "labrpc");
        let first = crates.iter().position(is_labrpc).expect("there are some");
        assert!(crates.iter().skip(first).all(is_labrpc));
    }
}
