//! Who of a class may have copied, from somebody in it or from the lab: `similarity.txt` and `similarity.csv`.

use std::path::Path;

use anyhow::{Context, Result};
use lab_runs::artifacts::write_text;
use lab_runs::println;

use super::roll::Roll;
use crate::similarity;

/// Writes it, and says how much was found.
pub(super) fn tell(out: &Path, roll: &Roll, handout: &similarity::Files) -> Result<()> {
    let names: Vec<String> = roll.students().map(|student| student.name.clone()).collect();
    let sources: Vec<&similarity::Files> = roll.students().map(|student| &student.sources).collect();
    let solutions = similarity::solutions();
    let solved: Vec<&similarity::Files> = solutions.iter().map(|solution| &solution.files).collect();
    let found = similarity::compare(&sources, &solved, handout);
    let told = similarity::told(&found, &names, &solutions);
    let problem = || format!("cannot write to {}", out.display());
    let table = similarity::table(&found, &names, &solutions);
    write_text(&out.join("similarity.csv"), &table).with_context(problem)?;
    write_text(&out.join("similarity.txt"), &told).with_context(problem)?;
    for (count, what) in [
        (found.solutions.len(), "copies of what lies in the lab's repository, as it seems"),
        (found.pairs.len(), "pairs have much in common"),
        (found.common.len(), "have much that more than ten have"),
    ] {
        if count > 0 {
            println!("{count} {what}: similarity.txt\n");
        }
    }
    Ok(())
}
