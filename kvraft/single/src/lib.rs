//! A key/value server on one machine, with versioned writes: lab 2 of 6.5840, without a Raft.
//!
//! # The problem
//!
//! A client's request got no reply. Was the request lost, or the reply? The client cannot know, and asks again. A write that was
//! done already must not be done twice, and the client must not be told what is not true.
//!
//! # How it works, in the order in which it happens
//!
//! 1. A [`Clerk`] sends a request, and sends it again until somebody answers.
//! 2. The [`Server`] looks at the version of the key and writes only if it is the one that the client has seen, in one hold of its lock.
//!    So of all copies of a request one takes effect at most.
//! 3. The clerk passes the answer on. Only "another version", to a request that was sent more than once, says less than it seems: the
//!    version may be another because an earlier copy has written. That is [`PutError::Maybe`](kvraft_interface::PutError::Maybe).
//!
//! # What it leaves out
//!
//! Storage: a server that ends has forgotten all. Sessions, with which a clerk would never say `Maybe`: the service of part 4B has
//! them.
//!
//! What stands between `begin solution` and `end solution` is what a student writes; the hints above it are in the order of need.

mod clerk;
mod rpc;
mod server;

pub use clerk::Clerk;
pub use rpc::{GetReply, PutArgs, PutReply};
pub use server::Server;

use kvraft_interface::{SingleKv, VersionedClerk};
use labrpc::network::{ClientEnd, Service};

/// This server as the suites see it.
#[derive(Clone, Copy, Debug)]
pub struct Single;

impl SingleKv for Single {
    fn serve() -> Service {
        Server::default().service()
    }

    fn clerk(server: ClientEnd) -> Box<dyn VersionedClerk> {
        Box::new(Clerk::new(server))
    }
}
