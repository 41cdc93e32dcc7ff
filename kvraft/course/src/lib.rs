//! A small key/value service for a course: what the texts of parts 4A to 4C ask for, and nothing else.
//!
//! # Why there are two
//!
//! The reference (`kvraft/`) does more: sessions that end, reads without the log, commands that any server takes. This crate is what a
//! student writes in parts 4A to 4C, as it should look in the end; it shows that their hints suffice. It is also the master of the
//! handout: what stands between `begin solution` and `end solution` is taken out by `cargo lab handout`, and the rest is given.
//!
//! # How to read it
//!
//! In this order the files tell the whole:
//!
//! | file | what |
//! |---|---|
//! | `machine` | the state, and what a command does to it: parts 4A (a counter) and 4B (keys) |
//! | `server` | how the rest is called: by the lab, and by clerks |
//! | `layer` | part 4A: callers that wait, and the thread that applies what Raft delivers |
//! | `clerk` | part 4B: what runs in a client |
//! | `snapshot` | 4A.4 and part 4C: what is stored in the place of the log |
//!
//! # What it leaves out
//!
//! Reads without the log (4B.4, for who wants it): a read by ReadIndex goes through the log, like all others. Sessions never end.

mod clerk;
mod layer;
mod machine;
mod server;
mod snapshot;

use std::fmt;
use std::marker::PhantomData;

use kvraft_interface::{AnyClerk, AnyService, KeyValue, Reads, ServiceSetup};
use labrpc::network::ClientEnd;
use labrpc::sync::Arc;
use raft_interface::{Index, RaftServer};

use clerk::Clerk;
use server::Server;
use snapshot::Snapshot;

/// The service, on whatever Raft.
pub struct CourseService<R>(PhantomData<fn() -> R>);

impl<R: RaftServer> KeyValue for CourseService<R> {
    type Raft = R;

    fn make(setup: ServiceSetup<R>) -> Arc<dyn AnyService> {
        Arc::new(Server::start(setup))
    }

    fn clerk(ends: Vec<ClientEnd>, _reads: Reads) -> Box<dyn AnyClerk> {
        Box::new(Clerk::new(ends))
    }

    fn snapshot_index(snapshot: &[u8]) -> Option<Index> {
        Snapshot::decode(snapshot).map(|snapshot| snapshot.index)
    }
}

impl<R> fmt::Debug for CourseService<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CourseService")
    }
}
