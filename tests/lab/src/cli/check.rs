//! `cargo lab check`: whether a history in a file is linearizable.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use lab_runs::{input, println};
use labrpc::printable;

use crate::program::Verdict;
use lab_linearizability::text::{Model, TextError, check_text_telling};
use lab_linearizability::{self as linearizability, Budget};

/// Checks a history of operations, of this lab or of any other system, for linearizability.
///
/// The file holds JSON (lines, or an array), Jepsen's EDN, one of porcupine's logs, or lines of text as in Jepsen's history.txt
/// and jepsen.log. The order of the file counts, not the times in it. The exit code is 0 if the history is linearizable, 1 if
/// it is not, and 2 if that could not be decided, if there is nothing to judge, or if the file could not be read.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// The file
    file: PathBuf,
    /// What the operations mean: kv, versioned-kv, register, cas-register, mutex, set, queue (first in, first out),
    /// unordered-queue or multi-register (transactions over registers)
    #[arg(long, default_value = "kv", value_parser = parse_model)]
    model: Model,
    /// The limit of the search, in steps for each key
    #[arg(long, value_name = "STEPS", default_value_t = Budget::default().steps_max)]
    budget: u64,
    /// What the search may remember for each key, in megabytes
    #[arg(long, value_name = "MB", default_value_t = Budget::default().bytes_max >> 20)]
    memory: usize,
}

fn parse_model(text: &str) -> Result<Model, String> {
    text.parse()
}

impl Check {
    pub(super) fn run(&self) -> Result<Verdict> {
        let contents = read(&self.file)?;
        let budget = Budget { steps_max: self.budget, bytes_max: self.memory.saturating_mul(1 << 20) };
        // Line by line: the verdict is there before its reasons are.
        let verdict =
            check_text_telling(&contents, self.model, budget, |line| println!("{}", printable(line)))
                .map_err(|TextError { line, message }| {
                    anyhow!("{}:{line}: {message}", self.file.display())
                })?;
        match verdict {
            linearizability::Verdict::Ok => Ok(Verdict::Ok),
            linearizability::Verdict::Illegal => Ok(Verdict::Failed),
            // Neither well nor failed: a search that gives up has found no order, and has not shown that there
            // is none.
            linearizability::Verdict::Unknown => Err(anyhow!(
                "not decided within {} steps and {} MB for each key: try a higher --budget or --memory",
                self.budget,
                self.memory
            )),
        }
    }
}

/// The longest history that is read. Ten million operations, of which no search would come to an end, take it.
const BYTES_MAX: u64 = 1 << 30;

/// The text of a file.
fn read(file: &Path) -> Result<String> {
    let bytes = input::read(file, BYTES_MAX).with_context(|| format!("cannot read {}", file.display()))?;
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let advice = match error.as_bytes() {
            [0x1f, 0x8b, ..] | [b'P', b'K', 3, 4, ..] => "it is compressed, unpack it first",
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is UTF-16, save it as UTF-8",
            _ => "save it as UTF-8",
        };
        anyhow!("{}: byte {offset} is not UTF-8: {advice}", file.display())
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Checks a file of these bytes, as the program does.
    fn check(bytes: &[u8], model: Model) -> Result<Verdict> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), bytes).expect("a file can be written");
        let Budget { steps_max, bytes_max } = Budget::default();
        Check { file: file.path().to_path_buf(), model, budget: steps_max, memory: bytes_max >> 20 }.run()
    }

    #[test]
    fn check_judges_and_refuses() {
        let history = "0 :invoke :write 1\n0 :ok :write 1\n1 :invoke :read nil\n1 :ok :read ";
        let judge = |read: &str| check(format!("{history}{read}").as_bytes(), Model::Register);
        assert_eq!(judge("1").unwrap(), Verdict::Ok);
        assert_eq!(judge("2").unwrap(), Verdict::Failed);
        // Place, and what to do.
        let error = judge("[2").unwrap_err().to_string();
        assert!(error.contains(":4: expected a value in EDN"), "{error}");
        let refused: [(&[u8], &str); 4] = [
            (b"", ":1: expected operations with a reply"),
            (b"\x1f\x8b\x08", "unpack it first"),
            (b"\xff\xfe{\0", "byte 0 is not UTF-8: it is UTF-16"),
            (b"0 :invoke :write \xe9", "byte 17 is not UTF-8: save it as UTF-8"),
        ];
        for (bytes, message) in refused {
            let error = check(bytes, Model::Register).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
