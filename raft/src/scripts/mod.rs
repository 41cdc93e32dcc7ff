//! Golden scripts: a cluster of plain states, whose messages are carried by hand, and the page that records it.
//!
//! A script makes servers with given terms and logs, lets one do something, and carries messages: at once
//! ([`Script::exchange`]), or later, twice or never ([`Script::send`], [`Script::deliver`], [`Script::receive`]).
//! Everything that happens is a line of the page, which is compared with the one in the test.
//! `UPDATE_EXPECT=1 cargo test -p reference-raft` writes the pages anew; read the difference before you commit it.
//!
//! There are no threads here, no clock but [`Script::after`], and no chance: a server's election timeout is
//! always 500 ms.

mod calm;
mod catch_up;
mod chunks;
mod elections;
mod figures;
mod membership;
mod reads;
mod removals;
mod replication;
mod snapshots;

use std::fmt;
use std::time::Duration;

use expect_test::Expect;
use labrpc::sync::Arc;
use labrpc::time::Instant;
use raft_interface::{ApplyMsg, Features, Index, MemoryPersister, Persister, ServerId, Term};

use crate::config::Config;
use crate::election::Asking;
use crate::entry::Entry;
use crate::log::Log;
use crate::persist::{Journal, Restored, restore};
use crate::rpc::{
    AppendEntriesReply, FetchEntriesReply, InstallSnapshotReply, Message, Outgoing, RequestVoteReply, Tag,
    TimeoutNowReply,
};
use crate::state::{Moment, State};

/// A cluster whose messages are carried by hand.
struct Script {
    servers: Vec<State>,
    disks: Vec<(MemoryPersister, Journal)>,
    now: Instant,
    page: String,
}

/// A request that has left `from`, or its reply on the way back.
#[derive(Clone)]
struct Carried {
    from: ServerId,
    tag: Tag,
    message: Message,
}

#[derive(Clone)]
enum Reply {
    Vote(RequestVoteReply),
    Append(AppendEntriesReply),
    Install(InstallSnapshotReply),
    TimeoutNow(TimeoutNowReply),
    Fetch(FetchEntriesReply),
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vote(reply) => reply.fmt(f),
            Self::Append(reply) => reply.fmt(f),
            Self::Install(reply) => reply.fmt(f),
            Self::TimeoutNow(reply) => reply.fmt(f),
            Self::Fetch(reply) => reply.fmt(f),
        }
    }
}

/// Steps one server: change, save, check, as the monitor does.
fn step<T>(script: &mut Script, id: ServerId, change: impl FnOnce(&mut State, &Moment) -> T) -> T {
    let moment = Moment { now: script.now, election_timeout: |_| Duration::from_millis(500) };
    let before = script.servers[id].never_back();
    let out = change(&mut script.servers[id], &moment);
    if script.servers[id].dirty {
        let (persister, journal) = &mut script.disks[id];
        journal.save(&mut script.servers[id], persister).expect("a save in memory");
    }
    script.servers[id].assert_invariants(&before);
    out
}

/// News of a commit waits for a millisecond, so that a page shows it after the next little wait.
fn config() -> Config {
    Config { commit_notice: Duration::from_millis(1), ..Config::default() }
}

impl Script {
    /// Fresh servers.
    fn new(servers: usize) -> Self {
        Self::with_logs(&vec![(0, &[][..]); servers])
    }

    /// One server per row: its current term and the terms of its entries from index 1 on.
    fn with_logs(rows: &[(Term, &[Term])]) -> Self {
        let now = Instant::now();
        let moment = Moment { now, election_timeout: |_| Duration::from_millis(500) };
        let server = |(me, &(current_term, terms)): (ServerId, &(Term, &[Term]))| {
            let entry =
                |(i, &term): (usize, &Term)| Entry::command(term, command(&format!("{}.{term}", i + 1)));
            let log = Log::new(0, 0, terms.iter().enumerate().map(entry).collect());
            let restored = Restored::of(current_term, log);
            State::new(me, rows.len(), config(), restored, &moment)
        };
        let servers = rows.iter().enumerate().map(server).collect();
        let disks = rows.iter().map(|_| (MemoryPersister::new(), Journal::default())).collect();
        Self { servers, disks, now, page: String::new() }
    }

