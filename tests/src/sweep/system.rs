//! What a sweep needs of the operating system. It runs on Linux and macOS; on Linux it watches memory as well.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Takes the streams of the protocol, orders and answers, away from the code under test: from now on its standard input
/// is empty, and what it prints goes to standard error.
#[cfg(unix)]
pub(super) fn take_streams() -> io::Result<(File, File)> {
    use std::os::fd::AsFd;
    let orders = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let answers = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok((orders, answers))
}

#[cfg(not(unix))]
pub(super) fn take_streams() -> io::Result<(File, File)> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "a sweep needs Linux or macOS; on Windows use WSL"))
}

/// Makes the system kill this process when the one that started it is gone, so that a sweep that is killed leaves no
/// endless loops behind. On systems that cannot do that, a worker ends with its next answer.
pub(crate) fn die_with_parent() {
    #[cfg(target_os = "linux")]
    {
        // Only old kernels refuse, and then the next answer ends it.
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    }
}

/// A command that runs this executable. On Linux it is this very file, even if another build has replaced it meanwhile.
pub(super) fn this_program() -> io::Result<Command> {
    let mut command = Command::new(executable()?);
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // Ctrl-C on a terminal goes to the sweep alone, which then ends its workers itself.
        command.process_group(0);
    }
    Ok(command)
}

/// Where this executable is.
pub(super) fn executable() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
}

/// The memory that a process occupies now, in bytes; `None` if it is gone or this system does not tell.
#[cfg(target_os = "linux")]
pub(super) fn memory_of(process: u32) -> Option<u64> {
    let pages = std::fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
    let resident: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(resident * rustix::param::page_size() as u64)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn memory_of(_process: u32) -> Option<u64> {
    None
}

/// The processor time that this process has used so far.
#[cfg(unix)]
pub(crate) fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

#[cfg(not(unix))]
pub(crate) fn processor_time() -> Duration {
    Duration::ZERO
}

/// How many processors there are for this process.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// How many lines the terminal has; 24 if that is not known.
pub(super) fn terminal_height() -> usize {
    const USUAL: usize = 24;
    #[cfg(unix)]
    {
        let size = rustix::termios::tcgetwinsize(io::stderr());
        size.map_or(USUAL, |size| if size.ws_row == 0 { USUAL } else { usize::from(size.ws_row) })
    }
    #[cfg(not(unix))]
    {
        USUAL
    }
}
