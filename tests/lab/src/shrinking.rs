//! Makes the failure of a test and a seed smaller.

use lab_harness::Implementation;
use lab_harness::case::TestCase;
use lab_hunt::shrink::{self, NothingToShrink, Shrunk, Size};
use lab_runs::Plan;

use crate::hunted::OneRun;
pub use crate::hunted::Part;
pub use crate::story::story;
pub use lab_suites::signature;

/// Shrinks the failure of a test and a seed in at most `runs_max` runs. `progress` hears the size of each smaller part and
/// the runs so far. Where an expectation failed, what is left must be passed by the `reference`, if there is one.
///
/// # Errors
///
/// If there is nothing to shrink.
pub fn shrink(
    case: &'static TestCase,
    implementation: Implementation,
    reference: Option<Implementation>,
    plan: Plan,
    runs_max: usize,
    progress: &mut dyn FnMut(Size, usize),
) -> Result<Shrunk<Part>, NothingToShrink> {
    let run = OneRun { reference, ..OneRun::new(case, implementation, plan) };
    shrink::shrink(&run, runs_max, progress)
}
