//! What goes into the network, what is under way in it, and what comes out.

use std::sync::Arc;

use super::Address;
use super::calls::CallKey;
use super::message::{Direction, Message, Observers};
use super::pending::Outcome;
use crate::wire::{self, Describe, Value};

/// A message in its encoded form.
pub(super) struct Envelope {
    pub(super) key: CallKey,
    pub(super) direction: Direction,
    pub(super) end: u32,
    pub(super) from: Address,
    pub(super) to: Address,
    /// The method's place in the network's table.
    pub(super) method: u32,
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
    /// The sender's name for the type, for messages.
    pub(super) type_name: &'static str,
    /// What is read in place of the bytes, if one of the parties speaks in trees.
    pub(super) plain: Option<Arc<Value>>,
}

impl Envelope {
    pub(super) fn copy(&self) -> Self {
        // Bytes of its own, since each message gives its buffer back when it is done.
        Self { bytes: wire::copy(&self.bytes), plain: self.plain.clone(), ..*self }
    }

    pub(super) fn message<'a>(&self, content: Option<&'a dyn Describe>) -> Message<'a> {
        Message {
            call: self.key.number,
            end: u64::from(self.end),
            direction: self.direction,
            from: self.from,
            to: self.to,
            method: self.name,
            size: self.bytes.len(),
            content,
        }
    }
}

/// Arguments on their way into the network.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) args: &'a dyn Describe,
    pub(super) bytes: Vec<u8>,
    pub(super) type_name: &'static str,
    /// The caller speaks in trees.
    pub(super) plain: Option<Arc<Value>>,
}

/// What a caller gets back to make sense of the outcome of its call.
pub(super) struct EndedCall {
    pub(super) outcome: Outcome,
    /// The call, the caller, the server, the method and which server it was.
    pub(super) ids: Option<(CallKey, Address, Address, &'static str, u64)>,
    pub(super) end: u32,
    pub(super) observers: Observers,
}

/// A message that a rule holds back.
pub(super) struct Held {
    pub(super) rule: u64,
    pub(super) envelope: Envelope,
}

impl EndedCall {
    /// Who called whom and what, for messages.
    pub(super) fn describe(&self) -> String {
        self.ids.map_or_else(String::new, |(_, from, to, method, _)| {
            format!("{from} cannot read the reply of {to} to {method}")
        })
    }
}

/// What a report needs besides the message.
pub(super) struct View<'a> {
    pub(super) observers: &'a Observers,
    pub(super) bytes: &'a [u8],
    pub(super) incarnation: u64,
}
