//! MIT's own tests of `labrpc`, by their names, in both worlds.

use std::time::Duration;

use labrpc::network::{Address, ClientEnd, Network, Server, Service};
use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use labrpc::sync::Mutex;
use labrpc::thread;
use labrpc::time::Instant;
use serde::{Deserialize, Serialize};

use super::{in_both_worlds, in_simulations, ms, tester_end};

#[derive(Clone, Serialize, Deserialize)]
struct JunkArgs {
    x: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct JunkReply {
    x: String,
}

/// MIT's junk server: what it has seen, and its handlers.
#[derive(Clone, Default)]
struct Junk {
    texts: Arc<Mutex<Vec<String>>>,
    numbers: Arc<Mutex<Vec<i64>>>,
}

impl Junk {
    fn service(&self) -> Service {
        let (texts, numbers) = (self.texts.clone(), self.numbers.clone());
        Service::new("JunkServer")
            .method("Handler1", move |text: String| -> i64 {
                texts.lock().push(text.clone());
                text.parse().unwrap_or(0)
            })
            .method("Handler2", move |number: i64| {
                numbers.lock().push(number);
                format!("handler2-{number}")
            })
            .method("Handler3", |number: i64| {
                thread::sleep(Duration::from_secs(20));
                -number
            })
            .method("Handler4", |_: Box<JunkArgs>| JunkReply { x: "pointer".into() })
            .method("Handler5", |_: JunkArgs| JunkReply { x: "no pointer".into() })
            .method("Handler6", |text: String| text.len() as u64)
            .method("Handler7", |len: u64| "y".repeat(len as usize))
    }
}

/// A network with one junk server at address 99.
fn junk() -> (Network, Junk) {
    let network = Network::new();
    let junk = Junk::default();
    network.add_server(99, Server::new(&NodeHandle::new("S99")).service(junk.service()));
    (network, junk)
}

fn handler2(end: &ClientEnd, number: i64) -> Option<String> {
    end.call("JunkServer.Handler2", &number)
}

#[test]
fn basic() {
    in_both_worlds(|| {
        let (network, _) = junk();
        let end = tester_end(&network, 99);
        assert_eq!(handler2(&end, 111).as_deref(), Some("handler2-111"));
        assert_eq!(end.call::<_, i64>("JunkServer.Handler1", &"9099"), Some(9099));
    });
}

#[test]
fn types() {
    in_both_worlds(|| {
        let (network, _) = junk();
        let end = tester_end(&network, 99);
        let args = JunkArgs { x: 1 };
        let reply: Option<JunkReply> = end.call("JunkServer.Handler4", &Box::new(args.clone()));
        assert_eq!(reply, Some(JunkReply { x: "pointer".into() }));
        let reply: Option<JunkReply> = end.call("JunkServer.Handler5", &args);
        assert_eq!(reply, Some(JunkReply { x: "no pointer".into() }));
    });
}

/// An end that was not enabled reaches nobody.
#[test]
fn disconnect() {
    in_both_worlds(|| {
        let (network, _) = junk();
        let end = network.make_end(Address::TESTER);
        assert_eq!(handler2(&end, 111), None);
        network.connect(&end, 99);
        assert_eq!(handler2(&end, 111), None);
        network.enable(&end);
        assert_eq!(handler2(&end, 111).as_deref(), Some("handler2-111"));
    });
}

#[test]
fn counts() {
    in_both_worlds(|| {
        let (network, _) = junk();
        let end = tester_end(&network, 99);
        for number in 0..17 {
            assert_eq!(handler2(&end, number), Some(format!("handler2-{number}")));
        }
        assert_eq!(network.server_tally(99).calls, 17);
        assert_eq!(network.total_calls(), 17);
    });
}

#[test]
fn bytes() {
    in_both_worlds(|| {
        let (network, _) = junk();
        let end = tester_end(&network, 99);
        for _ in 0..17 {
            let text = "x".repeat(128);
            assert_eq!(end.call::<_, u64>("JunkServer.Handler6", &text), Some(128));
        }
        // The text and its length, in two bytes; and the number 128, in two bytes.
        let asked = network.total_bytes();
        assert_eq!(asked, 17 * (130 + 2));
        for _ in 0..17 {
            let text: String = end.call("JunkServer.Handler7", &107_u64).unwrap();
            assert_eq!(text.len(), 107);
        }
        assert_eq!(network.total_bytes() - asked, 17 * (1 + 108));
    });
}

#[test]
fn concurrent_many() {
    in_both_worlds(|| {
        let (network, junk) = junk();
        let clients: Vec<_> = (0..20)
            .map(|client| {
                let end = network.make_connected_end(Address::Client(client), 99);
                thread::spawn(move || {
                    for call in 0..10 {
                        let number = i64::from(client) * 100 + call;
                        assert_eq!(handler2(&end, number), Some(format!("handler2-{number}")));
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().unwrap();
        }
        assert_eq!(network.server_tally(99).calls, 200);
        assert_eq!(junk.numbers.lock().len(), 200);
    });
}

#[test]
fn unreliable() {
    in_both_worlds(|| {
        let (network, _) = junk();
        network.unreliable();
        let clients: Vec<_> = (0..300)
            .map(|client| {
                let end = network.make_connected_end(Address::Client(client), 99);
                thread::spawn(move || {
                    let reply = handler2(&end, i64::from(client) * 100);
                    assert!(reply.is_none() || reply == Some(format!("handler2-{}", client * 100)));
                    reply.is_some()
                })
            })
            .collect();
        let replied = clients.into_iter().map(|client| client.join().unwrap());
        let count = replied.filter(|replied| *replied).count();
        assert!(count > 0 && count < 300, "{count} of 300 calls got a reply from an unreliable network");
    });
}

#[test]
fn concurrent_one() {
    in_both_worlds(|| {
        let (network, junk) = junk();
        let end = tester_end(&network, 99);
        let callers: Vec<_> = (0..20)
            .map(|caller| {
                let end = end.clone();
                thread::spawn(move || {
                    let number = 100 + caller;
                    assert_eq!(handler2(&end, number), Some(format!("handler2-{number}")));
                })
            })
            .collect();
        for caller in callers {
            caller.join().unwrap();
        }
        assert_eq!(junk.numbers.lock().len(), 20);
        assert_eq!(network.server_tally(99).calls, 20);
    });
}

/// Calls that wait because their end is disabled must not delay a later call, after it was enabled.
#[test]
fn regression1() {
    // On a busy machine a real thread may run late; in a simulation it is exact.
    let body = |late: Duration| {
        let (network, junk) = junk();
        let end = tester_end(&network, 99);
        network.disable(&end);
        let callers: Vec<_> = (0..20)
            .map(|caller| {
                let end = end.clone();
                thread::spawn(move || handler2(&end, 100 + caller).is_some())
            })
            .collect();
        thread::sleep(ms(100));
        let start = Instant::now();
        network.enable(&end);
        assert_eq!(handler2(&end, 99).as_deref(), Some("handler2-99"));
        let took = start.elapsed();
        assert!(took < ms(30) + late, "the call took {took:?} behind calls that wait");
        assert!(callers.into_iter().all(|caller| !caller.join().unwrap()));
        assert_eq!(*junk.numbers.lock(), [99]);
        assert_eq!(network.server_tally(99).calls, 1);
    };
    in_simulations(10, move || body(Duration::ZERO));
    body(ms(900));
}

/// A caller is freed, without a reply, when its server is deleted while the handler runs.
#[test]
fn killed() {
    // On a busy machine a real thread may run late; in a simulation it is exact.
    let body = |late: Duration| {
        let (network, _) = junk();
        let end = tester_end(&network, 99);
        let caller = thread::spawn(move || {
            let reply: Option<i64> = end.call("JunkServer.Handler3", &99_i64);
            (reply, Instant::now())
        });
        thread::sleep(ms(1000));
        assert!(!caller.is_finished(), "the handler sleeps for 20 s, but the call has ended");
        let deleted = Instant::now();
        network.delete_server(99);
        let (reply, freed) = caller.join().unwrap();
        assert_eq!(reply, None);
        let took = freed - deleted;
        assert!(took <= ms(100) + late, "the caller was freed after {took:?}");
    };
    in_simulations(10, move || body(Duration::from_micros(50)));
    body(ms(900));
}

/// A hundred thousand calls, one after the other, all of which arrive.
#[test]
fn benchmark() {
    let body = || {
        let (network, _) = junk();
        let end = tester_end(&network, 99);
        for _ in 0..100_000 {
            assert_eq!(handler2(&end, 111).as_deref(), Some("handler2-111"));
        }
        assert_eq!(network.total_calls(), 100_000);
    };
    in_simulations(1, body);
    body();
}

/// Long delays that are switched on and off while calls wait in them: every call ends, and none gets a reply.
#[test]
fn long_delay_race() {
    in_both_worlds(|| {
        let (network, _) = junk();
        let start = Instant::now();
        let callers: Vec<_> = (0..20)
            .map(|caller| {
                let end = network.make_end(Address::Client(caller));
                network.connect(&end, 99);
                thread::spawn(move || {
                    assert_eq!(handler2(&end, 1), None);
                })
            })
            .collect();
        for _ in 0..20 {
            network.long_delays();
            thread::sleep(ms(1));
            network.short_delays();
        }
        for caller in callers {
            caller.join().unwrap();
        }
        assert!(start.elapsed() <= ms(7500));
        assert_eq!((network.total_calls(), network.server_tally(99).calls), (20, 0));
    });
}
