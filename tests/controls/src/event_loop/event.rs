//! What the loop hears: requests, responses, and the calls of the service.

use labrpc::channel::Sender;
use raft_interface::{Command, Index, Started, Term};

use super::message::{
    AppendEntriesArgs, AppendEntriesResponse, InstallSnapshotArgs, InstallSnapshotResponse, Request,
    RequestVoteArgs, RequestVoteResponse,
};

/// A request as its handler posts it.
pub(super) struct Asked<A: Request> {
    pub(super) args: A,
    /// Where the handler waits for the reply. `None`: it does not, and the response is a message of its own.
    pub(super) reply_to: Option<Sender<A::Reply>>,
}

/// One event.
pub(super) enum Event {
    Vote(Asked<RequestVoteArgs>),
    Append(Asked<AppendEntriesArgs>),
    Install(Asked<InstallSnapshotArgs>),
    VoteResponse(RequestVoteResponse),
    AppendResponse(AppendEntriesResponse),
    InstallResponse(InstallSnapshotResponse),
    Start(Command, Sender<Started>),
    GetState(Sender<(Term, bool)>),
    Snapshot(Index, Vec<u8>, Sender<()>),
    Stop,
}
