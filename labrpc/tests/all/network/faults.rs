//! MIT's faults and the rules beyond them: how often, how long, and to whom.

use std::sync::atomic::{AtomicU64, Ordering};

use labrpc::network::{
    Address, Delay, Delays, Duplication, Hold, Loss, Network, Nth, Partition, Rule, Service, Traffic, Verdict,
};
use labrpc::sim::Sim;
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::{Duration, Instant};

use super::{add_server, echo, in_both_worlds, in_simulations, ms, tester_end};

/// Makes calls one after the other and returns how long each took and whether it got a reply.
fn calls(network: &Network, count: u64) -> Vec<(Duration, bool)> {
    let end = tester_end(network, 0);
    (0..count)
        .map(|call| {
            let start = Instant::now();
            let reply: Option<u64> = end.call("Echo.Int", &call);
            assert!(reply.is_none_or(|reply| reply == call), "{reply:?} is not the reply to {call}");
            (start.elapsed(), reply.is_some())
        })
        .collect()
}

fn simulate<T: Send + 'static>(seed: u64, body: impl FnOnce() -> T + Send + 'static) -> T {
    Sim::new(seed).run(body).unwrap_or_else(|failure| panic!("{failure}")).0
}

/// P(success) is 0.9 x 0.9 = 0.81; a request waits 0 to 26 ms, 13 in the mean; a lost request ends at once.
#[test]
fn unreliable_has_mits_numbers() {
    for seed in 0..4 {
        let (calls, delivered) = simulate(seed, || {
            let network = Network::new();
            add_server(&network, 0, echo());
            network.unreliable();
            (calls(&network, 10_000), network.server_tally(0).calls)
        });
        let replied = calls.iter().filter(|(_, replied)| *replied).count();
        assert!((7_900..8_300).contains(&replied), "{replied} of 10000 calls got a reply, not some 8100");
        assert!((8_850..9_150).contains(&delivered), "{delivered} of 10000 requests arrived, not some 9000");
        let longest = calls.iter().map(|(took, _)| *took).max().unwrap();
        assert!((ms(26)..ms(27)).contains(&longest), "the longest call took {longest:?}, not 26 ms");
        let mean = calls.iter().map(|(took, _)| *took).sum::<Duration>() / 10_000;
        assert!((ms(12)..ms(14)).contains(&mean), "the mean call took {mean:?}, not 13 ms");
    }
}

/// Two replies of three come 200 to 2199 ms late: mean 700, median 573, 90 % by 1378.
#[test]
fn long_reordering_has_mits_numbers() {
    for seed in 0..4 {
        let calls = simulate(seed, || {
            let network = Network::new();
            add_server(&network, 0, echo());
            network.long_reordering();
            calls(&network, 12_000)
        });
        let mut late: Vec<_> = calls.iter().map(|(took, _)| *took).filter(|took| *took > ms(1)).collect();
        late.sort_unstable();
        assert!((7_800..8_200).contains(&late.len()), "{} of 12000 replies were late", late.len());
        assert!(late[0] >= ms(200) && late[late.len() - 1] < ms(2200), "{:?}", late.last());
        let mean = late.iter().sum::<Duration>() / late.len() as u32;
        assert!((ms(685)..ms(715)).contains(&mean), "the mean delay was {mean:?}, not 700 ms");
        let median = late[late.len() / 2];
        assert!((ms(545)..ms(600)).contains(&median), "the median was {median:?}, not 573 ms");
        let p90 = late[late.len() * 9 / 10];
        assert!((ms(1330)..ms(1430)).contains(&p90), "90 % came by {p90:?}, not 1378 ms");
    }
}

/// A server that cannot be reached: 0 to 99 ms, or 0 to 6999 ms with long delays, and never a reply.
#[test]
fn unreachable_has_mits_numbers() {
    for (has_long_delays, longest, mean) in [(false, 99, 49..51), (true, 6999, 3400..3600)] {
        let calls = simulate(1, move || {
            let network = Network::new();
            if has_long_delays {
                network.long_delays();
            }
            calls(&network, 10_000)
        });
        assert!(calls.iter().all(|(_, replied)| !replied));
        let max = calls.iter().map(|(took, _)| took.as_millis()).max().unwrap();
        assert!((longest - longest / 50..=longest).contains(&max), "the longest call took {max} ms");
        let found = calls.iter().map(|(took, _)| took.as_millis()).sum::<u128>() / 10_000;
        assert!(mean.contains(&found), "the mean call took {found} ms");
    }
}

