//! The log of a run in columns: time on the left, then a column for each server, and the tester's at the end.
//!
//! # How it works
//!
//! Each event of the trace that says something becomes a [`Line`] with a topic: what the code under test logs has the target of its
//! log record (`log::info!(target: "VOTE", ...)`), messages are `RPC`, lost ones `DROP`, and what the tester does is
//! `TEST`. Lines are wrapped to their column. If there are too many servers for the width, all lines share one column
//! and say who they are of.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Color, Style};
use labrpc::network::Address;
use labrpc::printable;
use labrpc::sim::{Event, Kind, Trace, TracedMessage};
use raft_interface::ServerId;

/// The topics that the log of a Raft usually has, and those that the lab adds.
pub const TOPICS: [&str; 12] =
    ["TIMR", "VOTE", "LEAD", "TERM", "LOG", "CMIT", "PERS", "SNAP", "DROP", "CLNT", "TEST", "RPC"];
/// The narrowest column that can be read.
const COLUMN_MIN: usize = 18;
/// How wide times are: `  12.345678 `.
const TIME_WIDTH: usize = 12;
/// How wide a server's name is where all share a column.
const NAME_WIDTH: usize = 5;

/// One thing that is worth a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When: virtual time.
    pub at: Duration,
    /// Which server it is of; `None`: the tester and the clients.
    pub server: Option<ServerId>,
    /// What it is about.
    pub topic: String,
    /// What happened.
    pub text: String,
}

/// Which lines are wanted.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The servers; the tester's lines are always there.
    pub servers: Vec<ServerId>,
    /// The topics; `None`: all.
    pub topics: Option<BTreeSet<String>>,
}

impl Selection {
    /// All lines of these servers.
    #[must_use]
    pub fn all(servers: Vec<ServerId>) -> Self {
        Self { servers, topics: None }
    }

    fn takes(&self, line: &Line) -> bool {
        line.server.is_none_or(|server| self.servers.contains(&server))
            && self.topics.as_ref().is_none_or(|topics| topics.contains(&line.topic))
    }
}

/// The servers that have lines in a run of that many peers. One alone, as in lab 2, is nobody's peer.
#[must_use]
pub fn servers(peers: usize) -> Vec<ServerId> {
    (0..peers.max(1)).collect()
}

/// The lines of a run that are wanted, oldest first.
#[must_use]
pub fn lines(trace: &Trace, wanted: &Selection) -> Vec<Line> {
    trace.events.iter().filter_map(line).filter(|line| wanted.takes(line)).collect()
}

/// All topics of a run.
#[must_use]
pub fn topics(trace: &Trace) -> BTreeSet<String> {
    trace.events.iter().filter_map(line).map(|line| line.topic).collect()
}

/// What an event says, if it says something.
fn line(event: &Event) -> Option<Line> {
    let at = Duration::from_nanos(event.time_ns);
    if let Some(message) = event.message() {
        return Some(message_line(at, event, message));
    }
    if !event.kind.is_for_people() {
        return None;
    }
    let words = event.words.to_string();
    let (topic, text) = match event.kind {
        Kind::Log => words.split_once(' ').unwrap_or((&words, "")),
        _ => ("TEST", &*words),
    };
    // The tester's thread runs a server's `start`; what that logs is the server's.
    let speaks_for = || text.split(' ').next().and_then(server).filter(|_| topic != "TEST");
    let server = server(&event.node).or_else(speaks_for);
    let text = match server {
        Some(_) => text.to_owned(),
        None if &*event.node == "tester" => text.to_owned(),
        None => format!("{} {text}", event.node),
    };
    Some(Line { at, server, topic: topic.to_owned(), text })
}

