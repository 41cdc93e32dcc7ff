//! The way of a message, from the caller to the handler and back.
//!
//! Everything that happens is one of a few small steps, and each of them locks the state, decides, unlocks, and acts:
//!
//! 1. [`Shared::call`]: the request enters the table of calls and passes the rules.
//! 2. [`Shared::send`]: it arrives, now or later, once or several times, or is lost, or is held.
//! 3. [`Shared::arrive`]: whoever is at the called address now gets it, in a thread of its node.
//! 4. `serve`, in `handling.rs`: the handler runs; its reply passes the rules and goes the same way back.
//! 5. [`Shared::arrive`]: the reply ends the call and wakes the caller.
//!
//! The lock is never held across a switch of threads, user code, or the destructor of a user's value. A message under
//! way belongs to the network: it does not matter what becomes of the thread that sent it.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::calls::{Call, CallKey};
use super::envelope::{EndedCall, Envelope, Held, Request, View};
use super::message::{Direction, Happening, Message};
use super::pending::{Outcome, Pending};
use super::report::record_fault;
use super::rules::{Delays, Entry, Fate, Plan, judge};
use super::shared::Shared;
use super::state::{Rules, StartedCall};
use super::world::World;
use crate::sim::NodeHandle;
use crate::wire::{self, Describe};

impl Shared {
    // ----- requests -----

    /// Sends a request and waits for the outcome.
    pub(super) fn call(
        self: &Arc<Self>,
        end: u32,
        request: Request<'_>,
        location: &'static Location<'static>,
    ) -> EndedCall {
        let is_off = || matches!(self.world, World::Real(_)) && NodeHandle::current().is_crashed();
        if is_off() {
            // A thread that was not stopped: nobody hears of it. It waits as for any call, or it would do nothing else.
            std::thread::sleep(self.draw_timeout());
            return EndedCall { outcome: Outcome::Nothing, ids: None, end, observers: None };
        }
        let pending = Pending::take();
        let size = request.bytes.len();
        // In the table before it is sent: all that follows, up to the reply, may happen before this thread
        // gets to wait.
        let started =
            self.state.lock().begin(end, request.method, size, self.world.now_ns(), Arc::clone(&pending));
        let Some(started) = started else {
            return EndedCall { outcome: Outcome::Nothing, ids: None, end, observers: None };
        };
        let StartedCall { key, method, name, from, to, incarnation, .. } = started;
        let envelope = Envelope {
            key,
            direction: Direction::Request,
            end,
            from,
            to,
            method,
            name,
            bytes: request.bytes,
            type_name: request.type_name,
            // A tree is only made if one of the two sides has no types.
            plain: request.plain.or_else(|| started.is_plain.then(|| Arc::new(request.args.to_value()))),
        };
        let ids = Some((key, from, to, name, incarnation));
        self.send_request(envelope, request.args, &started);
        let outcome = match &self.world {
            World::Simulated(_) => pending.wait_simulated(name, location),
            World::Real(real) => pending.wait_real(&real.callers),
        };
        // What it hears after its power failed it must not make use of.
        let outcome = if is_off() { Outcome::Nothing } else { outcome };
        EndedCall { outcome, ids, end, observers: started.observers }
    }

    fn send_request(self: &Arc<Self>, envelope: Envelope, args: &dyn Describe, started: &StartedCall) {
        let message = envelope.message(Some(args));
        let view =
            View { observers: &started.observers, bytes: &envelope.bytes, incarnation: started.incarnation };
        self.report(&view, message, Happening::Sent);
        // Counted and shown as sent all the same, as in MIT's lab: what a server sends to nobody is its
        // expense, too.
        if let Some(obstacle) = started.obstacle {
            self.report(&view, message, Happening::Dropped { by: obstacle });
            let timeout = self.draw_timeout();
            return self.lose_after(timeout, envelope);
        }
        match self.pass(&started.rules, &view, message) {
            // On the caller's stack and in the same instant: nothing is in the way. The handler gets a thread
            // of its own.
            None => self.arrive(envelope),
            Some(plan) => self.send(envelope, plan),
        }
    }

