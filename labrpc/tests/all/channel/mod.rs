//! Channels and selects.

mod handles;
mod model;
mod select;
