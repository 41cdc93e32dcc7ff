//! What the network knows, behind one lock. Nothing here blocks, runs user code or drops a user's value.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::calls::{Call, CallKey, Calls};
use super::counters::{Counters, Tally};
use super::envelope::Held;
use super::message::{Observer, Observers};
use super::pending::Pending;
use super::rules::{Entry, mit_rules};
use super::service::Method;
use super::{Address, names};
use crate::sim::NodeHandle;
use crate::wire::MadeUp;

/// A caller looks after this long, again and again, whether its server is still there (MIT).
const POLL_INTERVAL_NS: u64 = 100_000_000;

/// One client end.
struct End {
    owner: Address,
    to: Option<Address>,
    is_enabled: bool,
}

/// One server, from when it was added until it is deleted or replaced.
pub(super) struct Incarnation {
    pub(super) number: u64,
    pub(super) node: NodeHandle,
    pub(super) label: Arc<str>,
    /// With the method's place in the network's table. They are few; of two for one method the later counts.
    handlers: Vec<(u32, Method)>,
    /// What it serves, for messages.
    pub(super) methods: Vec<String>,
}

impl Incarnation {
    pub(super) fn handler(&self, method: u32) -> Option<&Method> {
        self.handlers.iter().rev().find(|(place, _)| *place == method).map(|(_, handler)| handler)
    }
}

/// A called address: who is there, and what was counted.
#[derive(Default)]
struct AddressEntry {
    server: Option<Arc<Incarnation>>,
    tally: Tally,
}

/// The network's rules as one message passes them; replaced as a whole when they change.
pub(super) type Rules = Option<Arc<[Arc<Entry>]>>;
/// MIT's global settings.
#[derive(Clone, Copy, Default)]
pub(super) struct MitSettings {
    pub(super) unreliable: bool,
    pub(super) long_reordering: bool,
    pub(super) long_delays: bool,
}

/// Is told why a caller cannot read its reply.
pub(super) type OnUnreadable = dyn Fn(&str) + Send + Sync;

/// Is told of a method, and of a field of its reply that a caller reads and was not given.
pub(super) type OnMadeUp = dyn Fn(&str, &MadeUp) + Send + Sync;

#[derive(Default)]
pub(super) struct State {
    ends: Vec<End>,
    addresses: BTreeMap<Address, AddressEntry>,
    incarnations: u64,
    pub(super) calls: Calls,
    /// Names of methods in the order of their first use, and where they stand.
    names: Vec<(&'static str, Tally)>,
    by_name: BTreeMap<&'static str, u32>,
    total: Tally,
    pub(super) settings: MitSettings,
    mit: Vec<Arc<Entry>>,
    added: Vec<Arc<Entry>>,
    entries: u64,
    rules: Rules,
    pub(super) held: Vec<Held>,
    observers: Observers,
    pub(super) is_closed: bool,
    pub(super) failure: Option<String>,
    /// Told of a reply in a tree that its caller cannot read.
    pub(super) on_unreadable: Option<Arc<OnUnreadable>>,
    pub(super) on_made_up: Option<Arc<OnMadeUp>>,
}

/// A call that has just been entered into the table, and what is needed to send its request.
pub(super) struct StartedCall {
    pub(super) key: CallKey,
    pub(super) method: u32,
    pub(super) name: &'static str,
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) incarnation: u64,
    /// What is in the way, if the server cannot be reached.
    pub(super) obstacle: Option<&'static str>,
    /// The called method reads trees.
    pub(super) is_plain: bool,
    pub(super) rules: Rules,
    pub(super) observers: Observers,
}

impl State {
    // ----- methods -----

    /// The place of a method in the table, and its name for as long as the process lives.
    fn method(&mut self, name: &str) -> (u32, &'static str) {
        if let Some((&name, &place)) = self.by_name.get_key_value(name) {
            return (place, name);
        }
        // Once for each name, so that messages carry a pointer and calls are told apart by a number.
        let name = names::intern(name);
        let place = self.names.len() as u32;
        self.names.push((name, Tally::default()));
        self.by_name.insert(name, place);
        (place, name)
    }

    // ----- ends -----

    pub(super) fn make_end(&mut self, owner: Address) -> u32 {
        self.ends.push(End { owner, to: None, is_enabled: false });
        self.ends.len() as u32 - 1
    }

    pub(super) fn connect(&mut self, end: u32, to: Address) {
        self.ends[end as usize].to = Some(to);
    }

    pub(super) fn set_enabled(&mut self, end: u32, is_enabled: bool) {
        self.ends[end as usize].is_enabled = is_enabled;
    }

    pub(super) fn is_enabled(&self, end: u32) -> bool {
        self.ends[end as usize].is_enabled
    }

    // ----- servers -----

