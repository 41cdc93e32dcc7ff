//! What a program of the lab prints.
//!
//! The macros [`print!`](crate::print), [`println!`](crate::println) and [`eprintln!`](crate::eprintln) do what those of std
//! do, with colours taken away where they cannot be shown, and do not panic. Whoever stops reading, as `head` does, has
//! seen enough: the rest is left out, and the verdict stays. Output that is lost in any other way, on a full disk for
//! example, is remembered, and [`finish`] tells of it: then the exit code must not say that all is well.

#![allow(
    clippy::disallowed_types,
    reason = "what it keeps is the process's, and no simulated thread sees it"
)]

use std::fmt::{self, Write as _};
use std::io::{self, ErrorKind, Write as _};
use std::sync::OnceLock;

/// Why standard output takes nothing more. What comes after that is left out.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// [`print!`](crate::print).
#[doc(hidden)]
pub fn to_stdout(text: fmt::Arguments<'_>) {
    if LOST.get().is_none()
        && let Err(error) = anstream::stdout().write_fmt(text)
    {
        lost(error);
    }
}

/// [`eprintln!`](crate::eprintln).
#[doc(hidden)]
pub fn to_stderr(text: fmt::Arguments<'_>) {
    let mut line = String::new();
    // In one piece, so that lines of two threads do not mix. A value that cannot be shown ends its line.
    let _ = line.write_fmt(text);
    line.push('\n');
    // Nobody is left to whom it could be told; the exit code tells it all the same.
    let _ = anstream::stderr().write_all(line.as_bytes());
}

/// Remembers that standard output has failed. The first reason stays.
pub fn lost(error: io::Error) {
    let _ = LOST.set(error);
}

/// To be called at the end: writes what is still kept back.
///
/// # Errors
///
/// If something that was printed has not reached the standard output, although somebody would read it.
pub fn finish() -> Result<(), String> {
    if LOST.get().is_none()
        && let Err(error) = io::stdout().flush()
    {
        lost(error);
    }
    match LOST.get() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("cannot write to the standard output, so the end of it is missing: {error}"))
        }
        _ => Ok(()),
    }
}

/// As std's, but it does not panic; see [`output`](crate::output).
#[macro_export]
macro_rules! print {
    // A test's output is kept back by its harness only if std prints it.
    ($($text:tt)*) => {
        if cfg!(test) { std::print!($($text)*) } else { $crate::output::to_stdout(format_args!($($text)*)) }
    };
}

/// As std's, but it does not panic; see [`output`](crate::output).
#[macro_export]
macro_rules! println {
    () => { $crate::print!("\n") };
    ($($text:tt)*) => { $crate::print!("{}\n", format_args!($($text)*)) };
}

/// As std's, but it does not panic; see [`output`](crate::output).
#[macro_export]
macro_rules! eprintln {
    ($($text:tt)*) => {
        if cfg!(test) { std::eprintln!($($text)*) } else { $crate::output::to_stderr(format_args!($($text)*)) }
    };
}
