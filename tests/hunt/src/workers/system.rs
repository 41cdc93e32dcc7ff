//! What workers need of the operating system. They run on Linux and macOS; on Linux their memory is watched as well.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use labrpc::sync::Mutex;

/// Takes the streams of the protocol, jobs and answers, away from the code under test: from now on its standard input
/// is empty, and what it prints goes to standard error. That comes third, without the lock that std has around it: code under
/// test may hold it for ever.
#[cfg(unix)]
pub(super) fn take_streams() -> io::Result<(File, File, File)> {
    use std::os::fd::AsFd;
    // Copies of the descriptors under other numbers. Then 0 and 1 are given to something harmless, so that
    // code under test finds open streams there: a closed one would be taken by the next file that somebody
    // opens.
    let jobs = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let answers = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    let errors = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    Ok((jobs, answers, errors))
}

#[cfg(not(unix))]
pub(super) fn take_streams() -> io::Result<(File, File, File)> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "worker processes need Linux or macOS; on Windows use WSL",
    ))
}

/// Makes the system kill this process when the one that started it is gone, so that a program that is killed leaves no
/// endless loops behind. On systems that cannot do that, a worker ends with its next answer.
pub fn die_with_parent() {
    #[cfg(target_os = "linux")]
    {
        // Only old kernels refuse, and then the next answer ends it.
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    }
}

/// A command that runs this executable. On Linux it is this very file, even if another build has replaced it meanwhile.
pub(super) fn this_program() -> io::Result<Command> {
    Ok(other_program(&executable()?))
}

/// Whether a variable of the environment tells nothing of whoever grades: the ones without which programs or their words do not
/// work.
pub(super) fn is_harmless(name: &OsStr) -> bool {
    const HARMLESS: [&str; 10] =
        ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "TERM", "NO_COLOR", "RUST_BACKTRACE", "RUST_LOG"];
    HARMLESS.iter().any(|harmless| name == *harmless)
}

/// A command that runs this program.
pub(super) fn other_program(program: &Path) -> Command {
    let mut command = Command::new(program);
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // Ctrl-C on a terminal goes to this program alone, which then ends its workers itself. And what a worker has
        // started can be ended with it.
        command.process_group(0);
    }
    command
}

/// Where this executable is.
pub(crate) fn executable() -> io::Result<PathBuf> {
    // The link leads to the file that was started, also after cargo has written another one in its place:
    // half of the workers of another build would be a riddle.
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
}

/// Makes the command run as another user, if there is one: who is root can do that.
pub(super) fn run_as(command: &mut Command, user: Option<(u32, u32)>) {
    #[cfg(unix)]
    if let Some((user, group)) = user {
        use std::os::unix::process::CommandExt;
        // The order is the system's: the group while there is still the right to change it.
        command.gid(group).uid(user);
    }
    #[cfg(not(unix))]
    let _ = (command, user);
}

/// Ends a child and all processes in its group, of which it must be the first. Its status must not have been taken yet: until then
/// its number is its own.
pub fn kill_group(worker: &mut Child) {
    #[cfg(unix)]
    {
        // It may be gone already, and so may be the group.
        let _ = rustix::process::kill_process_group(
            rustix::process::Pid::from_child(worker),
            rustix::process::Signal::KILL,
        );
    }
    // In the moment between fork and exec it is in no group of its own.
    let _ = worker.kill();
}

/// Whether a child has ended. Its status stays there, and its number is not given to another process. (Where that cannot be asked
/// it is taken for ended: there are no workers there.)
#[cfg(unix)]
pub fn has_ended(worker: &Child) -> bool {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    // An error means that it is no child any more.
    waitid(WaitId::Pid(Pid::from_child(worker)), options).map_or(true, |status| status.is_some())
}

#[cfg(not(unix))]
pub fn has_ended(_worker: &Child) -> bool {
    true
}

/// Whether somebody has stopped a process (SIGSTOP, a debugger).
pub(super) fn is_stopped(process: u32) -> bool {
    // Where there is no such file, nobody can be seen to be stopped.
    stat(process).is_some_and(|stat| stat.starts_with(['T', 't']))
}

/// For how long the first thread of a process, on which simulations run, has waited for a processor since its start; `None` if it is
/// gone or this system does not tell.
pub(super) fn waited_of(process: u32) -> Option<Duration> {
    // Nanoseconds on a processor, nanoseconds that it waited for one, and how often it had one.
    let text = std::fs::read_to_string(format!("/proc/{process}/schedstat")).ok()?;
    Some(Duration::from_nanos(text.split_whitespace().nth(1)?.parse().ok()?))
}

/// What the system says of a process, from its state on, with spaces between; `None` if it is gone or this system does not tell.
pub(super) fn stat(process: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Before it stands the name of the program, in brackets, and may hold anything.
    Some(stat.rsplit_once(") ")?.1.to_owned())
}

