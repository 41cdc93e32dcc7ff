//! When each was handed in: a file of names and moments.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use lab_runs::input;

use super::list::Submission;
use crate::moment::Moment;

/// A longer file is another one than was meant.
const TIMES_MAX: u64 = 4 << 20;

/// Reads lines of a name, a comma and a moment. Empty lines and lines that begin with `#` are passed over.
///
/// # Errors
///
/// A sentence about what is wrong, with its line.
pub(super) fn read_times(path: &Path) -> Result<BTreeMap<String, Moment>> {
    let shown = path.display();
    let text = input::read_text(path, TIMES_MAX).with_context(|| format!("cannot read {shown}"))?;
    let mut times = BTreeMap::new();
    for (number, line) in
        text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    {
        let number = number + 1;
        let Some((name, moment)) = line.rsplit_once(',') else {
            bail!("{shown}, line {number}: write a name, a comma and a moment");
        };
        let moment = Moment::read(moment.trim())
            .map_err(|error| anyhow::anyhow!("{shown}, line {number}: {error}"))?;
        if times.insert(name.trim().to_owned(), moment).is_some() {
            bail!("{shown}, line {number}: {name} stands twice");
        }
    }
    Ok(times)
}

/// When one was handed in, as Gradescope tells it: `created_at` of its `submission_metadata.json`.
///
/// # Errors
///
/// If it does not say.
pub(super) fn of_gradescope(path: &Path, name: &str) -> Result<BTreeMap<String, Moment>> {
    let problem = || format!("{} does not say when it was handed in (created_at)", path.display());
    let text = input::read_text(path, TIMES_MAX).with_context(problem)?;
    let metadata: serde_json::Value = serde_json::from_str(&text).with_context(problem)?;
    let created = metadata["created_at"].as_str().with_context(problem)?;
    let moment = Moment::read(created).map_err(anyhow::Error::msg).with_context(problem)?;
    Ok(BTreeMap::from([(name.to_owned(), moment)]))
}

/// Who is not in the file would never be late.
///
/// # Errors
///
/// Who that is: all of them.
pub(super) fn check_times(times: &BTreeMap<String, Moment>, asked: &[&Submission]) -> Result<()> {
    let names = asked.iter().map(|submission| &*submission.name);
    let missing: Vec<&str> = names.filter(|name| !times.contains_key(*name)).collect();
    if !times.is_empty() && !missing.is_empty() {
        bail!("the file of times does not say when these were handed in: {}", missing.join(", "));
    }
    Ok(())
}

/// The names in the file that no submission has: one of them may be a name that was mistyped.
pub(super) fn without_submission<'a>(
    times: &'a BTreeMap<String, Moment>,
    submissions: &[Submission],
) -> Vec<&'a str> {
    let has_one = |name: &str| submissions.iter().any(|submission| submission.name == name);
    times.keys().map(|name| &**name).filter(|name| !has_one(name)).collect()
}
