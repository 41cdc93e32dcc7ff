//! The run loop, and the two OS threads of a simulation: one that runs it, one that waits and watches.
//!
//! A simulation has an OS thread of its own. The caller of [`Sim::run`](super::Sim::run) waits for it and looks
//! now and then whether it still moves. If a simulated thread never comes back, the caller reports that and
//! leaves the OS thread behind; it cannot be stopped, but it holds nothing that anybody needs.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use log::LevelFilter;
use parking_lot::Mutex;

use super::cause::{Cause, PanicReport};
use super::context::{self, set_core, with_core};
use super::core::Core;
use super::event::Kind;
use super::failure::{Failure, Report};
use super::fiber::{Fiber, Resumed};
#[cfg(unix)]
use super::overflow;
use super::panics;
use super::settings::Settings;
use super::stall::Heartbeat;
use super::threads::{NONE, Name, Woken};
use super::trace::{Trace, Tracing};

/// Runs `body` as the first thread of a simulation.
pub(crate) fn run<T: Send + 'static>(
    settings: Settings,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<(T, Report), Box<Failure>> {
    assert!(
        !context::is_simulated(),
        "a simulation cannot be started inside a simulation: call Sim::run from a test or from main"
    );
    panics::install_hook();
    #[cfg(unix)]
    overflow::install_handler();
    if settings.tracing != Tracing::Off && log::max_level() < LevelFilter::Trace {
        // The trace takes its log lines from the logger, which hears only of what passes this filter.
        log::set_max_level(LevelFilter::Trace);
    }
    let heartbeat = Arc::new(Heartbeat::default());
    let (done, result) = crossbeam_channel::bounded(1);
    let watched = Arc::clone(&heartbeat);
    let kept = settings.clone();
    let name = std::thread::current().name().unwrap_or("simulation").to_owned();
    std::thread::Builder::new()
        .name(name)
        .spawn(move || {
            let outcome = simulate(kept, heartbeat, body);
            // Nobody listens any more when the run was given up as stalled; then the result is late, not lost.
            let _ = done.send(outcome);
        })
        .expect("the machine can start an OS thread for a simulation");
    watch(&settings, &watched, &result)
}

/// Waits for the result, and gives up when no step was taken for too long.
fn watch<T>(
    settings: &Settings,
    heartbeat: &Heartbeat,
    result: &crossbeam_channel::Receiver<Result<(T, Report), Box<Failure>>>,
) -> Result<(T, Report), Box<Failure>> {
    let mut seen = heartbeat.beats();
    let mut looks_in_vain = 0;
    loop {
        match result.recv_timeout(settings.stall / LOOKS) {
            Ok(outcome) => return outcome,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                unreachable!("the thread of a simulation sends its outcome before it ends")
            }
        }
        let beats = heartbeat.beats();
        looks_in_vain = if beats == seen { looks_in_vain + 1 } else { 0 };
        if looks_in_vain >= LOOKS {
            return Err(Box::new(stalled(settings, heartbeat)));
        }
        seen = beats;
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
        cause: Cause::Stall { thread, time_ns, stalled: settings.stall },
        report: Report {
            replay: settings.replay(),
            elapsed: Duration::from_nanos(time_ns),
            steps: heartbeat.beats(),
            threads_started: 0,
            threads_left: Vec::new(),
            cycle: Vec::new(),
            preemptions: Vec::new(),
            trace: Trace::default(),
        },
    }
}

/// A number for each simulation of the process, never 0, so that a lock can tell which one last used it.
fn next_run() -> u32 {
    static RUNS: AtomicU32 = AtomicU32::new(1);
    loop {
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        if run != 0 {
            return run;
        }
    }
}

/// The simulations that have not ended, so that what they leave behind can tell whether they still go on.
static LIVE: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Whether a simulation has not ended yet.
pub(crate) fn is_live(run: u32) -> bool {
    LIVE.lock().contains(&run)
}

/// The whole life of a simulation, on its own OS thread.
fn simulate<T: Send + 'static>(
    settings: Settings,
    heartbeat: Arc<Heartbeat>,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<(T, Report), Box<Failure>> {
    let run = next_run();
    LIVE.lock().insert(run);
    set_core(Some(Box::new(Core::new(settings, run, heartbeat))));
    let value = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&value);
    let first = thread_main(
        move || {
            let value = body();
            *slot.lock() = Some(value);
        },
        |outcome| match outcome {
            Ok(()) => with_core(|core| core.body_returned = true),
            Err(payload) => {
                let panic = panic_report(&*payload);
                with_core(|core| core.fail(Cause::Panic(panic)));
            }
        },
    );
    if let Err(error) = context::start_thread(None, Name::Static("main"), first) {
        with_core(|core| {
            core.fail(Cause::Misuse { thread: "tester/main".into(), time_ns: 0, message: error.to_string() })
        });
    }
    let mut fibers = Fibers::new();
    let cause = run_loop(&mut fibers);
    // Before the threads are unwound: it is about who is left and what each waits for.
    let report = with_core(|core| core.report());
    unwind_all(&mut fibers);
    // Last, and by value: destructors in the core may ask whether they are in a simulation, and find that
    // they are not.
    set_core(None);
    LIVE.lock().remove(&run);
    let value = value.lock().take();
    match (cause, value) {
        (None, Some(value)) => Ok((value, report)),
        (Some(cause), _) => Err(Box::new(Failure { cause, report })),
        (None, None) => unreachable!("the body returned a value or the run failed"),
    }
}

