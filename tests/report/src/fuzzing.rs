//! Traces that were cut off or edited: they are refused or shown, line by line.

use lab_fuzzing::fuzz;
use labrpc::network::{Network, Server, Service};
use labrpc::sim::{Event, NodeHandle, Sim, Trace, Tracing};
use labrpc::thread;
use labrpc::time::Duration;

use crate::columns::{self, Layout, Selection};
use crate::export::written;

/// The trace of a run with calls, waits, log lines and a crash.
fn example() -> Vec<u8> {
    labrpc::logging::init_quiet();
    let run = Sim::new(1).tracing(Tracing::Last(400)).run(|| {
        let network = Network::new();
        let node = NodeHandle::new("S0");
        let service = Service::new("Raft").method("Echo", |text: String| text.repeat(2));
        network.add_server(0, Server::new(&node).service(service));
        let end = network.make_connected_end(1, 0);
        for _ in 0..3 {
            end.call::<_, String>("Raft.Echo", &"a \u{e9}");
            log::info!(target: "VOTE", "S1 asks for votes");
        }
        let sleeper = thread::spawn(|| thread::sleep(Duration::from_millis(5)));
        node.crash();
        sleeper.join().expect("it sleeps");
    });
    let (_, report) = run.expect("nothing goes wrong");
    let mut lines = Vec::new();
    report.trace.write_json_lines(&mut lines).expect("memory can be written");
    lines
}

#[test]
fn reader_of_traces_survives_fuzzing() {
    let example = example();
    assert!(example.split(|&byte| byte == b'\n').count() > 30);
    // Few lines at a time: each input is read, shown and exported in all ways.
    let lines: Vec<&[u8]> = example.split_inclusive(|&byte| byte == b'\n').collect();
    let examples: Vec<Vec<u8>> = lines.chunks(12).map(<[&[u8]]>::concat).collect();
    let layout = Layout::new(120, &[0, 1]);
    fuzz("traces", &examples, |input| {
        let events: Vec<Event> =
            input.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let trace = Trace { total: events.len() as u64, events, ..Trace::default() };
        let shown = columns::lines(&trace, &Selection::all(vec![0, 1]));
        columns::write(Vec::new(), &layout, &shown).expect("memory can be written");
        for event in &trace.events {
            assert!(!event.to_string().is_empty());
        }
        written(&trace);
    });
}
