//! The workers of a sweep: keeps as many as there are jobs, gives them orders, and says what came of each.
//!
//! A worker that dies is replaced. What it was working on is told as a death; what it had not begun comes back, to be
//! given to another one. Nothing is ever lost: each order that is given comes back as exactly one [`Event`]-born
//! [`Happening`].

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use crossbeam_channel::{Receiver, Sender};
use labrpc::time::Instant;

use super::death::{self, Killed};
use super::failed::Failed;
use super::process::Process;
use super::protocol::{Answer, Cost, Order};

/// How often hangs and memory are looked after. In this time, memory grows by some tens of megabytes at most.
const TICK: Duration = Duration::from_millis(20);
/// So many workers that die without doing anything mean that none will ever work.
const USELESS_MAX: u32 = 5;
/// The real time that a worker may take to say that it is ready.
const START_MAX: Duration = Duration::from_secs(60);

/// The limits of a worker.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many workers there are.
    pub jobs: usize,
    /// The real time that a run may take.
    pub run: Duration,
    /// The real time in which a simulated thread must give way.
    pub stall: Duration,
    /// The memory that a worker may use, in bytes.
    pub memory: u64,
}

/// What reaches the pool from outside.
#[derive(Debug)]
pub(super) enum Event {
    /// A worker said something.
    Said(u64, Answer),
    /// A worker closed its answers: it is dying.
    Closed(u64),
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// What came of an order.
#[derive(Debug)]
pub(super) enum Happening {
    Passed(Order, Cost),
    /// With a report if there is one.
    Failed(Order, Cost, Failed, Option<String>),
    /// A failed seed was run again, and failed again or not.
    Reported(Order, bool),
    /// The run ended its worker; what that said last.
    Died(Order, Cost, Failed, String),
    /// The order is to be given to somebody else.
    Returned(Order),
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// The workers.
#[derive(Debug)]
pub(super) struct Pool {
    limits: Limits,
    /// One for each worker; empty if the system chooses.
    processors: Vec<usize>,
    workers: Vec<Process>,
    events: Receiver<Event>,
    sender: Sender<Event>,
    happened: VecDeque<Happening>,
    workers_started: u64,
    orders_given: u64,
    /// How many workers died in a row without doing anything.
    useless: u32,
    ticked: Instant,
}

impl Pool {
    pub(super) fn new(limits: Limits, processors: Vec<usize>) -> Self {
        let (sender, events) = crossbeam_channel::unbounded();
        Self {
            limits,
            processors,
            workers: Vec::new(),
            events,
            sender,
            happened: VecDeque::new(),
            workers_started: 0,
            orders_given: 0,
            useless: 0,
            ticked: Instant::now(),
        }
    }

    /// Where somebody else can put events.
    pub(super) fn sender(&self) -> Sender<Event> {
        self.sender.clone()
    }

    /// Whether a worker has room for an order, when each may have `window` of them.
    pub(super) fn has_room(&self, window: usize) -> bool {
        self.workers.len() < self.limits.jobs || self.least_busy().is_some_and(|(_, orders)| orders < window)
    }

    /// Whether nobody has anything to do.
    pub(super) fn is_idle(&self) -> bool {
        self.happened.is_empty() && self.workers.iter().all(|worker| worker.orders.is_empty())
    }

    fn least_busy(&self) -> Option<(usize, usize)> {
        let loads = self.workers.iter().enumerate().map(|(place, worker)| (place, worker.orders.len()));
        loads.min_by_key(|&(_, orders)| orders)
    }

    /// Gives an order to the worker that has the fewest, or to a new one.
    ///
    /// # Errors
    ///
    /// If no worker can be started.
    pub(super) fn give(&mut self, mut order: Order) -> Result<()> {
        self.orders_given += 1;
        order.number = self.orders_given;
        let place = match self.least_busy() {
            Some((place, 0)) => place,
            Some((place, _)) if self.workers.len() >= self.limits.jobs => place,
            _ => self.start_worker()?,
        };
        self.workers[place].give(order);
        Ok(())
    }

    fn start_worker(&mut self) -> Result<usize> {
        self.workers_started += 1;
        let is_free =
            |&processor: &usize| self.workers.iter().all(|other| other.processor != Some(processor));
        let processor = self.processors.iter().copied().find(is_free);
        let worker = Process::start(self.workers_started, self.limits.stall, processor, &self.sender)
            .context("cannot start a worker process")?;
        self.workers.push(worker);
        Ok(self.workers.len() - 1)
    }

