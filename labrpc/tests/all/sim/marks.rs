//! What a trace knows of messages and from testers, beside the events.

use std::cell::Cell;

use labrpc::network::{Network, Server, Service};
use labrpc::sim::{Event, NodeHandle, Sim, Trace, Tracing, mark};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::Duration;
use labrpc::wire::Value;

fn run(tracing: Tracing) -> Trace {
    let run = Sim::new(7).tracing(tracing).run(|| {
        let network = Network::new();
        let node = NodeHandle::new("S0");
        let service = Service::new("Raft").method("Echo", |text: String| text);
        network.add_server(0, Server::new(&node).service(service));
        network.unreliable();
        let counter = Arc::new(Mutex::new(0));
        for number in 0..20 {
            let counter = Arc::clone(&counter);
            let end = network.make_connected_end(1, 0);
            thread::spawn(move || {
                for _ in 0..3 {
                    // With something that others see before it, the call is a point at which others may run.
                    *counter.lock() += 1;
                    end.call::<_, String>("Raft.Echo", &format!("no. {number}"));
                }
            });
        }
        mark("note", || Value::Struct("", vec![("text", Value::Text("says \"<\"".to_owned()))]));
        thread::sleep(Duration::from_secs(25));
    });
    run.expect("nothing goes wrong").1.trace
}

#[test]
fn mark_is_in_the_trace_and_changes_no_fingerprint() {
    let trace = run(Tracing::Last(usize::MAX));
    assert_eq!(trace.fingerprint, run(Tracing::Off).fingerprint);
    let marks: Vec<_> = trace.events.iter().filter_map(Event::mark).collect();
    let [mark] = marks[..] else { panic!("{marks:?}") };
    assert_eq!(
        mark.fields.tree().and_then(|tree| tree.field("text")),
        Some(&Value::Text("says \"<\"".to_owned()))
    );
    assert_eq!(trace.events.iter().filter(|event| !event.kind.is_annotation()).count() as u64, trace.total);
}

#[test]
fn mark_is_not_made_when_nobody_reads_it() {
    let run = Sim::new(1).run(|| {
        let is_made = Cell::new(false);
        mark("note", || {
            is_made.set(true);
            Value::Nothing
        });
        assert!(!is_made.get());
    });
    run.expect("nothing goes wrong");
}

#[test]
fn message_says_when_it_was_made_and_sent() {
    let trace = run(Tracing::Last(usize::MAX));
    let (mut waited, mut late) = (0, 0);
    for event in trace.events.iter().filter(|event| event.message().is_some()) {
        let message = event.message().expect("it is one");
        let (Some(made), Some(sent)) = (message.made, message.sent) else { panic!("{event}") };
        assert!(made <= sent && sent <= event.time_ns, "{event}");
        waited += usize::from(made < sent);
        late += usize::from(event.time_ns > sent + 1_000_000);
    }
    assert!(waited > 5 && late > 5, "{waited} waited between being made and sent, {late} came late");
}

#[test]
fn message_is_stored_in_values() {
    let trace = run(Tracing::Last(usize::MAX));
    let message = trace.events.iter().find(|event| event.message().is_some()).expect("there is one");
    let line = serde_json::to_value(message).expect("it can be written");
    assert!(line["message"]["content"].as_str().is_some_and(|text| text.starts_with("no. ")), "{line}");
    let back: Event = serde_json::from_value(line).expect("it can be read");
    assert_eq!(back.to_string(), message.to_string());
}
