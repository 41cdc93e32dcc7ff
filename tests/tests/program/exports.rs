//! A run for other tools: each format is read back, and what it must be is checked.

use std::collections::BTreeMap;

use kvraft::Reference;
use lab::suites::find;
use lab::{Implementation, Outcome, Plan, World, run_case};
use lab_linearizability::model::{Kv, VersionedKv};
use lab_linearizability::text::{Model, check_text, read_history};
use lab_linearizability::{Budget, Verdict};
use lab_report::export::{ExportFormat, SHIVIZ_EXPRESSION, export};
use labrpc::sim::{Event, Policy, Tracing};
use serde_json::Value;

fn run(test: &str, seed: u64) -> Outcome {
    let tracing = Tracing::Last(usize::MAX);
    let plan = Plan { world: World::Simulated, seed, policy: Policy::Random, tracing };
    run_case(find(test).expect("a test"), Implementation::of_service::<Reference<raft::Raft>>(), plan)
}

fn text(format: ExportFormat, run: &Outcome) -> String {
    export(format, run, None).expect("a text")
}

#[test]
fn history_is_read_back_with_all_operations_and_is_linearizable() {
    let run = run("concurrent_4b", 1);
    let (classic, versioned) = run.operations.as_ref().expect("clients").count();
    assert!(classic > 50 && versioned > 50, "{classic} {versioned}");
    for format in [ExportFormat::HistoryJson, ExportFormat::HistoryEdn] {
        let write = |model| export(format, &run, Some(model)).expect("a text");
        let text = write(Model::Kv);
        assert_eq!(read_history(&Kv, &text).expect("a history").operations().len(), classic);
        let check = check_text(&text, Model::Kv, Budget::default()).expect("a history");
        assert_eq!(check.verdict, Verdict::Ok, "{}", check.report);
        let text = write(Model::VersionedKv);
        assert_eq!(read_history(&VersionedKv, &text).expect("a history").operations().len(), versioned);
        let check = check_text(&text, Model::VersionedKv, Budget::default()).expect("a history");
        assert_eq!(check.verdict, Verdict::Ok, "{}", check.report);
    }
}

#[test]
fn test_without_clients_has_no_history_and_says_where_there_is_one() {
    let error = export(ExportFormat::HistoryJson, &run("initial_election_3a", 1), None).unwrap_err();
    assert!(error.contains("4B"), "{error}");
}

/// The fields of the lines of a ShiViz log: host, clock and event, read as the expression says.
fn shiviz(text: &str) -> Vec<(String, BTreeMap<String, u64>, String)> {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(SHIVIZ_EXPRESSION));
    assert_eq!(lines.next(), Some(""), "no separator of runs");
    let lines: Vec<&str> = lines.collect();
    assert!(lines.len().is_multiple_of(2));
    let pair = |pair: &[&str]| {
        let (date, rest) = pair[0].split_once(' ').expect("a date");
        assert!(date.parse::<f64>().is_ok(), "{date}");
        let (host, clock) = rest.split_once(' ').expect("a host");
        (host.to_owned(), serde_json::from_str(clock).expect("a clock"), pair[1].to_owned())
    };
    lines.chunks(2).map(pair).collect()
}

#[test]
fn vector_clocks_count_each_host_in_steps_of_one_and_never_go_back() {
    for test in ["chaos_3b", "snapshot_install_un_crash_3d", "concurrent_4b"] {
        let events = shiviz(&text(ExportFormat::Shiviz, &run(test, 1)));
        assert!(events.len() > 500, "{test}: {}", events.len());
        let mut last: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for (host, clock, event) in events {
            // Each host's clock is compared with the one before it on the same host, in the order of the
            // file.
            let before = last.entry(host.clone()).or_default();
            let own = before.get(&host).copied().unwrap_or(0);
            assert_eq!(clock.get(&host), Some(&(own + 1)), "{test}: {host} {event}");
            for (other, count) in before.iter() {
                assert!(clock.get(other) >= Some(count), "{test}: {host} forgets {other}: {event}");
            }
            *before = clock;
        }
        // Nobody knows of an event before it happened: no clock is ahead of its own host's.
        let own: BTreeMap<&String, u64> = last.iter().map(|(host, clock)| (host, clock[host])).collect();
        for clock in last.values() {
            assert!(clock.iter().all(|(host, count)| own[host] >= *count), "{test}");
        }
    }
}

/// A reply is known to carry what its request told: the caller's own count comes back to it.
#[test]
fn message_carries_the_clock_of_its_sender() {
    let events = shiviz(&text(ExportFormat::Shiviz, &run("basic_agree_3b", 1)));
    let sent = events
        .iter()
        .position(|(_, _, event)| event.starts_with("sends Raft.RequestVote request #1 "))
        .unwrap();
    let got = events
        .iter()
        .position(|(_, _, event)| event.starts_with("gets Raft.RequestVote request #1 "))
        .unwrap();
    let (candidate, (_, before, _)) = (&events[sent].0, &events[sent]);
    assert!(got > sent);
    assert_eq!(events[got].1.get(candidate), before.get(candidate));
}

#[test]
fn chrome_trace_is_well_formed() {
    for test in ["chaos_3b", "persist_partition_unreliable_4b", "figure8_3c"] {
        let Some(_) = find(test) else { continue };
        let trace: Value =
            serde_json::from_str(&text(ExportFormat::ChromeTrace, &run(test, 1))).expect("JSON");
        let events = trace["traceEvents"].as_array().expect("events");
        let mut depth: BTreeMap<(u64, u64), i64> = BTreeMap::new();
        let mut time: BTreeMap<(u64, u64), f64> = BTreeMap::new();
        let (mut begun, mut ended) = (Vec::new(), Vec::new());
        let mut named = 0;
        for event in events {
            let place = (event["pid"].as_u64().expect("pid"), event["tid"].as_u64().expect("tid"));
            let phase = event["ph"].as_str().expect("ph");
            // Names have no time and may stand anywhere.
            if phase == "M" {
                named += 1;
                continue;
            }
            let at = event["ts"].as_f64().expect("ts");
            assert!(at >= time.insert(place, at).unwrap_or(0.0), "{test}: time goes back: {event}");
            let depth = depth.entry(place).or_default();
            match phase {
                "B" => *depth += 1,
                "E" => *depth -= 1,
                "s" => begun.push(event["id"].to_string()),
                "f" => ended.push(event["id"].to_string()),
                "i" => {}
                other => panic!("{test}: phase {other}"),
            }
            assert!(*depth >= 0, "{test}: an end without a beginning: {event}");
            assert!(
                phase != "s" && phase != "f" || *depth > 0,
                "{test}: an arrow outside of a slice: {event}"
            );
        }
        assert!(depth.values().all(|&depth| depth == 0), "{test}: slices that never end");
        assert!(named > 6 && begun.len() > 100 && ended.len() > 100, "{test}");
        assert!(ended.iter().all(|id| begun.contains(id)), "{test}: an arrow from nowhere");
    }
}

#[test]
fn trace_is_read_back_event_by_event() {
    let run = run("initial_election_3a", 1);
    let text = text(ExportFormat::Trace, &run);
    let read: Vec<Event> = text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    let trace = run.trace.expect("a trace");
    assert_eq!(read.len(), trace.events.len());
    for (read, event) in read.iter().zip(&trace.events) {
        assert!(read.is_same(event), "{read}, not {event}");
        let told = |event: &Event| serde_json::to_string(event).expect("text");
        assert_eq!(told(read), told(event));
    }
    assert_eq!(read.iter().filter(|event| !event.kind.is_annotation()).count() as u64, trace.total);
}
