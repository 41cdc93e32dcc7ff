//! A log for ShiViz: each event with the vector clock of its server.
//!
//! A clock counts the events of each host that its host has heard of. A message carries the clock of its sender, and who gets it takes
//! the greater of both for each host. The first line of the file is the expression that reads it, the second the
//! separator of several runs, of which there are none: that is how ShiViz takes a file.

use std::collections::BTreeMap;
use std::fmt::Write;

use labrpc::network::Address;
use labrpc::printable;
use labrpc::sim::{Event, Trace, TracedMessage};

/// Reads the lines; it also stands in the first line of the file.
pub const EXPRESSION: &str = r"(?<date>\d+\.\d+) (?<host>\S+) (?<clock>\{.*\})\n(?<event>.*)";

type Clock = BTreeMap<String, u64>;

/// A message on its way: its call, whether it is the reply, who sent it and who is to get it.
type MessageKey = (u64, bool, Address, Address);

/// The clocks of a run.
#[derive(Default)]
struct Clocks {
    hosts: BTreeMap<String, Clock>,
    /// The clock that each message carries.
    carried: BTreeMap<MessageKey, Clock>,
}

impl Clocks {
    /// An event happens at a host, which hears what `message` carries.
    fn step(&mut self, host: &str, message: Option<&MessageKey>) -> Clock {
        let clock = self.hosts.entry(host.to_owned()).or_default();
        for (other, &count) in message.and_then(|key| self.carried.get(key)).into_iter().flatten() {
            let known = clock.entry(other.clone()).or_default();
            *known = count.max(*known);
        }
        *clock.entry(host.to_owned()).or_default() += 1;
        clock.clone()
    }
}

/// Writes the log.
pub(super) fn write(trace: &Trace) -> String {
    let mut out = format!("{EXPRESSION}\n\n");
    let mut clocks = Clocks::default();
    for event in &trace.events {
        let Some((host, clock, text)) = entry(&mut clocks, event) else { continue };
        let clock = serde_json::to_string(&clock).unwrap_or_default();
        let seconds = event.time_ns as f64 / 1e9;
        let text = text.replace('\n', " ");
        let _ = writeln!(out, "{seconds:.6} {host} {clock}\n{}", printable(&text));
    }
    out
}

/// Whose event it is, the clock after it, and its words; `None` if it says nothing.
fn entry(clocks: &mut Clocks, event: &Event) -> Option<(String, Clock, String)> {
    if let Some(message) = event.message() {
        return Some(message_entry(clocks, message));
    }
    if !event.kind.is_for_people() {
        return None;
    }
    // The expression ends a host at a space.
    let host = printable(&event.node).replace(char::is_whitespace, "_");
    let clock = clocks.step(&host, None);
    Some((host, clock, event.words.to_string()))
}

fn message_entry(clocks: &mut Clocks, message: &TracedMessage) -> (String, Clock, String) {
    let TracedMessage { call, is_reply, from, to, method, what, content, .. } = message;
    let key = (*call, *is_reply, *from, *to);
    let (from, to) = (from.to_string(), to.to_string());
    let word = if *is_reply { "reply" } else { "request" };
    match &**what {
        "sent" => {
            let clock = clocks.step(&from, None);
            clocks.carried.insert(key, clock.clone());
            let text = format!("sends {method} {word} #{call} to {to}: {content}");
            (from, clock, text)
        }
        "delivered" => {
            let clock = clocks.step(&to, Some(&key));
            (to, clock, format!("gets {method} {word} #{call} of {from}"))
        }
        other => {
            // Whoever lost it is no host of its own: it is written where it came from.
            let clock = clocks.step(&from, None);
            (from, clock, format!("{method} {word} #{call} to {to} is {other}"))
        }
    }
}
