//! Names of holdings, and how long to wait before the next look.

use labrpc::rand::{self, RngExt};
use labrpc::thread;
use labrpc::time::Duration;

/// The value of a key whose lock is free. A key that was never written is a free lock as well.
pub(crate) const FREE: &str = "";

/// A name that nobody else has: 64 random bits. One for each holding, not for each client: an old put of the same client that
/// arrives late must not be taken for the new one.
pub(crate) fn draw() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// Waits before the next look, a little longer or shorter each time, so that clients do not go in step.
pub(crate) fn wait() {
    thread::sleep(Duration::from_millis(rand::rng().random_range(10..30)));
}
