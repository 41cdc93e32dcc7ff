//! What a page knows of a run, as it stands in the page: lists in place of objects where there are thousands.

use serde::{Serialize, Serializer};

use super::encode::Encoded;

/// A run, and what belongs to it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Model {
    pub(super) run: Run,
    /// What to type: a word, and the command.
    pub(super) commands: Vec<(&'static str, String)>,
    pub(super) failure: Option<Failed>,
    /// How the implementation spells the paper's names: a name of the page, and those that it looks for.
    pub(super) names: Vec<(&'static str, Vec<&'static str>)>,
    /// What its messages say in an index before the first entry, where the paper says 0.
    #[serde(rename = "beforeFirst")]
    pub(super) before_first: i64,
    /// The run itself.
    pub(super) trace: Traced,
    pub(super) operations: Vec<Operation>,
    pub(super) against: Option<Against>,
    pub(super) causes: Option<ShownCauses>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Run {
    pub(super) test: String,
    pub(super) about: String,
    pub(super) part: String,
    pub(super) seed: String,
    pub(super) policy: String,
    pub(super) implementation: String,
    /// `passed`, `failed` or `skipped`.
    pub(super) verdict: &'static str,
    /// Why it was skipped, or what must be known about the verdict.
    pub(super) remark: Option<String>,
    pub(super) fingerprint: String,
    pub(super) servers: usize,
    /// How many more there are that are scripts.
    pub(super) scripted: usize,
    /// Whether clients call servers in the same process, and send no messages.
    pub(super) is_called: bool,
    /// The events of the scheduler, shown or not.
    pub(super) steps: u64,
}

/// Why a run failed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Failed {
    pub(super) headline: String,
    pub(super) rule: Option<String>,
    pub(super) expected: String,
    pub(super) seen: String,
    pub(super) hint: Option<String>,
    pub(super) place: Option<String>,
    pub(super) servers: Vec<usize>,
    pub(super) term: Option<u64>,
    /// The entry that it is about.
    pub(super) entry: Option<u64>,
    /// When, in nanoseconds.
    pub(super) at: u64,
    /// The lines that prove it, each with the place of its message in [`Traced::messages`].
    pub(super) proof: Vec<(String, Option<usize>)>,
    /// What the threads did when the run ended: thread, what it did, what it waits for, where it took the locks that it holds.
    pub(super) threads: Vec<(String, String, Option<String>, Vec<String>)>,
    pub(super) cycle: Vec<String>,
}

/// A trace in lists.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Traced {
    /// Texts that come often; elsewhere their places stand.
    pub(super) strings: Vec<String>,
    /// The names of the fields of a struct, as places in `strings`.
    pub(super) shapes: Vec<Vec<usize>>,
    pub(super) messages: Vec<Message>,
    pub(super) events: Vec<ShownEvent>,
    /// The place of each among all events of the run.
    #[serde(skip)]
    pub(super) indexes: Vec<u64>,
    /// How many of the oldest events were left out.
    pub(super) left_out: usize,
    pub(super) threads: Vec<Thread>,
    /// When the run ended, in nanoseconds.
    pub(super) end: u64,
}

impl Traced {
    /// How many bytes it will take in a page, about.
    pub(super) fn bytes_about(&self) -> usize {
        let contents: usize = self.messages.iter().map(|message| message.content.bytes() + 50).sum();
        let strings: usize = self.strings.iter().map(|text| text.len() + 3).sum();
        let waits: usize = self.threads.iter().map(|thread| 40 + 30 * thread.5.len()).sum();
        contents + strings + waits + 25 * self.events.len()
    }
}

/// A message, in the order of the fields.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) call: u64,
    pub(super) is_reply: bool,
    /// These three are places in `strings`.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) method: usize,
    pub(super) size: usize,
    /// When it was made and sent, in nanoseconds.
    pub(super) made: Option<u64>,
    pub(super) sent: Option<u64>,
    pub(super) content: Encoded,
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Self { call, is_reply, from, to, method, size, made, sent, content } = self;
        let waited = made.zip(*sent).map(|(made, sent)| sent.saturating_sub(made));
        (call, u8::from(*is_reply), from, to, method, size, sent, waited, content).serialize(out)
    }
}

