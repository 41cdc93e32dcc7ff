//! Those that deserve all points: a file for each theme.

#![allow(clippy::too_many_lines, reason = "tables")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "people write what they know from std"
)]

mod destructors;
mod everyday;
mod lent;
mod panics;
mod statics;
mod threads;

use crate::submission::Submission;

pub(crate) fn submissions() -> Vec<Submission> {
    let themes = [
        destructors::submissions(),
        everyday::submissions(),
        lent::submissions(),
        panics::submissions(),
        statics::submissions(),
        threads::submissions(),
    ];
    themes.into_iter().flatten().collect()
}
