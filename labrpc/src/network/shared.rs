//! What all handles of a network share. What is done with it is in [`super::delivery`], [`super::handling`] and
//! [`super::report`].

use parking_lot::Mutex;

use super::state::State;
use super::world::World;

/// A network's state and world; what all its handles share.
pub(super) struct Shared {
    pub(super) world: World,
    pub(super) state: Mutex<State>,
}
