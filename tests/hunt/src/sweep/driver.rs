//! The driver of a sweep: what is given to the workers next, and what is done with what comes back.
//!
//! A run that was made before by this build is not made again. What comes back goes into the rows and into the ledger. The
//! first failures of each cause are run again, with a trace. A sweep ends when nothing is left, when its time is over,
//! at the first failure if it was told so, or by Ctrl-C.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use labrpc::time::Instant;

use super::display::Display;
use super::failed::{Failed, Kind};
use super::ledger::{self, Entry, Ledger};
use super::pool::{Event, Happening, Limits, Pool};
use super::protocol::{Cost, Order};
use super::results::Row;
use super::scope::{Runs, Scope};
use super::system;
use super::untraced;
use lab_runs::settings::World;

/// Of so many failures with the same cause, report and trace are left behind.
pub(crate) const TRACED_MAX: u32 = 3;
/// The real time for which a worker should have orders in advance, so that it never waits for the sweep.
const AHEAD: Duration = Duration::from_millis(30);
/// The most orders that a worker may have.
const WINDOW_MAX: usize = 16;
/// How often results are made safe.
const FLUSH: Duration = Duration::from_millis(250);

/// What a sweep is asked to do.
#[derive(Clone, Debug)]
pub struct Task {
    /// Which tests, under which policies, over which seeds.
    pub scope: Scope,
    /// How many workers there are, and what each may use.
    pub limits: Limits,
    /// The real time that it may take; `None`: as long as it needs.
    pub time: Option<Duration>,
    /// Whether it ends with the first failure.
    pub is_until_fail: bool,
    /// Whether runs that were made before are made again.
    pub is_fresh: bool,
    /// The folder under which the results of each build have a folder of their own.
    pub root: PathBuf,
    /// The build that runs, as [`build_id`](super::build_id) gives it: results of another one do not count.
    pub build: String,
}

/// Why a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing was left.
    Done,
    /// A run failed, and that was to be the end.
    Failure,
    /// The time was over.
    Time,
    /// Ctrl-C.
    Interrupted,
}

/// What came of a sweep.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Why it ended.
    pub end: End,
    /// What came of the runs, a row for each test and policy, in the order of the scope.
    pub rows: Vec<Row>,
    /// How many of the runs in the rows had been made before.
    pub taken_over: u64,
    /// What the runs of this time cost, reports not counted.
    pub cost: Cost,
    /// How many runs were made this time, reports not counted.
    pub runs: u64,
    /// How long it took: real time.
    pub wall: Duration,
    /// How many processors there were for it.
    pub cores: usize,
    /// The folder in which the results of this build are kept.
    pub directory: PathBuf,
    /// Lines there that could not be read, and so do not count.
    pub unreadable: u64,
}

/// A sweep under way.
struct Driver<'a> {
    task: &'a Task,
    display: &'a mut Display,
    rows: Vec<Row>,
    ledger: Ledger,
    pool: Pool,
    runs: Runs,
    /// Orders that came back from workers that died.
    returned: VecDeque<Order>,
    /// Failed seeds that are to be run again.
    again: VecDeque<Order>,
    /// How often each cause has left something behind.
    traced: BTreeMap<(usize, Kind, String), u32>,
    cost: Cost,
    /// Runs of this time.
    count: u64,
    end: Option<End>,
    began: Instant,
    flushed: Instant,
}

