//! Histories made to order: simulated clients of a key/value service, right or with one planted fault.
//!
//! Each client sends a request, waits for the reply and sends the next. A request takes effect on a real map
//! at one moment between the two, so that the history is linearizable by construction, unless a fault is
//! planted. At the end one more client reads every key, so that a fault that is still hidden comes to light.
//! The same workload gives the same history on every machine.

use std::collections::BTreeMap;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use crate::history::{History, OperationId};
use crate::model::{KvInput, KvOp, KvOutput};

/// What the service does wrong, once, in the second half of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A `Get` returns a value that had been replaced before it was called.
    StaleRead,
    /// An `Append` is acknowledged and does nothing.
    LostUpdate,
    /// An `Append` takes effect twice.
    DoubleApply,
    /// A `Get` returns the effect of an `Append` that fails.
    DirtyRead,
}

/// How many clients do what.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Clients at work at a time.
    pub clients: u64,
    /// Operations in all, without the last reads.
    pub operations: usize,
    /// Keys that they work on, each drawn with equal chance.
    pub keys: u64,
    /// The share of `Get`, in percent.
    pub gets_percent: u32,
    /// The share of `Put`, in percent. The rest are `Append`.
    pub puts_percent: u32,
    /// The share of requests that take ten to forty times as long as the others, in percent: retries.
    pub slow_percent: u32,
    /// The share of requests whose reply is lost, in percent. The client gives up, and another one takes its
    /// place.
    pub lost_percent: u32,
    /// The planted fault, if any.
    pub fault: Option<Fault>,
    /// The seed of all choices.
    pub seed: u64,
}

impl Workload {
    /// Half reads, a tenth of the rest puts, some slow requests, no lost reply, ten keys, no fault.
    pub fn new(clients: u64, operations: usize, seed: u64) -> Self {
        Workload {
            clients,
            operations,
            keys: 10,
            gets_percent: 50,
            puts_percent: 5,
            slow_percent: 5,
            lost_percent: 0,
            fault: None,
            seed,
        }
    }

    /// Runs the clients to the end.
    ///
    /// # Panics
    ///
    /// If there was no occasion for the fault, because the workload is too short.
    pub fn history(&self) -> History<KvInput, KvOutput> {
        let mut run = Run::new(self);
        for client in 0..self.clients {
            // A nanosecond apart, so that not all clients call at one moment.
            run.later(client, Event::Call(client));
        }
        while let Some(((now, _), event)) = run.queue.pop_first() {
            run.now = now;
            match event {
                Event::Call(client) => run.call(client),
                Event::Effect(id) => run.effect(id),
                Event::Reply(id) => run.reply(id),
            }
        }
        run.read_all_keys();
        assert!(run.fault.is_none(), "the workload is too short for its fault");
        run.history
    }
}

enum Event {
    Call(u64),
    Effect(OperationId),
    Reply(OperationId),
}

/// What is to become of a request that is under way.
struct Request {
    client: u64,
    reply: Option<KvOutput>,
    lost: bool,
    fails: bool,
}

#[derive(Default)]
struct Key {
    value: String,
    /// The value before the last write, and whether the last write has been acknowledged since.
    before: String,
    last_write: Option<OperationId>,
    last_put: Option<OperationId>,
    /// From here on a `Put` could hide the fault.
    no_more_puts: bool,
}

struct Run<'a> {
    workload: &'a Workload,
    rng: Xoshiro256PlusPlus,
    history: History<KvInput, KvOutput>,
    /// What happens when; the second number breaks ties in the order of planning.
    queue: BTreeMap<(u64, u64), Event>,
    queued: u64,
    now: u64,
    requests: BTreeMap<OperationId, Request>,
    keys: BTreeMap<String, Key>,
    /// The fault that is still to be planted.
    fault: Option<Fault>,
    next_client: u64,
}

