//! What the tester did and what came of it, newest last: the context of a failure.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use raft_interface::{Index, ServerId, Term};

use crate::marks;

/// One thing worth telling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimelineEvent {
    /// A server was started, with this many starts so far.
    Started(ServerId, u64),
    /// A server was killed as MIT's tester does: cut off, its storage copied, `kill`.
    Killed(ServerId),
    /// A server lost its power: no thread of it ever runs again.
    PowerLost(ServerId),
    /// A server was cut off from all others.
    Disconnected(ServerId),
    /// A server was connected again.
    Connected(ServerId),
    /// A server was stopped for a while, as by a long garbage collection.
    Paused(ServerId),
    /// A server goes on.
    Resumed(ServerId),
    /// A server was seen leading a term for the first time.
    Leads(ServerId, Term),
    /// A server was the first to apply this index.
    Committed(ServerId, Index),
    /// A server delivered a snapshot.
    Installed(ServerId, Index),
    /// Anything else, said by the scenario.
    Note(String),
}

impl fmt::Display for TimelineEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started(server, 1) => write!(f, "S{server} starts"),
            Self::Started(server, count) => write!(f, "S{server} starts for the {} time", ordinal(*count)),
            Self::Killed(server) => write!(f, "S{server} is killed"),
            Self::PowerLost(server) => write!(f, "S{server} loses power"),
            Self::Disconnected(server) => write!(f, "S{server} is disconnected"),
            Self::Connected(server) => write!(f, "S{server} is connected"),
            Self::Paused(server) => write!(f, "S{server} is paused"),
            Self::Resumed(server) => write!(f, "S{server} goes on"),
            Self::Leads(server, term) => write!(f, "S{server} leads term {term}"),
            Self::Committed(server, index) => write!(f, "S{server} is the first to apply entry {index}"),
            Self::Installed(server, index) => write!(f, "S{server} delivers a snapshot up to {index}"),
            Self::Note(text) => f.write_str(text),
        }
    }
}

/// `2nd`.
fn ordinal(number: u64) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// The last things that happened.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    events: VecDeque<(Duration, TimelineEvent)>,
}

/// How many are kept. A failure shows the last few, the file next to its trace all of these.
const KEPT_MAX: usize = 200;

impl Timeline {
    /// Adds one, and logs it. A run of commits is kept as its last.
    pub(crate) fn push(&mut self, at: Duration, what: TimelineEvent) {
        marks::happened(&what);
        match &what {
            // Thousands in some runs: only for who asks for them.
            TimelineEvent::Committed(..) => log::debug!(target: "CMIT", "{what}"),
            _ => log::info!(target: "TEST", "{what}"),
        }
        if let (TimelineEvent::Committed(server, _), Some((_, TimelineEvent::Committed(before, _)))) =
            (&what, self.events.back())
            && server == before
        {
            self.events.pop_back();
        }
        if self.events.len() == KEPT_MAX {
            self.events.pop_front();
        }
        self.events.push_back((at, what));
    }

    /// The last `count`, oldest first.
    pub(crate) fn last(&self, count: usize) -> impl Iterator<Item = &(Duration, TimelineEvent)> {
        self.events.iter().skip(self.events.len().saturating_sub(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_counted_in_words() {
        let starts =
            [1, 2, 3, 4, 11, 12, 13, 21, 22, 111].map(|count| TimelineEvent::Started(0, count).to_string());
        let endings: Vec<&str> = starts
            .iter()
            .map(|words| words.trim_start_matches("S0 starts").trim_start_matches(" for the "))
            .collect();
        let times = [
            "2nd time",
            "3rd time",
            "4th time",
            "11th time",
            "12th time",
            "13th time",
            "21st time",
            "22nd time",
        ];
        assert_eq!(endings, [&[""], &times[..], &["111th time"]].concat());
    }
}