/// Sweeps.
///
/// # Errors
///
/// If results cannot be kept or workers do not work.
pub fn run(task: &Task, display: &mut Display) -> Result<Ended> {
    let mut rows: Vec<Row> =
        task.scope.rows.iter().map(|row| Row::new(row.test, &row.policy.to_string())).collect();
    let ledger = open(task, &mut rows)?;
    let taken_over = rows.iter().map(Row::runs).sum();
    display.begin(&task.scope, taken_over);
    let is_failed_before = task.is_until_fail && rows.iter().any(|row| row.failed() > 0);
    let processors = match task.scope.world {
        World::Simulated => system::processors_for(task.limits.jobs),
        // Its threads are to run beside each other.
        World::Real => Vec::new(),
    };
    let mut driver = Driver {
        task,
        display,
        rows,
        ledger,
        pool: Pool::new(task.limits, processors),
        runs: Runs::of(&task.scope),
        returned: VecDeque::new(),
        again: VecDeque::new(),
        traced: BTreeMap::new(),
        cost: Cost::default(),
        count: 0,
        end: is_failed_before.then_some(End::Failure),
        began: Instant::now(),
        flushed: Instant::now(),
    };
    listen_for_interrupts(&driver.pool)?;
    driver.run()?;
    driver.display.finish();
    Ok(Ended {
        end: driver.end.unwrap_or(End::Done),
        rows: driver.rows,
        taken_over,
        cost: driver.cost,
        runs: driver.count,
        wall: driver.began.elapsed(),
        cores: system::cores(),
        directory: driver.ledger.directory,
        unreadable: driver.ledger.unreadable,
    })
}

/// Opens the ledger and takes over what belongs to the task.
fn open(task: &Task, rows: &mut [Row]) -> Result<Ledger> {
    let world = task.scope.world.to_string();
    let seeds = task.scope.seeds;
    let places: BTreeMap<(String, String), usize> =
        rows.iter().enumerate().map(|(place, row)| ((row.test.clone(), row.policy.clone()), place)).collect();
    let place = |entry: &Entry| {
        let is_in = entry.world == world && (seeds.from..=seeds.last()).contains(&entry.seed);
        is_in.then(|| places.get(&(entry.test.clone(), entry.policy.clone())).copied()).flatten()
    };
    if task.is_fresh {
        ledger::forget(&task.root, &task.build, |entry| place(entry).is_some())?;
    }
    Ledger::open(&task.root, &task.build, |entry| {
        // With --fresh, what another sweep writes at this moment does not count.
        if let Some(place) = place(&entry).filter(|_| !task.is_fresh) {
            rows[place].add(entry.seed, entry.cost, entry.failed);
        }
    })
}

/// Ctrl-C ends the sweep in good order. Pressed again, it ends the process.
fn listen_for_interrupts(pool: &Pool) -> Result<()> {
    let events = pool.sender();
    system::on_interrupt(move || {
        // The sweep may have ended just now.
        let _ = events.send(Event::Interrupted);
    })
}

