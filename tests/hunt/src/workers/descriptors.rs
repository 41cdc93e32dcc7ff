//! What this process has open, it has for itself: a file that a shell has opened for it (`9>results.json`), a socket of an editor, a
//! pipe of a service. A child would get them all, and code under test could read and write them.

/// From now on children get their three streams, and nothing else that is open now. What Rust opens later it keeps from them
/// itself.
pub fn keep_from_children() {
    #[cfg(unix)]
    for descriptor in open() {
        // The one of the folder that was read is gone by now, which is no harm.
        close_on_exec(descriptor);
    }
}

/// The descriptors that are open, but for the three streams.
#[cfg(unix)]
fn open() -> Vec<i32> {
    // On Linux a link to a folder of the process, elsewhere a folder.
    let Ok(entries) = std::fs::read_dir("/dev/fd") else { return Vec::new() };
    let number = |entry: std::io::Result<std::fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
    entries.filter_map(number).filter(|&descriptor| descriptor > 2).collect()
}

#[cfg(unix)]
#[allow(unsafe_code, reason = "rustix has this call for descriptors that one owns")]
fn close_on_exec(descriptor: i32) {
    // SAFETY: all that is handed over is three numbers, and all that is changed is a flag that the kernel reads when this process
    // becomes another program: nothing is read, written or closed, whoever owns the descriptor. If it was closed meanwhile, the
    // call is an error; if it belongs to another file by now, that one is kept from children, as Rust's are anyway.
    let _ = unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
}