    /// Puts a server at an address. Returns its number and the one that was there before.
    pub(super) fn add_server(
        &mut self,
        address: Address,
        node: NodeHandle,
        methods: Vec<(String, Method)>,
    ) -> (u64, Option<Arc<Incarnation>>) {
        self.incarnations += 1;
        let number = self.incarnations;
        let names = methods.iter().map(|(name, _)| name.clone()).collect();
        let handlers = methods.into_iter().map(|(name, handler)| (self.method(&name).0, handler)).collect();
        let label = node.shared_name();
        let server = Arc::new(Incarnation { number, node, label, handlers, methods: names });
        let place = self.addresses.entry(address).or_default();
        (number, place.server.replace(server))
    }

    pub(super) fn remove_server(&mut self, address: Address) -> Option<Arc<Incarnation>> {
        self.addresses.get_mut(&address)?.server.take()
    }

    pub(super) fn remove_all_servers(&mut self) -> Vec<Arc<Incarnation>> {
        self.addresses.values_mut().filter_map(|place| place.server.take()).collect()
    }

    /// The server at an address, unless its node was crashed.
    fn server(&self, address: Address) -> Option<&Arc<Incarnation>> {
        let server = self.addresses.get(&address)?.server.as_ref()?;
        (!server.node.is_crashed()).then_some(server)
    }

    /// The server that a request arrives at, which counts it.
    pub(super) fn receive(&mut self, to: Address, size: usize) -> Option<Arc<Incarnation>> {
        let place = self.addresses.get_mut(&to)?;
        let server = place.server.as_ref()?;
        if server.node.is_crashed() {
            return None;
        }
        place.tally.calls += 1;
        place.tally.bytes += size as u64;
        Some(Arc::clone(server))
    }

    // ----- calls -----

    /// Enters a call. `None` once the network is closed.
    pub(super) fn begin(
        &mut self,
        end: u32,
        method: &str,
        size: usize,
        now_ns: u64,
        pending: Arc<Pending>,
    ) -> Option<StartedCall> {
        if self.is_closed {
            return None;
        }
        let (method, name) = self.method(method);
        // At sending, before anything is known of what becomes of it: MIT's tests limit what a server sends,
        // and a message that is lost has been sent.
        for tally in [&mut self.total, &mut self.names[method as usize].1] {
            tally.calls += 1;
            tally.bytes += size as u64;
        }
        let End { owner, to, is_enabled } = self.ends[end as usize];
        let server = to.and_then(|to| self.server(to));
        // Noted, not answered: an error here would tell the caller what no caller can know. It waits, as for
        // any lost call.
        let obstacle = match (to, is_enabled, server) {
            (None, ..) => Some("an end that is not connected"),
            (_, false, _) => Some("a disabled end"),
            (_, _, None) => Some("a server that is not there"),
            _ => None,
        };
        let is_plain = server.and_then(|server| server.handler(method)).is_some_and(|method| method.is_plain);
        // 0 with an obstacle, and then the call is never cut off: it has a timeout of its own already.
        let incarnation = server.filter(|_| obstacle.is_none()).map_or(0, |server| server.number);
        let to = to.unwrap_or(Address::Nobody);
        let call = Call { end, method, to, incarnation, messages: 1, replies: 0, since_ns: now_ns, pending };
        let key = self.calls.add(call);
        let (rules, observers) = (self.rules.clone(), self.observers.clone());
        Some(StartedCall {
            key,
            method,
            name,
            from: owner,
            to,
            incarnation,
            obstacle,
            is_plain,
            rules,
            observers,
        })
    }

    /// Whether no reply may come any more, because the call's server is gone or its end disabled (MIT), and none is
    /// on its way already. A call that met an obstacle when it was sent waits for its own timeout instead.
    fn is_cut_off(&self, call: &Call) -> bool {
        // By number and not by address: a server that was put in its place has not heard of this call.
        let is_there = |server: &Arc<Incarnation>| server.number == call.incarnation;
        call.incarnation != 0
            && call.replies == 0
            && !(self.is_enabled(call.end) && self.server(call.to).is_some_and(is_there))
    }