/// An unreliable network of the real world loses about as many.
#[test]
fn unreliable_in_the_real_world() {
    let network = Network::seeded(1);
    add_server(&network, 0, echo());
    let rule = network.add_rule(Loss::new(0.1));
    let replied = calls(&network, 10_000).iter().filter(|(_, replied)| *replied).count();
    assert!((7_900..8_300).contains(&replied), "{replied} of 10000 calls got a reply, not some 8100");
    assert_eq!(rule.hits(), 10_000 - replied as u64);
}

/// Servers 0 to `count - 1`; `reaches(from, to)` makes a call from one to the other.
struct Mesh {
    network: Network,
    handled: Arc<Mutex<Vec<u64>>>,
}

impl Mesh {
    fn new(count: u32) -> Self {
        let network = Network::new();
        let handled = Arc::new(Mutex::new(Vec::new()));
        for server in 0..count {
            let log = handled.clone();
            let service = Service::new("Echo").method("Int", move |int: u64| {
                log.lock().push(int);
                int
            });
            add_server(&network, server, service);
        }
        Self { network, handled }
    }

    fn call(&self, from: u32, to: u32, int: u64) -> Option<u64> {
        self.network.make_connected_end(from, to).call("Echo.Int", &int)
    }

    fn reaches(&self, from: u32, to: u32) -> bool {
        self.call(from, to, 1).is_some()
    }

    /// Calls in a thread of its own.
    fn call_aside(&self, from: u32, to: u32, int: u64) -> thread::JoinHandle<Option<u64>> {
        let end = self.network.make_connected_end(from, to);
        thread::spawn(move || end.call("Echo.Int", &int))
    }

    fn handled(&self) -> Vec<u64> {
        self.handled.lock().clone()
    }
}

#[test]
fn rule_is_about_its_pair_and_direction_only() {
    in_both_worlds(|| {
        let mesh = Mesh::new(3);
        let fault = mesh.network.add_rule(Loss::always().on(Traffic::requests().from(0).to(2)));
        assert!(!mesh.reaches(0, 2));
        assert!(mesh.reaches(2, 0) && mesh.reaches(0, 1) && mesh.reaches(1, 2));
        assert_eq!(fault.hits(), 1);
        drop(fault);
        assert!(mesh.reaches(0, 2));
        // The reply of 2 to 0 is from 2: the handler runs, but its reply is lost.
        let _fault = mesh.network.add_rule(Loss::always().on(Traffic::replies().from(2).to(0)));
        let before = mesh.handled().len();
        assert!(!mesh.reaches(0, 2));
        assert_eq!(mesh.handled().len(), before + 1);
        assert!(mesh.reaches(2, 0));
    });
}

#[test]
fn partitions_cut_what_they_say() {
    in_simulations(4, || {
        let mesh = Mesh::new(5);
        let links = |mesh: &Mesh| -> Vec<(u32, u32)> {
            let pairs = (0..5).flat_map(|from| (0..5).map(move |to| (from, to)));
            pairs.filter(|(from, to)| from < to && mesh.reaches(*from, *to)).collect()
        };
        assert_eq!(links(&mesh).len(), 10);
        let halves = mesh.network.add_rule(Partition::between([0, 1], [2, 3, 4]));
        assert_eq!(links(&mesh), [(0, 1), (2, 3), (2, 4), (3, 4)]);
        halves.end();
        let bridge = mesh.network.add_rule(Partition::bridge([0, 1], 2, [3, 4]));
        assert_eq!(links(&mesh), [(0, 1), (0, 2), (1, 2), (2, 3), (2, 4), (3, 4)]);
        bridge.end();
        let sets = mesh.network.add_rule(Partition::of([vec![0], vec![1, 2], vec![3]]));
        assert_eq!(links(&mesh), [(0, 4), (1, 2), (1, 4), (2, 4), (3, 4)]);
        sets.end();
        let alone = mesh.network.add_rule(Partition::isolate(2, 0..5));
        assert_eq!(links(&mesh), [(0, 1), (0, 3), (0, 4), (1, 3), (1, 4), (3, 4)]);
        alone.end();
        assert_eq!(links(&mesh).len(), 10);
    });
}

