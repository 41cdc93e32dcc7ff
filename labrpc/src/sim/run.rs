//! The run loop, and the two OS threads of a simulation: one that runs it, one that waits and watches.
//!
//! A simulation has an OS thread of its own. The caller of [`Sim::run`](super::Sim::run) waits for it and looks
//! now and then whether it still moves. If a simulated thread never comes back, the caller reports that and
//! leaves the OS thread behind; it cannot be stopped, but it holds nothing that anybody needs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use log::LevelFilter;
use parking_lot::Mutex;

use super::cause::{Cause, PanicReport};
use super::context::{self, set_core, with_core};
use super::core::Core;
use super::end_of_run::{self, Fibers, take_new_fibers};
use super::event::Kind;
use super::exits;
use super::failure::{Failure, Report};
use super::fiber::{self, Resumed};
#[cfg(unix)]
use super::overflow;
use super::panics;
use super::runs;
use super::settings::Settings;
use super::stall::Heartbeat;
use super::threads::{NONE, Name};
use super::trace::{Trace, Tracing};
use crate::thread::{Body, Value, drop_locals, hide};

/// Runs `body` as the first thread of a simulation.
pub(crate) fn run<T: Send + 'static>(
    settings: Settings,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<(T, Report), Box<Failure>> {
    let (value, report) = run_hidden(settings, hide(body))?;
    Ok((*value.downcast().expect("what the body returned"), report))
}

/// As [`run`], once for all types.
fn run_hidden(settings: Settings, body: Body) -> Outcome {
    assert!(
        !context::is_simulated(),
        "a simulation cannot be started inside a simulation: call Sim::run from a test or from main"
    );
    panics::install_hook();
    #[cfg(unix)]
    overflow::install_handler();
    exits::watch();
    if settings.tracing != Tracing::Off && log::max_level() < LevelFilter::Trace {
        // The trace takes its log lines from the logger, which hears only of what passes this filter.
        log::set_max_level(LevelFilter::Trace);
    }
    let heartbeat = Arc::new(Heartbeat::default());
    let outcome = Arc::new(Mutex::new(None));
    let (done, is_done) = crossbeam_channel::bounded(1);
    let watched = Arc::clone(&heartbeat);
    let kept = settings.clone();
    let decided = Arc::clone(&outcome);
    let name = std::thread::current().name().unwrap_or("simulation").to_owned();
    std::thread::Builder::new()
        .name(name)
        .spawn(move || simulate(kept, heartbeat, body, decided, done))
        .expect("the machine can start an OS thread for a simulation");
    watch(&settings, &watched, &outcome, &is_done)
}

/// How a run went: what its body returned, or what ended it.
type Outcome = Result<(Value, Report), Box<Failure>>;

/// Waits for the outcome, and gives up when no step was taken for too long.
fn watch(
    settings: &Settings,
    heartbeat: &Heartbeat,
    decided: &Mutex<Option<Outcome>>,
    is_done: &Receiver<()>,
) -> Outcome {
    let mut seen = heartbeat.beats();
    let mut looks_in_vain = 0;
    loop {
        let waited = is_done.recv_timeout(settings.stall / LOOKS);
        let beats = heartbeat.beats();
        looks_in_vain = if beats == seen { looks_in_vain + 1 } else { 0 };
        if waited == Err(RecvTimeoutError::Timeout) && looks_in_vain < LOOKS {
            seen = beats;
            continue;
        }
        // Not only when all is done: what was decided holds, though a destructor may not come to an end.
        let Some(outcome) = decided.lock().take() else {
            return Err(Box::new(stalled(settings, heartbeat)));
        };
        if waited.is_err() {
            fiber::count_thread_left();
            end_of_run::remark(&format!(
                "labrpc: the run is over, and a destructor of {} does not come to its end. It stays behind.\n",
                heartbeat.last_resumed().0
            ));
        }
        return outcome;
    }
}

/// So often one looks before a thread is said not to give way. Not once at the end: a process that is stopped, or a machine
/// that sleeps, lets time pass in which nobody could take a step, and that is one look in vain, however long it takes.
const LOOKS: u32 = 10;

