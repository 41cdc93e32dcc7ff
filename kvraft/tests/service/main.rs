//! The service from end to end.

mod clerks;
mod cluster;
mod forwarding;