/// Messages from 0 to 1 are lost: requests of 0 do not arrive at 1; those of 1 run on 0, but get no reply.
#[test]
fn one_way_partition_lets_requests_run_without_a_reply() {
    in_simulations(4, || {
        let mesh = Mesh::new(2);
        let _cut = mesh.network.add_rule(Partition::one_way([0], [1]));
        assert_eq!(mesh.call(0, 1, 7), None);
        assert!(mesh.handled().is_empty());
        assert_eq!(mesh.call(1, 0, 8), None);
        assert_eq!(mesh.handled(), [8]);
    });
}

#[test]
fn nth_message_is_dropped_and_no_other() {
    in_both_worlds(|| {
        let mesh = Mesh::new(3);
        let second = Nth::new(2, Traffic::requests().from(0).to(2).method("Echo.Int"), Verdict::Drop);
        let fault = mesh.network.add_rule(second);
        let mut replied = Vec::new();
        for int in 0..4 {
            assert!(mesh.call(0, 1, 100).is_some());
            replied.push(mesh.call(0, 2, int).is_some());
        }
        assert_eq!(replied, [true, false, true, true]);
        assert_eq!(fault.hits(), 1);
    });
}

#[test]
fn held_replies_come_when_they_are_released() {
    in_both_worlds(|| {
        let mesh = Mesh::new(3);
        let fault = mesh.network.add_rule(Hold.on(Traffic::replies().to(0)));
        let calls: Vec<_> = (0..3).map(|int| mesh.call_aside(0, 1, int)).collect();
        assert!(mesh.reaches(2, 1));
        while fault.held() < 3 {
            thread::sleep(ms(1));
        }
        assert!(calls.iter().all(|call| !call.is_finished()));
        assert!(fault.release_one());
        assert_eq!(fault.held(), 2);
        assert_eq!(fault.release(), 2);
        for (int, call) in calls.into_iter().enumerate() {
            assert_eq!(call.join().unwrap(), Some(int as u64));
        }
        // The end of the rule releases, too.
        let call = mesh.call_aside(0, 1, 9);
        while fault.held() < 1 {
            thread::sleep(ms(1));
        }
        drop(fault);
        assert_eq!(call.join().unwrap(), Some(9));
    });
}

#[test]
fn held_requests_can_be_reordered_or_lost() {
    in_simulations(4, || {
        let mesh = Mesh::new(2);
        let fault = mesh.network.add_rule(Hold.on(Traffic::requests()));
        let mut calls = Vec::new();
        for int in 0..3 {
            calls.push(mesh.call_aside(0, 1, int));
            thread::sleep(ms(1));
        }
        for _ in 0..3 {
            // One at a time, so that the handlers do not race.
            assert_eq!(fault.held(), 3 - mesh.handled().len());
            fault.release_reversed();
            thread::sleep(ms(1));
        }
        assert_eq!(mesh.handled().len(), 3);
        calls.push(mesh.call_aside(0, 1, 3));
        thread::sleep(ms(1));
        assert_eq!(fault.discard(), 1);
        let replies: Vec<_> = calls.into_iter().map(|call| call.join().unwrap()).collect();
        assert_eq!(replies, [Some(0), Some(1), Some(2), None]);
    });
}

/// A message that is delayed is overtaken by one that is not, requests and replies alike.
#[test]
fn delays_reorder_requests_and_replies() {
    for traffic in [Traffic::requests as fn() -> Traffic, Traffic::replies] {
        let ends = simulate(1, move || {
            let mesh = Mesh::new(2);
            let first = Nth::new(1, traffic(), Verdict::Delay(ms(50)));
            mesh.network.add_rule(first).forever();
            let done = Arc::new(Mutex::new(Vec::new()));
            let calls = [0_u64, 1].map(|int| {
                let (end, done) = (mesh.network.make_connected_end(0, 1), done.clone());
                let call = thread::spawn(move || {
                    assert_eq!(end.call("Echo.Int", &int), Some(int));
                    done.lock().push(int);
                });
                thread::sleep(ms(10));
                call
            });
            for call in calls {
                call.join().unwrap();
            }
            let done = done.lock().clone();
            (done, mesh.handled())
        });
        assert_eq!(ends.0, [1, 0]);
        let handled = if traffic().to_string() == "requests" { [1, 0] } else { [0, 1] };
        assert_eq!(ends.1, handled);
    }
}