    /// How long a caller waits for a server that cannot be reached.
    pub(super) fn draw_timeout(&self) -> Duration {
        let has_long_delays = self.state.lock().settings.long_delays;
        let timeouts = if has_long_delays { Delays::MIT_LONG_DELAYS } else { Delays::MIT_UNREACHABLE };
        timeouts.draw(&mut self.world.chance())
    }

    // ----- rules -----

    /// Lets a message pass the rules. `None` if there are none.
    pub(super) fn pass(&self, rules: &Rules, view: &View<'_>, message: Message<'_>) -> Option<Plan> {
        let rules = rules.as_ref()?;
        // No lock is held: rules are code of users. The list is that of the moment in which the message was
        // sent.
        let plan = judge(rules, &message, &mut self.world.chance());
        let dropped = |entry: &Arc<Entry>| {
            self.report(view, message, Happening::Dropped { by: &entry.rule.name() });
        };
        match &plan.fate {
            Fate::Deliver => {}
            Fate::Drop(entry) | Fate::Unreachable(entry) => dropped(entry),
            Fate::Hold(entry) => {
                self.report(view, message, Happening::Held { by: &entry.rule.name() });
            }
        }
        Some(plan)
    }

    /// Does what the rules decided.
    pub(super) fn send(self: &Arc<Self>, envelope: Envelope, plan: Plan) {
        for later in &plan.copies {
            // Copies are under way before anything happens to the original. If that is lost at once, and it
            // were the only message of its call, the call would end with its copy still to come.
            self.add_copy(&envelope);
            self.arrive_after(plan.delay + *later, envelope.copy());
        }
        match plan.fate {
            Fate::Deliver => self.arrive_after(plan.delay, envelope),
            Fate::Drop(_) => self.lose_after(plan.delay, envelope),
            Fate::Unreachable(_) => {
                let timeout = self.draw_timeout();
                self.lose_after(plan.delay + timeout, envelope);
            }
            Fate::Hold(entry) => self.state.lock().held.push(Held { rule: entry.id, envelope }),
        }
    }

    fn add_copy(&self, envelope: &Envelope) {
        if let Some(call) = self.state.lock().calls.get_mut(envelope.key) {
            call.messages += 1;
            call.replies += u32::from(envelope.direction == Direction::Reply);
        }
    }

    fn arrive_after(self: &Arc<Self>, delay: Duration, envelope: Envelope) {
        if delay.is_zero() {
            return self.arrive(envelope);
        }
        let shared = Arc::clone(self);
        self.world.schedule(delay, Box::new(move || shared.arrive(envelope)));
    }

    pub(super) fn lose_after(self: &Arc<Self>, delay: Duration, envelope: Envelope) {
        let (key, is_reply) = (envelope.key, envelope.direction == Direction::Reply);
        wire::give_back(envelope.bytes);
        if delay.is_zero() {
            return self.lose(key, is_reply);
        }
        let shared = Arc::clone(self);
        self.world.schedule(delay, Box::new(move || shared.lose(key, is_reply)));
    }

    /// A message is gone; if it was the last one of its call, the caller learns that there is no reply.
    pub(super) fn lose(&self, key: CallKey, is_reply: bool) {
        let ended = self.state.lock().lose(key, is_reply);
        end_without_reply(ended);
    }

    // ----- arrival -----

    fn arrive(self: &Arc<Self>, envelope: Envelope) {
        match envelope.direction {
            Direction::Request => self.request_arrives(envelope),
            Direction::Reply => self.reply_arrives(envelope),
        }
    }

    fn request_arrives(self: &Arc<Self>, envelope: Envelope) {
        let mut state = self.state.lock();
        let observers = state.observers();
        // Asked when it arrives, not when it was sent. Who was at the address then may have been replaced,
        // and its memory and its disk are somebody else's.
        let Some(server) = state.receive(envelope.to, envelope.bytes.len()) else {
            drop(state);
            let view = View { observers: &observers, bytes: &envelope.bytes, incarnation: 0 };
            let because = "no server is there any more";
            self.report(&view, envelope.message(None), Happening::Discarded { because });
            return self.lose_after(Duration::ZERO, envelope);
        };
        if let Some(call) = state.calls.get_mut(envelope.key) {
            // MIT's caller polls every 100 ms from the moment in which the request is handed to the server.
            call.since_ns = self.world.now_ns();
        }
        drop(state);
        let shared = Arc::clone(self);
        // The job takes server and envelope with it, and the thread is started in the name of both.
        let (there, name) = (Arc::clone(&server), envelope.name);
        let job = Box::new(move || shared.serve_guarded(server, envelope, observers));
        self.world.start_handler(&there.node, &there.label, name, job);
    }

