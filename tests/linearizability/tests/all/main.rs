//! The checker against histories whose verdict is known, against brute force, and against files of all formats.

mod property;
mod text;
mod verdicts;
