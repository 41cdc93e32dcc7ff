//! What a pool looks after now and then: hangs, memory, and what workers leave behind.

use std::time::Duration;

use anyhow::Result;
use labrpc::time::Instant;

use super::super::crash::KillReason;
use super::super::process::Process;
use super::{Pool, TICK};

/// More time than this between two looks was no time for the workers either: this process was stopped, or the machine asleep.
const TICK_MAX: Duration = Duration::from_secs(1);

/// The real time that a worker may take to say that it is ready.
const START_MAX: Duration = Duration::from_secs(60);

impl Pool {
    /// What a worker has left behind ends with it.
    pub(super) fn kill_orphans(&self) {
        #[cfg(target_os = "linux")]
        super::super::orphans::kill_all_but(&self.workers.iter().map(Process::process).collect());
    }

    /// Whatever workers that have ended have left behind holds their answers open. It is ended, and so are the answers; if it
    /// cannot be ended, they are not waited for.
    pub(super) fn look_after_the_gone(&mut self) -> Result<()> {
        let gone = self.workers.iter_mut().filter_map(|worker| worker.is_gone(TICK).then_some(worker.id));
        let gone: Vec<u64> = gone.collect();
        if !gone.is_empty() {
            self.kill_orphans();
        }
        for id in gone {
            if self.place(id).is_some_and(|place| self.workers[place].is_given_up()) {
                self.on_exit(id)?;
            }
        }
        Ok(())
    }

    /// Kills what hangs, what uses too much memory, and what does not even start.
    pub(super) fn enforce_limits(&mut self) {
        let elapsed = self.checked_at.elapsed().min(TICK_MAX);
        self.checked_at = Instant::now();
        for worker in &mut self.workers {
            worker.watch(elapsed);
            // Where the system does not tell, nothing is ever too much.
            let memory = worker.memory().unwrap_or(0);
            let limit = self.limits.run;
            // What is about to begin needs no more than a moment, but a machine may be busy.
            let begin_max = limit.max(START_MAX);
            let reason = if memory > self.limits.memory {
                // Before the hang: a process that swaps does not answer either, and memory is the reason.
                Some(KillReason::Memory(self.limits.memory))
            } else if worker.busy_since.is_some() && worker.spent > limit {
                Some(KillReason::Hang(limit))
            } else if !worker.is_ready && worker.spent > START_MAX {
                // Before it is ready no job can time out. Without this, a program that waits for something
                // when it starts would keep everybody waiting for ever.
                Some(KillReason::Hang(START_MAX))
            } else if worker.stopped > limit || (!worker.jobs.is_empty() && worker.spent > begin_max) {
                // It was stopped and nobody let it go on; or code under test has read the job from the descriptor.
                Some(KillReason::Idle(worker.stopped.max(worker.spent)))
            } else {
                None
            };
            if let Some(reason) = reason {
                worker.kill(reason);
            }
        }
    }
}