    /// Changes what every server does beyond Figure 2.
    fn set_features(&mut self, change: impl Fn(&mut Features)) {
        self.servers.iter_mut().for_each(|server| change(&mut server.config.features));
    }

    fn line(&mut self, line: impl AsRef<str>) {
        self.page.push_str(line.as_ref().trim_end());
        self.page.push('\n');
    }

    /// Says on the page what comes.
    fn note(&mut self, text: &str) {
        self.line(format!("# {text}"));
    }

    /// Lets time pass.
    fn after(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        self.line(format!("... {millis} ms"));
    }

    /// The server's election timer fires.
    fn stand(&mut self, id: ServerId) {
        step(self, id, |state, moment| state.start_election(Asking::Votes, moment));
        let (role, term) = (self.servers[id].role_name(), self.servers[id].current_term);
        self.line(format!("S{id} stands for election: {role:?} of T{term}"));
    }

    /// A client starts a command.
    fn start(&mut self, id: ServerId, text: &str) {
        let started = step(self, id, |state, moment| state.append_command(command(text), moment));
        let answer = if started.is_leader { format!("index {}", started.index) } else { "no leader".into() };
        self.line(format!("S{id} start {text}: {answer} of T{}", started.term));
    }

    /// The message that is due from one server to another leaves.
    fn send(&mut self, from: ServerId, to: ServerId) -> Carried {
        let Outgoing { tag, message } =
            step(self, from, |state, moment| state.message_for(to, moment)).expect("a message that is due");
        self.line(format!("S{from} -> S{to}  {message}"));
        Carried { from, tag, message }
    }

    /// Nothing is due.
    fn silent(&mut self, from: ServerId, to: ServerId) {
        let message = step(self, from, |state, moment| state.message_for(to, moment));
        assert!(message.is_none(), "S{from} has something for S{to}: {message:?}");
        self.line(format!("S{from} -> S{to}  nothing"));
    }

    /// A request arrives; its reply leaves.
    fn deliver(&mut self, carried: &Carried) -> Reply {
        let to = carried.tag.peer;
        let reply = step(self, to, |state, moment| match &carried.message {
            Message::RequestVote(args) => Reply::Vote(state.answer_candidate(args, moment)),
            Message::AppendEntries(args) => {
                state.observe_term(args.term, moment);
                Reply::Append(state.on_append_entries(args, moment))
            }
            Message::InstallSnapshot(args) => {
                state.observe_term(args.term, moment);
                Reply::Install(state.on_install_snapshot(args, moment))
            }
            Message::TimeoutNow(args) => {
                state.observe_term(args.term, moment);
                Reply::TimeoutNow(state.on_timeout_now(args, moment))
            }
            Message::FetchEntries(args) => Reply::Fetch(state.on_fetch_entries(args)),
        });
        self.line(format!("   S{to} answers  {reply}"));
        reply
    }

    /// The call ends, with a reply or without one.
    fn receive(&mut self, carried: &Carried, reply: Option<&Reply>) {
        if reply.is_none() {
            self.line(format!("   S{} gets no reply from S{}", carried.from, carried.tag.peer));
        }
        let tag = carried.tag;
        step(self, carried.from, |state, moment| match (&carried.message, reply) {
            (Message::RequestVote(args), Some(Reply::Vote(reply))) => {
                state.on_vote_reply(tag, args, Some(reply), moment);
            }
            (Message::RequestVote(args), None) => state.on_vote_reply(tag, args, None, moment),
            (Message::AppendEntries(args), Some(Reply::Append(reply))) => {
                state.on_append_entries_reply(tag, args, Some(reply), moment);
            }
            (Message::AppendEntries(args), None) => state.on_append_entries_reply(tag, args, None, moment),
            (Message::InstallSnapshot(args), Some(Reply::Install(reply))) => {
                state.on_install_snapshot_reply(tag, args, Some(reply), moment);
            }
            (Message::InstallSnapshot(args), None) => {
                state.on_install_snapshot_reply(tag, args, None, moment)
            }
            (Message::TimeoutNow(args), Some(Reply::TimeoutNow(reply))) => {
                state.on_timeout_now_reply(tag, args, Some(reply), moment);
            }
            (Message::TimeoutNow(args), None) => state.on_timeout_now_reply(tag, args, None, moment),
            (Message::FetchEntries(args), Some(Reply::Fetch(reply))) => {
                state.on_fetch_entries_reply(tag, args, Some(reply), moment);
            }
            (Message::FetchEntries(args), None) => state.on_fetch_entries_reply(tag, args, None, moment),
            (message, _) => panic!("a reply of another kind than {message:?}"),
        });
    }