impl<'a> Run<'a> {
    fn new(workload: &'a Workload) -> Self {
        Run {
            workload,
            rng: Xoshiro256PlusPlus::seed_from_u64(workload.seed),
            history: History::new(),
            queue: BTreeMap::new(),
            queued: 0,
            now: 0,
            requests: BTreeMap::new(),
            keys: (0..workload.keys).map(|key| (key.to_string(), Key::default())).collect(),
            fault: workload.fault,
            next_client: workload.clients,
        }
    }

    fn later(&mut self, after_ns: u64, event: Event) {
        self.queue.insert((self.now + after_ns, self.queued), event);
        self.queued += 1;
    }

    fn percent(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    fn call(&mut self, client: u64) {
        let number = self.history.operations().len();
        if number >= self.workload.operations {
            return;
        }
        let input = self.input(client, number);
        let id = self.history.invoke(client, Some(self.now), input);
        // A slow request is called early and takes effect late: it overlaps many others, and that is what
        // makes a history hard.
        let slow = if self.percent(self.workload.slow_percent) { self.rng.random_range(10..=40) } else { 1 };
        let lost = self.percent(self.workload.lost_percent);
        let effect_ns = slow * self.rng.random_range(1..1_000_000u64);
        let reply_ns = slow * self.rng.random_range(1..1_000_000u64);
        self.requests.insert(id, Request { client, reply: None, lost, fails: false });
        if lost {
            // Half of the lost requests take effect, some of them long after the client gave up.
            if self.percent(50) {
                self.later(effect_ns * 4, Event::Effect(id));
            }
            self.later(effect_ns + reply_ns, Event::Reply(id));
        } else {
            self.later(effect_ns, Event::Effect(id));
            self.later(effect_ns + reply_ns, Event::Reply(id));
        }
    }

    fn input(&mut self, client: u64, number: usize) -> KvInput {
        let key = self.rng.random_range(0..self.workload.keys).to_string();
        let draw = self.rng.random_range(0..100);
        let (gets, puts) = (self.workload.gets_percent, self.workload.puts_percent);
        // Every value is written once, so a read tells which write it saw. In the form that MIT's tests use,
        // in which no tail is the start of another.
        let value = format!("x {client} {number} y");
        let op = if draw < gets {
            KvOp::Get
        } else if draw < gets + puts && !self.keys[&key].no_more_puts {
            KvOp::Put(value)
        } else {
            KvOp::Append(value)
        };
        KvInput { key, op }
    }

    fn effect(&mut self, id: OperationId) {
        // A dirty read has seen this append already. Its client will be told that it never took effect.
        if self.requests.get(&id).is_some_and(|request| request.fails) {
            return;
        }
        let fault = self.plant(id);
        let input = &self.history.operations()[id].input;
        let key = self.keys.get_mut(&input.key).expect("requests are for known keys");
        // The reply ends a request, so this one was lost and has outlived its client's patience.
        let is_late = !self.requests.contains_key(&id);
        if is_late && key.no_more_puts && matches!(input.op, KvOp::Put(_)) {
            return; // Its client has given up, and it would hide the fault.
        }
        let mut reply = KvOutput::Done;
        match &input.op {
            KvOp::Get if fault == Some(Fault::StaleRead) => reply = KvOutput::Value(key.before.clone()),
            KvOp::Get => reply = KvOutput::Value(key.value.clone()),
            KvOp::Put(value) => {
                key.before = std::mem::replace(&mut key.value, value.clone());
                key.last_put = Some(id);
            }
            KvOp::Delete => unreachable!("clients of this workload delete nothing"),
            KvOp::Append(_) if fault == Some(Fault::LostUpdate) => {}
            KvOp::Append(tail) => {
                key.before.clone_from(&key.value);
                key.value.push_str(tail);
                if fault == Some(Fault::DoubleApply) {
                    key.value.push_str(tail);
                }
            }
        }
        if reply == KvOutput::Done {
            key.last_write = Some(id);
        }
        if fault == Some(Fault::DirtyRead) {
            reply = self.dirty_read(id);
        }
        if let Some(request) = self.requests.get_mut(&id) {
            request.reply = Some(reply);
        }
    }

    /// The fault to commit at the effect of `id`, if it is time and the occasion is good.
    fn plant(&mut self, id: OperationId) -> Option<Fault> {
        let operations = self.history.operations();
        // Not into an empty service, and not into a request whose reply nobody sees.
        if operations.len() < self.workload.operations / 2 || self.requests.get(&id).is_none_or(|r| r.lost) {
            return None;
        }
        let input = &operations[id].input;
        let key = &self.keys[&input.key];
        let over_before_call = |other: OperationId| {
            operations[other].replied_at().is_some_and(|at| at.position < operations[id].call.position)
        };
        // A put that overlaps could be placed after the append: it would replace the value, the fault with
        // it, and the history would be legal.
        let no_put_overlaps = key.last_put.is_none_or(over_before_call)
            && !self.requests.keys().any(|&other| {
                let other = &operations[other].input;
                other.key == input.key && matches!(other.op, KvOp::Put(_))
            });
        let occasion = match self.fault? {
            // The value before the last write, and that write was over before the get was called.
            Fault::StaleRead => input.op == KvOp::Get && key.last_write.is_some_and(over_before_call),
            Fault::LostUpdate | Fault::DoubleApply => matches!(input.op, KvOp::Append(_)) && no_put_overlaps,
            Fault::DirtyRead => input.op == KvOp::Get && self.append_to_fail(&input.key).is_some(),
        };
        if !occasion {
            return None;
        }
        let name = input.key.clone();
        // From here on the value only grows, so that the last reads still show what was lost or doubled.
        self.keys.get_mut(&name).expect("requests are for known keys").no_more_puts = true;
        self.fault.take()
    }

    /// An append to `key` that is under way and has not taken effect.
    fn append_to_fail(&self, key: &str) -> Option<OperationId> {
        let fits = |(id, request): (&OperationId, &Request)| {
            let input = &self.history.operations()[*id].input;
            // Not yet in effect, so it can still be made to fail; and not lost, so its client learns that it
            // failed.
            let unseen = request.reply.is_none() && !request.lost;
            (unseen && input.key == key && matches!(input.op, KvOp::Append(_))).then_some(*id)
        };
        self.requests.iter().find_map(fits)
    }

    /// Lets the get `id` see an append that is then made to fail.
    fn dirty_read(&mut self, id: OperationId) -> KvOutput {
        let key = &self.history.operations()[id].input.key;
        let victim = self.append_to_fail(key).expect("`plant` has found one");
        self.requests.get_mut(&victim).expect("it is under way").fails = true;
        let KvOp::Append(tail) = &self.history.operations()[victim].input.op else {
            unreachable!("`append_to_fail` returns an append")
        };
        KvOutput::Value(format!("{}{tail}", self.keys[key].value))
    }

    fn reply(&mut self, id: OperationId) {
        let request = self.requests.remove(&id).expect("a request has one reply");
        let now = Some(self.now);
        let mut client = request.client;
        if request.fails {
            self.history.fail(id, now);
        } else if request.lost {
            self.history.give_up(id, now);
            // As in Jepsen: the old client's operation may still be under way, and one client has one at a
            // time.
            client = self.next_client;
            self.next_client += 1;
        } else {
            self.history.complete(id, now, request.reply.expect("the effect comes before the reply"));
        }
        self.later(1, Event::Call(client));
    }

    fn read_all_keys(&mut self) {
        // When everybody else is done, and one after the other: these reads overlap nothing, so no order can
        // explain a fault away.
        for (name, key) in &self.keys {
            self.now += 1;
            let input = KvInput { key: name.clone(), op: KvOp::Get };
            let id = self.history.invoke(self.next_client, Some(self.now), input);
            self.now += 1;
            self.history.complete(id, Some(self.now), KvOutput::Value(key.value.clone()));
        }
    }
}