fn stalled(settings: &Settings, heartbeat: &Heartbeat) -> Failure {
    // The OS thread that has the core does not answer, so nothing else is known than what it left in the
    // heartbeat.
    let (thread, time_ns) = heartbeat.last_resumed();
    Failure {
        // The thread may stand anywhere, so nothing is waited for.
        system_calls: heartbeat.system_calls.try_lock().map_or_else(Vec::new, |calls| calls.report()),
        cause: Cause::Stall { thread, time_ns, stalled: settings.stall },
        report: Report {
            replay: settings.replay(),
            elapsed: Duration::from_nanos(time_ns),
            steps: heartbeat.beats(),
            threads_started: 0,
            threads_left: Vec::new(),
            cycle: Vec::new(),
            preemptions: Vec::new(),
            choices: Vec::new(),
            covered: Vec::new(),
            trace: Trace::default(),
        },
    }
}

/// The whole life of a simulation, on its own OS thread.
fn simulate(
    settings: Settings,
    heartbeat: Arc<Heartbeat>,
    body: Body,
    decided: Arc<Mutex<Option<Outcome>>>,
    done: Sender<()>,
) {
    let run = runs::begin();
    set_core(Some(Box::new(Core::new(settings, run, Arc::clone(&heartbeat)))));
    let value = Arc::new(Mutex::new(None));
    start_first(body, Arc::clone(&value));
    let mut fibers = Fibers::new();
    let cause = run_loop(&mut fibers);
    // Before any thread is unwound: it is about who is left and what each waits for.
    let report = with_core(|core| core.report());
    let value = value.lock().take();
    let (outcome, unwanted) = match (cause, value) {
        (None, Some(value)) => (Ok((value, report)), None),
        (Some(cause), value) => {
            let system_calls = heartbeat.system_calls.lock().report();
            (Err(Box::new(Failure { cause, report, system_calls })), value)
        }
        (None, None) => unreachable!("the body returned a value or the run failed"),
    };
    *decided.lock() = Some(outcome);
    let finish = move || {
        runs::end(run);
        // Nobody listens any more when the run was given up as stalled, or when this was said before.
        let _ = done.try_send(());
    };
    end_of_run::set_give_up(Some(Box::new(finish.clone())));
    end_of_run::drop_all(&mut fibers, Box::new(move || drop(unwanted)));
    end_of_run::set_give_up(None);
    // Last, and by value: destructors in the core may ask whether they are in a simulation, and find that
    // they are not.
    set_core(None);
    finish();
}

/// Starts the thread of the body, which leaves what it returns in `value`.
fn start_first(body: Body, value: Arc<Mutex<Option<Value>>>) {
    let first = thread_main(
        hide(move || {
            let returned = body();
            *value.lock() = Some(returned);
        }),
        |outcome| match outcome {
            Ok(_) => with_core(|core| core.body_returned = true),
            Err(payload) => {
                let panic = panic_report(&*payload);
                with_core(|core| core.fail(Cause::Panic(panic)));
                drop_caught(payload);
            }
        },
    );
    if let Err(error) = context::start_thread(None, Name::Static("main"), None, first) {
        with_core(|core| {
            core.fail(Cause::Misuse { thread: "tester/main".into(), time_ns: 0, message: error.to_string() })
        });
    }
}

/// Wraps what a thread does so that no panic leaves it. `end` hears how it went, while the thread still is the
/// running one.
pub(crate) fn thread_main(
    body: Body,
    end: impl FnOnce(std::thread::Result<Value>) + 'static,
) -> Box<dyn FnOnce()> {
    Box::new(move || {
        if context::is_over() {
            // It never began.
            return end_of_run::drop_last((body, end));
        }
        let mut outcome = catch_unwind(AssertUnwindSafe(body));
        if !context::is_over()
            && let Err(panic) = catch_unwind(drop_locals)
        {
            outcome = Err(panic);
        }
        if context::is_over() {
            // Unwound by the end of the run, or returned during it: nobody wants to know.
            return end_of_run::drop_last((outcome, end));
        }
        // In this order, so that the trace has a panic before the exit of its thread.
        end(outcome);
        with_core(|core| core.end_thread());
    })
}

/// Drops what a thread has left, at its end, where no panic may leave it. If the destructor panics the run fails, as a process does; if it
/// has failed already, because this is what the thread has panicked with, it stays at that.
pub(crate) fn drop_caught<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        let panic = panic_report(&*payload);
        with_core(|core| core.fail(Cause::Panic(panic)));
        // It may be of the same kind, and so on.
        std::mem::forget(payload);
    }
}

