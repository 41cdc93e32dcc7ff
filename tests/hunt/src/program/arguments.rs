//! Arguments that several subcommands share.

use anyhow::{Result, bail};
use lab_runs::TestInfo;
use lab_runs::similarity::nearest;
use labrpc::sim::parse_seed;

use crate::target::Target;

/// Reads a seed as people write it.
///
/// # Errors
///
/// A sentence about what is none.
pub fn seed(text: &str) -> Result<u64, String> {
    parse_seed(text).ok_or_else(|| format!("{text:?} is not a seed: write 42 or 0x2a"))
}

/// How similar a name must be to be proposed, from 0 to 1.
const SIMILARITY_MIN: f64 = 0.75;

/// The test of that name.
pub(super) fn find(name: &str, target: &dyn Target, all: &[TestInfo]) -> Result<TestInfo> {
    if let Some(test) = target.find(name) {
        return Ok(test);
    }
    let names = all.iter().map(|test| (strsim::jaro_winkler(name, test.name), test.name));
    match nearest(names, SIMILARITY_MIN).as_slice() {
        [] => bail!("there is no test {name}: `list` shows those that there are"),
        near => bail!("there is no test {name}. Did you mean {}?", near.join(" or ")),
    }
}

/// A test and a seed, in either order: nobody remembers which comes first.
pub(super) fn find_with_seed(
    first: &str,
    second: &str,
    target: &dyn Target,
    all: &[TestInfo],
) -> Result<(TestInfo, u64)> {
    match (seed(first), seed(second)) {
        (_, Ok(seed)) if target.find(first).is_some() || self::seed(first).is_err() => {
            Ok((find(first, target, all)?, seed))
        }
        (Ok(seed), _) => Ok((find(second, target, all)?, seed)),
        (Err(_), Err(wrong)) => bail!("{wrong}. A test and a seed are needed, as in TEST 0x1"),
        (Err(_), Ok(seed)) => Ok((find(first, target, all)?, seed)),
    }
}
