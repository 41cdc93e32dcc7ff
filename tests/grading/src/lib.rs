//! Grades with a rubric: points, deadlines, hidden seeds, what graders read, whole classes, and who copied.
//!
//! # How it works
//!
//! This is another program than the one that is graded: `lab-grading`, which `cargo lab grade --rubric` builds and becomes. The
//! code under test is in its workers alone, so that whoever counts the points, and knows the hidden seeds, has none of it in his
//! process. A [rubric] says what counts; [`run`] makes the runs and writes what is known after each test, so that nothing is
//! lost if it is ended; [`formats`] are what graders read; a [record] is what a grade is made again from.
//!
//! # Read in this order
//!
//! [`rubric`] and its example, [`points`], [`seeds`], [`record`], [`run`], [`formats`], [`one`].

pub mod class;
pub mod files;
pub mod formats;
#[cfg(test)]
mod fuzzing;
pub mod launch;
pub mod moment;
pub mod one;
pub mod points;
mod progress;
pub mod record;
pub mod rubric;
pub mod run;
mod score;
pub mod seeds;
mod similarity;
pub mod versions;
