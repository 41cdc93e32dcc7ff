//! The reference Raft of the lab: Figure 2 and Figure 13 of the extended paper ("In Search of an Understandable
//! Consensus Algorithm", 20 May 2014), on threads.
//!
//! # The problem
//!
//! A few servers keep one log of commands. Each feeds the log to its copy of a state machine, so all copies go
//! through the same states, and clients see one machine that survives the crash of any minority. What has to be
//! agreed on is therefore: which command stands at which index. Once that is settled for an index, the entry is
//! *committed* and never changes.
//!
//! # The protocol
//!
//! **Terms.** Time is cut into terms, numbered upwards. A term has at most one leader. Terms are Raft's clock: each
//! message carries one, who sees a higher one moves on to it, and who gets a lower one ignores the message (§5.1).
//!
//! **A leader is elected** (`election`). A server that hears no leader for a random while moves on to the next term
//! and asks all others for a vote. Each server votes once per term, so a majority can elect only one (§5.2). The
//! waiting time is random so that rarely two stand at once.
//!
//! **It replicates** (`replication`). Only the leader adds entries. It sends each follower what that lacks,
//! together with the index and term of the entry just before. A follower that does not have that very entry
//! refuses, and the leader tries further back; one that has it makes its log agree with the leader's. So two logs
//! that agree at some index agree on everything before it (§5.3).
//!
//! **It commits.** An entry that a majority stores is safe, because any future leader needs a vote from that
//! majority, and a voter refuses a candidate whose log is less up to date than its own (§5.4.1). That holds for
//! entries of the leader's own term only: the leader waits for one of these, and with it commits all before
//! (§5.4.2, Fig. 8).
//!
//! **It survives crashes** (`persist`). Term, vote and log are on stable storage before any message tells of
//! them. A server that forgot its vote could vote twice; one that forgot entries would break a majority.
//!
//! **It forgets** (`snapshot`). A log cannot grow for ever. The service puts the effect of a prefix into a snapshot,
//! and the log drops the prefix. A follower that lags behind the leader's log gets the snapshot instead (§7).
//!
//! **It applies** (`apply`). What is committed goes to the service, in order, each index once.
//!
//! **It answers reads** (`read`). A leader that reads its own state first makes sure that it still leads (§8).
//!
//! # Threads
//!
//! All of them share one `State`, inside one lock (`monitor`).
//!
//! | thread | how many | waits for | does |
//! |---|---|---|---|
//! | ticker | 1 | the next deadline, or a nearer one | stands for election; ends what a leader waits for in vain; wakes senders whose time has come; starts more senders |
//! | sender | per peer: 1, and 1 more whenever all are in calls and a message is due | a message to its peer being due | calls without the lock; handles the reply, and takes the next message, in one step |
//! | applier | 1 | something being committed and not applied | sends on the apply channel without the lock |
//! | handlers | the network's, 1 per request | | one step |
//! | the service's | any | | `start` and `snapshot` are one step each |
//!
//! A call may hang for seconds, for instance to a server that is cut off (MIT's long delays). It occupies its
//! sender alone. When the next message to that peer is due, a heartbeat interval later, the ticker finds nobody
//! ready and starts another sender. When the calls come back, the senders that are too many end. Only the ticker
//! starts threads: it belongs to the server, while `start` may run in a thread of a client.
//!
//! All threads end soon after `kill`. A blocked applier is freed by a channel that is closed then.
//!
//! # The lock rule
//!
//! Whoever holds the lock changes the state by one rule of the paper, saves, and lets go. Nobody holds it while
//! it calls, sleeps, sends on a channel or waits for anything but the disk. After a call the world may have
//! changed, so a reply is first checked: same term, same role?
//!
//! # Figure 2 and Figure 13, rule by rule
//!
//! | rule | function |
//! |---|---|
//! | State, persistent: saved before responding | `Journal::save`, called by `Monitor::step` |
//! | State, volatile | the fields of `State`, `Ballot`, `Progress` |
//! | AppendEntries, receiver 1: refuse older terms | `State::on_append_entries` |
//! | receiver 2: refuse if the previous entry differs | `State::on_append_entries` |
//! | receiver 3, 4: drop conflicts, append the missing | `State::store_entries` |
//! | receiver 5: commit index | `State::on_append_entries`, `State::follow_commit_index` |
//! | RequestVote, receiver 1, 2 | `State::on_request_vote`, `Log::is_covered_by` |
//! | All servers: apply what is committed | `State::next_to_apply` |
//! | All servers: a higher term makes a follower | `State::observe_term` |
//! | Followers: answer | `Node::answer` |
//! | Followers: stand for election after a timeout | `State::alarm`, `State::on_alarm` |
//! | Candidates: on conversion | `State::start_election` |
//! | Candidates: majority of votes | `State::count_votes` |
//! | Candidates: a leader of this term appears | `State::hear_leader` |
//! | Candidates: timeout, new election | `State::alarm`, `State::on_alarm` |
//! | Leaders: heartbeats | `State::become_leader`, `State::replication_due_at` |
//! | Leaders: append a client's command | `State::append_command` |
//! | Leaders: send what a follower lacks | `State::replicate` |
//! | Leaders: on success, on refusal | `State::on_append_entries_reply` |
//! | Leaders: commit index | `State::advance_commit_index` |
//! | InstallSnapshot, sender | `State::next_piece`, `State::on_install_snapshot_reply` |
//! | InstallSnapshot, receiver 1 to 8 | `State::on_install_snapshot`, `chunks::Receiver` (2 to 4), `Log::compact` |
//!
//! # Beyond Figure 2, rule by rule
//!
//! What the rest of the paper and Ongaro's thesis add (2014). Nothing of it changes a run until it is asked for. Which test asks for
//! which statement: [`statements`].
//!
//! | rule | function | asked for by |
//! |---|---|---|
//! | who counts is what the last configuration in the log says, committed or not (§6) | `State::configuration`, `Log::configuration` | always; without such an entry all servers count |
//! | it goes with its entry when that is cut off, and into the base when that is compacted (§6, §7) | `Log::truncate_from`, `Log::compact` | always |
//! | an election or a commit needs a majority of it, or two while it is joint (§6) | [`Configuration::agree`](raft_interface::Configuration::agree), [`Configuration::reached`](raft_interface::Configuration::reached) | always |
//! | an entry is a command, a no-op or a configuration, or it is refused (§6, §8) | `Entry` | always |
//! | who has no vote does not stand, and counts nowhere, whatever it answers (thesis §4.2.1) | `State::may_stand`, `State::count_votes` | always |
//! | who loses its vote stands until that is committed, and does not count itself (thesis §4.2.2) | `State::may_stand` | always |
//! | it is sent everything all the same: a leader sends to all members, a candidate asks those who vote | `State::correspondents` | always |
//! | a vote is given without a look at the own configuration (thesis §4.1) | `State::on_request_vote` | always |
//! | a configuration is changed by an entry: the new one, or the joint one first (§6; thesis §4.1, §4.3) | `State::change_configuration`, [`Configuration::after`](raft_interface::Configuration::after) | [`first_configuration`](raft_interface::Features::first_configuration) |
//! | not before the last change is committed, nor an entry of the own term (raft-dev, July 2015), nor for a server that lags (thesis §4.2.1) | `State::change_configuration` | `first_configuration` |
//! | the joint one is left when it is committed; a leader without a vote goes when the new one is (§6) | `State::on_commit` | `first_configuration` |
//! | it hands its office to a voter first, that nobody waits for an election timeout (thesis §3.10, §4.2.2) | `State::hand_over_and_go` | `first_configuration` |
//! | a leader begins its term with a no-op (§8) | `State::become_leader` | [`noop_on_election`](raft_interface::Features::noop_on_election), `first_configuration` |
//! | a server asks whether it would win before it moves on to a term and stands (thesis §9.6) | `State::start_pre_vote`, `State::count_votes` | [`pre_vote`](raft_interface::Features::pre_vote) |
//! | a pre-vote moves neither a term nor a vote, and is refused to a log that is behind and while there is a leader (thesis §9.6) | `State::on_pre_vote`, `State::hears_leader` | always |
//! | a leader that hears from no majority for an election timeout steps down (thesis §6.2) | `State::check_quorum` | [`check_quorum`](raft_interface::Features::check_quorum) |
//! | who has just heard from a leader leaves candidates alone, with their terms (§6; thesis §4.2.3) | `State::ignores` | [`check_quorum`](raft_interface::Features::check_quorum), `first_configuration` |
//! | a leader hands its office to another server: no commands, catch up, TimeoutNow, or give it up (thesis §3.10) | `State::begin_handover`, `State::timeout_now`, `State::give_handover_up` | [`leadership_transfer`](raft_interface::Features::leadership_transfer) |
//! | who gets TimeoutNow from its leader stands at once, by the leader's order (thesis §3.10) | `State::on_timeout_now` | always |
//! | a leader reads without asking for as long as no follower can help another one into office, less the clocks' error (thesis §6.4.1) | `State::lease_index`, `State::has_lease` | [`leases`](raft_interface::Features::leases) |
//! | no lease after a transfer has begun in its term (thesis §6.4.1), and what a follower has promised lasts through a later term and a restart | `State::begin_handover`, `State::keeps_promise` | [`leases`](raft_interface::Features::leases) |
//! | a snapshot comes in pieces, in order, one at a time (Fig. 13: `offset`, `done`) | `chunks::Receiver`, `chunks::Transfer`, `State::next_piece` | [`snapshot_chunk_bytes`](raft_interface::Features::snapshot_chunk_bytes) to send them; they are received always |
//! | a piece that would leave a hole, or belongs to another transfer, is refused, and what is held stays | `chunks::Receiver::receive` | always |
//! | a follower that is far behind fetches committed entries from its peers, and its leader waits for that (our own) | `State::begin_fetch`, `State::on_fetch_entries_reply`, `State::leaves_to_peers` | [`catch_up_from_peers`](raft_interface::Features::catch_up_from_peers) |
//! | who is asked gives what it knows to be committed, and nothing after that (our own) | `State::on_fetch_entries` | always |
//! | a snapshot brings the configuration at its end (thesis, Fig. 5.3: lastConfig) | `Log::set_base_configuration` | always |
//!
//! # What differs from the paper, and why
//!
//! - **No empty entry at the start of a term** (§8 asks for one), unless it is asked for. The labs' suites count indexes: the first
//!   command must get index 1. The price: entries of an earlier term stay uncommitted until a new command comes, and so do
//!   reads ([`ReadError::NothingCommitted`]).
//! - **`start` answers at once**, with the index at which the command will appear if it commits. The paper answers
//!   after applying; here the service watches the apply channel.
//! - **A refusal carries hints** (`conflict_term`, `conflict_index`), as the end of §5.3 suggests without details.
//! - **A snapshot is one message**, unless it is asked for in pieces: the service's snapshots are small.
//! - **A snapshot below the commit index is ignored** by its receiver, which already has or will apply those
//!   entries. Delivering it would take the service back.
//! - **A follower accepts entries that its snapshot covers** as matching, and skips them.
//! - **A commit index that advances is news of its own**: followers hear of it within about a millisecond, not with
//!   the next heartbeat. It travels with entries if there are any.
//! - **Repeats are paced**: a vote request or an AppendEntries that got no reply is sent again after a pause, and
//!   not while the call is under way, but for heartbeats.
//! - **Membership never changes** (§6) unless `Features` name a first configuration.
//! - **A server whose disk fails stops** as if it had crashed. The paper does not speak of that.

#[cfg(test)]
mod alone;
mod apply;
mod catch_up;
mod chunks;
mod config;
mod election;
mod entry;
mod lease;
mod log;
mod membership;
mod message_text;
mod monitor;
mod node;
mod persist;
mod pre_vote;
mod quorum_check;
mod read;
mod replication;
mod rpc;
#[cfg(test)]
mod scripts;
mod snapshot;
mod state;
pub mod statements;
mod status;
mod threads;
mod transfer;
mod watch;

pub use config::{Config, ConfigError};
pub use node::{MakeError, Raft};
pub use persist::CorruptState;
pub use read::ReadError;
pub use status::{PeerReport, Report, RoleName, Status};
