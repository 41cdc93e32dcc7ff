//! Chance in both worlds.

use labrpc::rand::prelude::*;
use labrpc::rand::{self, rng};
use labrpc::sim::Sim;
use labrpc::thread;

use crate::support::{POLICIES, in_both_worlds};

/// What two threads draw.
fn draws() -> (Vec<u64>, Vec<u64>) {
    let draw = || (0..4).map(|_| rng().next_u64()).collect();
    let other = thread::spawn(draw);
    (draw(), other.join().unwrap())
}

#[test]
fn numbers_are_in_their_range_and_differ() {
    in_both_worlds(|| {
        let drawn: Vec<u32> = (0..100).map(|_| rng().random_range(10..20)).collect();
        assert!(drawn.iter().all(|number| (10..20).contains(number)));
        assert!(drawn.iter().any(|number| *number != drawn[0]));
        let mut shuffled: Vec<u32> = (0..50).collect();
        shuffled.shuffle(&mut rng());
        shuffled.sort_unstable();
        assert_eq!(shuffled, (0..50).collect::<Vec<_>>());
        let mut bytes = [0; 32];
        rng().fill_bytes(&mut bytes);
        assert_ne!(bytes, [0; 32]);
    });
}

#[test]
fn free_functions_draw_from_the_same_generator() {
    in_both_worlds(|| {
        assert!((0..100).map(|_| rand::random_range(10..=20)).all(|number| (10..=20).contains(&number)));
        assert!(!rand::random_bool(0.0) && rand::random_bool(1.0));
        assert!(!rand::random_ratio(0, 3) && rand::random_ratio(3, 3));
        assert!((0..64).any(|_| rand::random::<bool>()) && rand::random::<f64>() < 1.0);
        let mut numbers = [0_u64; 8];
        rand::fill(&mut numbers);
        assert_ne!(numbers, [0; 8]);
        assert_ne!(rand::random_iter::<u64>().take(8).collect::<Vec<_>>(), numbers);
    });
    let drawn = |seed| {
        let body = || {
            let mut bytes = [0_u8; 4];
            rand::fill(&mut bytes);
            (rand::random::<u64>(), rand::random_range(0..1000), rand::random_bool(0.5), bytes)
        };
        Sim::new(seed).run(body).unwrap().0
    };
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
}

#[test]
fn threads_draw_different_numbers() {
    in_both_worlds(|| {
        let (mine, theirs) = draws();
        assert_ne!(mine, theirs);
    });
}

#[test]
fn seed_and_nothing_else_decides_what_a_thread_draws() {
    let drawn = |seed| Sim::new(seed).run(draws).unwrap().0;
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
    for policy in POLICIES {
        assert_eq!(Sim::new(1).policy(policy).run(draws).unwrap().0, drawn(1), "the schedule changed it");
    }
}

#[test]
fn one_more_draw_in_a_thread_changes_nothing_for_others() {
    let with_extra = |extra: usize| {
        let body = move || {
            (0..extra).for_each(|_| _ = rng().next_u32());
            let other = thread::spawn(|| rng().next_u64());
            other.join().unwrap()
        };
        Sim::new(3).run(body).unwrap().0
    };
    assert_eq!(with_extra(0), with_extra(5));
}

#[test]
fn numbers_are_the_same_on_every_machine() {
    let first = Sim::new(42).run(|| rng().next_u64()).unwrap().0;
    assert_eq!(first, 4120692340586752454, "a change here breaks every seed that anybody has noted down");
}
