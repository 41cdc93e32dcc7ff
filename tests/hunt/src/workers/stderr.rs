//! What a worker wrote to standard error during its last run; of one that crashes, what came last. Whoever wants to see it at
//! once gets it line by line.

use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use labrpc::sync::{Arc, Mutex};
use labrpc::thread;

use super::process::Echo;
use super::protocol::MARK;

/// How much is kept, in bytes: the end of it.
const KEPT_MAX: usize = 16 * 1024;

/// What was written since the last [mark](super::protocol::mark). Clones are the same.
#[derive(Clone, Default)]
pub(super) struct StderrTail {
    inner: Arc<Mutex<Inner>>,
    printer: Option<Printer>,
}

/// Shows lines on a thread of its own: where nobody reads what is shown (a pager, a terminal that was stopped), that thread
/// waits, and neither the worker nor who looks after it does. Lines for which there is no room any more are left out.
#[derive(Clone)]
struct Printer {
    lines: Sender<String>,
    /// Closed when all has been shown.
    shown: Receiver<()>,
}

/// So many lines may wait to be shown.
const WAITING_MAX: usize = 20_000;
/// So long one waits at the end for what has not been shown yet.
const SHOWN_WAIT: Duration = Duration::from_secs(1);

impl Printer {
    /// # Errors
    ///
    /// If the system starts no thread.
    fn start(echo: Echo) -> io::Result<Self> {
        let (lines, waiting) = crossbeam_channel::bounded::<String>(WAITING_MAX);
        let (done, shown) = crossbeam_channel::bounded(0);
        thread::Builder::new().spawn(move || {
            let _done: Sender<()> = done;
            waiting.iter().for_each(|line| echo(&line));
        })?;
        Ok(Self { lines, shown })
    }

    fn show(&self, line: &str) {
        // Full: nobody reads, and what comes now is the least of it.
        let _ = self.lines.try_send(line.to_owned());
    }
}

impl fmt::Debug for StderrTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[derive(Debug, Default)]
struct Inner {
    text: Vec<u8>,
    is_closed: bool,
}

impl StderrTail {
    /// # Errors
    ///
    /// If the system starts no thread.
    pub(super) fn new(echo: Option<Echo>) -> io::Result<Self> {
        Ok(Self { inner: Arc::default(), printer: echo.map(Printer::start).transpose()? })
    }

    /// Waits for what was written and is not shown yet, but not for ever. To be called when the stream has ended.
    pub(super) fn finish(&mut self) {
        if let Some(Printer { lines, shown }) = self.printer.take() {
            drop(lines);
            // Nothing is ever sent: it ends when the printing does.
            let _ = shown.recv_timeout(SHOWN_WAIT);
        }
    }

    /// Reads until the stream ends.
    pub(super) fn read_from(self, mut stream: impl Read) {
        let mut chunk = [0; 8 * 1024];
        let mut lines = Lines::default();
        // By chunks and not by lines: what is written last by a process that crashes often has no newline.
        while let Ok(length @ 1..) = stream.read(&mut chunk) {
            self.inner.lock().add(&chunk[..length]);
            if let Some(printer) = &self.printer {
                lines.add(&chunk[..length], |line| printer.show(line));
            }
        }
        if let Some(printer) = &self.printer {
            lines.end(|line| printer.show(line));
        }
        // An error ends it as well: nothing more can be read, which is all that this says.
        self.inner.lock().is_closed = true;
    }

    /// Whether the stream has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.inner.lock().is_closed
    }

    /// What was written during the last run.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.inner.lock().text).into_owned()
    }
}

impl Inner {
    fn add(&mut self, chunk: &[u8]) {
        self.text.extend_from_slice(chunk);
        // All marks of a chunk: several short runs can write theirs at once, and only what follows the last
        // belongs to the run that may crash. The search is over what was kept, as a mark can come in two
        // pieces.
        while let Some(end) = end_of_mark(&self.text) {
            self.text.drain(..end);
        }
        // From the front: of an endless complaint the end is what tells why.
        if self.text.len() > KEPT_MAX {
            self.text.drain(..self.text.len() - KEPT_MAX);
        }
    }
}

/// The lines of the stream as they become whole, without marks.
#[derive(Debug, Default)]
struct Lines {
    begun: Vec<u8>,
    /// How many were shown since the last mark.
    shown: usize,
}