fn message_line(at: Duration, event: &Event, message: &TracedMessage) -> Line {
    let TracedMessage { call, is_reply, from, to, method, what, content, .. } = message;
    let content = content.to_string();
    let method = method.rsplit('.').next().unwrap_or(method);
    let reply = if *is_reply { " reply" } else { "" };
    // The names of argument types repeat what the method says.
    // From the first brace on.
    let content = content.find('{').map_or(&*content, |start| &content[start..]);
    let (topic, who, text) = match &**what {
        "sent" => ("RPC", from, format!("-> {to} #{call} {method}{reply} {content}")),
        "delivered" => ("RPC", to, format!("<- {from} #{call} {method}{reply} {content}")),
        other => ("DROP", from, format!("-x {to} #{call} {method}{reply} {other}")),
    };
    let server = match who {
        Address::Server(number) => Some(*number as ServerId),
        _ => server(&event.node),
    };
    let text = if server.is_some() { text } else { format!("{who} {text}") };
    Line { at, server, topic: topic.to_owned(), text }
}

fn server(name: &str) -> Option<ServerId> {
    name.strip_prefix('S')?.parse().ok()
}

/// Where lines stand.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The servers that have a column, in order; empty if all share one.
    servers: Vec<ServerId>,
    /// How wide a column is, with the space behind it.
    column: usize,
}

impl Layout {
    /// Columns for these servers and the tester on a page of this width.
    #[must_use]
    pub fn new(width: usize, servers: &[ServerId]) -> Self {
        let room = width.saturating_sub(TIME_WIDTH);
        let column = room / (servers.len() + 1);
        // A column that is too narrow breaks every word. Then one wide column that names the servers reads
        // better.
        if column >= COLUMN_MIN {
            Self { servers: servers.to_vec(), column }
        } else {
            Self { servers: Vec::new(), column: room.saturating_sub(NAME_WIDTH).max(COLUMN_MIN) }
        }
    }

    fn is_shared(&self) -> bool {
        self.servers.is_empty()
    }

    /// Where a line's column begins, behind the time.
    fn start(&self, line: &Line) -> usize {
        if self.is_shared() {
            return NAME_WIDTH;
        }
        let place = line.server.and_then(|server| self.servers.iter().position(|&other| other == server));
        place.unwrap_or(self.servers.len()) * self.column
    }

    fn heading(&self) -> String {
        let mut out = format!("{:>width$} ", "seconds", width = TIME_WIDTH - 1);
        if self.is_shared() {
            return out;
        }
        for server in &self.servers {
            out += &format!("{:<width$}", format!("S{server}"), width = self.column);
        }
        out + "tester"
    }
}

/// Writes lines with colours; print to a stream of `anstream`, which takes them away where they cannot be shown.
///
/// # Errors
///
/// Those of `out`.
pub fn write(mut out: impl Write, layout: &Layout, lines: &[Line]) -> io::Result<()> {
    write_styled(&mut out, layout, lines, |_| Style::new())
}

/// As [`write()`], in colours by topic.
///
/// # Errors
///
/// Those of `out`.
pub fn write_coloured(mut out: impl Write, layout: &Layout, lines: &[Line]) -> io::Result<()> {
    write_styled(&mut out, layout, lines, style)
}

fn write_styled(
    out: &mut impl Write,
    layout: &Layout,
    lines: &[Line],
    style: impl Fn(&str) -> Style,
) -> io::Result<()> {
    writeln!(out, "{}", layout.heading().trim_end())?;
    let mut last = None;
    for line in lines {
        let colour = style(&line.topic);
        let start = layout.start(line);
        // Before it is measured; the colours here are the only ones.
        let text = format!("{} {}", line.topic, line.text);
        for (number, part) in wrap(&printable(&text), layout.column - 1).iter().enumerate() {
            // The time once for all that happened at it: what follows from one message stands out as a block.
            if number == 0 && last != Some(line.at) {
                write!(out, "{:>width$.6} ", line.at.as_secs_f64(), width = TIME_WIDTH - 1)?;
            } else {
                write!(out, "{:TIME_WIDTH$}", "")?;
            }
            if layout.is_shared() && number == 0 {
                let name = line.server.map_or_else(String::new, |server| format!("S{server}"));
                write!(out, "{name:<start$}")?;
            } else {
                write!(out, "{:start$}", "")?;
            }
            writeln!(out, "{colour}{part}{colour:#}")?;
        }
        last = Some(line.at);
    }
    Ok(())
}

