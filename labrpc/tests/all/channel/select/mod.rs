//! `select!` and `Select` in both worlds.

mod choosing;
mod forms;
mod list;
mod promises;
