//! The caller's side.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Address;
use super::envelope::{EndedCall, Request};
use super::pending::Outcome;
use super::shared::Shared;
use super::world::World;
use crate::sim::{self, Kind};
use crate::wire::{self, Encoded, Value};

/// One end of a connection to one server: what a server or clerk holds of each peer that it calls.
///
/// Cheap to clone; all clones are the same end.
#[derive(Clone)]
pub struct ClientEnd {
    pub(super) shared: Arc<Shared>,
    pub(super) id: u32,
    owner: Address,
}

impl ClientEnd {
    pub(super) fn new(shared: Arc<Shared>, id: u32, owner: Address) -> Self {
        Self { shared, id, owner }
    }

    /// Calls `method`, named in full as `Raft.RequestVote`, with `args`, and waits for the reply. There is no timeout
    /// to wait for: the network always comes back sooner or later, unless the handler never returns.
    ///
    /// `None` means only: no reply came. The request may have been lost, or the reply; the handler may have run, or
    /// may yet run. The caller cannot know.
    ///
    /// # Panics
    ///
    /// In the real world, if the server has no such method, if its types differ from `A` and `R`, or if the handler
    /// panicked. In a simulation these end the run with the same message.
    #[track_caller]
    pub fn call<A, R>(&self, method: &str, args: &A) -> Option<R>
    where
        A: Serialize,
        R: Serialize + DeserializeOwned,
    {
        let location = Location::caller();
        self.shared.world.assert_here();
        if matches!(self.shared.world, World::Simulated(_)) {
            // What was unlocked before the call can change before it is sent; and a loop of calls that fail at once
            // sees time pass.
            sim::step(Kind::Send, 0, location);
        }
        let bytes = match wire::encode(args) {
            Ok(bytes) => bytes,
            Err(error) => return self.give_up(format!("{} cannot call {method}: {error}", self.owner)),
        };
        let request = Request { method, args, bytes, type_name: std::any::type_name::<A>(), plain: None };
        let mut called = self.shared.call(self.id, request, location);
        match std::mem::replace(&mut called.outcome, Outcome::Nothing) {
            Outcome::Nothing => None,
            Outcome::Broken(message) => self.give_up(message),
            Outcome::Reply(bytes, type_name, plain) => {
                if let Some(plain) = &plain {
                    self.tell_made_up::<R>(method, plain);
                }
                self.read(&called, bytes, type_name, plain.as_deref())
            }
        }
    }

    /// As [`call`](Self::call), for a caller that does not have the server's types: its arguments are a tree, from which
    /// the server's type is made by name, as by [`wire::from_value`]; and so is the reply.
    ///
    /// # Errors
    ///
    /// A sentence that says why the server cannot read the arguments, or that it has no such method.
    ///
    /// # Panics
    ///
    /// If the network is of another world than the caller.
    #[track_caller]
    pub fn call_plain(&self, method: &str, args: &Value) -> Result<Option<Value>, String> {
        let location = Location::caller();
        self.shared.world.assert_here();
        if matches!(self.shared.world, World::Simulated(_)) {
            sim::step(Kind::Send, 0, location);
        }
        let bytes = wire::encode(args).map_err(|error| error.to_string())?;
        let plain = Some(Arc::new(args.clone()));
        let request = Request { method, args, bytes, type_name: "a tree", plain };
        let mut called = self.shared.call(self.id, request, location);
        match std::mem::replace(&mut called.outcome, Outcome::Nothing) {
            Outcome::Nothing => Ok(None),
            Outcome::Broken(message) => Err(message),
            Outcome::Reply(bytes, _, plain) => {
                let reply = plain.map(Arc::unwrap_or_clone);
                if let Some(reply) = &reply {
                    self.shared.report_reply(&called, reply, &bytes);
                }
                wire::give_back(bytes);
                Ok(reply)
            }
        }
    }

    fn read<R: Serialize + DeserializeOwned>(
        &self,
        called: &EndedCall,
        bytes: Vec<u8>,
        type_name: &'static str,
        plain: Option<&Value>,
    ) -> Option<R> {
        match Encoded::new(&bytes, plain).decode::<R>() {
            Ok(_) if plain.is_some() && size_of::<R>() == 0 => {
                // A type without values to tell apart reads any tree, and would lose what it was told.
                let message = format!("{}: its caller takes no answer", called.describe());
                self.unreadable(message)
            }
            Ok(reply) => {
                // Told here, in the caller's thread, where the reply is a value again and can be read.
                self.shared.report_reply(called, &reply, &bytes);
                wire::give_back(bytes);
                Some(reply)
            }
            Err(error) => {
                let message = format!("{}, sent as {type_name}: {error}", called.describe());
                if plain.is_some() { self.unreadable(message) } else { self.give_up(message) }
            }
        }
    }

    /// Tells of what is about to be made up in a reply. Before the caller has it: whoever is told knows of it before anything can
    /// come of it.
    fn tell_made_up<R: DeserializeOwned>(&self, method: &str, plain: &Value) {
        let Some(hook) = self.shared.state.lock().on_made_up.clone() else { return };
        wire::made_up::<R>(plain).iter().for_each(|made_up| hook(method, made_up));
    }

    /// Who answers in trees cannot know the caller's type, so it is no mistake of the caller's.
    #[cold]
    fn unreadable<R>(&self, message: String) -> Option<R> {
        let hook = self.shared.state.lock().on_unreadable.clone();
        match hook {
            Some(hook) => {
                hook(&message);
                None
            }
            None => self.give_up(message),
        }
    }

    /// Fails the test.
    #[cold]
    fn give_up<R>(&self, message: String) -> Option<R> {
        match self.shared.world {
            World::Simulated(_) => {
                sim::fail_misuse(message);
                None
            }
            World::Real(_) => {
                self.shared.state.lock().failure.get_or_insert_with(|| message.clone());
                panic!("{message}")
            }
        }
    }

    /// The number of this end: how many ends the network had made before it. Ends are never used again, so it tells
    /// the calls of a restarted server from those of its predecessor.
    #[must_use]
    pub fn id(&self) -> u64 {
        u64::from(self.id)
    }

    /// Who calls with it.
    #[must_use]
    pub fn owner(&self) -> Address {
        self.owner
    }
}

impl fmt::Debug for ClientEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientEnd({} of {})", self.id, self.owner)
    }
}
