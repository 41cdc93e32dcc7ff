//! Lab 2: a key/value server on one machine, its clients, and locks on it. No Raft.
//!
//! # How it works
//!
//! [`Lab::single`](crate::Lab::single) starts a [`SingleServer`] of what is graded. Each [`SingleClient`] has a clerk; whatever it asks
//! and is told goes into a history, and [`SingleServer::check`] judges at the end whether that is linearizable.
//!
//! [`Lab::locks`](crate::Lab::locks) starts one for locks. A [`LockHandle`] tells the [judge](LockBook) who waits, who holds
//! and who has begun to give back. That two hold one lock is broken at the very call that returns. No clock is asked: a holder holds from when
//! its `acquire` has returned until it calls `release`, in the order in which these calls happen.
//!
//! # Why it accuses nobody falsely
//!
//! The lock is the holder's at least in that time, whatever it is made of, so nobody else's `acquire` may return within it. What a lock
//! stores, under which keys and how often it asks is not looked at.

/// What a key's version is for, in the words of MIT's text: the rule that tests cite.
pub const VERSIONS: &str =
    "a put is done if its version is that of the key, 0 if the key was never written, and makes it one more";

mod book;
mod client;
mod leases;
mod locks;
mod server;

pub use book::LockBook;
pub use client::SingleClient;
pub use leases::{FencedStore, LeaseHandle};
pub use locks::{LockClient, LockHandle, LockServer};
pub use server::{SingleBuilder, SingleServer};
