//! Encoding: how arguments and replies become bytes, and how people and checkers read them.
//!
//! A message crosses the network as [postcard](https://postcard.jamesmunns.com) bytes, so that servers share no
//! memory and byte counts are honest. Bytes of that format cannot be read without the type. What watches messages
//! therefore asks the value itself, while it is still there, through [`Describe`]: for a single field, or for the
//! whole as a [`Value`]. Both are made from the type's `Serialize`, so no type has to do anything for it, and
//! nothing is made unless somebody asks. The other way, a value is made from a tree by [`from_value`], so that a tester
//! can speak to code whose types it does not have.

mod ask;
mod fields;
mod json;
mod made_up;
mod plain;
mod probe;
mod show;
mod tree;
mod value;

use std::cell::RefCell;

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use fields::field_names;
pub(crate) use json::{FromJson, Json};
pub use made_up::{AskMadeUp, MadeUp, With};
pub use plain::{from_value, made_up};
pub use probe::{Describe, Each, Elements};
pub use value::Value;

/// Buffers kept for the next message, for each OS thread.
const BUFFERS_KEPT_MAX: usize = 64;
/// A buffer that has grown past this many bytes is given back to the allocator.
const BUFFER_BYTES_KEPT_MAX: usize = 64 * 1024;

thread_local! {
    static BUFFERS: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer, used or new.
fn take_buffer() -> Vec<u8> {
    BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Keeps a buffer that is not needed any more.
pub(crate) fn give_back(mut buffer: Vec<u8>) {
    if buffer.capacity() == 0 || buffer.capacity() > BUFFER_BYTES_KEPT_MAX {
        return;
    }
    buffer.clear();
    BUFFERS.with_borrow_mut(|buffers| {
        if buffers.len() < BUFFERS_KEPT_MAX {
            buffers.push(buffer);
        }
    });
}

/// A copy of `bytes` in a buffer from the pool.
pub(crate) fn copy(bytes: &[u8]) -> Vec<u8> {
    let mut buffer = take_buffer();
    buffer.extend_from_slice(bytes);
    buffer
}

/// Where postcard writes to.
struct Buffer(Vec<u8>);

impl Flavor for Buffer {
    type Output = Vec<u8>;

    #[inline]
    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        match data {
            &[byte] => self.0.push(byte), // most numbers are small
            _ => self.0.extend_from_slice(data),
        }
        Ok(())
    }

    #[inline]
    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.0.push(data);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.0)
    }
}

/// A value that cannot be encoded, or bytes that are not the encoding of a value of the wanted type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The type's own `Serialize` refused, or it uses what the format does not have.
    #[error("a value of type {type_name} cannot be encoded: {cause}")]
    Encode {
        /// The type.
        type_name: &'static str,
        /// What the encoder said.
        cause: String,
    },
    /// The bytes mean nothing as a value of that type.
    #[error("{size} bytes do not decode as {type_name}: {cause}")]
    Decode {
        /// The wanted type.
        type_name: &'static str,
        /// How many bytes there were.
        size: usize,
        /// What the decoder said.
        cause: String,
    },
    /// A value was found, and bytes were left over: the sender's type is another one.
    #[error("{size} bytes do not decode as {type_name}: {left} of them are left over")]
    LeftOver {
        /// The wanted type.
        type_name: &'static str,
        /// How many bytes there were.
        size: usize,
        /// How many of them were not used.
        left: usize,
    },
    /// A tree does not fit the type.
    #[error("a tree does not fit {type_name}: {cause}")]
    Plain {
        /// The wanted type.
        type_name: &'static str,
        /// What does not fit.
        cause: String,
    },
}

/// Encodes a value.
///
/// # Errors
///
/// [`WireError::Encode`] when the type's `Serialize` refuses.
///
/// ```
/// let bytes = labrpc::wire::encode(&(7u64, "seven")).unwrap();
/// let back: (u64, String) = labrpc::wire::decode(&bytes).unwrap();
/// assert_eq!(back, (7, "seven".to_owned()));
/// ```
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, WireError> {
    postcard::serialize_with_flavor(value, Buffer(take_buffer())).map_err(|cause| WireError::Encode {
        type_name: std::any::type_name::<T>(),
        cause: cause.to_string(),
    })
}

/// Decodes a value from all of `bytes`.
///
/// # Errors
///
/// [`WireError::Decode`] or [`WireError::LeftOver`] when the bytes are not exactly one value of type `T`.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    let type_name = std::any::type_name::<T>();
    let size = bytes.len();
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(WireError::LeftOver { type_name, size, left: rest.len() }),
        Err(cause) => Err(WireError::Decode { type_name, size, cause: cause.to_string() }),
    }
}

/// What is decoded: bytes that the type's own `Serialize` made, or a tree where a party does not have the type.
#[derive(Clone, Copy)]
pub(crate) enum Encoded<'a> {
    /// The encoding of a value.
    Bytes(&'a [u8]),
    /// A tree.
    Plain(&'a Value),
}

impl<'a> Encoded<'a> {
    pub(crate) fn new(bytes: &'a [u8], plain: Option<&'a Value>) -> Self {
        plain.map_or(Self::Bytes(bytes), Self::Plain)
    }

    pub(crate) fn decode<T: DeserializeOwned>(self) -> Result<T, WireError> {
        match self {
            Self::Bytes(bytes) => decode(bytes),
            Self::Plain(value) => from_value(value),
        }
    }
}
