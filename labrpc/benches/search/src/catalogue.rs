//! The programs, each for the tools that can run it.

use crate::search::Ending;
use crate::{on_labrpc, on_shuttle};

/// A program: one source, compiled once for each tool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) on_labrpc: fn(),
    /// None if it needs a clock.
    pub(crate) on_shuttle: Option<fn()>,
}

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Program> {
    let on_shuttle =
        |name| on_shuttle::PROGRAMS.iter().find(|(other, _)| *other == name).map(|(_, program)| *program);
    on_labrpc::PROGRAMS
        .iter()
        .chain(on_labrpc::TIMED)
        .map(|(name, program)| Program { name, on_labrpc: *program, on_shuttle: on_shuttle(*name) })
        .collect()
}

impl Program {
    /// Whether it ended as its bug makes it end.
    ///
    /// # Errors
    ///
    /// A sentence if it ended in another way: then the program, or the tool, has another bug than the planted one.
    pub(crate) fn check(&self, ending: &Ending) -> Result<(), String> {
        let is_deadlock = on_labrpc::DEADLOCKS.contains(&self.name);
        match ending {
            Ending::Deadlock if is_deadlock => Ok(()),
            Ending::Panic(message) if !is_deadlock && self.is_own(message) => Ok(()),
            _ => Err(format!("{} failed for another reason than its bug: {ending}", self.name)),
        }
    }

    /// A message begins with the name, or with what comes before the number in it. `assert_eq!` puts words of its own before.
    fn is_own(&self, message: &str) -> bool {
        let said = match message.split_once(" failed: ") {
            Some((assertion, said)) if assertion.starts_with("assertion `") => said,
            _ => message,
        };
        let stem = self.name.trim_end_matches(|letter: char| letter.is_ascii_digit()).trim_end_matches('_');
        said.split_once(": ").is_some_and(|(name, _)| name == self.name || name == stem)
    }
}
