//! What the suites ask of a Raft: read this page before the first line of your own.
//!
//! A test fails a Raft for two reasons only: a sentence of the paper that is a must, or a line of this page. What is only
//! usual is said and costs nothing: such a test is shown as *skipped*, with the reason, and gives no points. (If another test of its
//! part fails, its points stay in the sum: who is wrong gains nothing by messages that cannot be read.) Numbers are of
//! virtual time in the simulated world; on real threads they are longer, or are not measured.
//!
//! # The calls
//!
//! | call | what is asked | why | tests that ask |
//! |---|---|---|---|
//! | [`make`](crate::RaftServer::make) | returns at once; begins from what the persister holds | a server that starts again is a new one | all |
//! | | may deliver the stored snapshot once more, as the first message on the apply channel | MIT: "ideally Raft should send it up on applyCh". The service has read it from the storage already, and takes the repeat for what it is | `snapshot_survives_3d` |
//! | [`start`](crate::RaftServer::start), [`get_state`](crate::RaftServer::get_state) | return soon, also while calls hang or the disk is slow. They are called on the server's node: if its power fails meanwhile, the call ends with everything else there | a service is part of its server | `restart_between_votes_3c`, `crash_at_every_save_3c` |
//! | what [`get_state`](crate::RaftServer::get_state) and [`start`](crate::RaftServer::start) say of term and leadership | is true at some moment of the call: no copy that was made before it, however short a time | what is said now is compared with what was said and sent before: after a copy the term seems to go back, and a leader seems to lead whom nobody was asked to elect | `initial_election_3a`, `re_election_3a` |
//! | [`snapshot`](crate::RaftServer::snapshot) | may be called from the thread that reads the apply channel, or from another, with an older index than before | MIT calls it while it reads `applyCh` | `snapshot_basic_3d`, `snapshots_from_another_thread_3d`, `old_snapshot_of_the_service_3d`, `snapshot_in_the_middle_of_entries_3d` |
//! | [`kill`](crate::RaftServer::kill) | within 8 s all threads of the server have ended, or at most 16 of them wait for what never comes; none goes on running | a class of tests starts thousands of servers in one process. MIT asks for less | `threads_end_3b`, `kill_with_full_channel_3b` |
//!
//! # The apply channel
//!
//! - Entries in order of index and each once, from the index after the snapshot on (`applied_in_order`, in every test). A snapshot
//!   that ends with the last of them may be delivered as well: it changes nothing.
//! - A command comes with the term in which it was appended, which is the one that [`start`](crate::RaftServer::start) told.
//! - The channel may have no room at all, and a service may take 20 ms for a message: no lock may be held while something is
//!   put into it (`snapshot_basic_3d`, `late_snapshots_3d` and others).
//! - Whoever knows that an entry is committed applies it within 3 s (rule *applying*). A leader has applied a command after
//!   two heartbeats, 200 ms, on an idle network (`latency_3b`); 33 ms are usual, and a service on top needs them
//!   (MIT's `TestSpeed`, here `speed_4b`).
//! - A snapshot comes with the bytes that belong to its index, also if another one is stored before the service has it
//!   (`label_and_bytes_of_a_delivered_snapshot_3d`).
//! - An index counts commands from 1. A leader that begins its term with an entry of its own (§8) may count that one on the
//!   wire and leave it out above. In its InstallSnapshot the data may say besides the service's bytes, which stay in one piece, how many
//!   commands they cover.
//!
//! # The storage
//!
//! - State is saved before anybody hears of it: replies, requests for votes, entries that count for a majority (Fig. 2, State).
//!   That goes for a term, too, however the server has come to it (`term_of_a_reply_survives_3c`). `get_state` may show one that is
//!   not saved yet.
//!   The power fails before, in and after every save (`crash_at_every_save_3c`).
//! - A leader may send an entry before it has saved it (thesis §10.2.1). Its own copy counts only when that is done
//!   (`own_copy_counts_once_stored_3c`), and an older entry that was stored at the same index does not count for it
//!   (`rewritten_copy_counts_once_stored_3c`; the same for what a follower acknowledges, `rewritten_entries_wait_for_the_save_3c`).
//! - A save that fails has stored nothing. The server must not answer as if it had; it may stop.
//! - State and snapshot that belong together are saved together: each save is atomic, and two are not.
//! - What is stored with a snapshot is the state of that moment, vote and term too (`vote_outlives_a_taken_snapshot_3d`,
//!   `vote_outlives_a_received_snapshot_3d`).
//! - A received snapshot is stored before an AppendEntries that follows it succeeds (`snapshot_stored_before_reply_3d`). The reply to
//!   InstallSnapshot may come earlier: MIT's lab of 2021 took the snapshot when the service had agreed.
//! - A snapshot that the service hands over is stored within a second (MIT looks at the size of the storage right after;
//!   `old_snapshot_of_the_service_3d`). The log may keep entries that it covers (§7), but not many: see the table.
//! - What is not stored is not known after a restart (`empty_storage_knows_nothing_3c`), and what did not come over the
//!   network is not known at all (`rpc_bytes_3b`).
//!
//! # The disk
//!
//! Part E7 stores on a [`FaultyDisk`](crate::FaultyDisk), through what [`open_storage`](crate::RaftServer::open_storage) opens there, and
//! asks of that persister:
//!
//! - What is reported as saved is there after a power failure, whatever the disk does with writes that were not flushed
//!   (`torn_at_every_byte_e7`, `unordered_writes_e7`). A flush that failed has forgotten its writes, and a later one that
//!   succeeds says nothing of them (`flush_fails_e7`).
//! - A save that was under way is there as a whole or not at all, and the storage can be opened.
//! - What is read when it is opened is stable. A process that was killed may have written it without a flush, and a server that
//!   finds its vote there answers without another save.
//! - A bit that flips is noticed: other bytes than were saved are never read without a word. Only the last save of all may be taken
//!   for a torn one (`damage_in_the_middle_e7`).
//!
//! # The messages
//!
//! The lab reads messages by the paper's names, in Rust's spelling (`RequestVote { term, candidate_id, last_log_index,
//! last_log_term }` and so on). Other names can be told (`Implementation::with_names`). Of messages that it cannot read it says
//! no more than that they were sent, and tests with scripted peers are skipped. More fields, of a message or of an entry in it, do no harm to the
//! rules; scripted peers stand aside where they would have to fill them in, and what fails after they could not is skipped. An
//! `Option` they leave out. Messages may count entries from 0 (then they say -1 where there is none); [`start`](crate::RaftServer::start)
//! and the apply channel count from 1. Before the first test a server with an empty log is asked for its first request for votes, which
//! tells which it is.
//!
//! | demand | number | where from | test or rule |
//! |---|---|---|---|
//! | servers know of each other by messages alone: whoever leads has had a majority's, and what is applied has come to a majority | in whatever form | Fig. 2; §5.2, §5.3 | all tests of clusters that do not change |
//! | a leader is elected | within 5 s | MIT | `initial_election_3a`, all tests |
//! | heartbeats | 2 to 30 a second to each follower when idle; never more than 100 equal ones in a second | MIT: tens of them a second at most | `heartbeats_at_a_sane_rate_3a`, rule *heartbeats* |
//! | nobody is forgotten | something to each server every 3 s while something goes to others | §5.2 | rule *heartbeats* |
//! | a command is sent | with the next heartbeat at the latest, 500 ms | §5.3 | `command_is_sent_3b`, `entries_leave_at_once_3b` |
//! | a command that comes during a save | is sent within 2 s all the same, and committed with the leader's own copy, though nothing else happens; a save takes 100 ms | §5.3 | `command_during_a_save_is_sent_3b` |
//! | a follower that stores an entry | is told within 1 s that it is committed, by a message that fits its log, also if it has refused the first one that told | §5.3: future AppendEntries, so that it "eventually finds out" | `commit_is_told_3b`, `refused_commit_is_told_again_3b` |
//! | calls for ten commands | 42, and 30 for the first election, 60 for an idle second; up to 64 for who tells each commit at once, without points | MIT | `count_3b` |
//! | ten idle seconds | 600 calls | thirty heartbeats a second to two followers | `idle_3b` |
//! | a test | ends within 120 s of virtual time, unless it says otherwise | MIT: "test took longer than 120 seconds" | all tests |
//! | bytes for ten commands of 5,000 | each command once to each server, and 50,000 for the rest | MIT | `rpc_bytes_3b` |
//! | fast backup | 1,000 conflicting or missing entries in 250 calls, 300 in 40 and some heartbeats | end of §5.3; MIT asks for it in 3C | `far_apart_3b`, `backs_up_fast_3b` |
//! | memory of an idle server | at most 8 bytes for each message in ten minutes, after two and a half; 32 KiB are no growth | it may live for months | `memory_of_an_idle_life_3b` |
//! | a backlog | 2,000 entries in 200 calls | entries are sent many at a time | `backlog_3b` |
//! | a log with snapshots | less than 2,000 bytes of saved state with a snapshot every ten entries, whenever all have applied the same | MIT | `snapshot_basic_3d`, the four `snapshot_install_*_3d` of MIT |
//! | a snapshot under way | 70 kB over a network that works, 20 kB where each message takes up to 10 ms, and 5 kB over MIT's unreliable one, in time for agreement within 10 s: with pieces of some hundred bytes they do, of some bytes they do not | MIT: 10 s | the same, `interrupted_snapshots_3d`, `late_snapshots_3d`, `chaos_3d` |
//! | answers | somebody is answered every 4 s while requests are open, each request within 10 s | a lock held during a call makes a server as good as dead | rule *answers* |
//! | repetitions | a request that got no answer may be sent again for ever, unchanged (§5.5). What was confirmed or refused within 90 ms is not sent again at that place for more than half a second | nextIndex moves | rule *next index* |
//! | votes | a server may leave candidates alone while it hears of a leader (§6), and for as long after its start (thesis §6.4.1), may ask before it stands (thesis §9.6), and may give a vote twice to the same candidate or not | the paper | `conformance_*` |
//!
//! # Beyond Figure 2
//!
//! Parts E grade what a Raft [offers](crate::RaftServer::offers), made by
//! [`make_with_features`](crate::RaftServer::make_with_features), and leave the rest alone. Fields that the paper does not name
//! are read by these names; a server without them is not asked what they would say.
//!
//! | feature | what is asked | fields | part |
//! |---|---|---|---|
//! | [`noop_on_election`](crate::Features::noop_on_election) | a leader begins its term with an entry of its own. It is never delivered as a command: as [`ApplyMsg::Own`](crate::ApplyMsg::Own), or not at all if indexes count commands (§8). An entry of a kind that is not known is not taken | `kind` in an entry, if there are kinds; the first of them is `Command` | E1 |
//! | [`pre_vote`](crate::Features::pre_vote) | a server stands for election only if a majority would vote for it. A pre-vote moves neither term nor vote, goes to a log that is up to date, and to nobody while there is a leader; a no tells the term of who says it, and who is told a later one goes on there; a yes tells that one or the one that was asked about (thesis §9.6) | `pre_vote` in RequestVote, or a method `PreVote` with the same fields; the term is the one in which the sender would stand | E1 |
//! | [`check_quorum`](crate::Features::check_quorum) | a leader that hears from no majority steps down within 5 s, and one that hears from a majority does not; its reads end with an error (thesis §6.2). Who has heard from a leader within 50 ms neither votes nor takes over a candidate's term (thesis §4.2.3) | | E1 |
//! | [`leadership_transfer`](crate::Features::leadership_transfer) | [`transfer_leadership`](crate::RaftServer::transfer_leadership): no commands meanwhile; the target gets all entries, and then the order to stand, and stands at once; on a network that works it leads within a second; if it does not, and be it that it has confirmed the order, commands are taken again within 5 s (thesis §3.10) | a method `TimeoutNow { term, leader_id }`; `leadership_transfer` in RequestVote | E1 |
//! | [`first_configuration`](crate::Features::first_configuration) | they vote at first and no others; who has no vote gets everything, is not counted, whatever it answers, and does not stand (§6; thesis §4.2.1). A vote is given without a look at the own configuration (thesis §4.1). A leader begins its term with an entry of its own | entries of the kinds that are not commands are delivered as [`ApplyMsg::Own`](crate::ApplyMsg::Own) | E2 |
//! | with [`change_configuration`](crate::RaftServer::change_configuration) | a configuration is in force as soon as it is in a log, and goes with its entry; no change before the last one is committed, nor before an entry of the own term is (raft-dev, July 2015); one voter at a time, or through the joint configuration (§6); a leader without a vote leads until that is committed, and goes; candidates are left alone by who hears its leader. A change comes about within 10 s if it is asked for again and again | [`ApplyMsg::Own`](crate::ApplyMsg::Own) with the configuration | E3 |
//! | [`snapshot_chunk_bytes`](crate::Features::snapshot_chunk_bytes) | a leader sends its snapshot, the service's bytes and nothing else, in pieces of at most so many bytes, in order, and a follower installs it when every byte is there (Fig. 13) | Figure 13's `offset` and `done`. `snapshot_id { leader, term, index, number }` names the transfer; a reply's `expected { snapshot_id, offset }` says which piece the follower would take, or nothing if it took this one | E4 |
//! | [`leases`](crate::Features::leases) | [`lease_read_index`](crate::RaftServer::lease_read_index) returns at once, and only an index that covers what was committed before, with clocks that differ by no more than the feature says. A leader that hears from a majority has a lease within two seconds; it begins when the messages left that were answered, wants an entry of the leader's term that is committed, and ends for this term when a transfer begins. What a follower has promised lasts through its restart (thesis §6.4.1) | | E5 |
//! | [`catch_up_from_peers`](crate::Features::catch_up_from_peers) | a follower that lacks many entries fetches them from peers, and its leader, if it waits for that at all, does not wait for long. Only entries that are committed are given to a peer, and only such as follow what is there are taken; AppendEntries is answered as without it. What nobody gives comes from the leader, in a snapshot if need be | a method `FetchEntries { first, most }`, whose reply is `{ term, first, prev_log_term, entries, commit_index, base_index }`; `prev_log_term` is the term of the entry before `first` | E7 |
//!
//! Part E5 asks [`read_index_until`](crate::RaftServer::read_index_until) of every Raft that has it, whatever it offers: it returns
//! an index only if an entry of the leader's term is committed and a majority of the voters has answered messages of that term
//! that left after the call began, each voter once; and then one that covers what was committed when the call began (§8; thesis
//! §6.4). A read that cannot be confirmed ends with an error, at its deadline at the latest.
//!
//! # Calls that hang
//!
//! The network is MIT's: a call to a server that cannot be reached ends without an answer after up to 7 s (in tests of Raft; up
//! to 100 ms in tests of services). One in ten messages of the unreliable network is lost, requests come up to 26 ms late, and
//! the nemesis delays, repeats and reorders them.