/// What is known of the panic that the running thread has just caught.
pub(crate) fn panic_report(payload: &(dyn std::any::Any + Send)) -> PanicReport {
    let message = panics::message(payload);
    with_core(|core| {
        core.record_with(Kind::Panic, 0, || message.clone());
        let slot = core.threads.slot_mut(core.current);
        let mut joined = std::mem::take(&mut slot.joined);
        // A panic that somebody goes on with has passed no hook here. What the hook saw last may be another one.
        let origin = slot.origin.take().filter(|origin| origin.message == message);
        // It may be that of a thread that this one has joined (`resume_unwind`). There it has its place.
        if origin.is_none()
            && let Some(place) = joined.iter().position(|other| other.message == message)
        {
            return joined.swap_remove(place);
        }
        PanicReport {
            thread: core.current_name(),
            time_ns: core.now,
            location: origin.as_ref().map(|origin| origin.location.clone()),
            message,
            backtrace: origin.and_then(|origin| origin.backtrace),
            joined,
        }
    })
}

/// What the run loop does next.
enum Next {
    Resume(usize),
    Call(Box<dyn FnOnce()>),
    End,
}

/// Runs what is ready, else advances the clock to the next deadline, else reports a deadlock.
fn run_loop(fibers: &mut Fibers) -> Option<Cause> {
    let mut next = with_core(|core| choose(core, fibers));
    loop {
        match next {
            Next::Resume(slot) => {
                let fiber = fibers[slot].as_mut().expect("a thread that can run has a fiber");
                let is_finished = fiber.resume() == Resumed::Finished;
                next = with_core(|core| {
                    core.current = NONE;
                    if is_finished {
                        free_thread(core, fibers, slot);
                    }
                    choose(core, fibers)
                });
            }
            Next::Call(call) => {
                call();
                next = with_core(|core| choose(core, fibers));
            }
            Next::End => return with_core(|core| core.cause.take()),
        }
    }
}

/// A thread has ended: its stack and its slot can be used again.
fn free_thread(core: &mut Core, fibers: &mut Fibers, slot: usize) {
    let fiber = fibers[slot].take().expect("a thread that has just run has a fiber");
    core.stacks.give_back(fiber.into_stack());
    core.threads.remove(slot as u32);
}

fn choose(core: &mut Core, fibers: &mut Fibers) -> Next {
    // First of all, since the thread that was picked may be a new one.
    if !core.new_fibers.is_empty() {
        take_new_fibers(core, fibers);
    }
    loop {
        if core.cause.is_some() || core.body_returned {
            // The body may have returned in peace. A panic that nobody asked for is a failure all the same.
            if !core.unjoined.is_empty() {
                core.fail_with_unjoined();
            }
            return Next::End;
        }
        // Before any thread: they fell due at this time, and whom they wake takes part in the choice. One by
        // one, because each may end the run.
        if !core.calls.is_empty() {
            return Next::Call(core.calls.remove(0));
        }
        // A step has picked already. Who waits or has ended has not, and then it is done here; to do it twice
        // would draw twice.
        let Some(slot) = core.picked.take().or_else(|| core.pick()) else {
            if !core.skip_to_next_deadline() {
                let deadlock = core.deadlock();
                core.fail(deadlock);
            }
            continue;
        };
        core.current = slot;
        core.happens(slot);
        core.heartbeat.beat(slot, core.now);
        // It takes the lock that it was woken for before anything else runs. If it crashes after that, the
        // lock is among those that it holds.
        core.threads.slot_mut(slot).woken_for = None;
        return Next::Resume(slot as usize);
    }
}

impl Core {
    /// What the run leaves behind.
    fn report(&mut self) -> Report {
        let mut threads_left = self.report_threads();
        threads_left.retain(|thread| thread.thread != "tester/main");
        Report {
            replay: self.settings.replay(),
            elapsed: Duration::from_nanos(self.now),
            steps: self.steps,
            threads_started: self.threads.started(),
            threads_left,
            cycle: self.cycle(),
            preemptions: self.scheduler.take_preemptions(),
            choices: self.scheduler.take_choices(),
            covered: self.coverage.take().map_or_else(Vec::new, |coverage| coverage.finish()),
            trace: self.recorder.finish(),
        }
    }
}