    pub(super) fn reply_arrives(&self, envelope: Envelope) {
        let mut state = self.state.lock();
        // Out of the table: the first reply wins, and a copy that comes later finds that the call has ended.
        let ended = state.end_with_reply(envelope.key, envelope.bytes.len());
        let Some(call) = ended else {
            let observers = state.observers();
            drop(state);
            let view = View { observers: &observers, bytes: &envelope.bytes, incarnation: 0 };
            let because = "the call has ended";
            self.report(&view, envelope.message(None), Happening::Discarded { because });
            return wire::give_back(envelope.bytes);
        };
        drop(state);
        call.pending.complete(Outcome::Reply(envelope.bytes, envelope.type_name, envelope.plain));
    }

    // ----- what is gone -----

    /// A server has gone, or an end was disabled: the calls that it concerns look again when MIT's next poll is due.
    pub(super) fn recheck_calls(self: &Arc<Self>) {
        // Each at the time of its own next poll, and not now: MIT's caller hears of it then. Whether it is
        // still cut off is asked again, for an end may be enabled in between.
        let cut_off = self.state.lock().cut_off(self.world.now_ns());
        for (key, wait_ns) in cut_off {
            let shared = Arc::clone(self);
            let look = move || {
                let ended = shared.state.lock().end_if_cut_off(key);
                end_without_reply(ended);
            };
            self.world.schedule(Duration::from_nanos(wait_ns), Box::new(look));
        }
    }

    /// Ends everything: all callers are freed, and nothing is delivered any more.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        let calls = state.remove_all_calls();
        // Handlers, rules and observers are closures of users. Their destructors may use this very network,
        // so they run when the lock is free.
        let dropped = (state.remove_all_servers(), std::mem::take(&mut state.held), state.take_watchers());
        drop(state);
        drop(dropped);
        for call in calls {
            end_without_reply(Some(call));
        }
        if let World::Real(real) = &self.world {
            real.stop();
        }
    }

    // ----- held messages -----

    pub(super) fn held_by(&self, rule: u64) -> usize {
        self.state.lock().held.iter().filter(|held| held.rule == rule).count()
    }

    pub(super) fn release(self: &Arc<Self>, rule: u64, order: impl FnOnce(Vec<Held>) -> Vec<Held>) -> usize {
        let held = self.state.lock().take_held(rule);
        // They were judged when they were sent, and are not judged again.
        let held = order(held);
        let count = held.len();
        for Held { envelope, .. } in held {
            self.arrive(envelope);
        }
        count
    }

    pub(super) fn release_one(self: &Arc<Self>, rule: u64) -> bool {
        let mut state = self.state.lock();
        let Some(place) = state.held.iter().position(|held| held.rule == rule) else { return false };
        let Held { envelope, .. } = state.held.remove(place);
        drop(state);
        self.arrive(envelope);
        true
    }

    pub(super) fn discard_held(self: &Arc<Self>, rule: u64) -> usize {
        let held = self.state.lock().take_held(rule);
        let count = held.len();
        for Held { envelope, .. } in held {
            self.lose_after(Duration::ZERO, envelope);
        }
        count
    }

    pub(super) fn end_rule(self: &Arc<Self>, rule: u64) {
        // Out of the list first: what is sent while the held messages arrive must not be held again.
        let removed = self.state.lock().remove_rule(rule);
        // The handle on a rule may outlive its run. Then there is nobody to deliver to.
        if !self.world.is_here() {
            return;
        }
        if let Some(entry) = removed {
            record_fault(|| format!("end of {}", entry.rule.name()));
        }
        self.release(rule, |held| held);
    }
}

fn end_without_reply(ended: Option<Call>) {
    if let Some(call) = ended {
        call.pending.complete(Outcome::Nothing);
    }
}
