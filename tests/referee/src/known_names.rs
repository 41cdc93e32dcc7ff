//! The names that are known without being told: the paper's, in Rust's spelling, and what others call the same things.
//!
//! A name is here if it can hardly mean anything else in its message. So `vote` is not: it may be whose it is.

use crate::names::{BeforeFirst, Names};

const REQUEST_VOTE: [&str; 6] =
    ["RequestVote", "request_vote", "RequestVotes", "Vote", "HandleRequestVote", "handle_request_vote"];
const APPEND_ENTRIES: [&str; 6] = [
    "AppendEntries",
    "append_entries",
    "AppendEntry",
    "append_entry",
    "HandleAppendEntries",
    "handle_append_entries",
];
const INSTALL_SNAPSHOT: [&str; 5] = [
    "InstallSnapshot",
    "install_snapshot",
    "InstallSnap",
    "HandleInstallSnapshot",
    "handle_install_snapshot",
];
const CANDIDATE_ID: [&str; 2] = ["candidate_id", "candidate"];
const LAST_LOG_INDEX: [&str; 4] = ["last_log_index", "last_log_idx", "last_index", "last_idx"];
const LAST_LOG_TERM: [&str; 2] = ["last_log_term", "last_term"];
const VOTE_GRANTED: [&str; 3] = ["vote_granted", "granted", "vote_grant"];
const LEADER_ID: [&str; 2] = ["leader_id", "leader"];
const RECEIVER: [&str; 6] = ["to", "receiver", "receiver_id", "target", "target_id", "dest"];
const SENDER: [&str; 10] = [
    "from",
    "sender",
    "sender_id",
    "server",
    "server_id",
    "peer",
    "peer_id",
    "node_id",
    "follower_id",
    "voter_id",
];
/// A number by which a reply is known to belong to a request.
const REQUEST_NUMBER: [&str; 11] = [
    "seq",
    "seq_no",
    "seq_num",
    "sequence",
    "sequence_number",
    "request_id",
    "request_number",
    "req_id",
    "rpc_id",
    "call_id",
    "message_id",
];
const PREV_LOG_INDEX: [&str; 5] =
    ["prev_log_index", "prev_log_idx", "prev_index", "prev_idx", "pre_log_index"];
const PREV_LOG_TERM: [&str; 3] = ["prev_log_term", "prev_term", "pre_log_term"];
const ENTRIES: [&str; 4] = ["entries", "log_entries", "logs", "log"];
const COMMAND: [&str; 5] = ["command", "cmd", "data", "payload", "op"];
const LEADER_COMMIT: [&str; 5] =
    ["leader_commit", "leader_commit_index", "leader_commit_idx", "commit_index", "commit"];
const SUCCESS: [&str; 3] = ["success", "succeeded", "ok"];
const LAST_INCLUDED_INDEX: [&str; 5] =
    ["last_included_index", "last_included_idx", "last_include_index", "snapshot_index", "last_index"];
const LAST_INCLUDED_TERM: [&str; 4] =
    ["last_included_term", "last_include_term", "snapshot_term", "last_term"];
const SNAPSHOT: [&str; 4] = ["data", "snapshot", "snapshot_data", "bytes"];
const CONFLICT_INDEX: [&str; 5] =
    ["conflict_index", "conflicting_index", "x_index", "next_index", "next_index_hint"];
const CONFLICT_TERM: [&str; 3] = ["conflict_term", "conflicting_term", "x_term"];
const PRE_VOTE: [&str; 4] = ["pre_vote", "prevote", "is_pre_vote", "is_prevote"];
/// The method that asks for a vote that does not count.
const REQUEST_PRE_VOTE: [&str; 6] =
    ["PreVote", "Prevote", "pre_vote", "prevote", "RequestPreVote", "request_pre_vote"];
const HEARTBEAT: [&str; 6] =
    ["Heartbeat", "HeartBeat", "heartbeat", "heart_beat", "SendHeartbeat", "send_heartbeat"];

impl Default for Names {
    fn default() -> Self {
        Self {
            request_vote: REQUEST_VOTE.to_vec(),
            append_entries: APPEND_ENTRIES.to_vec(),
            install_snapshot: INSTALL_SNAPSHOT.to_vec(),
            term: vec!["term"],
            candidate_id: CANDIDATE_ID.to_vec(),
            last_log_index: LAST_LOG_INDEX.to_vec(),
            last_log_term: LAST_LOG_TERM.to_vec(),
            vote_granted: VOTE_GRANTED.to_vec(),
            vote_refused: Vec::new(),
            voted_for: vec!["voted_for"],
            leader_id: LEADER_ID.to_vec(),
            receiver: RECEIVER.to_vec(),
            sender: SENDER.to_vec(),
            request_number: REQUEST_NUMBER.to_vec(),
            prev_log_index: PREV_LOG_INDEX.to_vec(),
            prev_log_term: PREV_LOG_TERM.to_vec(),
            entries: ENTRIES.to_vec(),
            command: COMMAND.to_vec(),
            entry_index: vec!["index"],
            leader_commit: LEADER_COMMIT.to_vec(),
            leader_commit_term: vec!["leader_commit_term"],
            success: SUCCESS.to_vec(),
            rejection: Vec::new(),
            last_included_index: LAST_INCLUDED_INDEX.to_vec(),
            last_included_term: LAST_INCLUDED_TERM.to_vec(),
            snapshot: SNAPSHOT.to_vec(),
            done: vec!["done"],
            offset: vec!["offset"],
            transfer: vec!["snapshot_id"],
            expected: vec!["expected"],
            abstained: vec!["abstained"],
            match_index: vec!["match_index", "matched_index"],
            conflict_index: CONFLICT_INDEX.to_vec(),
            conflict_term: CONFLICT_TERM.to_vec(),
            conflict_len: vec!["x_len", "log_len"],
            pre_vote: PRE_VOTE.to_vec(),
            request_pre_vote: REQUEST_PRE_VOTE.to_vec(),
            leadership_transfer: vec!["leadership_transfer"],
            timeout_now: vec!["TimeoutNow", "timeout_now"],
            fetch_entries: vec!["FetchEntries", "fetch_entries"],
            first: vec!["first"],
            most: vec!["most"],
            commit_index: vec!["commit_index"],
            base_index: vec!["base_index"],
            entry_kind: vec!["kind", "entry_type"],
            command_kind: Vec::new(),
            heartbeat: HEARTBEAT.to_vec(),
            without_entries: vec!["ReadIndex", "read_index"],
            before_first: BeforeFirst::PAPER,
        }
    }
}
