//! The grades of a class: a table to read, and one for programs.

use std::path::Path;

use anyhow::{Context, Result};
use comfy_table::{CellAlignment, Table, presets};
use lab_runs::artifacts::write_text;

use super::folder::KILLED;
use super::roll::{Roll, Student};
use crate::formats::csv;
use crate::record::{End, Grade, PartGrade, Status};
use crate::rubric::Rubric;

/// What is shown of an error, in characters.
const NOTE_MAX: usize = 300;

/// Writes `class.csv`.
pub(super) fn write(out: &Path, rubric: &Rubric, roll: &Roll) -> Result<()> {
    let mut text =
        csv::line(&header(rubric, &["student", "score", "max_score"], &["days_late", "end", "note"]));
    for student in roll.students() {
        let grade = &student.grade;
        let mut fields = vec![student.name.clone(), grade.score.to_string(), grade.max_score.to_string()];
        fields.extend(grade.parts.iter().map(|part| part.score.to_string()));
        let days = grade.parts.iter().map(|part| part.days_late).max().unwrap_or(0);
        fields.extend([days.to_string(), end(grade).to_owned(), note_of(student)]);
        text += &csv::line(&fields);
    }
    write_text(&out.join("class.csv"), &text).with_context(|| format!("cannot write to {}", out.display()))
}

fn header(rubric: &Rubric, first: &[&str], last: &[&str]) -> Vec<String> {
    let parts = rubric.parts.iter().map(|part| part.part.name());
    first.iter().copied().chain(parts).chain(last.iter().copied()).map(str::to_owned).collect()
}

/// The table to read.
pub(super) fn text(rubric: &Rubric, roll: &Roll) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header(rubric, &["student", "points"], &[""]));
    for student in roll.students() {
        let grade = &student.grade;
        let mut row = vec![student.name.clone(), format!("{}/{}", grade.score, grade.max_score)];
        row.extend(grade.parts.iter().map(|part| part.score.to_string()));
        row.push(note_of(student));
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1).take(rubric.parts.len() + 1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{table}\n")
}

/// What there is to say of a student's grade, and first whether it is that of what lies there now.
fn note_of(student: &Student) -> String {
    let notes = [student.remark.to_owned(), note(&student.grade)];
    notes.into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join(": ")
}

/// A grade in a line.
pub(super) fn line(grade: &Grade) -> String {
    let note = note(grade);
    let note = if note.is_empty() { note } else { format!(": {note}") };
    format!("{} of {} points{note}", grade.score, grade.max_score)
}

fn end(grade: &Grade) -> &'static str {
    match grade.end {
        End::Complete => "complete",
        End::OutOfTime => "out of time",
        End::Interrupted => "interrupted",
        End::UnderWay => "under way",
        End::NotGraded => "not graded",
    }
}

/// What there is to say beside the points.
fn note(grade: &Grade) -> String {
    if let Some(error) = &grade.error {
        let first = error.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let place = error.lines().find_map(|line| line.trim().strip_prefix("--> ")).unwrap_or_default();
        let text = if place.is_empty() { first.to_owned() } else { format!("{first} ({place})") };
        return text.chars().take(NOTE_MAX).collect();
    }
    let mut notes: Vec<String> = grade.parts.iter().filter_map(lateness).collect();
    if grade.end != End::Complete {
        notes.push(end(grade).to_owned());
    }
    let count = |status| grade.tests.iter().filter(|test| test.status == status).count();
    for (status, word) in
        [(Status::Failed, "failed"), (Status::Unknown, "could not be told"), (Status::Skipped, "skipped")]
    {
        if count(status) > 0 {
            notes.push(format!("{} {word}", count(status)));
        }
    }
    let first = grade.tests.iter().find_map(|test| Some((&test.name, test.failure.as_ref()?)));
    if let Some((test, failure)) = first {
        notes.push(format!("{test}: {}", failure.headline));
    }
    notes.join(", ").chars().take(NOTE_MAX).collect()
}

/// How late a part was, and what that costs.
fn lateness(part: &PartGrade) -> Option<String> {
    let days = match part.days_late {
        0 => return None,
        1 => "a day".to_owned(),
        days => format!("{days} days"),
    };
    Some(format!("{} {days} late: {} % lost", part.name, part.lost))
}

/// Whether somebody has to look at it: not everything could be told.
pub(super) fn is_untold(grade: &Grade) -> bool {
    let is_unknown = grade.tests.iter().any(|test| test.status == Status::Unknown);
    let is_killed = grade
        .error
        .as_deref()
        .is_some_and(|error| error == KILLED || error.starts_with("could not be graded"));
    is_unknown || is_killed || matches!(grade.end, End::Interrupted | End::UnderWay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::Points;

    #[test]
    fn lateness_is_told_of_each_part_with_what_it_costs() {
        let part = |name: &str, days_late, lost| PartGrade {
            name: name.to_owned(),
            title: String::new(),
            score: Points::whole(0),
            max_score: Points::whole(0),
            days_late,
            lost,
        };
        let told: Vec<_> =
            [part("3A", 2, 20), part("3B", 0, 0), part("3C", 1, 10)].iter().map(lateness).collect();
        assert_eq!(
            told,
            [Some("3A 2 days late: 20 % lost".to_owned()), None, Some("3C a day late: 10 % lost".to_owned())]
        );
    }
}
