//! Runs, and their pages as files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lab_browser::{Tab, Theme};
use lab_harness::case::{Origin, Part, TestCase};
use lab_harness::lab::Lab;
use lab_harness::run::run_case;
use lab_harness::{Implementation, Outcome};
use lab_report::page::{self, Page};
use lab_runs::{Plan, World};
use labrpc::sim::{Policy, Tracing};

/// How a run is asked for.
pub(crate) fn plan(seed: u64) -> Plan {
    // Messages in the log are what people look for.
    labrpc::logging::init_quiet();
    Plan { world: World::Simulated, seed, policy: Policy::Random, tracing: Tracing::Last(150_000) }
}

/// The test of that name.
pub(crate) fn test(name: &str) -> &'static TestCase {
    lab_suites::TESTS.iter().find(|case| case.name == name).expect("a test")
}

/// A scenario of this crate's own.
pub(crate) fn scenario(name: &'static str, body: fn(&Lab)) -> TestCase {
    TestCase {
        name,
        part: Part::B3,
        points: 0,
        about: "what the page shows of it",
        origin: Origin::Lab,
        time_max: Duration::from_secs(600),
        steps_max: 20_000_000,
        body,
    }
}

/// The page of a run as HTML, and the run.
pub(crate) fn html(case: &TestCase, implementation: Implementation, seed: u64) -> (String, Outcome) {
    let plan = plan(seed);
    let run = run_case(case, implementation, plan);
    let page = Page { case, implementation, plan, run: &run, against: None, causes: None };
    (page::html(&page).expect("a trace"), run)
}

/// Opens a run beside another one; `None` if there is no browser.
pub(crate) fn open_beside(case: &TestCase, implementation: Implementation, seeds: [u64; 2]) -> Option<Tab> {
    let mut tab = Tab::start()?;
    tab.look(1440, 1400, Theme::Light);
    let [run, other] = seeds.map(|seed| run_case(case, implementation, plan(seed)));
    let plan = plan(seeds[0]);
    let page =
        Page { case, implementation, plan, run: &run, against: Some((&other, "another seed")), causes: None };
    tab.open(&file(&format!("{}_beside", case.name), &page::html(&page).expect("a trace")), "");
    Some(tab)
}

/// A page as a file, of its own: tests that look at the same scenario run side by side.
pub(crate) fn file(name: &str, html: &str) -> PathBuf {
    static FILES: AtomicU32 = AtomicU32::new(1);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{number}.html"));
    fs::write(&path, html).expect("a file");
    path
}

/// Opens the page of a run; `None` if there is no browser.
pub(crate) fn open(case: &TestCase, implementation: Implementation, seed: u64) -> Option<Tab> {
    let mut tab = Tab::start()?;
    tab.look(1440, 900, Theme::Light);
    tab.open(&file(case.name, &html(case, implementation, seed).0), "");
    Some(tab)
}

/// Where pictures are kept, to be looked at.
pub(crate) fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures").join(format!("{name}.png"))
}

/// Nothing was said on the console, nothing thrown, and nothing loaded.
pub(crate) fn assert_quiet(tab: &mut Tab) {
    let complaints = tab.complaints();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Everything that can be used has a name for those who do not see it.
pub(crate) fn assert_accessible(tab: &mut Tab) {
    let seen = tab.accessible();
    let used = ["button", "searchbox", "textbox", "listbox", "option", "table", "toolbar", "dialog"];
    for (role, name) in &seen {
        assert!(
            !used.contains(&&**role) || !name.trim().is_empty() || role == "table",
            "a {role} without a name"
        );
    }
    for role in ["button", "searchbox", "listbox", "option", "heading", "toolbar"] {
        assert!(seen.iter().any(|(other, _)| other == role), "no {role}");
    }
}
