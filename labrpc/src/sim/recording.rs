//! How the scheduler writes the trace: who did what, and the words for it when somebody wants them.

use std::panic::Location;
use std::sync::Arc;

use super::core::Core;
use super::event::Kind;
use super::threads::NONE;
use super::trace::RawEvent;
use super::words::{TracedMessage, Words};

impl Core {
    #[inline]
    pub(crate) fn record(&mut self, kind: Kind, payload: u64, location: &'static Location<'static>) {
        let event = self.raw_event(kind, payload);
        if self.recorder.add(event) {
            self.keep(event, Words::Place(location));
        }
    }

    /// Records an event whose detail is worth its words only when it is kept.
    pub(crate) fn record_with(&mut self, kind: Kind, payload: u64, detail: impl FnOnce() -> String) {
        let event = self.raw_event(kind, payload);
        if self.recorder.add(event) {
            self.keep(event, Words::Text(detail()));
        }
    }

    /// Records an event about a message.
    pub(crate) fn record_message(&mut self, kind: Kind, payload: u64, message: Box<TracedMessage>) {
        let event = self.raw_event(kind, payload);
        if self.recorder.add(event) {
            self.keep(event, Words::Message(message));
        }
    }

    #[inline]
    fn raw_event(&self, kind: Kind, payload: u64) -> RawEvent {
        let (node, thread) = match self.current {
            NONE => (0, u64::from(NONE)),
            current => {
                let slot = self.threads.slot(current);
                (slot.node.index() as u32, slot.number)
            }
        };
        RawEvent { time_ns: self.now, node, thread, kind, payload }
    }

    /// Keeps a log line, or a mark, with the trace, if there is one.
    pub(crate) fn annotate(&mut self, words: Words) {
        let kind = if matches!(words, Words::Mark(_)) { Kind::Mark } else { Kind::Log };
        let event = self.raw_event(kind, 0);
        let names = self.names(event);
        self.recorder.annotate(event, self.steps, names, words);
    }

    #[cold]
    fn keep(&mut self, event: RawEvent, words: Words) {
        let names = self.names(event);
        self.recorder.keep(event, self.steps, names, words);
    }

    /// The names of an event's node and thread. Threads keep theirs, so that an event does not make it anew.
    fn names(&mut self, event: RawEvent) -> (Arc<str>, Arc<str>) {
        let node = self.nodes[event.node as usize].name_arc();
        if self.current == NONE {
            return (node, Arc::from(self.thread_shown()));
        }
        // A thread's name never changes, and a full trace asks for it once for every event.
        if let Some(shown) = &self.threads.slot(self.current).shown {
            return (node, Arc::clone(shown));
        }
        let shown: Arc<str> = Arc::from(self.thread_shown());
        self.threads.slot_mut(self.current).shown = Some(Arc::clone(&shown));
        (node, shown)
    }

    /// The name of the running thread, without its node.
    pub(crate) fn thread_shown(&self) -> String {
        match self.current {
            NONE => "network".to_owned(),
            current => self.thread_name(current),
        }
    }
}
