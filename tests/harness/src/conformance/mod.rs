//! The conformance bench: one real server among scripted peers that speak the paper's messages.
//!
//! A scenario in a cluster shows what a server makes of what correct peers say at likely moments. Here the peers say
//! anything at any moment: stale, repeated, reordered, contradictory to what was said before; and what the server
//! answers, sends, stores and applies is compared with a sentence of Figure 2 or Figure 13. One test per sentence: the
//! sentence is the rule that a failure names.
//!
//! # How it works
//!
//! [`Bench::start`] makes server S0 of the implementation that is graded, and peers S1, S2 and so on, which are nothing but
//! addresses on a network. A [`Peer`] sends what the test says: [`Peer::asks_vote`], [`Peer::appends`],
//! [`Peer::installs`], [`Peer::transfers`]. What S0 sends to a peer is kept as a [`SentRequest`], and answered as the peer's [`Behaviour`] says: not at
//! all, when the test does, or as a follower of the paper would. S0 can lose its power at any moment, and start again
//! from its storage as it is then or was before.
//!
//! # Other implementations
//!
//! The peers do not have the server's types. They speak in trees, from which the network makes whatever the server reads, by
//! the names of its fields: so any server can be tested whose messages bear the paper's names, in Rust's spelling
//! (`candidate_id`), whatever else they hold. A server that cannot be spoken to, or that would read in a message what no
//! script has said, is not failed: the test is [skipped](crate::Lab::skip), with a note that says which name is missing or unknown.
//!
//! # What it leaves out
//!
//! Membership changes.

mod answers;
mod before_first;
mod bench;
mod disk;
mod encoding;
mod envelope;
mod expectations;
mod fetching;
mod fields;
mod follower;
mod kinds;
mod made_up;
mod message;
mod needs;
mod peer;
mod replies;
mod requests;
mod server;
mod slot;
mod state;
mod steps;
mod transfer;

pub(crate) use before_first::before_first;
pub use bench::{Bench, ELECTION_MAX, SERVER, SOON};
pub use fetching::Given;
pub use message::{
    Asking, Entry, Expected, Piece, Reply, Request, TransferId, command, holds_snapshot, snapshot,
};
pub use peer::Peer;
pub use state::{Behaviour, SentRequest};
pub use transfer::{OnePiece, PieceReply, Transfer};
