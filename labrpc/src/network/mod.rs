//! The network: typed calls between servers that share no memory, and everything that can happen to a message.
//!
//! ```
//! use labrpc::network::{Address, Network, Server, Service};
//! use labrpc::sim::{NodeHandle, Sim};
//!
//! Sim::new(1).run(|| {
//!     let network = Network::new();
//!     let echo = Service::new("Echo").method("Say", |text: String| format!("{text}, {text}"));
//!     network.add_server(0, Server::new(&NodeHandle::new("S0")).service(echo));
//!
//!     let end = network.make_connected_end(Address::Client(1), 0);
//!     let reply: Option<String> = end.call("Echo.Say", &"hello");
//!     assert_eq!(reply.as_deref(), Some("hello, hello"));
//!
//!     network.delete_server(0);
//!     assert_eq!(end.call::<_, String>("Echo.Say", &"anybody there?"), None);
//! }).unwrap();
//! ```
//!
//! # How it works
//!
//! A [`Service`] is a set of named handlers; a [`Server`] is a set of services on a node, at an [`Address`]. A
//! [`ClientEnd`] belongs to whoever calls with it and leads to one server. A call encodes its arguments, passes the
//! fault [rules](Rule), and arrives at whatever server is at the address then, which decodes them and runs the handler
//! in a thread of its node. The reply goes the same way back. The same code serves both worlds; which one is decided
//! when the [`Network`] is made. In the simulated world a delay is virtual and a handler's thread is a simulated one;
//! in the real world there is a thread for deliveries and a pool of threads for handlers.
//!
//! # MIT's contract
//!
//! It is the default, with MIT's numbers: see [`Network::unreliable`], [`Network::long_delays`],
//! [`Network::long_reordering`], [`Network::disable`], [`Network::delete_server`] and [`Tally`]. A call under way
//! when its server goes away or is replaced, when the server's node crashes, or when its end is disabled, gets no
//! reply, even if the handler ran.
//!
//! Differences from MIT's `labrpc`: ends are handles and have no names to clash. A setting counts when a message is
//! sent; MIT reads it for the reply when the request is. A request that was delayed arrives at the server that is at the
//! address then, while MIT gives it to the one that was there when it was sent; the caller gets no reply either way.
//! A call to an unknown method, or with the wrong types, fails the test.
//!
//! # The rules
//!
//! - What waits in a call is freed by the network sooner or later, unless a handler never returns, or a rule holds a
//!   message for ever.
//! - Messages under way do not depend on the thread or node that sent them.
//! - All decisions come from the network's own stream of chance, in the order of sending.
//!
//! # What it leaves out
//!
//! Bandwidth, connections, and corruption: what arrives, arrives whole. Types are not compared, only decoded: a number
//! sent as `i32` and read as `u64` passes with another value, so both sides should share their argument types.

mod calls;
mod counters;
mod delivery;
mod end;
mod envelope;
mod fault;
mod handle;
mod handling;
mod message;
mod names;
mod pending;
mod real;
mod report;
mod rules;
mod service;
mod shared;
mod state;
mod world;

pub use counters::{Counters, Tally};
pub use end::ClientEnd;
pub use fault::Fault;
pub use handle::Network;
pub use message::{Direction, Happening, Message, MessageEvent, Observer};
pub use rules::{
    Chance, Delay, Delays, Duplication, Hold, Loss, Nth, Partition, Rule, Scoped, Traffic, Verdict,
};
pub use service::{Server, Service};

pub use crate::address::{Address, NoAddress};