/// Wraps what a thread does so that no panic leaves it. `end` hears how it went, while the thread still is the
/// running one.
pub(crate) fn thread_main<T>(
    body: impl FnOnce() -> T + 'static,
    end: impl FnOnce(std::thread::Result<T>) + 'static,
) -> Box<dyn FnOnce()> {
    Box::new(move || {
        let outcome = catch_unwind(AssertUnwindSafe(body));
        if context::is_over() {
            // Unwound by the end of the run, or returned during it: nobody wants to know.
            return;
        }
        // In this order, so that the trace has a panic before the exit of its thread.
        end(outcome);
        with_core(|core| core.end_thread(Location::caller()));
    })
}

/// What is known of the panic that the running thread has just caught.
pub(crate) fn panic_report(payload: &(dyn std::any::Any + Send)) -> PanicReport {
    let origin = panics::take_origin();
    let message = panics::message(payload);
    with_core(|core| {
        core.record_with(Kind::Panic, 0, || message.clone());
        PanicReport {
            thread: core.current_name(),
            time_ns: core.now,
            location: origin.as_ref().map(|origin| origin.location.clone()),
            message,
            backtrace: origin.and_then(|origin| origin.backtrace),
        }
    })
}

/// What the run loop does next.
enum Next {
    Resume(usize),
    Call(Box<dyn FnOnce()>),
    End,
}

/// The fibers of all threads, by slot. They are not in the core, because one of them runs while others borrow it.
type Fibers = Vec<Option<Fiber>>;

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

/// Takes over the fibers of new threads.
fn take_new_fibers(core: &mut Core, fibers: &mut Fibers) {
    for (slot, fiber) in core.new_fibers.drain(..) {
        let slot = slot as usize;
        if fibers.len() <= slot {
            fibers.resize_with(slot + 1, || None);
        }
        fibers[slot] = Some(fiber);
    }
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
        let Some(slot) = core.picked.take().or_else(|| core.scheduler.pick()) else {
            if !core.skip_to_next_deadline() {
                let deadlock = core.deadlock();
                core.fail(deadlock);
            }
            continue;
        };
        core.current = slot;
        core.heartbeat.beat(slot, core.now);
        // It takes the lock that it was woken for before anything else runs. If it crashes after that, the
        // lock is among those that it holds.
        core.threads.slot_mut(slot).woken_for = None;
        return Next::Resume(slot as usize);
    }
}

/// Drops what the remaining threads own, youngest thread first, so that a scoped thread goes before the frame
/// that it borrows from. Nothing waits and nothing is scheduled meanwhile. A thread from which a lock was taken is left as
/// it is: see [`super::lock_owners`].
fn unwind_all(fibers: &mut Fibers) {
    with_core(|core| {
        core.is_over = true;
        take_new_fibers(core, fibers);
    });
    for slot in with_core(|core| core.threads.by_age()).into_iter().rev() {
        let Some(mut fiber) = fibers[slot as usize].take() else { continue };
        if with_core(|core| core.threads.slot(slot).is_left) {
            fiber.leak();
            continue;
        }
        let goes_on = with_core(|core| {
            core.current = slot;
            let thread = core.threads.slot_mut(slot);
            thread.woken = Woken::ByTheEnd;
            thread.is_unwinding || thread.is_locking
        });
        // A thread that waits in a destructor, after a panic, is unwinding already and only needs to go on. One that
        // waits for a lock must have it before it can be unwound.
        let stack = if goes_on && fiber.resume() == Resumed::Finished {
            fiber.into_stack()
        } else if with_core(|core| core.threads.slot(slot).is_left) {
            // It would have waited for itself.
            fiber.leak();
            with_core(|core| core.current = NONE);
            continue;
        } else {
            // So that its destructors take no steps: a step would give way on a stack that is being torn
            // down.
            with_core(|core| core.threads.slot_mut(slot).has_panicked = true);
            fiber.unwind()
        };
        with_core(|core| {
            core.stacks.give_back(stack);
            core.current = NONE;
        });
    }
    let rest = with_core(|core| (core.timers.drain(), std::mem::take(&mut core.calls)));
    // Calls that never came. What they own is dropped where the core is not borrowed.
    drop(rest);
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
            trace: self.recorder.finish(),
        }
    }
}
