//! Those that deserve nothing: a file for each theme.

#![allow(clippy::too_many_lines, reason = "tables")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "hostile code does not read the rules"
)]

mod descriptors;
mod exits;
mod files;
mod harness;
mod panics;
mod processes;
mod resources;
mod statics;
mod time;

use crate::submission::Submission;

pub(crate) fn submissions() -> Vec<Submission> {
    let themes = [
        exits::submissions(),
        descriptors::submissions(),
        processes::submissions(),
        files::submissions(),
        resources::submissions(),
        time::submissions(),
        panics::submissions(),
        harness::submissions(),
        statics::submissions(),
    ];
    themes.into_iter().flatten().collect()
}
