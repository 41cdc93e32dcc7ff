//! Files of JSON that an earlier run has left, and that this run is about to replace.
//!
//! One that cannot be read any more is never taken for one that is not there: it is said, and the file is kept under another
//! name. It may be all that is left of a failure.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::{artifacts, eprintln, input};

/// The longest such file, in bytes: checkpoints of a thousand million events.
const BYTES_MAX: u64 = 128 << 20;
/// So many damaged files of one name are kept; then the last of them is replaced.
const DAMAGED_MAX: u32 = 20;

/// What is in the file; `None` if there is none, or one that cannot be read.
pub fn read_kept<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let problem = match input::open_own(path).and_then(|file| input::read_from(file, BYTES_MAX)) {
        Ok(content) => match serde_json::from_slice(&content) {
            Ok(value) => return Some(value),
            Err(error) => error.to_string(),
        },
        Err(error) if matches!(error.kind(), ErrorKind::FileTooLarge | ErrorKind::InvalidData) => {
            error.to_string()
        }
        // There is none, or none that could be written over: whoever tries will say so.
        Err(_) => return None,
    };
    let shown = artifacts::shown(path);
    let aside = aside(path);
    let kept = match fs::rename(path, &aside) {
        Ok(()) => format!("it is kept as {}", artifacts::shown(&aside)),
        Err(error) => format!("it cannot be kept under another name ({error})"),
    };
    eprintln!("{}", labrpc::printable(&format!("{shown} is damaged ({problem}) and does not count: {kept}")));
    None
}

/// A name for a damaged file: `run.json.damaged`, `run.json.damaged-2`.
fn aside(path: &Path) -> PathBuf {
    let name = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(".damaged");
        if number > 1 {
            name.push(format!("-{number}"));
        }
        PathBuf::from(name)
    };
    (1..DAMAGED_MAX).map(name).find(|name| !name.exists()).unwrap_or_else(|| name(DAMAGED_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_file_is_kept_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        let read_as_numbers = |path: &Path| read_kept::<Vec<u64>>(path);
        let read = || read_as_numbers(&path);
        assert_eq!(read(), None);
        fs::write(&path, "[1, 2]").unwrap();
        assert_eq!(read(), Some(vec![1, 2]));
        for (number, text) in [(1, "[1, 2"), (2, ""), (3, "{}")] {
            fs::write(&path, text).unwrap();
            assert_eq!(read(), None);
            assert!(!path.exists());
            let aside = if number == 1 {
                "run.json.damaged".to_owned()
            } else {
                format!("run.json.damaged-{number}")
            };
            assert_eq!(fs::read_to_string(folder.path().join(aside)).unwrap(), text);
        }
        fs::create_dir(&path).unwrap();
        assert_eq!(read_as_numbers(&path), None, "no file at all");
        assert!(!path.exists());
    }
}
