//! The senders of the three RPCs. Each call has a thread of its own, which waits for the reply and handles it.

use labrpc::channel::{Sender, after, bounded, select};
use labrpc::network::ClientEnd;
use labrpc::sync::atomic::Ordering;
use labrpc::sync::{Arc, MutexGuard};
use labrpc::thread;
use labrpc::time::Duration;
use raft_interface::{Index, ServerId, Term};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Server;
use super::messages::{
    AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs, InstallSnapshotReply, RequestVoteArgs,
    RequestVoteReply,
};
use super::state::{Role, State};

/// How long a reply is waited for. The network may take much longer to give up.
const RPC_TIMEOUT: Duration = Duration::from_millis(100);

/// How many entries a message has at most. While a peer is away, every command that comes would send it all of a long log.
const ENTRIES_MAX: usize = 100;

/// Calls, and waits for the reply as long as [`RPC_TIMEOUT`]. One that comes later is as good as lost: what it would
/// have told, the next request will be told.
fn call<A, R>(end: &ClientEnd, method: &'static str, args: A) -> Option<R>
where
    A: Serialize + Send + 'static,
    R: Serialize + DeserializeOwned + Send + 'static,
{
    let (sender, reply) = bounded(1);
    let end = end.clone();
    thread::spawn(move || sender.send(end.call(method, &args)));
    select! {
        recv(reply) -> reply => reply.ok().flatten(),
        recv(after(RPC_TIMEOUT)) -> _ => None,
    }
}

impl Server {
    /// Asks a peer for its vote; one that is granted goes to `votes`. While the candidate is one, it asks again if it hears
    /// nothing (§5.1).
    pub(super) fn request_vote(self: &Arc<Self>, peer: ServerId, args: RequestVoteArgs, votes: Sender<()>) {
        let server = Arc::clone(self);
        thread::spawn(move || {
            while !server.is_killed() && server.state.lock().is(Role::Candidate, args.term) {
                let pause = after(RPC_TIMEOUT);
                let reply: Option<RequestVoteReply> = call(&server.peers[peer], "Raft.RequestVote", args);
                let Some(reply) = reply.filter(|reply| reply.server_id == peer) else {
                    // A network that gives up at once is not asked all the time.
                    let _ = pause.recv();
                    continue;
                };
                if server.heed(&mut server.state.lock(), reply.term) && reply.vote_granted {
                    // If the election is over, nobody receives.
                    let _ = votes.send(());
                }
                return;
            }
        });
    }

    /// Sends a peer what it lacks of the log: entries, or the snapshot if they are gone. For a leader.
    pub(super) fn replicate(self: &Arc<Self>, peer: ServerId, state: &State) {
        let next = state.next_index[peer];
        if let Some(prev_log_term) = state.log.term_at(next - 1) {
            let args = AppendEntriesArgs {
                term: state.current_term,
                leader_id: self.me,
                to: peer,
                prev_log_index: next - 1,
                prev_log_term,
                entries: state.log.slice(next, ENTRIES_MAX),
                leader_commit: state.commit_index,
                seq: self.sent.fetch_add(1, Ordering::Relaxed) + 1,
            };
            self.append_entries(peer, args);
        } else {
            let (last_included_index, last_included_term) = state.log.base();
            let args = InstallSnapshotArgs {
                term: state.current_term,
                leader_id: self.me,
                to: peer,
                last_included_index,
                last_included_term,
                data: Arc::clone(&state.snapshot),
            };
            self.install_snapshot(peer, args);
        }
    }

    fn append_entries(self: &Arc<Self>, peer: ServerId, args: AppendEntriesArgs) {
        let server = Arc::clone(self);
        thread::spawn(move || {
            let (term, prev, seq) = (args.term, args.prev_log_index, args.seq);
            let count = args.entries.len();
            let last = prev + count as Index;
            let reply: Option<AppendEntriesReply> = call(&server.peers[peer], "Raft.AppendEntries", args);
            let is_its_own = |reply: &AppendEntriesReply| (reply.server_id, reply.seq) == (peer, seq);
            let Some(reply) = reply.filter(is_its_own) else { return };
            let Some(mut state) = server.still_leads(term, reply.term) else { return };
            if reply.success {
                let is_news = server.matched(&mut state, peer, last.min(reply.last_log_index));
                // What the message had no room for.
                if is_news && count == ENTRIES_MAX {
                    server.replicate(peer, &state);
                }
            } else if state.next_index[peer] == prev + 1 && state.match_index[peer] < prev {
                // Otherwise it is an old refusal. The next heartbeat tries again; at the place that the peer asks for,
                // but always further back than before, and not before what it is known to have.
                let next = state.back_up(reply.x_term, reply.x_index, reply.x_len);
                state.next_index[peer] = next.clamp(state.match_index[peer] + 1, prev);
            }
        });
    }

    fn install_snapshot(self: &Arc<Self>, peer: ServerId, args: InstallSnapshotArgs) {
        let server = Arc::clone(self);
        thread::spawn(move || {
            let (term, last) = (args.term, args.last_included_index);
            let reply: Option<InstallSnapshotReply> = call(&server.peers[peer], "Raft.InstallSnapshot", args);
            let Some(reply) = reply.filter(|reply| reply.server_id == peer) else { return };
            let Some(mut state) = server.still_leads(term, reply.term) else { return };
            if !reply.failed {
                server.matched(&mut state, peer, last);
            }
        });
    }

    /// A peer has the log up to `last`, as this leader does. Returns whether that was not known: replies come in any
    /// order.
    fn matched(&self, state: &mut State, peer: ServerId, last: Index) -> bool {
        let is_news = last > state.match_index[peer];
        state.match_index[peer] = state.match_index[peer].max(last);
        state.next_index[peer] = state.next_index[peer].max(last + 1);
        if state.advance_commit(self.me) {
            self.committed.send();
        }
        is_news
    }

    /// The state, if this server leads the term in which it asked, and the reply does not depose it.
    fn still_leads(&self, asked: Term, replied: Term) -> Option<MutexGuard<'_, State>> {
        let mut state = self.state.lock();
        (self.heed(&mut state, replied) && state.is(Role::Leader, asked)).then_some(state)
    }

    /// All servers, rule 2, for the term of a reply. Returns whether it is no higher one.
    fn heed(&self, state: &mut State, term: Term) -> bool {
        let is_higher = term > state.current_term;
        if is_higher {
            self.step_down(state, term);
            // If the disk refuses, the server stays in its term, as a follower.
            let _ = state.save(None);
        }
        !is_higher
    }
}
