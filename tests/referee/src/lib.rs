//! The referee: watches the wire, and stops a test at the message that breaks a rule of Figure 2.
//!
//! It sees the messages of any implementation that uses the paper's names, and what the harness tells it of calls and
//! applied entries; no state, no log lines. From them it knows what every server must have in its storage and what it
//! cannot have. So a mistake is named where it is made, not when a scenario runs into a timeout ten seconds later.
//!
//! # How it works
//!
//! 1. Every event of a message on the network comes to [`Referee::observe`](labrpc::network::Observer::observe).
//!    `reading` makes numbers of the message.
//! 2. Together with what is known of the call it becomes a `fact`: a request was sent, or delivered; a reply was given; an
//!    entry was applied that is not certainly the committed one.
//! 3. The `judge` asks every [rule](RULES) that is about such facts whether this one agrees with what is certain so far,
//!    the `ledger`.
//! 4. If all say yes, the fact is entered. If one says no, that is a [`Violation`]: the rule, what was expected and seen,
//!    and the messages that prove it. That a reply has arrived is entered as well, and breaks no rule.
//!
//! # The rules of judging
//!
//! A rule speaks only if no correct server could have sent the message, whatever was lost, delayed, repeated or
//! overtaken, whoever crashed between saving and answering, however the threads of a server took turns. So:
//!
//! - A reply is judged by what was certain when its request was delivered, and counts only if its server was still
//!   there: the storage of a server that was deleted may have been copied before.
//! - A request may have been built long before it is sent. What it must not contradict is what was true even then.
//! - What a later message may have undone is not certain any more as soon as that message is delivered.
//! - What was forgotten, to keep memory bounded, is not known; and of what is not known nothing is said.
//!
//! An implementation whose messages cannot be read is told so once, and not judged.
//!
//! The referee has one lock, around the judge. It is held for one event, never while a message is read or while somebody
//! is told something: both run code of others, which may come back here.
//!
//! # The rules of Raft
//!
//! | file | rule | mistakes that it names |
//! |---|---|---|
//! | `reply_terms` | a refusal bears the current term | the term of the request in the reply |
//! | `terms` | the term never goes back | term lost in a restart, or set to a lower one |
//! | `older_terms` | requests of older terms are refused | no check of the term |
//! | `who_stands` | only who may have a vote stands | a learner with an election timer |
//! | `one_vote` | one vote per term | vote not checked, reset, or not saved in time |
//! | `pre_votes` | a pre-vote moves no term | the term adopted before the question is read |
//! | `up_to_date` | votes for up-to-date logs only | half of the comparison missing |
//! | `one_leader` | one leader per term | a role that outlives its term |
//! | `election` | a leader has a majority of votes | half as majority, replies counted twice |
//! | `log_matching` | an index and a term name one entry | wrong previous term, shared memory |
//! | `matching_entry` | success only after a matching entry | no check, or only of the index |
//! | `acknowledged_entries` | acknowledged entries stay | log cut for no reason, or not saved |
//! | `leader_completeness` | leaders have what was committed | all that break the election |
//! | `commit_index` | what a majority stores, of this term | Figure 8; matchIndex too high |
//! | `commit_growth` | a leader's commit index never goes back | computed anew, without a maximum |
//! | `snapshots` | only what is committed | a snapshot of another index than was asked for |
//! | `whole_snapshots` | acknowledged when all pieces are there | a hole, offset not looked at |
//! | `conflicting_entries` | what conflicts is deleted | entries that are there taken for copies |
//! | `applied_entries` | the follower's commit index | the minimum missing |
//! | `stepped_down` | nothing in a term that is over | the term of a reply ignored |
//! | `timer` | no election without a timeout | timer not reset |
//! | `next_index` | back after a rejection, on after a success | nextIndex not moved |
//! | `heartbeats` | neither missing nor a storm | a loop that waits, or does not |
//! | `free_votes` | a free vote is granted | votedFor not reset, `>` for `>=` |
//! | `random_timeouts` | timeouts are random | a fixed timeout |
//! | `answers` | a server answers soon | a lock held during a call |
//! | `applying` | what is committed is applied | nobody woken |
//!
//! # In which order to read
//!
//! Each file knows only files before it: `message` (the paper's messages in numbers), `names` (how they are spelt) with `known_names`, `reader` and `reading` (from the wire to
//! those), `proof` (a message in a line), `fact` (what happened, and what "certain" means), `ledger/mod` (what is known)
//! and `ledger/enter` (how that grows), `rules/rule` and then any of the rules, `judge` (one fact at a time), `referee`
//! (the way in). What comes out is a `notice`, and in it a `violation`.
//!
//! # What it leaves out
//!
//! Liveness in general: that something happens at all is for scenarios to ask. The last few rules look only at what a
//! server leaves undone for seconds of virtual time although it runs. Which configuration a server has: they count who may count
//! in any that can be in force. So nothing is said here of changes that come too early or go too far. Which entry is a
//! configuration, and what it says, no name of the paper tells, and a change that is asked for may come about by one entry or by two
//! (§6). What is delivered says it: the harness judges that, and asks here what [could be committed](Committable) when a change
//! was made.

mod committable;
mod fact;
mod judge;
mod known_names;
mod ledger;
mod message;
mod names;
mod notice;
mod proof;
mod reader;
mod reading;
mod referee;
mod rules;
#[cfg(test)]
mod tests;
mod violation;

pub use committable::Committable;
pub use names::{
    BeforeFirst, Names, field_at, flag_at, int_or_nothing_at, is_one_of, is_place, is_variant, list_at,
    term_and_command,
};
pub use notice::Notice;
pub use referee::Referee;
pub use rules::{BY_COUNTING, RULES, Rule};
pub use violation::Violation;