/// So many lines of one run are shown. Who wants more of them runs that seed alone.
const SHOWN_MAX: usize = 10_000;

impl Lines {
    fn add(&mut self, chunk: &[u8], mut show: impl FnMut(&str)) {
        for piece in chunk.split_inclusive(|&byte| byte == b'\n') {
            self.begun.extend_from_slice(piece);
            // A flood without an end of line is shown in pieces.
            if piece.ends_with(b"\n") || self.begun.len() > KEPT_MAX {
                self.end(&mut show);
            }
        }
    }

    fn end(&mut self, mut show: impl FnMut(&str)) {
        let line = std::mem::take(&mut self.begun);
        let text = String::from_utf8_lossy(&line);
        // A mark ends its line. What stands before it was written without one.
        let text = text.trim_end_matches('\n');
        let is_number = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
        let (text, is_mark) = match text.rsplit_once(MARK) {
            Some((before, rest)) if is_number(rest) => (before.to_owned(), true),
            _ => (text.to_owned(), false),
        };
        self.shown += usize::from(!text.is_empty());
        match self.shown {
            _ if text.is_empty() => {}
            0..=SHOWN_MAX => show(&text),
            shown if shown == SHOWN_MAX + 1 => show("(this run prints more than is shown)"),
            _ => {}
        }
        if is_mark {
            self.shown = 0;
        }
    }
}

/// Where the first whole mark of a text ends.
fn end_of_mark(text: &[u8]) -> Option<usize> {
    let is_mark = |&start: &usize| {
        // A mark that is not there to its end is not one yet; the rest comes with the next chunk.
        let digits = text[start + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        digits > 0 && text.get(start + 1 + digits) == Some(&b'\n')
    };
    let starts = text.iter().enumerate().filter(|(_, byte)| **byte == MARK as u8).map(|(place, _)| place);
    let start = starts.into_iter().find(is_mark)?;
    let length = text[start..].iter().position(|&byte| byte == b'\n')?;
    Some(start + length + 1)
}

#[cfg(test)]
mod tests {
    use super::super::protocol::mark;
    use super::*;

    fn kept(chunks: &[&str]) -> String {
        let mut inner = Inner::default();
        for chunk in chunks {
            inner.add(chunk.as_bytes());
        }
        String::from_utf8(inner.text).unwrap()
    }

    #[test]
    fn text_of_the_last_run_alone_is_kept() {
        let marks = [mark(1), mark(22)];
        assert_eq!(kept(&[&marks[0], "a\n", "b"]), "a\nb");
        assert_eq!(kept(&[&marks[0], "a\n", &marks[1], "b"]), "b");
        assert_eq!(kept(&[&format!("{}a{}b{}", marks[0], marks[1], marks[0]), "c"]), "c");
        assert_eq!(kept(&["x\u{1e}", "12", "\n", "y"]), "y", "a mark in pieces");
        assert_eq!(kept(&["x\u{1e}12y"]), "x\u{1e}12y", "no mark");
    }

    #[test]
    fn lines_are_shown_whole_and_without_marks() {
        let (mut lines, mut shown) = (Lines::default(), Vec::new());
        for chunk in [&mark(1), "a", "b\n", &mark(2), "c", &mark(3), "d"] {
            lines.add(chunk.as_bytes(), |line| shown.push(line.to_owned()));
        }
        lines.end(|line| shown.push(line.to_owned()));
        assert_eq!(shown, ["ab", "c", "d"]);
    }

    #[test]
    fn flood_is_shown_in_part_and_the_next_run_again() {
        let (mut lines, mut shown) = (Lines::default(), 0);
        lines.add("x\n".repeat(2 * SHOWN_MAX).as_bytes(), |_| shown += 1);
        assert_eq!(shown, SHOWN_MAX + 1);
        lines.add(format!("{}y\n", mark(2)).as_bytes(), |line| assert_eq!(line, "y"));
    }

    #[test]
    fn flood_is_kept_to_its_end() {
        let flood = "x".repeat(KEPT_MAX);
        let text = kept(&[&mark(1), &flood, &flood, "end"]);
        assert!(text.len() == KEPT_MAX && text.ends_with("xend"));
    }
}
