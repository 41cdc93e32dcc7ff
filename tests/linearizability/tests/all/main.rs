//! The checker against histories whose verdict is known, against brute force, and against files of all formats.

mod anomalies;
mod brute_force;
mod budgets;
mod forms;
mod fuzzing;
mod models;
mod property;
mod text;
mod verdicts;
mod workloads;
