//! The tester's side: servers, ends, faults and counts.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::counters::{Counters, Tally};
use super::fault::Fault;
use super::message::Observer;
use super::report::record_fault;
use super::rules::{Entry, Rule};
use super::shared::Shared;
use super::state::State;
use super::world::World;
use super::{Address, ClientEnd, Server};
use crate::sim;
use crate::wire::MadeUp;

/// A network. Cheap to clone; all clones are the same network, which ends when the last of them is dropped.
#[derive(Clone)]
pub struct Network(Arc<Owner>);

/// Ends the network when no handle is left. Client ends do not keep it going.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Network {
    // ----- the network as a whole -----

    /// A network of the caller's world: simulated if the caller is part of a simulation, else real. It starts
    /// reliable and empty.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "which world it is made in is too much for a default")]
    pub fn new() -> Self {
        Self::in_world(World::of_caller(None))
    }

    /// The same, with a seed for the faults of a network of the real world. In a simulation all chance comes from the
    /// simulation's own seed, and this one is ignored.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::in_world(World::of_caller(Some(seed)))
    }

    fn in_world(world: World) -> Self {
        Self(Arc::new(Owner(Arc::new(Shared { world, state: Mutex::new(State::default()) }))))
    }

    /// Ends the network (MIT: `Cleanup`): all callers are freed without a reply, calls from now on get none at once,
    /// servers and rules are dropped, and the threads of a real network end as soon as their handlers return. Dropping
    /// the last handle does the same.
    pub fn cleanup(&self) {
        self.shared().close();
    }

    /// How many OS threads work for the network now; 0 in a simulation.
    #[must_use]
    pub fn threads(&self) -> usize {
        match &self.shared().world {
            World::Simulated(_) => 0,
            World::Real(real) => real.threads(),
        }
    }

    /// The first thing that went wrong with the code on the network, in the real world: a panic of a handler, an
    /// unknown method, bytes that do not decode. In a simulation such things end the run.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.shared().state.lock().failure.clone()
    }

    // ----- client ends -----

    /// A new end, for calls by `owner`. It is not connected and disabled.
    ///
    /// # Panics
    ///
    /// If the network is of another world than the caller.
    #[must_use]
    pub fn make_end(&self, owner: impl Into<Address>) -> ClientEnd {
        self.shared().world.assert_here();
        let owner = owner.into();
        let id = self.shared().state.lock().make_end(owner);
        ClientEnd::new(Arc::clone(self.shared()), id, owner)
    }

    /// A new end from `owner` to `server`, connected and enabled.
    ///
    /// # Panics
    ///
    /// If the network is of another world than the caller.
    #[must_use]
    pub fn make_connected_end(&self, owner: impl Into<Address>, server: impl Into<Address>) -> ClientEnd {
        let end = self.make_end(owner);
        self.connect(&end, server);
        self.enable(&end);
        end
    }

    /// Says which server an end leads to.
    pub fn connect(&self, end: &ClientEnd, server: impl Into<Address>) {
        self.state_of(end).lock().connect(end.id, server.into());
    }

    /// Lets calls through an end get to their server.
    pub fn enable(&self, end: &ClientEnd) {
        self.state_of(end).lock().set_enabled(end.id, true);
        record_fault(|| format!("enabled {end:?}"));
    }

    /// Cuts an end off. Calls through it get no reply, after up to 99 ms, or up to 6999 ms with
    /// [long delays](Self::long_delays). A call under way gets none either, within 100 ms, although its handler may
    /// run; unless its reply was sent before.
    ///
    /// # Panics
    ///
    /// If the end is of another network, or that of another world than the caller.
    pub fn disable(&self, end: &ClientEnd) {
        self.state_of(end).lock().set_enabled(end.id, false);
        record_fault(|| format!("disabled {end:?}"));
        self.shared().recheck_calls();
    }

    /// Takes an end away for good: as [`disable`](Self::disable), and it should not be enabled again.
    pub fn delete_end(&self, end: &ClientEnd) {
        self.disable(end);
    }

    fn state_of(&self, end: &ClientEnd) -> &Mutex<State> {
        assert!(Arc::ptr_eq(self.shared(), &end.shared), "{end:?} belongs to another network");
        self.shared().world.assert_here();
        &self.shared().state
    }

    // ----- servers -----

    /// Puts a server at an address, in place of the one that was there. Returns its number, by which events tell it
    /// from others at the same address: 1 for the first server of the network, 2 for the next.
    ///
    /// Calls under way to the server that was there get no reply, within 100 ms.
    ///
    /// # Panics
    ///
    /// If the network is of another world than the caller.
    pub fn add_server(&self, address: impl Into<Address>, server: Server) -> u64 {
        self.shared().world.assert_here();
        let address = address.into();
        let (node, methods) = server.into_parts();
        if sim::is_active() {
            // Weak, or the node would keep what is left of a network that has ended until the end of the run.
            let network = Arc::downgrade(self.shared());
            let tell = move || {
                if let Some(shared) = network.upgrade() {
                    shared.recheck_calls();
                }
            };
            sim::on_crash(node.id(), Box::new(tell));
        }
        let (number, before) = self.shared().state.lock().add_server(address, node, methods);
        record_fault(|| format!("added server {address}, incarnation {number}"));
        if before.is_some() {
            self.shared().recheck_calls();
        }
        number
    }

    /// Takes a server away. Its handlers go on, if they run, but nothing they return reaches a caller: callers get no
    /// reply, within 100 ms. (MIT: a positive reply must not leak from a server whose disk has been given to its
    /// successor.) Only a reply that was sent before still arrives.
    ///
    /// # Panics
    ///
    /// If the network is of another world than the caller.
    pub fn delete_server(&self, address: impl Into<Address>) {
        self.shared().world.assert_here();
        let address = address.into();
        let removed = self.shared().state.lock().remove_server(address);
        record_fault(|| format!("deleted server {address}"));
        if removed.is_some() {
            self.shared().recheck_calls();
        }
    }

    // ----- MIT's settings -----

    /// Messages are neither lost nor delayed. The default.
    pub fn reliable(&self) {
        self.set("reliable", |settings| settings.unreliable = false);
    }

    /// A request waits 0 to 26 ms, then is lost with probability 0.1; a reply is lost with probability 0.1. A caller
    /// whose message is lost learns at once that there is no reply.
    pub fn unreliable(&self) {
        self.set("unreliable", |settings| settings.unreliable = true);
    }

    /// Calls to a server that cannot be reached get no reply after 0 to 99 ms. The default.
    pub fn short_delays(&self) {
        self.set("short delays", |settings| settings.long_delays = false);
    }

    /// Calls to a server that cannot be reached get no reply after 0 to 6999 ms.
    pub fn long_delays(&self) {
        self.set("long delays", |settings| settings.long_delays = true);
    }

    /// Replies arrive without delay. The default.
    pub fn in_order(&self) {
        self.set("in order", |settings| settings.long_reordering = false);
    }

    /// Two replies of three arrive 200 to 2199 ms late.
    pub fn long_reordering(&self) {
        self.set("long reordering", |settings| settings.long_reordering = true);
    }

    fn set(&self, what: &'static str, change: impl FnOnce(&mut super::state::MitSettings)) {
        self.shared().state.lock().change_settings(change);
        record_fault(|| what.to_owned());
    }

    // ----- faults and observers -----

    /// Adds a rule at the end of the list. It is in force until the [`Fault`] is dropped.
    ///
    /// ```
    /// # use labrpc::network::*;
    /// # labrpc::sim::Sim::new(1).run(|| {
    /// let network = Network::new();
    /// let partition = network.add_rule(Partition::between([0, 1], [2, 3, 4]));
    /// // ... here servers 0 and 1 are on their own ...
    /// partition.end();
    /// # }).unwrap();
    /// ```
    pub fn add_rule(&self, rule: impl Rule) -> Fault {
        // Not under one lock with the rest: the name of a rule is code of its user.
        let id = self.shared().state.lock().next_rule();
        let entry = Entry::new(id, rule);
        record_fault(|| format!("start of {}", entry.rule.name()));
        self.shared().state.lock().add_rule(Arc::clone(&entry));
        Fault::new(Arc::clone(self.shared()), entry)
    }

    /// Adds somebody who is told of every message from now on, until the network ends.
    pub fn add_observer(&self, observer: impl Observer + 'static) {
        self.shared().state.lock().add_observer(Arc::new(observer));
    }

    /// From now on a caller that cannot read a [tree](super::Service::plain_method) that it is answered with, or takes no
    /// answer at all, gets none, and this is told why. Otherwise that fails the test.
    pub fn on_unreadable(&self, hook: impl Fn(&str) + Send + Sync + 'static) {
        self.shared().state.lock().on_unreadable = Some(Arc::new(hook));
    }

    /// From now on this is told of each field that a caller reads in a [tree](super::Service::plain_method) that it is answered
    /// with, and that the tree does not say, at whatever depth: the method, and the field. The caller gets the nothing of its
    /// type, which may mean something to it.
    pub fn on_made_up(&self, hook: impl Fn(&str, &MadeUp) + Send + Sync + 'static) {
        self.shared().state.lock().on_made_up = Some(Arc::new(hook));
    }

    // ----- counts -----

    /// Calls that entered the network, lost or not.
    #[must_use]
    pub fn total_calls(&self) -> u64 {
        self.shared().state.lock().total().calls
    }

    /// Bytes of arguments that were sent, lost or not, and of replies that reached their callers.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.shared().state.lock().total().bytes
    }

    /// What was counted for one server; see [`Tally`].
    #[must_use]
    pub fn server_tally(&self, address: impl Into<Address>) -> Tally {
        self.shared().state.lock().server_tally(address.into())
    }

    /// All counts.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared().state.lock().counters()
    }

    // ----- -----

    fn shared(&self) -> &Arc<Shared> {
        &self.0.0
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let world = if matches!(self.shared().world, World::Real(_)) { "real" } else { "simulated" };
        write!(f, "Network({world})")
    }
}
