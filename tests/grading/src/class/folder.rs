//! The folder of one student's grade: whether it is there already, and whether its grader was killed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lab_runs::artifacts::write_text;

use crate::one::read_grade;
use crate::record::{End, Grade};

/// So often a grading is begun that somebody kills.
const TRIES: u32 = 2;
/// Why it is not begun again.
pub(super) const KILLED: &str =
    "whoever graded it was killed each time: look at it, and grade it by itself with --only and --fresh";

/// A student's folder.
pub(super) struct StudentFolder {
    pub(super) path: PathBuf,
}

/// How a grading begins.
pub(super) enum Begun {
    /// It is to be made.
    Now,
    /// It was made before.
    Graded(Box<Grade>),
    /// It was begun several times, and never came to an end.
    KilledBefore,
}

impl StudentFolder {
    pub(super) fn open(out: &Path, name: &str) -> Result<Self> {
        let path = out.join("students").join(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path })
    }

    /// The folder at this path, which is there.
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// A grade that has come to its end, with its key.
    pub(super) fn stored(&self) -> Option<(String, Grade)> {
        let key = fs::read_to_string(self.path.join("key")).ok().filter(|key| !key.is_empty())?;
        let grade = self.grade()?;
        let is_its_own = self.path.file_name().is_some_and(|name| name == &*grade.student);
        is_its_own.then_some((key, grade))
    }

    /// The grade that is there, if it has come to its end: whatever key lies beside it, another one is nobody's result.
    fn grade(&self) -> Option<Grade> {
        let grade = read_grade(&self.path.join("grade.json")).ok()?;
        (!matches!(grade.end, End::Interrupted | End::UnderWay)).then_some(grade)
    }

    /// Begins the grading that this key identifies.
    pub(super) fn begin(&self, key: &str, is_fresh: bool) -> Result<Begun> {
        let read = |name: &str| fs::read_to_string(self.path.join(name)).unwrap_or_default();
        if !is_fresh
            && read("key") == key
            && let Some(grade) = self.grade()
        {
            return Ok(Begun::Graded(Box::new(grade)));
        }
        let tries = read("begun").strip_prefix(key).and_then(|tries| tries.trim().parse().ok()).unwrap_or(0);
        let tries = if is_fresh { 0 } else { tries };
        let problem = || format!("cannot write to {}", self.path.display());
        write_text(&self.path.join("begun"), &format!("{key} {}", tries + 1)).with_context(problem)?;
        // With the old key beside a new grade, the new one would be taken for the old one's.
        let _ = fs::remove_file(self.path.join("key"));
        Ok(if tries >= TRIES { Begun::KilledBefore } else { Begun::Now })
    }

    /// It has come to an end.
    pub(super) fn end(&self, key: &str) -> Result<()> {
        write_text(&self.path.join("key"), key)
            .with_context(|| format!("cannot write to {}", self.path.display()))?;
        let _ = fs::remove_file(self.path.join("begun"));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grading_that_never_ends_is_begun_twice() {
        let out = tempfile::tempdir().unwrap();
        let folder = StudentFolder::open(out.path(), "ann").unwrap();
        let begin = |key: &str, is_fresh| matches!(folder.begin(key, is_fresh).unwrap(), Begun::Now);
        assert!(begin("one", false) && begin("one", false));
        assert!(!begin("one", false), "its grader was killed twice");
        assert!(begin("two", false), "another submission of the same student");
        assert!(begin("two", false) && !begin("two", false));
        assert!(begin("two", true), "it was asked for");
    }
}
