//! How large keys and values may be, and what says that they are larger.

use serde::{Deserialize, Serialize};

/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 1024;
/// The longest value, in bytes, however it comes about.
pub const VALUE_BYTES_MAX: usize = 1024 * 1024;

/// A key or a value is longer than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum TooLarge {
    /// The key.
    #[error("a key of {0} bytes; {KEY_BYTES_MAX} at most")]
    Key(usize),
    /// The value.
    #[error("a value of {0} bytes; {VALUE_BYTES_MAX} at most")]
    Value(usize),
}

/// Checks the length of a key.
///
/// # Errors
///
/// [`TooLarge`] when it exceeds [`KEY_BYTES_MAX`].
pub fn check_key(key: &str) -> Result<(), TooLarge> {
    if key.len() > KEY_BYTES_MAX { Err(TooLarge::Key(key.len())) } else { Ok(()) }
}
