//! How the scheduler writes the trace: who did what, and the words for it when somebody wants them.

use std::panic::Location;

use super::core::Core;
use super::threads::NONE;
use super::trace::{Kind, RawEvent};

impl Core {
    #[inline]
    pub(crate) fn record(&mut self, kind: Kind, payload: u64, location: &'static Location<'static>) {
        let event = self.raw_event(kind, payload);
        if self.recorder.add(event) {
            self.keep(event, format!("at {}:{}", location.file(), location.line()));
        }
    }

    /// Records an event whose detail is worth its words only when it is kept.
    pub(crate) fn record_with(&mut self, kind: Kind, payload: u64, detail: impl FnOnce() -> String) {
        let event = self.raw_event(kind, payload);
        if self.recorder.add(event) {
            self.keep(event, detail());
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

    /// Keeps a log line with the trace, if there is one.
    pub(crate) fn annotate(&mut self, text: String) {
        let event = self.raw_event(Kind::Log, 0);
        let thread = self.thread_shown();
        let node = &self.nodes[event.node as usize];
        self.recorder.annotate(event, node.name(), thread, text);
    }

    #[cold]
    fn keep(&mut self, event: RawEvent, detail: String) {
        let thread = self.thread_shown();
        let node = &self.nodes[event.node as usize];
        self.recorder.keep(event, node.name(), thread, detail);
    }

    /// The name of the running thread, without its node.
    pub(crate) fn thread_shown(&self) -> String {
        match self.current {
            NONE => "network".to_owned(),
            current => self.thread_name(current),
        }
    }
}
