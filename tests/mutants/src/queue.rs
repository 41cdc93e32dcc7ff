//! Which mutant is tried in which working copy, and when.
//!
//! Bugs of the lab itself change crates that everything else is built from. So they have a copy of their own, and are tried
//! there one after the other, while the other copies try the bugs of the Raft and of the service. In that copy, bugs of the `lab`
//! crate come before those of `labrpc`, which it is built from.

use std::collections::VecDeque;

use anyhow::Result;
use labrpc::channel::{self, Sender};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;

use crate::catalogue::{Catalogue, Mutant, Suites};
use crate::program::Program;
use crate::runner;
use crate::subject::Subject;
use crate::trial::{Trial, TrialOptions};
use crate::working_copy::WorkingCopy;
use crate::workspace::Workspace;

/// The trials that are still to be run in one or more copies, the next one first.
type SubjectQueue<'a> = Arc<Mutex<VecDeque<Subject<'a>>>>;

/// So few trials of controls are for one copy. A copy that is new builds all controls for its first mutant, which takes
/// longer than these.
const FEW: usize = 12;

/// All trials that are still to be run.
#[derive(Clone, Debug)]
pub(crate) struct Queue<'a> {
    /// Of the lab itself.
    crates: SubjectQueue<'a>,
    /// Of the Raft and the service.
    suites: SubjectQueue<'a>,
    /// Of Rafts in other styles.
    controls: SubjectQueue<'a>,
}

