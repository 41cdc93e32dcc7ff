//! Log lines that say when, where and who, without the user's help.
//!
//! ```text
//!   12.480s S3/applier  CMIT  T5 commits up to 17
//! ```
//!
//! Virtual time (in the real world: time since [`init`]), node and thread, the record's target, the message. Which
//! records are shown follows `RUST_LOG`, as env_logger reads it; colour follows the terminal and `NO_COLOR`. Records of
//! a simulation that keeps a full trace go into that trace as well, whatever `RUST_LOG` says.

use std::io::Write;
use std::sync::OnceLock;
use std::time::Instant;

use env_logger::fmt::Formatter;
use log::{Log, Metadata, Record};

use crate::sim::Words;
use crate::{printable, sim};

static STARTED: OnceLock<Instant> = OnceLock::new();

/// Sets the process's logger up, for a program: lines go to standard error. Does nothing if there is a logger
/// already.
pub fn init() {
    install(env_logger::Builder::from_env("RUST_LOG").format(line).build());
}

/// Sets the process's logger up, for tests: lines go where `cargo test` captures them, and are shown for tests that
/// fail. Does nothing if there is a logger already.
pub fn init_test() {
    install(env_logger::Builder::from_env("RUST_LOG").format(line).is_test(true).build());
}

/// Sets the process's logger up for programs that show results instead of logs: nothing is shown unless `RUST_LOG` asks
/// for it, while simulations that keep a full trace get their records all the same. Does nothing if there is a logger
/// already.
pub fn init_quiet() {
    let silence = env_logger::Env::default().default_filter_or("off");
    install(env_logger::Builder::from_env(silence).format(line).build());
}

fn install(shown: env_logger::Logger) {
    STARTED.get_or_init(Instant::now);
    let level = shown.filter();
    // Only if the logger is ours: another one's level is not ours to set.
    if log::set_boxed_logger(Box::new(Logger { shown })).is_ok() {
        log::set_max_level(level);
    }
}

/// env_logger, and the trace of the simulation that the caller is part of.
struct Logger {
    shown: env_logger::Logger,
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.shown.enabled(metadata) || sim::keeps_trace()
    }

    fn log(&self, record: &Record<'_>) {
        if sim::keeps_trace() {
            sim::annotate(Words::Text(format!("{} {}", record.target(), record.args())));
        }
        if self.shown.matches(record) {
            self.shown.log(record);
        }
    }

    fn flush(&self) {
        self.shown.flush();
    }
}

fn line(f: &mut Formatter, record: &Record<'_>) -> std::io::Result<()> {
    let (seconds, who) = match sim::elapsed() {
        Some(elapsed) => {
            let (node, thread) = sim::current_names();
            (elapsed.as_secs_f64(), format!("{node}/{thread}"))
        }
        None => {
            let started = STARTED.get().map_or(0.0, |started| started.elapsed().as_secs_f64());
            let thread = std::thread::current();
            (started, format!("{}/{}", sim::real_node_label(), thread.name().unwrap_or("thread")))
        }
    };
    let style = f.default_level_style(record.level());
    // Names and words are the code's, and this goes to a terminal.
    let (who, target) = (printable(&who), printable(record.target()));
    let words = record.args().to_string();
    writeln!(f, "{seconds:>9.3}s {who:<14} {style}{target:<5}{style:#} {}", printable(&words))
}
