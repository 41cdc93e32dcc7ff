//! A lock: nobody gets it while somebody holds it.

use crate::specification::{Specification, Step};

/// Locks by name, free at the start. Who releases one is not asked, as in Knossos: a client that has crashed may have its
/// lock released by another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mutex;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutexInput {
    /// The name of the lock; empty if there is only one.
    pub key: String,
    /// What to do with it.
    pub op: MutexOp,
}

/// What to do with a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MutexOp {
    /// Take it. It must be free.
    Acquire,
    /// Free it. It must be held.
    Release,
}

/// One reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MutexOutput {
    /// It is done.
    Done,
    /// It cannot be done now: nobody is told so, but a report says it of a reply that came all the same.
    NotNow,
}

impl Specification for Mutex {
    /// Whether it is held.
    type State = bool;
    type Input = MutexInput;
    type Output = MutexOutput;

    fn partition<'a>(&self, input: &'a MutexInput) -> &'a str {
        &input.key
    }

    fn initial(&self, _key: &str) -> bool {
        false
    }

    fn step(&self, held: &bool, input: &MutexInput, output: Option<&MutexOutput>) -> Step<bool> {
        match (input.op, held, output) {
            (_, _, Some(MutexOutput::NotNow)) => Step::Illegal,
            (MutexOp::Acquire, false, _) => Step::To(true),
            (MutexOp::Release, true, _) => Step::To(false),
            // Nobody was told that it worked, so nothing happened.
            (_, _, None) => Step::Unchanged,
            (_, _, Some(MutexOutput::Done)) => Step::Illegal,
        }
    }

    fn reply(&self, held: &bool, input: &MutexInput) -> MutexOutput {
        if *held == (input.op == MutexOp::Release) { MutexOutput::Done } else { MutexOutput::NotNow }
    }

    fn describe_input(&self, input: &MutexInput) -> String {
        let key = &input.key;
        match input.op {
            MutexOp::Acquire => format!("acquire({key})"),
            MutexOp::Release => format!("release({key})"),
        }
    }

    fn describe_output(&self, output: &MutexOutput) -> String {
        match output {
            MutexOutput::Done => "ok".to_string(),
            MutexOutput::NotNow => "nothing as yet".to_string(),
        }
    }

    fn describe_state(&self, key: &str, held: &bool) -> String {
        let name = if key.is_empty() { "the lock" } else { key };
        format!("{name} is {}", if *held { "held" } else { "free" })
    }
}
