//! Reads a part's text: its title, its milestones, their tests and hints.
//!
//! ```text
//! # 3A: Leader election                    once, first
//! ## Milestones                            once; what stands before and after it is prose
//! ### 3A.1 A server that hears nobody ...  a milestone, up to the next heading of this level or above
//! prose
//! Tests: initial_election_3a, ...          once in a milestone; goes on until an empty line
//! #### Hints                               once in a milestone
//! 1. ...                                   in the order of need; a hint goes on in indented lines
//! ```

use crate::{Milestone, Part};

/// Reads the text of a part. An error names the line.
pub(crate) fn part(text: &'static str) -> Result<Part, String> {
    let mut lines = text.lines().enumerate().map(|(number, line)| (number + 1, line));
    let (_, first) = lines.next().ok_or("the text is empty")?;
    let (name, title) = first
        .strip_prefix("# ")
        .and_then(|title| title.split_once(": "))
        .ok_or("line 1: no \"# PART: title\"")?;
    let mut part = Part { name, title, text, milestones: Vec::new() };
    let mut reads = Reads::Prose;
    let mut is_in_milestones = false;
    for (number, line) in lines {
        let at = |what: &str| format!("line {number}: {what}");
        if let Some(heading) = line.strip_prefix("## ") {
            (is_in_milestones, reads) = (heading == "Milestones", Reads::Prose);
        } else if !is_in_milestones {
            continue;
        } else if let Some(heading) = line.strip_prefix("### ") {
            let (id, title) =
                heading.split_once(' ').ok_or_else(|| at("a milestone is \"### 3A.1 Title\""))?;
            if id != format!("{name}.{}", part.milestones.len() + 1) {
                return Err(at(&format!("milestone {id} is not the next one of part {name}")));
            }
            part.milestones.push(Milestone {
                id,
                title,
                about: String::new(),
                tests: Vec::new(),
                hints: Vec::new(),
            });
            reads = Reads::Prose;
        } else if let Some(milestone) = part.milestones.last_mut() {
            reads = milestone_line(milestone, reads, line).map_err(|what| at(&what))?;
        }
    }
    for milestone in &mut part.milestones {
        milestone.about = milestone.about.trim().to_owned();
        milestone.hints.iter_mut().for_each(|hint| *hint = hint.trim().to_owned());
        if milestone.tests.is_empty() || milestone.hints.is_empty() || milestone.about.is_empty() {
            return Err(format!(
                "milestone {} needs a paragraph, a line \"Tests: ...\", and hints",
                milestone.id
            ));
        }
    }
    Ok(part)
}

/// What a line of a milestone may go on with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    Prose,
    Tests,
    Hints,
}

/// Takes a line of a milestone, and says what the next may go on with.
fn milestone_line(milestone: &mut Milestone, reads: Reads, line: &'static str) -> Result<Reads, String> {
    if let Some(names) = line.strip_prefix("Tests: ") {
        if !milestone.tests.is_empty() {
            return Err("a second line of tests".to_owned());
        }
        milestone.tests.extend(names_of(names));
        return Ok(Reads::Tests);
    }
    if line.starts_with('#') {
        return match line {
            "#### Hints" if milestone.hints.is_empty() => Ok(Reads::Hints),
            _ => Err(format!("{line:?} is not \"#### Hints\"")),
        };
    }
    match reads {
        Reads::Tests if line.is_empty() => return Ok(Reads::Prose),
        Reads::Tests => milestone.tests.extend(names_of(line)),
        Reads::Hints => hint_line(&mut milestone.hints, line)?,
        Reads::Prose => milestone.about.extend([line, "\n"]),
    }
    Ok(reads)
}

/// Takes a line of a list of hints.
fn hint_line(hints: &mut Vec<String>, line: &str) -> Result<(), String> {
    let next = format!("{}. ", hints.len() + 1);
    if let Some(hint) = line.strip_prefix(&next) {
        hints.push(hint.to_owned());
        return Ok(());
    }
    match hints.last_mut() {
        // Markdown's continuation of an item: as far to the right as its text.
        Some(hint) if line.is_empty() || line.starts_with("   ") => {
            hint.extend(["\n", line.get(3..).unwrap_or_default()])
        }
        None if line.is_empty() => {}
        _ => return Err(format!("hint \"{next}\" is expected, or three spaces before what goes on")),
    }
    Ok(())
}

/// The names in a list with commas.
fn names_of(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}
