//! What the runs of a sweep have covered, and which runs a guided one makes because of that.

use std::collections::BTreeMap;

use labrpc::search::{Candidate, Guided, Novelty};
use labrpc::sim::{Covered, Feature, Policy};

use crate::workers::Job;
use crate::{FailedRun, SearchedRun};

/// What is known of coverage while a sweep goes on.
pub(super) struct Coverage {
    /// All runs together.
    novelty: Novelty,
    /// The search of each row that is guided.
    guided: BTreeMap<usize, Guided>,
    /// What its choices come from.
    seed: u64,
}

impl Coverage {
    pub(super) fn new(seed: u64) -> Self {
        Self { novelty: Novelty::default(), guided: BTreeMap::new(), seed }
    }

    /// Replaces the run of a row that is guided by the one that its search chooses. Its seed then is one that no other run
    /// has had, and the run still counts as this one.
    pub(super) fn choose(&mut self, job: &mut Job) {
        if job.policy != Policy::Guided.to_string() {
            return;
        }
        let guided = self.guided.entry(job.row).or_insert_with(|| Guided::new(self.seed));
        let Candidate { seed, policy } = guided.next(job.seed);
        job.counts_as = Some(job.seed);
        (job.seed, job.policy) = (seed, policy.to_string());
    }

    /// A run has covered this, as its worker tells it.
    pub(super) fn learn(&mut self, job: &Job, news: &[(u64, u64)]) {
        if !job.covers {
            return;
        }
        self.novelty.add(news.iter().map(|&(number, _)| Feature::from_number(number)));
        if let (Some(guided), Ok(policy)) = (self.guided.get_mut(&job.row), job.policy.parse()) {
            let covered: Vec<Covered> = news
                .iter()
                .map(|&(number, step)| Covered { feature: Feature::from_number(number), step })
                .collect();
            guided.learn(Candidate { seed: job.seed, policy }, &covered);
        }
    }

    pub(super) fn into_novelty(self) -> Novelty {
        self.novelty
    }
}

/// The failure of a run as its row counts it.
pub(super) fn searched(job: &Job, failed: FailedRun) -> FailedRun {
    let Some(seed) = job.counts_as else { return failed };
    let run = SearchedRun { seed: job.seed, policy: job.policy.clone() };
    FailedRun { seed, run: Some(run), ..failed }
}
