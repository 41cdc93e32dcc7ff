//! Runs a body in the real world: on threads of its own, with an eye on panics of all of them, and on hangs.
//!
//! Threads of a run bear its number in their node's name, `S2@7`. A panic that ends one of them is the run's failure, and it is
//! told once, in the report, unless the node has lost its power or was shut down before. In a simulation it is none if somebody
//! joins the thread and deals with it; here nobody can tell in time.

#![allow(
    clippy::disallowed_types,
    reason = "the panic hook is the process's, and no simulated thread sees this"
)]

use std::cell::RefCell;
use std::fmt;
use std::panic::PanicHookInfo;
use std::sync::Once;
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use parking_lot::Mutex;
use std::collections::BTreeMap;

use crate::record::Record;
use lab_referee::Violation;

/// The guard against hangs: a test takes 45 s at the longest, on a busy machine perhaps twice that.
const WALL_MAX: Duration = Duration::from_secs(300);

/// The records of the runs under way, by number.
static UNDER_WAY: Mutex<BTreeMap<u64, Arc<Record>>> = Mutex::new(BTreeMap::new());

/// What ended a run of the real world that did not end by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RealCause {
    /// The scenario's thread has panicked, with this text. What the code under test has to do with it is in the violation.
    Panic(String),
    /// It has not ended after so long.
    Hang(Duration),
}

impl fmt::Display for RealCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic(text) => f.write_str(text),
            Self::Hang(after) => {
                write!(f, "the test hangs: it has not ended after {} s of real time", after.as_secs())
            }
        }
    }
}

/// Runs `body` as run number `run`.
///
/// # Errors
///
/// What it panicked with, or that it hangs.
pub(crate) fn run(
    run: u64,
    record: &Arc<Record>,
    body: impl FnOnce() + Send + 'static,
) -> Result<(), RealCause> {
    install_hook();
    UNDER_WAY.lock().insert(run, Arc::clone(record));
    let (done, result) = crossbeam_channel::bounded(1);
    NodeHandle::new(format!("tester@{run}")).spawn("scenario", move || {
        // The panic hook has put the panic on record. Caught, it does not take the thread down before the
        // result is sent.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
        if outcome.is_err() {
            note_last_panic();
        }
        // Nobody listens any more when the run was given up.
        let _ = done.send(outcome.map_err(|panic| RealCause::Panic(message(&*panic))));
    });
    let outcome = match result.recv_timeout(WALL_MAX) {
        Ok(outcome) => outcome,
        // The thread cannot be ended from outside: it stays behind until the process ends, and holds no other
        // test up.
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(RealCause::Hang(WALL_MAX)),
    };
    UNDER_WAY.lock().remove(&run);
    outcome
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".into())
}

labrpc::thread_local! {
    /// What the hook saw of this thread's last panic, with the number of the run. It counts when it ends the thread: one that is
    /// caught may be the ordinary course of things.
    static LAST_PANIC: RefCell<Option<(u64, Violation)>> = const { RefCell::new(None) };
}

/// Keeps panics of runs from being printed twice, and makes those that end a thread of a server the failure of their run.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        labrpc::thread::on_panicked(note_last_panic);
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let node = NodeHandle::current();
            let number = node.name().split_once('@').and_then(|(_, number)| number.parse::<u64>().ok());
            match number {
                // A simulation keeps the panics of its threads for its own report.
                _ if labrpc::sim::is_active() => previous(info),
                Some(number) => keep_panic(number, &node, info),
                None => previous(info),
            }
        }));
    });
}

fn keep_panic(run: u64, node: &NodeHandle, info: &PanicHookInfo<'_>) {
    // A thread of a machine that is off, which could not be stopped: in a simulation it would have ended.
    if node.is_crashed() {
        return forget_last_panic();
    }
    let name = node.name().split('@').next().unwrap_or(node.name());
    let text = message_of(info);
    let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
    let violation = Violation {
        headline: format!("{name} panicked: {text}"),
        expected: "no panic".into(),
        seen: text,
        place,
        is_panic: true,
        ..Violation::default()
    };
    // A thread that panics while its values are dropped has no room for it any more.
    let _ = LAST_PANIC.try_with(|last| *last.borrow_mut() = Some((run, violation)));
}

fn forget_last_panic() {
    let _ = LAST_PANIC.try_with(RefCell::take);
}

/// The last panic of this thread ends it.
fn note_last_panic() {
    let Ok(Some((run, violation))) = LAST_PANIC.try_with(RefCell::take) else { return };
    let record = UNDER_WAY.lock().get(&run).cloned();
    if let Some(record) = record {
        record.note_violation(violation);
    }
}

fn message_of(info: &PanicHookInfo<'_>) -> String {
    message(info.payload())
}