impl Driver<'_> {
    fn run(&mut self) -> Result<()> {
        loop {
            self.give_orders()?;
            if self.pool.is_idle() && !self.has_more() {
                break;
            }
            if let Some(happening) = self.pool.wait()? {
                self.take(happening)?;
            }
            self.look_at_the_clock()?;
        }
        self.ledger.flush()
    }

    fn has_more(&self) -> bool {
        !self.again.is_empty() || (self.end.is_none() && !self.returned.is_empty())
    }

    fn give_orders(&mut self) -> Result<()> {
        while self.pool.has_room(self.window()) {
            match self.next_order() {
                Some(order) => self.pool.give(order)?,
                None => break,
            }
        }
        Ok(())
    }

    /// How many orders a worker may have: enough to be busy, few enough that at the end none of them waits for another.
    fn window(&self) -> usize {
        let left = self.display.left(self.count);
        if self.task.scope.world == World::Real
            || left.is_some_and(|left| left < 4 * self.task.limits.jobs as u64)
        {
            return 1;
        }
        let mean_us = self.cost.wall_us / self.count.max(1);
        let ahead = AHEAD.as_micros() as u64 / mean_us.max(1);
        (1 + ahead as usize).min(WINDOW_MAX)
    }

    fn next_order(&mut self) -> Option<Order> {
        if let Some(order) = self.again.pop_front() {
            return Some(order);
        }
        if self.end.is_some() {
            return None;
        }
        if let Some(order) = self.returned.pop_front() {
            return Some(order);
        }
        let rows = &self.rows;
        let (row, seed) = self.runs.find(|&(row, seed)| !rows[row].has(seed))?;
        Some(self.order(row, seed, false))
    }

    fn order(&self, row: usize, seed: u64, is_again: bool) -> Order {
        let Row { test, policy, .. } = &self.rows[row];
        let world = self.task.scope.world.to_string();
        Order { number: 0, row, test: test.clone(), policy: policy.clone(), world, seed, is_again }
    }

    fn take(&mut self, happening: Happening) -> Result<()> {
        match happening {
            Happening::Interrupted => {
                self.stop(End::Interrupted);
                self.again.clear();
            }
            Happening::Returned(order) if order.is_again => self.again.push_back(order),
            Happening::Returned(order) => self.returned.push_back(order),
            // A failed seed that passes, or that ends its worker, when it is run again.
            Happening::Reported(order, true) => self.display.reported(&order),
            Happening::Reported(order, false) => self.display.not_repeated(&order),
            Happening::Failed(order, ..) | Happening::Died(order, ..) | Happening::Passed(order, _)
                if order.is_again =>
            {
                self.display.not_repeated(&order);
            }
            Happening::Passed(order, cost) => self.enter(&order, cost, None)?,
            Happening::Failed(order, cost, failed, report) => {
                let is_traced = report.is_none();
                self.leave_behind(&order, &failed, is_traced, report.as_deref(), "");
                self.enter(&order, cost, Some(failed))?;
            }
            Happening::Died(order, cost, failed, said) => {
                self.leave_behind(&order, &failed, false, None, &said);
                self.enter(&order, cost, Some(failed))?;
            }
        }
        Ok(())
    }

    /// Enters a run into the books.
    fn enter(&mut self, order: &Order, cost: Cost, failed: Option<Failed>) -> Result<()> {
        let is_failed = failed.is_some();
        let Order { test, policy, world, seed, .. } = order.clone();
        if !self.rows[order.row].add(seed, cost, failed.clone()) {
            return Ok(());
        }
        self.count += 1;
        self.cost.wall_us += cost.wall_us;
        self.cost.cpu_us += cost.cpu_us;
        self.ledger.add(&Entry { test, policy, world, seed, cost, failed })?;
        if is_failed && self.task.is_until_fail {
            self.stop(End::Failure);
        }
        Ok(())
    }

    /// Sees to it that the first failures of each cause leave a report, and a trace if there can be one.
    fn leave_behind(
        &mut self,
        order: &Order,
        failed: &Failed,
        is_traced: bool,
        report: Option<&str>,
        said: &str,
    ) {
        let (kind, cause) = failed.cause();
        let count = self.traced.entry((order.row, kind, cause)).or_default();
        *count += 1;
        if *count == 1 {
            self.display.failed(order, failed);
        }
        if *count > TRACED_MAX {
            return;
        }
        if is_traced {
            self.again.push_back(self.order(order.row, order.seed, true));
        } else if let Err(error) =
            untraced::write(order, self.task.scope.rows[order.row].test, failed, report, said)
        {
            self.display.warn(&format!("no report for {} seed {:#x}: {error}", order.test, order.seed));
        }
    }

    /// No more runs are made. Those under way do not count.
    fn stop(&mut self, end: End) {
        self.end.get_or_insert(end);
        if end == End::Interrupted {
            self.end = Some(end);
        }
        self.pool.kill_all();
    }

    fn look_at_the_clock(&mut self) -> Result<()> {
        if self.end.is_none() && self.task.time.is_some_and(|time| self.began.elapsed() >= time) {
            self.stop(End::Time);
        }
        if self.flushed.elapsed() >= FLUSH {
            self.flushed = Instant::now();
            self.ledger.flush()?;
        }
        self.display.show(&self.rows, self.count);
        Ok(())
    }
}
