//! `cargo lab hint`: the hints of a milestone, one at a time.

use anyhow::Result;
use clap::Args;
use lab_runs::{commands, println};

use crate::course::memory::Memory;
use crate::course::{Course, Step, first_open};
use crate::program::Verdict;

/// Shows the next hint of a milestone.
#[derive(Args, Debug)]
pub(crate) struct Hint {
    /// The milestone, as 3A.2; the next one if none is given
    milestone: Option<String>,
    /// Show those again that were shown already, and no new one
    #[arg(long)]
    again: bool,
}

impl Hint {
    pub(crate) fn run(&self, course: Course) -> Result<Verdict> {
        let mut memory = Memory::read();
        let Some(step) = self.step(course, &memory)? else {
            let one = course.steps()?.first().map_or("3A.1", |step| step.milestone.id);
            println!("All milestones are reached. A hint of one of them: {} hint {one}", commands::program());
            return Ok(Verdict::Ok);
        };
        let (id, hints) = (step.milestone.id, &step.milestone.hints);
        let shown = memory.hints_shown(step.milestone);
        println!("{}\n", step.title());
        if self.again || shown == hints.len() {
            for (number, hint) in (1..).zip(&hints[..shown]) {
                println!("hint {number} of {}: {hint}\n", hints.len());
            }
            println!("{}", if shown == hints.len() { "That is all." } else { "Those are all so far." });
            return Ok(Verdict::Ok);
        }
        memory.hints.insert(id.to_owned(), shown + 1);
        memory.write();
        println!("hint {} of {}: {}", shown + 1, hints.len(), hints[shown]);
        Ok(Verdict::Ok)
    }

    /// The milestone that is asked for, or the first that is not remembered as reached.
    fn step(&self, course: Course, memory: &Memory) -> Result<Option<Step>> {
        match &self.milestone {
            Some(id) => course.find(id).map(Some),
            None => Ok(first_open(&course.steps()?, memory)),
        }
    }
}
