//! Large runs: many servers, many events. Their numbers are printed, and not asserted.

use labrpc::time::{Duration, Instant};

use lab_browser::{Tab, Theme};
use lab_harness::Implementation;
use lab_harness::lab::Lab;
use lab_harness::run::run_case;
use lab_report::page::{self, Page};
use raft::Raft;

use super::runs::{assert_accessible, assert_quiet, file, html, open, picture, plan, scenario, test};
use super::wrong::{Amnesiac, With};

fn many_servers(lab: &Lab) {
    let cluster = lab.cluster(25).start();
    let leader = cluster.check_one_leader();
    cluster.one(25);
    let [first, second]: [Vec<usize>; 2] = [(0..13).collect(), (13..25).collect()];
    let split = cluster.partition(&[&first, &second]);
    lab.sleep_ms(1500);
    split.end();
    cluster.power_failure(leader);
    lab.sleep_ms(1500);
    cluster.repair();
    cluster.one(25);
}

#[test]
fn run_of_25_servers_has_all_its_lanes() {
    let Some(mut tab) = open(&scenario("many_servers_3b", many_servers), Implementation::of::<Raft>(), 1)
    else {
        return;
    };
    assert_eq!(tab.eval("document.querySelectorAll('#labels .pick').length"), 25);
    tab.press("0");
    tab.screenshot(&picture("25_servers"));
    assert_eq!(tab.eval("view.partitions.length > 0"), true);
    assert_accessible(&mut tab);
    assert_quiet(&mut tab);
}

fn many_events(lab: &Lab) {
    let cluster = lab.cluster(5).unreliable().start();
    for _ in 0..1450 {
        cluster.one(5);
    }
}

/// What the page costs with this many events.
const EVENTS: usize = 50_000;

#[test]
fn numbers_of_fifty_thousand_events() {
    let Some(mut tab) = Tab::start() else { return };
    let case = scenario("many_events_3b", many_events);
    let began = Instant::now();
    let (page, run) = html(&case, Implementation::of::<Raft>(), 1);
    let page_took = began.elapsed().saturating_sub(run.wall);
    tab.look(1440, 900, Theme::Light);
    let path = file(case.name, &page);
    tab.open(&path, "");
    let events = tab.eval("view.trace.events.length").as_u64().expect("a number") as usize;
    assert!(events >= EVENTS * 9 / 10, "{events} events");
    println!(
        "{events} events: {:.1} MB, written in {page_took:.1?} (the run with its trace: {:.1?})",
        page.len() as f64 / 1e6,
        run.wall
    );
    let drawn = tab.eval("performance.getEntriesByName('drawn')[0].startTime");
    println!("first picture: {:.0} ms after the page was asked for", drawn.as_f64().unwrap_or_default());
    for (name, work) in [
        ("event before", "view.step(-1)"),
        ("next event", "view.step(1)"),
        ("next fault", "view.seek(-1, isFault)"),
        ("next change of a role", "view.seekRole(-1)"),
        ("the whole run", "view.fit()"),
        ("zoom", "view.zoom(0.5)"),
        ("axis", "view.toggleAxis()"),
        ("a far moment", "view.go(777)"),
        ("search", "view.search('granted after crash')"),
        ("search for words", "view.search('entry 700')"),
        ("match", "view.match(1)"),
        ("proof", "view.toggle('fades')"),
    ] {
        let took = tab.eval(&format!(
            "(() => {{ const began = performance.now(); {work}; return performance.now() - began; }})()"
        ));
        println!("{name}: {:.1} ms", took.as_f64().unwrap_or_default());
    }
    assert_quiet(&mut tab);
}

/// The shortest of a few tries: others work on the machine as well.
fn shortest<T>(mut work: impl FnMut() -> T) -> (Duration, T) {
    let mut tries: Vec<(Duration, T)> = (0..5)
        .map(|_| {
            let began = Instant::now();
            let out = work();
            (began.elapsed(), out)
        })
        .collect();
    tries.sort_by_key(|(took, _)| *took);
    tries.swap_remove(0)
}

#[test]
fn numbers_of_a_page_beside_its_run() {
    let right = Implementation::of::<Raft>();
    let wrong = Implementation::of::<With<Amnesiac>>();
    for (name, implementation) in [
        ("crash_at_every_save_3c", wrong),
        ("chaos_3c", wrong),
        ("chaos_3c", right),
        ("figure8_3c", right),
        ("figure8_unreliable_3c", right),
    ] {
        let (case, plan) = (test(name), plan(1));
        let (run_took, run) = shortest(|| run_case(case, implementation, plan));
        let (lines_took, lines) = shortest(|| {
            let mut out = Vec::new();
            run.trace.as_ref().expect("a trace").write_json_lines(&mut out).expect("memory can be written");
            out.len()
        });
        let page = Page { case, implementation, plan, run: &run, against: None, causes: None };
        let (page_took, html) = shortest(|| page::html(&page).expect("a trace"));
        println!(
            "{name} of {}: the page {} KB in {page_took:.1?}; the run with its trace took {run_took:.1?}, trace.jsonl {} KB in {lines_took:.1?}",
            implementation.name(),
            html.len() / 1000,
            lines / 1000
        );
    }
}
