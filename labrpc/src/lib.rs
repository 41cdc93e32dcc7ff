//! Threads, locks, channels, time, chance and RPC in two worlds: real threads, or a deterministic simulation on
//! virtual time.
pub mod channel;
pub mod network;
pub mod rand;
pub mod sim;
pub mod sync;
pub mod thread;
pub mod time;
pub mod wire;
