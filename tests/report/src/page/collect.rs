//! From a run to what its page knows.

use std::collections::BTreeMap;

use kvraft_interface::Layer;
use lab_runs::commands;
use labrpc::sim::{self, Event, Kind, Trace, TracedMessage};

use super::Page;
use super::encode::{Encoded, Encoder, Words, shown};
use super::failed::failed;
use super::model::{Against, Causes, Message, Model, Run, Said, ShownCauses, ShownEvent, Traced};
use super::operations::operations;
use super::threads::threads;
use crate::explain::{replay_command_of, undecided_text};
use lab_harness::run::Outcome;

/// How many events a page has at most: the last ones.
const EVENTS_MAX: usize = 60_000;
/// What the harness sets on the network for each server that it starts, connects or stops: its marks say it better.
const ROUTINE: [&str; 4] = ["enabled ", "disabled ", "added server ", "deleted server "];

/// The model of a run; `None` if it has no trace.
pub(super) fn model(page: &Page<'_>) -> Option<Model> {
    let Page { case, implementation, plan, run, .. } = page;
    let trace = run.trace.as_ref()?;
    let words = Words::of(page);
    let traced = Collector::collect(trace, &words);
    Some(Model {
        run: Run {
            test: case.name.to_owned(),
            about: case.about.to_owned(),
            part: case.part.name().to_owned(),
            seed: format!("{:#x}", plan.seed),
            policy: plan.policy.to_string(),
            implementation: implementation.name().to_owned(),
            verdict: verdict(run),
            remark: run.skipped.clone().or_else(|| run.remark.clone()),
            fingerprint: trace.fingerprint.to_string(),
            servers: run.tally.servers,
            scripted: scripted(&traced, run.tally.servers),
            is_called: run.layer == Some(Layer::Counter),
            steps: trace.total,
        },
        commands: commands_of(page),
        failure: run.failure.as_deref().map(|failure| failed(page, failure, trace, &traced)),
        names: names(page),
        before_first: page.implementation.names().before_first.index.unwrap_or(0),
        against: page.against.map(|(other, label)| against(other, label, &traced, &words)),
        causes: page.causes.map(|causes| shown_causes(causes, &traced)),
        trace: traced,
        operations: operations(run, trace),
    })
}

/// How many servers take part that are none, but scripts: those behind the last server, on the conformance bench.
fn scripted(traced: &Traced, servers: usize) -> usize {
    let number = |place: usize| traced.strings[place].strip_prefix('S')?.parse::<usize>().ok();
    let last = traced.messages.iter().flat_map(|message| [message.from, message.to]).filter_map(number).max();
    last.map_or(0, |last| (last + 1).saturating_sub(servers))
}

fn shown_causes(causes: &Causes, traced: &Traced) -> ShownCauses {
    // A mark has the index of the event that follows it, so of several with one index the last is meant.
    let place = |event: u64| traced.indexes.partition_point(|&index| index <= event).saturating_sub(1);
    ShownCauses {
        moments: causes
            .moments
            .iter()
            .map(|moment| (place(moment.event), moment.tried, moment.failed))
            .collect(),
        tries: causes.tries,
        jump: causes.jump,
        none: causes.around_jump().is_none().then(|| undecided_text(causes)),
    }
}

fn verdict(run: &Outcome) -> &'static str {
    match (&run.failure, &run.skipped) {
        (Some(_), _) => "failed",
        (None, Some(_)) => "skipped",
        (None, None) => "passed",
    }
}

fn commands_of(page: &Page<'_>) -> Vec<(&'static str, String)> {
    let Page { case, plan, .. } = page;
    let (name, seed) = (case.name, plan.seed);
    let policy = match plan.policy.to_string() {
        policy if policy == "random" => String::new(),
        policy => format!(" --policy {policy}"),
    };
    let mut all = vec![("replay", replay_command_of(case, *plan))];
    // Tests of cargo have no subcommands.
    let more = [
        ("shrink", format!("shrink {name} {seed:#x}{policy}")),
        ("export", format!("export trace {name} {seed:#x}{policy} -o trace.jsonl")),
        ("causes", format!("timeline {name} {seed:#x}{policy} --causes")),
        ("compare", format!("timeline {name} {seed:#x}{policy} --against passing")),
    ];
    let is_wanted = |word: &str| page.run.failure.is_some() || word == "export";
    all.extend(
        more.into_iter()
            .filter(|(word, _)| is_wanted(word))
            .filter_map(|(word, words)| Some((word, commands::subcommand(&words)?))),
    );
    all
}

fn names(page: &Page<'_>) -> Vec<(&'static str, Vec<&'static str>)> {
    let names = page.implementation.names();
    vec![
        ("requestVote", names.request_vote),
        ("appendEntries", names.append_entries),
        ("installSnapshot", names.install_snapshot),
        ("requestPreVote", names.request_pre_vote),
        ("timeoutNow", names.timeout_now),
        ("term", names.term),
        ("lastLogIndex", names.last_log_index),
        ("lastLogTerm", names.last_log_term),
        ("voteGranted", names.vote_granted),
        ("prevLogIndex", names.prev_log_index),
        ("prevLogTerm", names.prev_log_term),
        ("entries", names.entries),
        ("command", names.command),
        ("leaderCommit", names.leader_commit),
        ("success", names.success),
        ("lastIncludedIndex", names.last_included_index),
        ("lastIncludedTerm", names.last_included_term),
        ("done", names.done),
        ("conflictIndex", names.conflict_index),
        ("preVote", names.pre_vote),
    ]
}

