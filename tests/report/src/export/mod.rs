//! A run for other tools.
//!
//! | format | what | for |
//! |---|---|---|
//! | `history-json` | what clients asked and were told, as JSON lines | `cargo lab check` |
//! | `history-edn` | the same as Jepsen writes it | Jepsen, Knossos, Elle, porcupine |
//! | `shiviz` | what each server did, with vector clocks | ShiViz: a picture of who knew what when |
//! | `chrome-trace` | threads, calls and messages in virtual time | Perfetto, `chrome://tracing` |
//! | `trace` | all events as JSON lines | your own scripts |

mod chrome;
mod shiviz;

use std::fmt;
use std::str::FromStr;

pub use shiviz::EXPRESSION as SHIVIZ_EXPRESSION;

use lab_harness::run::Outcome;
use lab_linearizability::text::{Format, Model};

/// What a run can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// The operations of clients, as JSON lines.
    HistoryJson,
    /// The operations of clients, as EDN.
    HistoryEdn,
    /// Vector clocks for ShiViz.
    Shiviz,
    /// Trace Event JSON.
    ChromeTrace,
    /// Events as JSON lines.
    Trace,
}

impl ExportFormat {
    /// All formats, by name.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("history-json", Self::HistoryJson),
        ("history-edn", Self::HistoryEdn),
        ("shiviz", Self::Shiviz),
        ("chrome-trace", Self::ChromeTrace),
        ("trace", Self::Trace),
    ];
}

impl FromStr for ExportFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, format)| *format).ok_or_else(|| {
            let names = Self::NAMES.map(|(name, _)| name).join(", ");
            format!("there is no format {name:?}; there are {names}")
        })
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, format)| format == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

/// Writes a run, which must have been run with a trace. `model` says which operations are meant, if clients did both
/// kinds; by default those of which there are more.
///
/// # Errors
///
/// A sentence that says what the run does not have.
pub fn export(format: ExportFormat, run: &Outcome, model: Option<Model>) -> Result<String, String> {
    match format {
        ExportFormat::HistoryJson => history(run, model, Format::JsonLines),
        ExportFormat::HistoryEdn => history(run, model, Format::Edn),
        _ => {
            // Histories need no trace, all other formats do.
            let trace = run.trace.as_ref().ok_or("a run of the real world has no trace")?;
            match format {
                ExportFormat::Shiviz => Ok(shiviz::write(trace)),
                ExportFormat::ChromeTrace => Ok(chrome::write(trace)),
                _ => {
                    let mut out = Vec::new();
                    trace.write_json_lines(&mut out).map_err(|error| error.to_string())?;
                    String::from_utf8(out).map_err(|error| error.to_string())
                }
            }
        }
    }
}

/// A trace in all formats.
#[cfg(test)]
pub(crate) fn written(trace: &labrpc::sim::Trace) -> [String; 2] {
    [shiviz::write(trace), chrome::write(trace)]
}

fn history(run: &Outcome, model: Option<Model>, format: Format) -> Result<String, String> {
    let operations = run.operations.as_ref().ok_or(
        "this test has no clients: histories are those of the tests of parts 4B and 4C (cargo lab list 4B 4C)",
    )?;
    operations.write(model.unwrap_or(operations.main_model()), format)
}
