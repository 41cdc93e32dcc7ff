//! What was found, to read and as a table.

use std::fmt::Write;

use super::{Found, Pair, Place, SOLUTION_TOLD_MIN, STUDENTS_MAX, Solution, TOLD_MIN};
use crate::formats::csv;

/// So many pairs are told with their places, of students and with solutions.
const PAIRS_SHOWN: usize = 30;

/// The pairs as a table for programs: those of students, then those with solutions.
pub(crate) fn table(found: &Found, names: &[String], solutions: &[Solution]) -> String {
    let mut text = String::from("percent,shared,one,other,own_of_one,own_of_other\n");
    let students = found.pairs.iter().map(|pair| (pair, &names[pair.students[1]]));
    let with_solutions = found.solutions.iter().map(|pair| (pair, &solutions[pair.students[1]].name));
    for (pair, other) in students.chain(with_solutions) {
        text += &csv::line(&[
            pair.percent().to_string(),
            pair.shared.to_string(),
            names[pair.students[0]].clone(),
            other.clone(),
            pair.own[0].to_string(),
            pair.own[1].to_string(),
        ]);
    }
    text
}

/// The pairs to read, with their places.
pub(crate) fn told(found: &Found, names: &[String], solutions: &[Solution]) -> String {
    let mut text = String::from(
        "How much of a source stands in another's as well, without the handout: tokens without names, comments and spaces,\n\
         by winnowing. A reason to read both side by side, and no verdict.\n",
    );
    let solution_names: Vec<&str> = solutions.iter().map(|solution| &*solution.name).collect();
    let _ = writeln!(
        text,
        "\nWith what lies in the lab's own repository, which students can read, from {SOLUTION_TOLD_MIN} % on:"
    );
    match (&*solution_names, &*found.solutions) {
        ([], _) => text += "Not compared: the repository is not where this program was built.\n",
        (_, []) => text += &format!("Nobody has that much in common with {}.\n", solution_names.join(", ")),
        (_, pairs) => text += &lines(pairs, names, &solution_names),
    }
    let student_names: Vec<&str> = names.iter().map(|name| &**name).collect();
    let _ = writeln!(text, "\nWith each other, from {TOLD_MIN} % on:");
    match &*found.pairs {
        [] => text += "No two have that much in common.\n",
        pairs => text += &lines(pairs, names, &student_names),
    }
    if !found.common.is_empty() {
        debug_assert_eq!(STUDENTS_MAX, 10, "it is said in words");
        text += "\nWith each other only that was compared which no more than ten have written. What more than ten have, they may have\n\
                 from the same place: a text, an assistant, one of them. Of these it is so much:\n\n";
        for (student, percent) in &found.common {
            let _ = writeln!(text, "{percent:>3} %  {}", names[*student]);
        }
    }
    text
}

/// The first pairs, with their places; the others have names among `others`.
fn lines(pairs: &[Pair], names: &[String], others: &[&str]) -> String {
    let mut text = String::new();
    for pair in pairs.iter().take(PAIRS_SHOWN) {
        let [one, other] = pair.students;
        let _ = writeln!(text, "\n{:>3} %  {} and {}", pair.percent(), names[one], others[other]);
        for [here, there] in &pair.places {
            let lines = |place: &Place| format!("{} {}-{}", place.file, place.first, place.last);
            let _ = writeln!(text, "       {}  =  {}", lines(here), lines(there));
        }
    }
    if pairs.len() > PAIRS_SHOWN {
        let _ = writeln!(text, "\n{} more pairs are in similarity.csv", pairs.len() - PAIRS_SHOWN);
    }
    text
}
