//! The guide: pages to read, one module each, with nothing in them but text.
//!
//! - [`hunting`]: from an ordinary threaded program with a flaky test to the bug, replayed and understood.
//! - [`policies`]: who runs next, in how many ways, and which of them to choose. How a replay line is read.
//! - [`from_go`]: for those who know Go and MIT's labs.
//! - [`from_std`]: what stands for which name of `std`, `parking_lot`, `crossbeam` and `rand`, and what has no counterpart.
//! - [`compared`]: beside loom, shuttle, stress tests, Miri and ThreadSanitizer.
//!
//! The code on these pages is run by `cargo test -p labrpc --doc`.

pub mod hunting {
    #![doc = include_str!("hunting.md")]
}

pub mod policies {
    #![doc = include_str!("policies.md")]
}

pub mod from_go {
    #![doc = include_str!("from_go.md")]
}

pub mod from_std {
    #![doc = include_str!("from_std.md")]
}

pub mod compared {
    #![doc = include_str!("compared.md")]
}
