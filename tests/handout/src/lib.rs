//! `cargo lab handout DIR`: the workspace that a student begins with.
//!
//! # How it works
//!
//! The master is `raft/course`, a Raft that passes all that it is to teach; those of lab 2 are `kvraft/single` and `kvraft/lock`, that of
//! lab 4 is `kvraft/course`. [`regions`] cuts out of their files what a student is to write, and leaves a `todo!` and the hints that stand
//! beside it. `shapes` says which files a student gets: all of the master's with their signatures (guided), MIT's one struct with handlers
//! (mit), or the trait alone (free); labs 2 and 4 have one shape, with signatures. `workspace` adds what cargo needs, the texts of the
//! parts and the lock file (`lock`), `commit` says which commit of the lab students build against, and `arguments` refuses what would not
//! work.
//!
//! Who asks for lab 4 without lab 3 gets the master's Raft with it, whole: a service needs one that works.
//!
//! Everything is embedded when this crate is built: the same program makes the same bytes.
//!
//! # What a handout depends on
//!
//! The harness, the network and the interfaces: `lab`, `labrpc`, `raft-interface`, `kvraft-interface`. Not on `raft`, `kvraft` or a master. But who gives out
//! `--git URL` gives out all that is in that repository, this workspace with its solutions: it is built from there as a whole.
//!
//! # What it leaves out
//!
//! It makes no git repository: the history of the handout begins with the student.

mod arguments;
mod commit;
mod lock;
pub mod regions;
mod shapes;
mod texts;
mod workspace;

pub use arguments::{command, run};
pub use shapes::{Shape, lab2_masters, lab4_masters, master};
pub use workspace::{Handout, Source};