    /// Why the reply that a handler has just returned must not reach its caller; `None` if it may, and then it counts
    /// as sent.
    pub(super) fn send_reply(&mut self, key: CallKey, handled_by: u64) -> Option<&'static str> {
        let Some(call) = self.calls.get_mut(key) else { return Some("the call has ended") };
        // Whatever is decided, it ends as a reply: one that is refused is lost as one.
        call.replies += 1;
        let (end, to, incarnation) = (call.end, call.to, call.incarnation);
        if !self.is_there(to, handled_by) || handled_by != incarnation {
            return Some("the server is gone");
        }
        (!self.is_enabled(end)).then_some("the end is disabled")
    }

    /// Whether that very server is still at an address and has not crashed.
    pub(super) fn is_there(&self, address: Address, number: u64) -> bool {
        self.server(address).is_some_and(|server| server.number == number)
    }

    /// A message of a call is lost. Returns the call if it ends by that.
    pub(super) fn lose(&mut self, key: CallKey, is_reply: bool) -> Option<Call> {
        let call = self.calls.get_mut(key)?;
        call.messages -= 1;
        call.replies -= u32::from(is_reply);
        let is_last = call.messages == 0;
        // Others may be under way. But if the server is gone and no reply is among them, none of them can
        // bring one.
        if is_last { self.calls.remove(key) } else { self.end_if_cut_off(key) }
    }

    /// MIT's look, every 100 ms, whether a call can still get a reply. Returns the call if it cannot.
    pub(super) fn end_if_cut_off(&mut self, key: CallKey) -> Option<Call> {
        let is_cut_off = self.calls.get(key).is_some_and(|call| self.is_cut_off(call));
        if is_cut_off { self.calls.remove(key) } else { None }
    }

    /// The reply of a call has arrived. Returns the call and counts the bytes, unless the call has ended before.
    pub(super) fn end_with_reply(&mut self, key: CallKey, size: usize) -> Option<Call> {
        let call = self.calls.remove(key)?;
        // Only when it arrives, unlike a request: MIT counts a reply when its caller gets it.
        self.total.bytes += size as u64;
        self.names[call.method as usize].1.bytes += size as u64;
        if let Some(place) = self.addresses.get_mut(&call.to) {
            place.tally.bytes += size as u64;
        }
        Some(call)
    }

    /// The calls that can get no reply any more but do not know it yet, and how long it is until each looks again.
    pub(super) fn cut_off(&self, now_ns: u64) -> Vec<(CallKey, u64)> {
        let lost = self.calls.iter().filter(|(_, call)| self.is_cut_off(call));
        // What is left of the current interval of 100 ms.
        lost.map(|(key, call)| {
            (key, POLL_INTERVAL_NS - now_ns.saturating_sub(call.since_ns) % POLL_INTERVAL_NS)
        })
        .collect()
    }

    pub(super) fn remove_all_calls(&mut self) -> Vec<Call> {
        let keys: Vec<CallKey> = self.calls.iter().map(|(key, _)| key).collect();
        keys.into_iter().filter_map(|key| self.calls.remove(key)).collect()
    }

    // ----- rules and observers -----

    pub(super) fn rules(&self) -> Rules {
        self.rules.clone()
    }

    pub(super) fn observers(&self) -> Observers {
        self.observers.clone()
    }

    pub(super) fn next_rule(&mut self) -> u64 {
        self.entries += 1;
        self.entries
    }

    pub(super) fn add_rule(&mut self, entry: Arc<Entry>) {
        self.added.push(entry);
        self.list_rules();
    }

    /// Takes a rule out. Returns it, to be dropped outside of the lock.
    pub(super) fn remove_rule(&mut self, id: u64) -> Option<Arc<Entry>> {
        let place = self.added.iter().position(|entry| entry.id == id)?;
        let entry = self.added.remove(place);
        self.list_rules();
        Some(entry)
    }

    pub(super) fn change_settings(&mut self, change: impl FnOnce(&mut MitSettings)) {
        change(&mut self.settings);
        self.mit = mit_rules(self.settings.unreliable, self.settings.long_reordering);
        self.list_rules();
    }

    fn list_rules(&mut self) {
        // A new list each time: messages that are being judged go on with the one they have.
        let all: Vec<Arc<Entry>> = self.mit.iter().chain(&self.added).cloned().collect();
        self.rules = (!all.is_empty()).then(|| all.into());
    }

    /// Takes what a rule holds back, oldest first.
    pub(super) fn take_held(&mut self, rule: u64) -> Vec<Held> {
        let (held, kept) = std::mem::take(&mut self.held).into_iter().partition(|held| held.rule == rule);
        self.held = kept;
        held
    }

    pub(super) fn add_observer(&mut self, observer: Arc<dyn Observer>) {
        let before = self.observers.iter().flat_map(|observers| observers.iter().cloned());
        self.observers = Some(before.chain([observer]).collect());
    }

    /// Takes all rules and observers, to be dropped outside of the lock.
    pub(super) fn take_watchers(&mut self) -> (Rules, Vec<Arc<Entry>>, Observers) {
        (self.rules.take(), std::mem::take(&mut self.added), self.observers.take())
    }

    // ----- counters -----

    pub(super) fn total(&self) -> Tally {
        self.total
    }

    pub(super) fn server_tally(&self, address: Address) -> Tally {
        self.addresses.get(&address).map_or_else(Tally::default, |place| place.tally)
    }

    pub(super) fn counters(&self) -> Counters {
        let mut counters = Counters { total: self.total, ..Counters::default() };
        // Not collected: that would sort first what is sorted, or short, with a sort of its own for each type.
        counters.servers.extend(self.addresses.iter().map(|(address, place)| (*address, place.tally)));
        counters.methods.extend(self.names.iter().filter(|(_, tally)| tally.calls > 0).copied());
        counters
    }
}
