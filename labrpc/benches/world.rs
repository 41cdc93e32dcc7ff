//! The cost of both worlds: `cargo bench -p labrpc --bench world`.
//!
//! A plain program instead of a benchmark library, because most figures are per operation inside one simulation, many
//! operations to a run, and stand beside the figure that they are to be compared with. Each is the median of several
//! runs; ratios are taken pair by pair, in turn, so that a machine that changes its speed does not matter.

use std::hint::black_box;
use std::time::{Duration, Instant};

use labrpc::sim::{NodeHandle, Sim};
use labrpc::sync::{Arc, Mutex};
use labrpc::{channel, thread};

const ROUNDS: usize = 9;

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Median nanoseconds per operation of a simulated body that does `operations` and returns the real time they took.
fn simulated(operations: u32, body: fn(u32) -> Duration) -> f64 {
    let once = |seed| Sim::new(seed).run(move || body(operations)).unwrap().0.as_nanos() as f64;
    median((0..ROUNDS as u64).map(|seed| once(seed) / f64::from(operations)).collect())
}

/// Runs `each` on `count` threads, splitting `operations`, and returns the real time until all have ended.
fn on_threads(count: u32, operations: u32, each: impl Fn(u32) + Clone + Send + 'static) -> Duration {
    let started = Instant::now();
    let threads: Vec<_> = (0..count)
        .map(|_| {
            let each = each.clone();
            thread::spawn(move || each(operations / count))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    started.elapsed()
}

fn switches(operations: u32) -> Duration {
    on_threads(10, operations, |steps| (0..steps).for_each(|_| thread::yield_now()))
}

fn contended_locks(operations: u32) -> Duration {
    let lock = Arc::new(Mutex::new(0_u64));
    on_threads(10, operations, move |steps| (0..steps).for_each(|_| *lock.lock() += 1))
}

fn spawns(operations: u32) -> Duration {
    let started = Instant::now();
    for _ in 0..operations / 10 {
        for _ in 0..10 {
            thread::spawn(|| ());
        }
        thread::sleep(Duration::from_micros(50));
    }
    started.elapsed()
}

fn channel_pairs(operations: u32) -> Duration {
    let (sender, receiver) = channel::unbounded();
    let started = Instant::now();
    let reader = thread::spawn(move || receiver.iter().count());
    for number in 0..operations {
        sender.send(number).unwrap();
    }
    drop(sender);
    assert_eq!(reader.join().unwrap(), operations as usize);
    started.elapsed()
}

/// Nanoseconds per step while `alive` threads take turns.
fn step_with_alive(alive: u32) -> f64 {
    let steps = 2_000_000 / alive;
    let body = move || {
        let threads: Vec<_> = (0..alive)
            .map(|_| thread::spawn(move || (0..steps).for_each(|_| thread::sleep(Duration::from_micros(1)))))
            .collect();
        let started = Instant::now();
        for thread in threads {
            thread.join().unwrap();
        }
        started.elapsed()
    };
    let once = |seed| Sim::new(seed).run(body).unwrap().0.as_nanos() as f64 / f64::from(steps * alive);
    median((0..3).map(once).collect())
}

/// Resident memory of this process in bytes; 0 where the system does not tell.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
    kib.unwrap_or(0_u64) * 1024
}

fn bytes_per_idle_thread() -> f64 {
    const THREADS: u32 = 10_000;
    let body = || {
        let before = resident_bytes();
        let node = NodeHandle::new("S1");
        for _ in 0..THREADS {
            drop(node.spawn("idle", || thread::sleep(Duration::from_secs(3600))));
        }
        thread::sleep(Duration::from_secs(1));
        resident_bytes() - before
    };
    Sim::new(1).run(body).unwrap().0 as f64 / f64::from(THREADS)
}

/// The median ratio of two loops of the real world, taken in turn.
fn ratio(facade: impl Fn(), original: impl Fn()) -> f64 {
    let time = |run: &dyn Fn()| {
        let started = Instant::now();
        run();
        started.elapsed().as_secs_f64()
    };
    let pairs = (0..31).map(|round| {
        if round % 2 == 0 {
            let facade = time(&facade);
            facade / time(&original)
        } else {
            let original = time(&original);
            time(&facade) / original
        }
    });
    median(pairs.collect())
}

fn mutex_ratio() -> f64 {
    let (facade, original) = (Mutex::new(0_u64), parking_lot::Mutex::new(0_u64));
    ratio(
        || (0..2_000_000).for_each(|_| *black_box(&facade).lock() += 1),
        || (0..2_000_000).for_each(|_| *black_box(&original).lock() += 1),
    )
}

fn channel_ratio() -> f64 {
    let (sender, receiver) = channel::unbounded();
    let (original_sender, original_receiver) = crossbeam_channel::unbounded();
    ratio(
        || {
            for number in 0..500_000_u64 {
                black_box(&sender).send(number).unwrap();
                black_box(&receiver).recv().unwrap();
            }
        },
        || {
            for number in 0..500_000_u64 {
                black_box(&original_sender).send(number).unwrap();
                black_box(&original_receiver).recv().unwrap();
            }
        },
    )
}

fn line(what: &str, figure: f64, unit: &str, aim: &str) {
    println!("{what:<58} {figure:>10.2} {unit:<9} {aim}");
}

fn main() {
    println!("{:<58} {:>10} {:<9} aim", "simulated world, one core", "measured", "");
    // First, while no stack has been touched yet.
    line("touched memory of an idle thread, of 10,000", bytes_per_idle_thread() / 1024.0, "KiB", "<= 16");
    line("switch between threads", simulated(1_000_000, switches), "ns", "<= 80");
    line("lock + unlock, 10 threads contending", simulated(1_000_000, contended_locks), "ns", "<= 150");
    line("spawn + exit of a thread", simulated(200_000, spawns), "ns", "<= 200");
    line("send + receive through a channel", simulated(1_000_000, channel_pairs), "ns", "");
    let few = step_with_alive(10);
    let many = step_with_alive(10_000);
    line("sleep of 1 us, 10 threads alive", few, "ns", "");
    line(
        "sleep of 1 us, 10,000 threads alive, against 10",
        many / few,
        "times",
        "<= 4, as log 10,000 / log 10",
    );
    println!("{:<58} {:>10}", "real world", "measured");
    line("Mutex against parking_lot's, not contended", mutex_ratio(), "times", "<= 1.05");
    line("channel against crossbeam's, send + receive", channel_ratio(), "times", "<= 1.05");
}
