//! Legal Rafts in other styles than the reference: what a false accusation shows on.
//!
//! Each is small, complete for parts 3A to 3D, and written as somebody else would: none shares code with the reference or
//! with another one. The gate runs all of them over all tests; whatever fails on them is either a bug of theirs, with
//! messages that prove it, or a bug of the judge. Bugs are planted in two of them as well as in the reference.

pub mod event_loop;
pub mod no_op;
pub mod polling;
pub mod pre_vote;
pub mod resettable_timer;
pub mod retrying;