#[test]
fn duplicated_request_is_handled_twice_and_answered_once() {
    in_both_worlds(|| {
        let mesh = Mesh::new(2);
        let rule = Duplication::new(1.0, Delays::Fixed(ms(20))).on(Traffic::requests());
        let _fault = mesh.network.add_rule(rule);
        assert_eq!(mesh.call(0, 1, 7), Some(7));
        assert_eq!(mesh.handled(), [7]);
        thread::sleep(ms(200));
        assert_eq!(mesh.handled(), [7, 7]);
        assert_eq!((mesh.network.total_calls(), mesh.network.server_tally(1).calls), (1, 2));
        // Two requests of one byte; one reply of one byte reached its caller.
        assert_eq!(mesh.network.total_bytes(), 2);
    });
}

/// A copy saves a call whose original is lost, because the copy was made first.
#[test]
fn duplicated_reply_is_discarded_the_second_time() {
    in_simulations(4, || {
        let mesh = Mesh::new(2);
        let twice = Duplication::new(1.0, Delays::Fixed(ms(5))).on(Traffic::replies());
        let _twice = mesh.network.add_rule(twice);
        assert_eq!(mesh.call(0, 1, 7), Some(7));
        thread::sleep(ms(10));
        assert_eq!(mesh.network.total_bytes(), 2);
        let _lost = mesh.network.add_rule(Loss::always().on(Traffic::replies()));
        let start = Instant::now();
        assert_eq!(mesh.call(0, 1, 8), Some(8));
        assert!(start.elapsed() >= ms(5));
    });
}

/// Each distribution keeps to its range and its mean.
#[test]
fn delays_keep_their_distribution() {
    let cases = [
        (Delays::Fixed(ms(5)), 5_000, 5_100, 5_000..5_100),
        (Delays::Between(ms(10), ms(30)), 10_000, 30_100, 19_500..20_500),
        (Delays::Millis(0..=26), 0, 26_100, 12_500..13_600),
        (Delays::Skewed { min_ms: 20, spread_ms: 100 }, 20_000, 120_100, 44_000..46_500),
    ];
    for (delays, min, max, mean) in cases {
        let shown = format!("{delays:?}");
        let took = simulate(3, move || {
            let network = Network::new();
            add_server(&network, 0, echo());
            network.add_rule(Delay::new(delays).on(Traffic::requests())).forever();
            calls(&network, 4_000)
        });
        let took: Vec<u128> = took.iter().map(|(took, _)| took.as_micros()).collect();
        let found = took.iter().sum::<u128>() / took.len() as u128;
        assert!(took.iter().all(|took| (min..=max).contains(took)), "{shown} left {min}..={max} us");
        assert!(mean.contains(&found), "{shown}: the mean was {found} us, not in {mean:?}");
    }
}

/// A closure is a rule, and sees what is in a message.
#[test]
fn rule_can_look_into_messages() {
    in_both_worlds(|| {
        #[derive(serde::Serialize, serde::Deserialize)]
        struct Vote {
            term: u64,
        }
        let network = Network::new();
        let service = Service::new("Raft").method("Vote", |vote: Vote| vote.term);
        add_server(&network, 0, service);
        let seen = Arc::new(AtomicU64::new(0));
        let count = seen.clone();
        let odd_terms = Traffic::requests().matching(move |message| {
            count.fetch_add(1, Ordering::Relaxed);
            message.int_of("term").is_some_and(|term| term % 2 == 1)
        });
        let _fault = network.add_rule(Loss::always().on(odd_terms));
        let end = network.make_connected_end(Address::Client(3), 0);
        let replies = [1, 2, 3, 4].map(|term| end.call::<_, u64>("Raft.Vote", &Vote { term }).is_some());
        assert_eq!(replies, [false, true, false, true]);
        assert_eq!(seen.load(Ordering::Relaxed), 4);
    });
}