fn against(other: &Outcome, label: &str, one: &Traced, words: &Words) -> Against {
    let trace = other.trace.as_ref().map(|trace| Collector::collect(trace, words)).unwrap_or_default();
    Against { label: shown(label), verdict: verdict(other), same: same_events(one, &trace), trace }
}

/// How many events are the same in both runs, from the beginning.
fn same_events(one: &Traced, other: &Traced) -> usize {
    // Places in lists are given out in the order of events, so as long as runs are the same, so are they.
    let content = |traced: &'_ Traced, event: &ShownEvent| {
        let Said::Sent(place) = event.said else { return None };
        traced.messages.get(place).map(|message| (message.content.clone(), message.size))
    };
    let is_same = |(first, second): &(&ShownEvent, &ShownEvent)| {
        first == second && content(one, first) == content(other, second)
    };
    one.events.iter().zip(&other.events).take_while(is_same).count()
}

/// Whether an event says something on the page.
fn is_shown(event: &Event) -> bool {
    match event.kind {
        Kind::Fault => event.message().is_some() || !is_routine(event),
        kind => event.message().is_some() || kind == Kind::Mark || kind.is_for_people(),
    }
}

fn is_routine(event: &Event) -> bool {
    matches!(&event.words, sim::Words::Text(words) if ROUTINE.iter().any(|routine| words.starts_with(routine)))
}

#[derive(Default)]
struct Collector {
    encoder: Encoder,
    messages: Vec<Message>,
    /// The place of a message, by call and direction.
    places: BTreeMap<(u64, bool), usize>,
    /// What `get_state` said last of each server: the term, and whether it leads.
    states: BTreeMap<i128, (Option<i128>, bool)>,
    /// What the harness has marked in this instant, which the log repeats.
    marked: Option<u64>,
}

impl Collector {
    fn collect(trace: &Trace, words: &Words) -> Traced {
        let shown: Vec<&Event> = trace.events.iter().filter(|event| is_shown(event)).collect();
        let left_out = shown.len().saturating_sub(EVENTS_MAX);
        let mut collector = Self { encoder: Encoder::new(words), ..Self::default() };
        let len = shown.len() - left_out;
        let (mut events, mut indexes, mut before) = (Vec::with_capacity(len), Vec::with_capacity(len), 0);
        for event in &shown[left_out..] {
            let Some(said) = collector.event(event) else { continue };
            events.push(ShownEvent {
                after: event.time_ns - std::mem::replace(&mut before, event.time_ns),
                said,
            });
            indexes.push(event.index);
        }
        let threads = threads(trace, &mut collector.encoder);
        Traced {
            strings: collector.encoder.strings,
            shapes: collector.encoder.shapes,
            messages: collector.messages,
            events,
            indexes,
            left_out,
            threads,
            end: trace.events.last().map_or(0, |event| event.time_ns),
        }
    }

    /// What an event says on the page; `None` if that was said already.
    fn event(&mut self, event: &Event) -> Option<Said> {
        if let Some(message) = event.message() {
            return Some(self.message_event(message));
        }
        if let Some(mark) = event.mark() {
            let fields = mark.fields.tree()?;
            self.marked = Some(event.index);
            let server = fields.field("server").and_then(labrpc::wire::Value::as_int);
            match (&*mark.what, server) {
                ("state", Some(server)) => {
                    let term = fields.field("term").and_then(labrpc::wire::Value::as_int);
                    let told = (term, fields.field("leader") == Some(&labrpc::wire::Value::Bool(true)));
                    // The harness asks often, and is mostly told the same.
                    if self.states.insert(server, told) == Some(told) {
                        return None;
                    }
                }
                ("start" | "down", Some(server)) => {
                    self.states.remove(&server);
                }
                _ => {}
            }
            let fields = self.encoder.value(fields);
            return Some(Said::Mark(self.encoder.text(&mark.what), fields));
        }
        let words = event.words.to_string();
        let node = self.encoder.text(&event.node);
        match event.kind {
            Kind::Log => {
                // The harness says it in the thread that applies.
                let repeats = self.marked == Some(event.index)
                    && ((words.starts_with("TEST ") || words.starts_with("CMIT "))
                        && &*event.node == "tester"
                        || words.starts_with("CMIT ") && words.contains(" is the first to apply entry "));
                let thread = self.encoder.text(&event.thread);
                (!repeats).then(|| Said::Line(node, thread, shown(&words)))
            }
            Kind::Fault => Some(Said::Rule(shown(&words))),
            kind => {
                let kind = self.encoder.text(&format!("{kind:?}"));
                Some(Said::Node(kind, node, shown(&words)))
            }
        }
    }

    fn message_event(&mut self, message: &TracedMessage) -> Said {
        let place = self.message(message);
        let make = match &*message.what {
            "sent" => return Said::Sent(place),
            "delivered" => return Said::Delivered(place),
            what if what.starts_with("dropped") => Said::Lost,
            what if what.starts_with("held") => Said::Held,
            _ => Said::Useless,
        };
        make(place, self.encoder.text(&message.what))
    }

    fn message(&mut self, traced: &TracedMessage) -> usize {
        let key = (traced.call, traced.is_reply);
        if let Some(&place) = self.places.get(&key) {
            return place;
        }
        let encoder = &mut self.encoder;
        let content = traced.content.tree().map_or_else(Encoded::nothing, |tree| encoder.value(tree));
        let message = Message {
            call: traced.call,
            is_reply: traced.is_reply,
            from: encoder.address(traced.from),
            to: encoder.address(traced.to),
            method: encoder.text(&traced.method),
            size: traced.size,
            made: traced.made,
            sent: traced.sent,
            content,
        };
        self.messages.push(message);
        self.places.insert(key, self.messages.len() - 1);
        self.messages.len() - 1
    }
}
