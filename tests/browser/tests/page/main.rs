//! The page of a run in Chromium: opened, clicked, typed into and read.

mod failures;
mod given;
mod hostile;
mod keys;
mod large;
mod looks;
mod runs;
mod service;
mod states;
mod twin;
mod wrong;
