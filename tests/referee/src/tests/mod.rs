//! For each rule a few messages that break it, and some that look alike and are legal.

mod duties;
mod elections;
mod entry_forms;
mod leaders;
mod logs;
mod members;
mod others;
mod pace;
mod pieces;
mod pre_votes;
mod script;
mod wire;
