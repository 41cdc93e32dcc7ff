//! Skeleton: facades that pass through to the real world.
#![allow(missing_docs)]
pub mod network;
pub mod thread {
    pub use std::thread::*;
}
pub mod time {
    pub use std::time::{Duration, Instant};
}
pub mod sync {
    pub use parking_lot::*;
    pub use std::sync::Arc;
    pub use std::sync::atomic;
}
pub mod channel {
    pub use crossbeam_channel::*;
}
pub mod rand {
    pub use ::rand::{Rng, RngExt, SeedableRng, seq};
    pub fn rng() -> ::rand::rngs::Xoshiro256PlusPlus {
        ::rand::rngs::Xoshiro256PlusPlus::seed_from_u64(1)
    }
}