/// An event. In the page it is a list: the nanoseconds since the event before, and [what it says](Said).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShownEvent {
    pub(super) after: u64,
    pub(super) said: Said,
}

/// What an event says, as a number for its kind, and what stands here. Messages are places in [`Traced::messages`], and other numbers
/// places in [`Traced::strings`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// 0: a message was sent.
    Sent(usize),
    /// 1: it was delivered.
    Delivered(usize),
    /// 2: a rule lost it: the message, the words.
    Lost(usize, usize),
    /// 3: a rule holds it back.
    Held(usize, usize),
    /// 4: it was of no use.
    Useless(usize, usize),
    /// 5: a mark of the harness: its name, its fields.
    Mark(usize, Encoded),
    /// 6: a log line: node, thread, text.
    Line(usize, usize, String),
    /// 7: something befell a node, or its code said so: the kind of event, node, text.
    Node(usize, usize, String),
    /// 8: a rule of the network began or ended.
    Rule(String),
}

impl Serialize for ShownEvent {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let after = self.after;
        match &self.said {
            Said::Sent(message) => (after, 0, message).serialize(out),
            Said::Delivered(message) => (after, 1, message).serialize(out),
            Said::Lost(message, words) => (after, 2, message, words).serialize(out),
            Said::Held(message, words) => (after, 3, message, words).serialize(out),
            Said::Useless(message, words) => (after, 4, message, words).serialize(out),
            Said::Mark(name, fields) => (after, 5, name, fields).serialize(out),
            Said::Line(node, thread, text) => (after, 6, node, thread, text).serialize(out),
            Said::Node(kind, node, text) => (after, 7, kind, node, text).serialize(out),
            Said::Rule(text) => (after, 8, text).serialize(out),
        }
    }
}

/// A thread: its node and name as places in `strings`, its number, when it began and ended, and its longer waits, each with
/// beginning, end, and the place of its words in `strings`.
pub(super) type Thread = (usize, usize, u64, u64, Option<u64>, Vec<(u64, u64, usize)>);

/// An operation of a client: who, call, answer, when it asked, when it ended, failed, illegal, its place in an order.
pub(super) type Operation = (u64, String, Option<String>, u64, Option<u64>, bool, bool, Option<usize>);

/// The run that this one is compared with.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Against {
    pub(super) label: String,
    pub(super) verdict: &'static str,
    pub(super) trace: Traced,
    /// How many events of both are the same from the beginning.
    pub(super) same: usize,
}

/// Where a run was lost, as it stands in the page.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ShownCauses {
    /// The place of the event of each moment in [`Traced::events`], how many continuations were run from there, and how many of
    /// them failed.
    pub(super) moments: Vec<(usize, u64, u64)>,
    pub(super) tries: u64,
    pub(super) jump: Option<usize>,
    /// That no event decides, in a sentence, where there is no jump.
    pub(super) none: Option<String>,
}

/// Where a run was lost: how likely it is to fail from each of its moments on.
#[derive(Clone, Debug)]
pub struct Causes {
    /// The moments that were tried, in the order of time.
    pub moments: Vec<Moment>,
    /// How many continuations each was given at most.
    pub tries: u64,
    /// The place in [`moments`](Self::moments) of the one after which the run was lost: there the share of continuations that fail
    /// rises since the one before.
    pub jump: Option<usize>,
    /// The event that happened there, in words.
    pub words: String,
}

impl Causes {
    /// Whether nearly all continuations fail from the first moment on: the test leads there whatever happens.
    #[must_use]
    pub fn leads_there(&self) -> bool {
        self.jump.is_none()
            && self
                .moments
                .first()
                .is_some_and(|first| first.tried > 0 && first.failed * 10 >= first.tried * 9)
    }

    /// The moments before and after the event after which the run was lost; `None` if there is no such event.
    #[must_use]
    pub fn around_jump(&self) -> Option<(Moment, Moment)> {
        let jump = self.jump?;
        Some((*self.moments.get(jump.checked_sub(1)?)?, *self.moments.get(jump)?))
    }
}

/// How often a run fails that is the same up to a moment and goes on otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The last event that is the same: its place among all events of the run.
    pub event: u64,
    /// When: nanoseconds of virtual time.
    pub at: u64,
    /// How many continuations were run.
    pub tried: u64,
    /// How many of them failed as the run did.
    pub failed: u64,
}
