//! The line of a run that passed, and what must be known about verdicts.

#![allow(clippy::disallowed_types, reason = "what was said once, the process has said")]

use std::fmt::Write;
use std::io;
use std::sync::Once;

use lab_harness::case::TestCase;
use lab_harness::run::Outcome;
use lab_runs::Plan;
use lab_runs::settings::World;
use labrpc::printable;

/// Shows what must be known about the verdicts, once in a program, on standard error: also where a test's output is
/// kept back because the test passed.
pub fn remark_once(remark: &str) {
    static REMARKED: Once = Once::new();
    // Nobody to tell is no reason to fail.
    let line = format!("{}\n", printable(remark));
    REMARKED.call_once(|| drop(io::Write::write_all(&mut io::stderr(), line.as_bytes())));
}

/// MIT's line for a test that passed, and what else identifies the run:
///
/// ```text
/// Passed initial_election_3a   3.1 s virtual 0.002 s wall   3 peers   62 RPCs    1841 bytes   0 commands  seed 0x1 9f3c...
/// ```
#[must_use]
pub fn passed_line(case: &TestCase, plan: Plan, outcome: &Outcome) -> String {
    if let Some(why) = &outcome.skipped {
        return format!("Skipped {}: {}", case.name, printable(why));
    }
    let tally = outcome.tally;
    let mut line = format!("Passed {:<34} {:>6.1} s", case.name, outcome.elapsed.as_secs_f64());
    if plan.world == World::Simulated {
        let _ = write!(line, " virtual {:>6.3} s wall", outcome.wall.as_secs_f64());
    }
    let _ = write!(
        line,
        " {:>2} peers {:>5} RPCs {:>8} bytes {:>5} commands",
        tally.servers, tally.traffic.rpcs, tally.traffic.bytes, tally.commands
    );
    if tally.operations > 0 {
        let _ = write!(line, " {:>5} ops", tally.operations);
    }
    if let Some(fingerprint) = outcome.fingerprint {
        let _ = write!(line, "  seed {:#x} {fingerprint}", plan.seed);
    }
    line
}