    /// A request arrives, and so does its reply.
    fn answer(&mut self, carried: &Carried) {
        let reply = self.deliver(carried);
        self.receive(carried, Some(&reply));
    }

    /// The message that is due, and its reply, without delay.
    fn exchange(&mut self, from: ServerId, to: ServerId) {
        let carried = self.send(from, to);
        self.answer(&carried);
    }

    /// Exchanges until nothing is due any more.
    fn exchange_all(&mut self, from: ServerId, to: ServerId) {
        for _ in 0..20 {
            if !self.servers[from].is_due(to, self.now) {
                return;
            }
            self.exchange(from, to);
        }
        panic!("S{from} never stops talking to S{to}:\n{}", self.page);
    }

    /// Elects `id` with the votes of `voters`.
    fn elect(&mut self, id: ServerId, voters: &[ServerId]) {
        self.stand(id);
        for &voter in voters {
            self.exchange(id, voter);
        }
        assert!(self.servers[id].is_leader(), "S{id} should lead:\n{}", self.page);
    }

    /// The server crashes and comes up with what it has saved.
    fn restart(&mut self, id: ServerId) {
        let moment = Moment { now: self.now, election_timeout: |_| Duration::from_millis(500) };
        let persister = self.disks[id].0.copy();
        let restored = restore(&persister).expect("what was saved");
        let config = self.servers[id].config;
        self.servers[id] = State::new(id, self.servers.len(), config, restored, &moment);
        self.disks[id] = (persister, Journal::default());
        self.line(format!("S{id} restarts"));
    }

    /// The service on a server takes a snapshot up to `index`.
    fn snapshot(&mut self, id: ServerId, index: Index) {
        step(self, id, |state, _| state.take_snapshot(index, format!("upto {index}").into_bytes()));
        self.line(format!("S{id} takes a snapshot up to {index}"));
    }

    /// Delivers all that can be applied.
    fn apply(&mut self, id: ServerId) {
        while self.servers[id].has_work_for_applier() {
            let batch = step(self, id, |state, _| state.next_to_apply());
            for message in batch {
                let line = match message {
                    ApplyMsg::Command { index, command, .. } => format!("{index} {}", text(&command)),
                    ApplyMsg::Own { index, entry, .. } => format!("{index} {entry:?}"),
                    ApplyMsg::Snapshot { index, data, .. } => {
                        format!("snapshot up to {index}: {}", text(&data))
                    }
                };
                self.line(format!("S{id} applies {line}"));
            }
        }
    }

    /// What each server is: role, term, vote, the terms in its log, and indexes.
    fn show(&mut self) {
        for id in 0..self.servers.len() {
            let state = &self.servers[id];
            let (role, term) = (state.role_name(), state.current_term);
            let vote = state.voted_for.map_or("-".into(), |id| format!("S{id}"));
            let base = match state.log.base_index() {
                0 => String::new(),
                base => format!("({base}:{}) ", state.log.base_term()),
            };
            let entries = state.log.entries_from(state.log.base_index() + 1);
            let terms: Vec<_> = entries.iter().map(|entry| entry.term.to_string()).collect();
            let (commit, terms) = (state.commit_index, terms.join(" "));
            self.line(format!("S{id}: {role:?} T{term} vote {vote} log {base}[{terms}] committed {commit}"));
        }
    }

    /// Compares the page with the expected one, and each server with what it has saved.
    #[track_caller]
    fn ends_as(self, page: &Expect) {
        page.assert_eq(&self.page);
        for (state, (persister, _)) in self.servers.iter().zip(&self.disks) {
            if persister.raft_state_len() > 0 {
                let saved = restore(persister).expect("what was saved");
                assert_eq!((saved.current_term, saved.voted_for), (state.current_term, state.voted_for));
                assert_eq!(saved.log.base_index(), state.log.base_index());
                let first = saved.log.base_index() + 1;
                assert_eq!(saved.log.entries_from(first), state.log.entries_from(first));
                assert_eq!(saved.snapshot, state.snapshot);
            }
        }
    }
}

fn command(text: &str) -> Arc<[u8]> {
    Arc::from(text.as_bytes())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