/// The memory that a process occupies now, in bytes; `None` if it is gone or this system does not tell.
#[cfg(target_os = "linux")]
pub(super) fn memory_of(process: u32) -> Option<u64> {
    let pages = std::fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
    // The second number is what is in memory now. The first counts address space, of which the stacks of
    // coroutines reserve gigabytes without using them.
    let resident: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(resident * rustix::param::page_size() as u64)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn memory_of(_process: u32) -> Option<u64> {
    None
}

/// The processor time that this process has used so far.
#[cfg(unix)]
pub fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

#[cfg(not(unix))]
pub fn processor_time() -> Duration {
    Duration::ZERO
}

/// A processor for each of so many workers, if there are exactly as many processors for them. Then it is best that
/// each worker stays on its own: every run is a new thread, and a system that is free to choose puts many of them for
/// some milliseconds on the processor that is busy. Empty if the system should choose.
#[cfg(target_os = "linux")]
pub(super) fn processors_for(jobs: usize) -> Vec<usize> {
    let Ok(allowed) = rustix::thread::sched_getaffinity(None) else { return Vec::new() };
    let processors: Vec<usize> =
        (0..rustix::thread::CpuSet::MAX_CPU).filter(|&processor| allowed.is_set(processor)).collect();
    // With fewer workers than processors the system knows better what else is running; with more, two would
    // sit on one. A quota makes cores() smaller than the set.
    if processors.len() == jobs && cores() == jobs { processors } else { Vec::new() }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn processors_for(_jobs: usize) -> Vec<usize> {
    Vec::new()
}

/// Keeps a process, which has just been started, on one processor.
#[cfg(target_os = "linux")]
pub(super) fn pin(processor: usize, process: u32) {
    let mut set = rustix::thread::CpuSet::new();
    set.set(processor);
    if let Some(process) = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw) {
        // It also works elsewhere, only slower.
        let _ = rustix::thread::sched_setaffinity(Some(process), &set);
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn pin(_processor: usize, _process: u32) {}

/// What happens at Ctrl-C. Pressed again, it ends the process at once.
///
/// # Errors
///
/// If the system does not allow it, or something else handles it already: a process has one such handler.
pub fn on_interrupt(mut happens: impl FnMut() + Send + 'static) -> anyhow::Result<()> {
    let mut is_second = false;
    ctrlc::set_handler(move || {
        // The good order of the first may hang on a disk or a worker. The second must not depend on anything.
        if std::mem::replace(&mut is_second, true) {
            std::process::exit(2);
        }
        happens();
    })?;
    Ok(())
}

/// Ctrl-C for a program that has one pool of workers after the other: a process has one handler for it.
#[derive(Clone, Default)]
pub struct Interrupts {
    /// Whom to tell.
    listener: Arc<Mutex<Option<Listener>>>,
    has_come: Arc<AtomicBool>,
}

type Listener = Box<dyn FnMut() + Send>;

impl std::fmt::Debug for Interrupts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interrupts").field("has_come", &self.has_come).finish_non_exhaustive()
    }
}

impl Interrupts {
    /// From now on Ctrl-C is noticed here. Pressed again, it ends the process at once.
    ///
    /// # Errors
    ///
    /// Those of [`on_interrupt`].
    pub fn listen() -> anyhow::Result<Self> {
        let interrupts = Self::default();
        let Self { listener, has_come } = interrupts.clone();
        on_interrupt(move || {
            has_come.store(true, Ordering::SeqCst);
            if let Some(listener) = listener.lock().as_mut() {
                listener();
            }
        })?;
        Ok(interrupts)
    }

    /// Tells this one from now on, and nobody else: at once, if Ctrl-C was pressed before. It may be told twice of the same.
    pub fn tell(&self, mut listener: impl FnMut() + Send + 'static) {
        // Under the lock: who presses it meanwhile is seen here, or finds the listener.
        let mut told = self.listener.lock();
        if self.has_come() {
            listener();
        }
        *told = Some(Box::new(listener));
    }

    /// Whether Ctrl-C was pressed.
    #[must_use]
    pub fn has_come(&self) -> bool {
        self.has_come.load(Ordering::SeqCst)
    }
}

/// How many processors there are for this process.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// How many lines the terminal has; 24 if that is not known.
pub(crate) fn terminal_height() -> usize {
    const USUAL: usize = 24;
    #[cfg(unix)]
    {
        // Of standard error, where the table is; standard output is often a pipe. Some terminals say 0.
        let size = rustix::termios::tcgetwinsize(io::stderr());
        size.map_or(USUAL, |size| if size.ws_row == 0 { USUAL } else { usize::from(size.ws_row) })
    }
    #[cfg(not(unix))]
    {
        USUAL
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::process::Pid;
    use rustix::thread::sched_getaffinity;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn workers_get_a_processor_each_if_there_are_as_many() {
        let cores = cores();
        assert!(processors_for(cores + 1).is_empty());
        assert!(processors_for(cores - 1).is_empty());
        let mut processors = processors_for(cores);
        // None under a quota that is smaller than the set of processors.
        assert!(processors.is_empty() || processors.len() == cores);
        processors.dedup();
        let allowed = sched_getaffinity(None).unwrap();
        assert!(processors.iter().all(|&processor| allowed.is_set(processor)));
    }

    #[test]
    fn interrupt_between_two_pools_is_told_to_the_second() {
        let interrupts = Interrupts::default();
        let told = |interrupts: &Interrupts| {
            let count = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&count);
            interrupts.tell(move || {
                counted.fetch_add(1, Ordering::SeqCst);
            });
            count.load(Ordering::SeqCst)
        };
        assert_eq!(told(&interrupts), 0);
        interrupts.has_come.store(true, Ordering::SeqCst);
        assert_eq!(told(&interrupts), 1);
    }

    #[test]
    fn process_stays_on_its_processor() {
        let allowed = sched_getaffinity(None).unwrap();
        let processor =
            (0..rustix::thread::CpuSet::MAX_CPU).rfind(|&processor| allowed.is_set(processor)).unwrap();
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        pin(processor, child.id());
        let kept = sched_getaffinity(Some(Pid::from_child(&child))).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(kept.is_set(processor) && kept.count() == 1, "{kept:?}");
    }
}
