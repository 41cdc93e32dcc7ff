//! When the messages of a trace were made and sent.
//!
//! Found in the events that were kept when the run is over, so a run without a trace pays nothing for it.

use std::collections::BTreeMap;

use super::event::{Event, Kind};
use super::words::Words;

/// Enters into each message when it was made and sent, as far as the events tell.
pub(super) fn time_messages(events: &mut [Event]) {
    // A thread gives way just before its message enters the network. By then the message is what it will be.
    let mut made: BTreeMap<u64, u64> = BTreeMap::new();
    let mut sent: BTreeMap<(u64, bool), (u64, u64)> = BTreeMap::new();
    for event in events {
        let (at, thread) = (event.time_ns, event.thread_number);
        if event.kind == Kind::Send {
            made.insert(thread, at);
        }
        let is_sent = matches!(event.kind, Kind::CallSent | Kind::CallReplied);
        let Words::Message(message) = &mut event.words else { continue };
        let key = (message.call, message.is_reply);
        if is_sent {
            // A thread that nobody could see yet has not given way: nothing came in between.
            sent.insert(key, (made.remove(&thread).unwrap_or(at), at));
        }
        if let Some(&(made, sent)) = sent.get(&key) {
            (message.made, message.sent) = (Some(made), Some(sent));
        }
    }
}
