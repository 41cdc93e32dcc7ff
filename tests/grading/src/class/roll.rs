//! The roll of a class: everybody who has a result in the folder of results, whether it is of this call or of one before.
//!
//! Who grades some of a class, or is interrupted, must not lose the others from the table.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::folder::StudentFolder;
use crate::record::Grade;
use crate::rubric::Rubric;
use crate::similarity;

/// What is said of a result when there is no submission of that name any more.
const GONE: &str = "no submission of this name any more";
/// What is said of a result that another call would make again.
const OLDER: &str = "of an earlier submission, moment, secret or lab";

/// A student whose submission was graded.
pub(crate) struct Student {
    pub(crate) name: String,
    pub(crate) grade: Grade,
    /// What identifies the grade; nothing, if it has not come to its end.
    pub(crate) key: String,
    /// What was handed in.
    pub(crate) sources: similarity::Files,
    /// What is to be said of the grade beside what it says itself.
    pub(crate) remark: &'static str,
}

/// Everybody who has a result, by name.
#[derive(Default)]
pub(crate) struct Roll {
    students: BTreeMap<String, Student>,
    /// Who was graded with another rubric of the assignment, and not with this one.
    others: BTreeSet<String>,
}

impl Roll {
    /// All whose results are in this folder, and were made with this rubric.
    ///
    /// # Errors
    ///
    /// If the folder is there and cannot be read, or has the results of another assignment: they would be written over.
    pub(crate) fn read(out: &Path, rubric: &Rubric) -> Result<Self> {
        let mut roll = Self::default();
        let folder = out.join("students");
        if !folder.exists() {
            return Ok(roll);
        }
        let problem = || format!("cannot read {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(problem)? {
            let path = entry.with_context(problem)?.path();
            let Some((key, grade)) = StudentFolder::at(path).stored() else { continue };
            if grade.assignment != rubric.assignment {
                bail!(
                    "{} has the grades of the assignment {:?}, and the rubric is that of {:?}: name another folder with --out, \
                     one for each assignment",
                    out.display(),
                    grade.assignment,
                    rubric.assignment
                );
            }
            let name = grade.student.clone();
            if grade.made_with.rubric_sha256 != rubric.hash() {
                roll.others.insert(name);
                continue;
            }
            let sources = similarity::Files::new();
            roll.enter(Student { name, grade, key, sources, remark: GONE });
        }
        Ok(roll)
    }

    /// Enters somebody, in the place of an earlier result.
    pub(crate) fn enter(&mut self, student: Student) {
        self.others.remove(&student.name);
        self.students.insert(student.name.clone(), student);
    }

    /// Who was graded with another rubric of the assignment, and is in no table until he is graded with this one.
    pub(crate) fn others(&self) -> Vec<&str> {
        self.others.iter().map(|name| &**name).collect()
    }

    /// Says of the stored result of somebody, who has handed this in, whether it would be made again: it has another key.
    pub(crate) fn compare(&mut self, name: &str, key: &str, sources: similarity::Files) {
        if let Some(student) = self.students.get_mut(name) {
            student.remark = if student.key == key { "" } else { OLDER };
            student.sources = sources;
        }
    }

    /// Whether this is somebody's result, and would not be made again.
    pub(crate) fn is_settled(&self, name: &str) -> bool {
        self.students.get(name).is_some_and(|student| student.remark.is_empty() && !student.key.is_empty())
    }

    /// Everybody, by name.
    pub(crate) fn students(&self) -> impl Iterator<Item = &Student> {
        self.students.values()
    }
}