/// Breaks a text into lines of at most `width` characters, between words where that is possible. Lines after the first
/// are indented by two.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        loop {
            let space = usize::from(used > 0 && lines.last().is_some_and(|line| !line.trim().is_empty()));
            if used + space + word.len() <= width {
                if let Some(line) = lines.last_mut() {
                    line.extend(std::iter::repeat_n(' ', space).chain(word.iter().copied()));
                }
                used += space + word.len();
                break;
            }
            // Only at the start of a line: a long word first gets a line of its own, and is broken if that is
            // not enough.
            let is_fresh = lines.last().is_some_and(|line| line.trim().is_empty());
            if is_fresh {
                // A word that is longer than a line.
                let rest = word.split_off((width - used).min(word.len()));
                if let Some(line) = lines.last_mut() {
                    line.extend(word);
                }
                word = rest;
            }
            lines.push("  ".to_owned());
            used = 2;
        }
    }
    lines
}

/// A colour for each topic.
fn style(topic: &str) -> Style {
    let colour = match topic {
        "TIMR" => AnsiColor::BrightBlack,
        "VOTE" => AnsiColor::Cyan,
        "LEAD" => AnsiColor::Yellow,
        "TERM" => AnsiColor::Magenta,
        "LOG" => AnsiColor::Blue,
        "CMIT" => AnsiColor::Green,
        "PERS" => AnsiColor::BrightBlue,
        "SNAP" => AnsiColor::BrightMagenta,
        "DROP" => AnsiColor::Red,
        "CLNT" => AnsiColor::BrightCyan,
        "TEST" => AnsiColor::BrightWhite,
        _ => return Style::new(),
    };
    Style::new().fg_color(Some(Color::Ansi(colour)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect_file;

    fn line(server: Option<ServerId>, text: &str) -> Line {
        Line { at: Duration::from_millis(1500), server, topic: "LOG".into(), text: text.into() }
    }

    fn written(layout: &Layout, lines: &[Line]) -> String {
        let mut out = Vec::new();
        write(&mut out, layout, lines).unwrap();
        // With a margin, so that the indentation of the first line is part of what is expected.
        String::from_utf8(out).unwrap().lines().map(|line| format!("|{line}\n")).collect()
    }

    #[test]
    fn columns_are_one_for_each_server_with_long_lines_wrapped() {
        let layout = Layout::new(12 + 3 * 24, &[0, 2]);
        let text = written(
            &layout,
            &[line(Some(2), "appends entries 17 to 23 of the leader"), line(None, "S0 is killed")],
        );
        expect_file!["expected/columns.txt"].assert_eq(&text);
    }

    #[test]
    fn servers_share_a_column_if_they_are_too_many() {
        let layout = Layout::new(60, &[0, 1, 2, 3, 4]);
        let text = written(&layout, &[line(Some(3), "appends"), line(None, "waits")]);
        expect_file!["expected/shared_column.txt"].assert_eq(&text);
    }

    #[test]
    fn what_the_code_logs_does_not_rule_the_terminal() {
        let text = written(&Layout::new(200, &[0]), &[line(Some(0), "\u{1b}[2Jgone\rall \0well")]);
        assert!(text.contains("LOG \\u{1b}[2Jgone\\rall \\0well"), "{text}");
    }

    #[test]
    fn lines_are_no_wider_than_their_column() {
        for width in 5..30 {
            for text in
                ["", "a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b", "a bb ccc dddd eeeee äöü"]
            {
                let lines = wrap(text, width);
                assert!(lines.iter().all(|line| line.chars().count() <= width), "{width}: {lines:?}");
                let kept: String = lines.concat().split_whitespace().collect();
                assert_eq!(kept, text.split_whitespace().collect::<String>());
            }
        }
    }
}