    /// Ends all workers; what they had comes back.
    pub(super) fn kill_all(&mut self) {
        for worker in self.workers.drain(..) {
            self.happened.extend(worker.orders.iter().cloned().map(Happening::Returned));
        }
    }

    /// The next thing that happens; `None` if nothing does for a moment.
    ///
    /// # Errors
    ///
    /// If workers die before they do anything.
    pub(super) fn wait(&mut self) -> Result<Option<Happening>> {
        if self.ticked.elapsed() >= TICK {
            self.tick();
        }
        if self.happened.is_empty() {
            match self.events.recv_timeout(TICK) {
                Ok(Event::Said(id, answer)) => self.hear(id, answer),
                Ok(Event::Closed(id)) => self.bury(id)?,
                Ok(Event::Interrupted) => self.happened.push_back(Happening::Interrupted),
                Err(_) => {}
            }
        }
        Ok(self.happened.pop_front())
    }

    fn place(&self, id: u64) -> Option<usize> {
        self.workers.iter().position(|worker| worker.id == id)
    }

    fn hear(&mut self, id: u64, answer: Answer) {
        let Some(place) = self.place(id) else { return };
        let worker = &mut self.workers[place];
        worker.is_ready = true;
        if worker.orders.front().map(|order| order.number) != answer.number() {
            return; // ready, or an answer to what it was not asked
        }
        if let Answer::Started { .. } = answer {
            worker.busy_since = Some(Instant::now());
            return;
        }
        let Some(order) = worker.orders.pop_front() else { return };
        worker.busy_since = None;
        self.useless = 0;
        // One that has grown fat must not have the next run blamed for it.
        let is_fat = worker.memory().is_some_and(|memory| memory > self.limits.memory / 2);
        let is_spent = is_fat || matches!(answer, Answer::Failed { is_spent: true, .. });
        self.happened.extend(match answer {
            Answer::Passed { cost, .. } => Some(Happening::Passed(order, cost)),
            Answer::Failed { cost, failed, report, .. } => {
                Some(Happening::Failed(order, cost, failed, report))
            }
            Answer::Reported { is_again_failed, .. } => Some(Happening::Reported(order, is_again_failed)),
            Answer::Ready | Answer::Started { .. } => None,
        });
        if is_spent {
            self.retire(place);
        }
    }

    /// Replaces a worker, whose orders go to others.
    fn retire(&mut self, place: usize) {
        let worker = self.workers.swap_remove(place);
        self.happened.extend(worker.orders.iter().cloned().map(Happening::Returned));
    }

    /// A worker has died: says of what.
    fn bury(&mut self, id: u64) -> Result<()> {
        let Some(place) = self.place(id) else { return Ok(()) };
        let mut worker = self.workers.swap_remove(place);
        let (status, said) = worker.end();
        let culprit = worker.busy_since.and_then(|since| Some((worker.orders.pop_front()?, since)));
        match culprit {
            Some((order, since)) => {
                let wall_us = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
                // What it used is not known any more; it was most likely busy.
                let cost = Cost { wall_us, cpu_us: 0 };
                self.happened.push_back(match death::of(order.seed, worker.killed, status, &said) {
                    Some(failed) => Happening::Died(order, cost, failed, said.clone()),
                    None => Happening::Returned(order),
                });
                self.useless = 0;
            }
            None => self.useless += 1,
        }
        self.happened.extend(worker.orders.drain(..).map(Happening::Returned));
        if self.useless >= USELESS_MAX {
            let how = status.map_or_else(|| "nobody knows how".to_owned(), |status| status.to_string());
            bail!("workers end before they run anything ({how}): {}", said.trim());
        }
        Ok(())
    }

    /// Kills what hangs, what uses too much memory, and what does not even start.
    fn tick(&mut self) {
        self.ticked = Instant::now();
        for worker in &mut self.workers {
            let memory = worker.memory().unwrap_or(0);
            let busy = worker.busy_since.map(|since| since.elapsed());
            let killed = match busy {
                _ if memory > self.limits.memory => Some(Killed::Memory(self.limits.memory)),
                Some(busy) if busy > self.limits.run => Some(Killed::Hang(self.limits.run)),
                None if !worker.is_ready && worker.began.elapsed() > START_MAX => {
                    Some(Killed::Hang(START_MAX))
                }
                _ => None,
            };
            if worker.killed.is_none() && killed.is_some() {
                worker.killed = killed;
                worker.kill();
            }
        }
    }
}
