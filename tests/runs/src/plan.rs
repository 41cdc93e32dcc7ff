//! How one run is asked for.

use labrpc::sim::{Policy, Tracing};

use crate::settings::World;

/// How one run is done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// In which world.
    pub world: World,
    /// What all chance comes from, in the simulated world.
    pub seed: u64,
    /// Who runs next, in the simulated world.
    pub policy: Policy,
    /// How many of the last events are kept.
    pub tracing: Tracing,
}
