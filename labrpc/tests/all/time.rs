//! Time in both worlds.

use std::time::Duration;

use labrpc::sim::{NodeHandle, Sim};
use labrpc::thread;
use labrpc::time::{Instant, SystemTime, UNIX_EPOCH, sleep_until};

use crate::support::{in_both_worlds, in_simulation};

const MS: Duration = Duration::from_millis(1);

#[test]
fn sleep_is_as_long_as_it_says() {
    in_both_worlds(|| {
        let start = Instant::now();
        thread::sleep(2 * MS);
        assert!(start.elapsed() >= 2 * MS);
        sleep_until(start + 3 * MS);
        assert!(start.elapsed() >= 3 * MS);
        sleep_until(start);
    });
}

#[test]
fn virtual_time_is_exact_but_for_the_steps() {
    in_simulation(|| {
        let start = Instant::now();
        thread::sleep(Duration::from_secs(3600));
        let over = start.elapsed() - Duration::from_secs(3600);
        assert!(over < Duration::from_micros(10), "{over:?}");
    });
}

#[test]
fn instants_are_reckoned_with() {
    in_both_worlds(|| {
        let now = Instant::now();
        let mut later = now + 5 * MS;
        assert_eq!((later - now, later - 5 * MS == now, now < later), (5 * MS, true, true));
        assert_eq!((now.duration_since(later), now.checked_duration_since(later)), (Duration::ZERO, None));
        assert_eq!((now - later, now.saturating_duration_since(later)), (Duration::ZERO, Duration::ZERO));
        later += MS;
        later -= 2 * MS;
        assert_eq!(later.duration_since(now), 4 * MS);
        assert_eq!(now.checked_add(Duration::MAX), None);
        assert_eq!(now.checked_add(MS).and_then(|later| later.checked_sub(MS)), Some(now));
    });
}

#[test]
fn time_of_day_goes_on_with_the_clock() {
    in_both_worlds(|| {
        let start = SystemTime::now();
        thread::sleep(2 * MS);
        assert!(start.elapsed().unwrap() >= 2 * MS);
        assert!(start > UNIX_EPOCH + 50 * 365 * Duration::from_secs(24 * 3600), "it is 2020 at least");
        let mut later = start + 5 * MS;
        later -= 2 * MS;
        later += MS;
        assert_eq!((later.duration_since(start).unwrap(), later - 4 * MS), (4 * MS, start));
        assert_eq!(start.duration_since(later).unwrap_err().duration(), 4 * MS);
        assert_eq!((start.checked_add(Duration::MAX), start.checked_sub(Duration::MAX)), (None, None));
        assert_eq!(SystemTime::from(std::time::SystemTime::from(start)), start);
    });
}

#[test]
fn every_run_begins_at_the_same_time_of_day() {
    let (start, _) = Sim::new(1).run(SystemTime::now).unwrap();
    let (other, _) = Sim::new(2)
        .run(|| {
            thread::sleep(Duration::from_secs(3600));
            SystemTime::now()
        })
        .unwrap();
    assert_eq!(start.duration_since(UNIX_EPOCH).unwrap().as_secs(), 1_577_836_800);
    assert_eq!(other.duration_since(start).unwrap().as_secs(), 3600);
}

#[test]
fn node_reads_the_time_of_day_from_its_own_clock() {
    in_simulation(|| {
        let node = NodeHandle::new("S1");
        node.set_clock_rate(2 * labrpc::sim::CLOCK_RATE_NORMAL_PPM);
        let start = SystemTime::now();
        thread::sleep(Duration::from_secs(10));
        let theirs = node.spawn("looks", SystemTime::now).join().unwrap();
        assert_eq!(theirs.duration_since(start).unwrap().as_secs(), 20);
    });
}

#[test]
fn loop_that_looks_at_the_time_of_day_ends() {
    in_both_worlds(|| {
        let deadline = SystemTime::now() + MS;
        while SystemTime::now() < deadline {}
    });
}

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines() {
    in_simulation(|| {
        let order = labrpc::sync::Arc::new(labrpc::sync::Mutex::new(Vec::new()));
        let sleeping: Vec<_> = [3, 1, 2]
            .into_iter()
            .map(|ms| {
                let order = labrpc::sync::Arc::clone(&order);
                thread::spawn(move || {
                    thread::sleep(10 * ms * MS);
                    order.lock().push(ms);
                })
            })
            .collect();
        sleeping.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*order.lock(), [1, 2, 3]);
    });
}

#[test]
fn clocks_of_nodes_run_as_they_are_told() {
    in_simulation(|| {
        let fast = NodeHandle::new("fast");
        fast.set_clock_rate(2_000_000);
        let start = Instant::now();
        let slept = fast.spawn("sleeps", || {
            let start = Instant::now();
            thread::sleep(Duration::from_secs(10));
            start.elapsed().as_secs()
        });
        assert_eq!(slept.join().unwrap(), 10);
        assert_eq!(start.elapsed().as_secs(), 5);
    });
}

#[test]
fn instants_of_both_worlds_do_not_mix() {
    let real = Instant::now();
    for misuse in [
        |real: Instant| {
            let _ = Instant::now() - real;
        },
        |real| sleep_until(real),
    ] {
        let failed = Sim::new(1).run(move || misuse(real)).unwrap_err();
        assert!(failed.to_string().contains("an Instant of the real world"), "{failed}");
    }
}

#[test]
fn loop_that_polls_the_clock_sees_time_pass() {
    in_both_worlds(|| {
        let start = Instant::now();
        while start.elapsed() < MS / 10 {
            thread::yield_now();
        }
    });
}

/// A loop that only looks at the clock: in the real world it is poor style, and it ends.
#[test]
fn loop_that_looks_at_the_clock_ends_and_lets_others_run() {
    in_both_worlds(|| {
        let other = thread::spawn(|| thread::sleep(Duration::from_micros(50)));
        let start = Instant::now();
        let deadline = start + Duration::from_millis(3);
        while Instant::now() < deadline {}
        while start.elapsed() < Duration::from_millis(4) {}
        // On a busy real machine it may not have begun.
        assert!(other.is_finished() || !labrpc::sim::is_active());
        other.join().unwrap();
    });
}

#[test]
fn loop_that_looks_at_the_clock_for_ever_is_named() {
    let looks = || {
        NodeHandle::new("S1").spawn("looks", || {
            loop {
                let _ = Instant::now();
            }
        });
        thread::sleep(Duration::from_secs(3600));
    };
    let text = Sim::new(1).steps_max(50_000).run(looks).unwrap_err().to_string();
    assert!(text.contains("S1/looks took"), "{text}");
}
