//! Mistakes on the network that fail a test.

use labrpc::network::{Network, Service};
use labrpc::sim::{Cause, Failure, NodeHandle, Sim};

use super::{add_server, echo, in_both_worlds, tester_end};

fn failure_of(body: impl FnOnce() + Send + 'static) -> Box<Failure> {
    Sim::new(1).run(body).expect_err("the run fails")
}

/// The same mistake in both worlds: the end of the run, and a panic in the caller's thread.
fn assert_fails(body: impl Fn() + Copy + Send + Sync + std::panic::UnwindSafe + 'static, parts: &[&str]) {
    let failure = failure_of(body);
    let Cause::Misuse { message, .. } = &failure.cause else { panic!("{failure}") };
    let panic = std::panic::catch_unwind(body).expect_err("the caller panics");
    let real = panic.downcast_ref::<String>().expect("it says why");
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
        assert!(real.contains(part), "{part:?} is not in: {real}");
    }
}

#[test]
fn unknown_method_fails_the_test() {
    assert_fails(
        || {
            let network = Network::new();
            add_server(&network, 0, echo());
            tester_end(&network, 0).call::<_, u64>("Echo.Integer", &5_u64);
        },
        &["C0 called Echo.Integer on S0", "Echo.Int"],
    );
}

#[test]
fn arguments_that_do_not_decode_fail_the_test() {
    assert_fails(
        || {
            let network = Network::new();
            add_server(&network, 0, Service::new("Echo").method("Text", |text: String| text));
            tester_end(&network, 0).call::<_, String>("Echo.Text", &(200_u64, 3_u8));
        },
        &["arguments of Echo.Text", "(u64, u8)", "alloc::string::String", "3 bytes"],
    );
}

/// Bytes that are left over are a mistake as well: a field that the receiver does not know.
#[test]
fn arguments_with_bytes_left_over_fail_the_test() {
    assert_fails(
        || {
            let network = Network::new();
            add_server(&network, 0, echo());
            tester_end(&network, 0).call::<_, u64>("Echo.Int", &(5_u64, 6_u64));
        },
        &["arguments of Echo.Int", "(u64, u64)", "decode as u64", "1 of them are left over"],
    );
}

#[test]
fn reply_that_does_not_decode_fails_the_test() {
    assert_fails(
        || {
            let network = Network::new();
            add_server(&network, 0, echo());
            tester_end(&network, 0).call::<_, bool>("Echo.Int", &5_u64);
        },
        &["reply of S0 to Echo.Int", "sent as u64", "decode as bool", "1 bytes"],
    );
}

#[test]
fn panic_of_a_handler_fails_the_test() {
    fn body() {
        let network = Network::new();
        let service =
            Service::new("Raft").method("Vote", |term: u64| assert!(term < 5, "term {term} is too high"));
        add_server(&network, 0, service);
        tester_end(&network, 0).call::<_, ()>("Raft.Vote", &5_u64);
    }
    let failure = failure_of(body);
    let Cause::Panic(panic) = &failure.cause else { panic!("{failure}") };
    assert_eq!((panic.thread.as_str(), panic.message.as_str()), ("S0/Raft.Vote", "term 5 is too high"));
    let panic = std::panic::catch_unwind(body).expect_err("the caller panics");
    let real = panic.downcast_ref::<String>().expect("it says why");
    assert_eq!(real, "the handler of Raft.Vote on S0 panicked: term 5 is too high");
}

/// Threads of the real world run on without power. What they do there is nobody's mistake, and nobody hears of it.
#[test]
fn what_a_node_does_without_power_counts_for_nothing() {
    in_both_worlds(|| {
        let network = Network::new();
        let failing = Service::new("Raft").method("Vote", |term: u64| {
            NodeHandle::current().lose_power();
            assert!(term < 5, "a save that failed");
            term
        });
        let off = add_server(&network, 0, failing);
        add_server(&network, 1, echo());
        let vote = || tester_end(&network, 0).call::<_, u64>("Raft.Vote", &5);
        assert!(!off.is_crashed());
        assert_eq!(vote(), None);
        assert!(off.is_crashed() && !off.lose_power(), "it has none to lose");
        assert_eq!(vote(), None, "it hears nothing");
        assert_eq!(network.failure(), None);
        let other = NodeHandle::new("S0");
        assert!(!other.is_crashed(), "another node of that name");
        let end = network.make_connected_end(0, 1);
        if !labrpc::sim::is_active() {
            let calls = network.total_calls();
            assert_eq!(off.on_real_thread(|| end.call::<_, u64>("Echo.Int", &5)), None);
            assert_eq!(network.total_calls(), calls, "nobody hears of it");
        }
        assert_eq!(other.on_real_thread(|| end.call("Echo.Int", &5_u64)), Some(5_u64));
    });
}

#[test]
fn network_is_of_one_world() {
    let network = Network::new();
    let failure = failure_of(move || drop(network.make_end(0)));
    assert!(failure.to_string().contains("another world"), "{failure}");
}
