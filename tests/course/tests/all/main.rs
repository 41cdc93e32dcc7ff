//! The texts against what they speak of: tests, planted bugs, reports, files, and each other.

mod links;
mod milestones;
mod mistakes;
mod names;
mod numbers;
mod sources;