impl<'a> Queue<'a> {
    /// The trials of these mutants. The unmutated code comes first, before whatever it is needed for.
    pub(crate) fn new(mutants: &[&'a Mutant]) -> Self {
        let queue = |is_of_reference: bool, suites: &[Suites]| {
            let is_in_it = |mutant: &&Mutant| {
                suites.contains(&mutant.suites()) && (mutant.program == Program::Reference) == is_of_reference
            };
            let mut of_them: Vec<&Mutant> = mutants.iter().copied().filter(is_in_it).collect();
            // Each mutant of labrpc rebuilds everything, and so does taking it out; each of lab rebuilds
            // little. In this order there is one change from the one to the other.
            of_them.sort_by_key(|mutant| mutant.part == "labrpc"); // stable: the rest stays in order
            // Program by program, as each is built anew for the first trial in it.
            let of_all =
                Program::all().flat_map(|program| suites.iter().map(move |suites| (program, *suites)));
            let of = |mutant: &Mutant| (mutant.program, mutant.suites());
            let is_needed = |wanted: &(Program, Suites)| of_them.iter().any(|mutant| of(mutant) == *wanted);
            let unmutated =
                of_all.filter(is_needed).map(|(program, suites)| Subject::Baseline(program, suites));
            Arc::new(Mutex::new(unmutated.chain(of_them.iter().copied().map(Subject::Mutant)).collect()))
        };
        Self {
            crates: queue(true, &[Suites::Cargo]),
            suites: queue(true, &[Suites::Raft, Suites::Beyond, Suites::Service, Suites::Lab2]),
            controls: queue(false, &[Suites::Raft]),
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.crates.lock().len() + self.suites.lock().len() + self.controls.lock().len()
    }

    /// Nothing more is to be tried. What is under way comes to its end.
    pub(crate) fn clear(&self) {
        self.crates.lock().clear();
        self.suites.lock().clear();
        self.controls.lock().clear();
    }

    /// For each of so many workers the copies that it works in, one after the other, and what is tried there. Controls
    /// come last, so that nobody changes between them and the reference more than once.
    fn assignments(&self, jobs: usize) -> Vec<Vec<(String, SubjectQueue<'a>)>> {
        let mut workers = self.assignments_of_reference(jobs);
        let trials = self.controls.lock().len();
        let copies = if trials > FEW { jobs } else { trials.min(1) };
        while workers.len() < copies {
            workers.push(Vec::new());
        }
        let first = workers.len() - copies;
        for (number, worker) in workers.iter_mut().enumerate().skip(first) {
            let own = worker.last().map(|(name, _)| name.clone()).filter(|name| name != "crates");
            worker.push((own.unwrap_or((number + 1).to_string()), Arc::clone(&self.controls)));
        }
        workers
    }

    fn assignments_of_reference(&self, jobs: usize) -> Vec<Vec<(String, SubjectQueue<'a>)>> {
        let crates = ("crates".to_owned(), Arc::clone(&self.crates));
        let suites = |number: usize| (number.to_string(), Arc::clone(&self.suites));
        let (has_crates, trials) = (!self.crates.lock().is_empty(), self.suites.lock().len());
        match (has_crates, trials) {
            (true, 0) => vec![vec![crates]],
            // One worker has both copies, one after the other.
            (true, _) if jobs == 1 => vec![vec![suites(1), crates]],
            (true, _) => {
                // No more copies than trials: each costs half a gigabyte and half a minute of building.
                let copies = trials.min(jobs);
                let others = (1..=trials.min(jobs - 1)).map(|number| vec![suites(number)]);
                // The bugs of the lab are few, and a worker that stopped after them would leave most of the
                // trials to the others. It goes on in a fresh copy: in its first one everything would have to be
                // built anew, as the last bugs there were in labrpc.
                std::iter::once(vec![crates, suites(copies)]).chain(others).collect()
            }
            (false, _) => (1..=trials.min(jobs)).map(|number| vec![suites(number)]).collect(),
        }
    }

    /// Runs all trials in copies of the workspace, so many at a time, and hands each to `on_trial`. An error ends all:
    /// after that, nothing is known of what was under way.
    ///
    /// # Errors
    ///
    /// When a copy cannot be made, a mutant not be applied, a program not be built for a reason that is not in the code.
    pub(crate) fn run(
        &self,
        (workspace, catalogue): (&Workspace, &Catalogue),
        jobs: usize,
        options: &TrialOptions,
        mut on_trial: impl FnMut(Trial),
    ) -> Result<()> {
        let (sender, trials) = channel::unbounded();
        thread::scope(|scope| {
            for assigned in self.assignments(jobs) {
                let sender = sender.clone();
                scope.spawn(move || {
                    // Sent like a result, since a thread that ends with an error would be noticed only when
                    // all others have ended.
                    if let Err(error) = work(assigned, (workspace, catalogue), options, &sender) {
                        // The command may have ended.
                        let _ = sender.send(Err(error));
                    }
                });
            }
            // Else the loop below would wait for this one, which sends nothing.
            drop(sender);
            for trial in trials.iter() {
                match trial {
                    Ok(trial) => on_trial(trial),
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

/// Runs trials in these copies until there are no more.
fn work(
    assigned: Vec<(String, SubjectQueue<'_>)>,
    (workspace, catalogue): (&Workspace, &Catalogue),
    options: &TrialOptions,
    sender: &Sender<Result<Trial>>,
) -> Result<()> {
    for (name, queue) in assigned {
        if queue.lock().is_empty() {
            continue; // a copy would be made for nothing
        }
        let mut copy = WorkingCopy::open(workspace, &name, catalogue)?;
        loop {
            // Taken one by one from a queue that copies share: trials take from seconds to minutes, and
            // nobody knows before.
            let Some(subject) = queue.lock().pop_front() else { break };
            let trial = runner::run(&mut copy, catalogue, subject, options)?;
            if sender.send(Ok(trial)).is_err() {
                return Ok(()); // nobody listens any more
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::root;

    #[test]
    fn mutants_are_assigned_to_the_right_copies() {
        let catalogue = Catalogue::load(&root()).expect("the catalogue");
        let rows = [
            (&[][..], 1, &[&["1", "crates", "1"][..]][..]),
            (&[], 2, &[&["crates", "2", "2"], &["1", "1"]]),
            (&[], 3, &[&["crates", "3", "3"], &["1", "1"], &["2", "2"]]),
            (&["event_loop"], 2, &[&["1"], &["2"]]),
            (&["votes", "no_op"], 2, &[&["1"], &["2", "2"]]), // so few that one copy builds the controls
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
                .assignments(jobs)
                .into_iter()
                .map(|assigned| assigned.into_iter().map(|(name, _)| name).collect())
                .collect();
            assert_eq!(found, wanted, "{names:?} with {jobs} jobs");
            queue.clear();
            assert_eq!(queue.len(), 0);
        }
    }

    #[test]
    fn unmutated_code_comes_first_and_labrpc_last() {
        let catalogue = Catalogue::load(&root()).expect("the catalogue");
        let queue = Queue::new(&catalogue.select(&[]).expect("all"));
        let crates = queue.crates.lock();
        assert!(matches!(crates.front(), Some(Subject::Baseline(Program::Reference, Suites::Cargo))));
        let is_labrpc =
            |subject: &Subject<'_>| matches!(subject, Subject::Mutant(mutant) if mutant.part == "labrpc");
        let first = crates.iter().position(is_labrpc).expect("there are some");
        assert!(crates.iter().skip(first).all(is_labrpc));
    }
}
