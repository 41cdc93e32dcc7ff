//! tmp
pub use crossbeam_channel::*;
