//! `cargo lab timeline`: a page that shows a run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use labrpc::sim::Policy;
use labrpc::thread;
use labrpc::time::Duration;

use super::arguments::TestAndSeed;
use crate::program::Verdict;
use crate::{against, causes};
use lab_harness::case::TestCase;
use lab_harness::implementation::Implementation;
use lab_harness::run::{Outcome, run_case, run_subset};
use lab_hunt::program::seed;
use lab_hunt::shrink;
use lab_report::explain;
use lab_report::files::{self, Files, PAGE};
use lab_report::page::{self, Causes, Page};
use lab_runs::{OutputFile, Plan, World, artifacts, eprintln, println};

/// Writes a page that shows a run: servers, messages, faults and clients on one axis of time.
///
/// The page is one file that needs no network: timeline.html under target/lab/TEST/SEED/, as every failure leaves one. The exit
/// code is 0 if the run passed, 1 if it failed, 2 if there is no page.
///
/// For a run that failed, the other files of the folder are written anew as well, and with --causes the report names the event.
#[derive(Args, Debug)]
pub(crate) struct Timeline {
    #[command(flatten)]
    which: TestAndSeed,
    /// Who runs next: random, pct, pct:DEPTH, urw, surw, pos, starve, fifo, or portfolio, a mix by seed
    #[arg(long, env = "LAB_POLICY", default_value = "random")]
    policy: Policy,
    /// Where to
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show it in the browser
    #[arg(long)]
    open: bool,
    /// Show what `cargo lab shrink` left of the run
    #[arg(long, conflicts_with_all = ["causes", "against"])]
    shrunk: bool,
    /// Compare with another run: of this seed, or with the nearest one that passed: the same for as long as possible
    #[arg(long, value_name = "SEED|passing", value_parser = against)]
    against: Option<Against>,
    /// Search for the event after which the run was lost: how often it fails if it goes on otherwise from each of its moments
    #[arg(long)]
    causes: bool,
    /// How many runs that search takes at most
    #[arg(long, default_value_t = causes::RUNS_DEFAULT, requires = "causes")]
    runs: usize,
}

/// What a run is compared with.
#[derive(Clone, Copy, Debug)]
enum Against {
    Seed(u64),
    Passing,
}

fn against(text: &str) -> Result<Against, String> {
    match text {
        "passing" => Ok(Against::Passing),
        _ => seed(text).map(Against::Seed).map_err(|error| format!("{error}; or write passing")),
    }
}

impl Timeline {
    pub(super) fn run(&self, implementation: Implementation) -> Result<Verdict> {
        let (case, seed) = self.which.read()?;
        let reserved =
            self.output.as_deref().map(OutputFile::reserve).transpose().map_err(|error| anyhow!(error))?;
        let plan = Plan { world: World::Simulated, seed, policy: self.policy, tracing: artifacts::TRACING };
        let run = match self.shrunk {
            true => shrunk(case, implementation, plan)?,
            false => run_case(case, implementation, plan),
        };
        if run.failure.as_ref().is_some_and(|failure| failure.is_stall()) {
            bail!(
                "{} with seed {seed:#x} did not give way, and whoever does not give way keeps the trace: there is nothing to show",
                case.name
            );
        }
        let causes = self.causes.then(|| self.find_causes(case, implementation, plan, &run)).transpose()?;
        let other =
            self.against.map(|other| compared(other, case, implementation, plan, &run)).transpose()?;
        let against = other.as_ref().map(|(run, label)| (run, label.as_str()));
        let page = Page { case, implementation, plan, run: &run, against, causes: causes.as_ref() };
        let directory = artifacts::directory(case.name, seed);
        let path = match (reserved, &self.output) {
            (Some(file), Some(path)) => {
                let html = page::html(&page).context("the run has no trace")?;
                file.write(html.as_bytes()).map_err(|error| anyhow!(error))?;
                path.clone()
            }
            // The other files of the folder are those of the whole run.
            _ if self.shrunk => write_alone(&directory.join("shrunk.html"), &page)?,
            _ => write_all(&directory, &page)
                .with_context(|| format!("cannot write to {}", directory.display()))?,
        };
        println!("{} with seed {seed:#x} {}", case.name, verdict(&run));
        if let Some(causes) = &causes {
            println!("lost: {}", explain::cause_text(causes));
        }
        println!("page: {}", artifacts::shown(&path));
        if self.open && !is_opened(&path, OPENERS)? {
            // The page is there: that is what the exit code tells.
            eprintln!("no browser shows it here (tried: {}): open this file elsewhere", OPENERS.join(", "));
        }
        Ok(Verdict::of(run.failure.is_none()))
    }

    fn find_causes(
        &self,
        case: &'static TestCase,
        implementation: Implementation,
        plan: Plan,
        run: &Outcome,
    ) -> Result<Causes> {
        let bar = ProgressBar::new(self.runs as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} runs at most") {
            bar.set_style(style);
        }
        let causes = causes::find(case, implementation, plan, run, self.runs, &mut |runs| {
            bar.set_position(runs as u64);
        });
        bar.finish_and_clear();
        causes.with_context(|| format!("--causes of {} with seed {:#x}", case.name, plan.seed))
    }
}

/// What is left of a run, with its trace.
fn shrunk(case: &'static TestCase, implementation: Implementation, plan: Plan) -> Result<Outcome> {
    let directory = artifacts::directory(case.name, plan.seed);
    let stored = shrink::read(&directory, plan, implementation.name()).map_err(|error| anyhow!(error))?;
    Ok(run_subset(case, implementation, plan, &stored.subset()))
}

fn write_alone(path: &Path, page: &Page<'_>) -> Result<PathBuf> {
    let html = page::html(page).context("the run has no trace")?;
    artifacts::write_text(path, &html).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path.to_path_buf())
}

/// The run that is compared, with its trace, and the words for it.
fn compared(
    other: Against,
    case: &'static TestCase,
    implementation: Implementation,
    plan: Plan,
    run: &Outcome,
) -> Result<(Outcome, String)> {
    match other {
        Against::Seed(seed) => {
            let plan = Plan { seed, ..plan };
            Ok((run_case(case, implementation, plan), format!("seed {seed:#x}")))
        }
        Against::Passing => {
            if run.failure.is_none() {
                bail!("--against passing: the run passed itself; name a seed to compare it with another");
            }
            if !causes::can_go_on(plan.policy) {
                bail!(
                    "--against passing: a run of --policy {} cannot go on otherwise; name a seed",
                    plan.policy
                );
            }
            let (nearest, plan) = against::nearest_passing(case, implementation, plan, run).context(
                "--against passing: every continuation of the run fails; name a seed to compare with",
            )?;
            Ok((nearest, format!("the nearest run that passed (--policy {})", plan.policy)))
        }
    }
}

fn verdict(run: &Outcome) -> String {
    match (&run.failure, &run.skipped) {
        (Some(failure), _) => format!("failed: {}", lab_report::headline(failure)),
        (None, Some(why)) => format!("was skipped: {}", labrpc::printable(why)),
        (None, None) => "passed".to_owned(),
    }
}

/// Writes the page into the folder of the run; of one that failed, the other files as well, which belong together.
fn write_all(directory: &Path, page: &Page<'_>) -> io::Result<PathBuf> {
    let Page { case, implementation, plan, run, causes, .. } = *page;
    if let Some(failure) = &run.failure {
        let report = &explain::with_cause(case, plan, failure, causes);
        files::write(directory, &Files { case, implementation, plan, report, run })?;
    }
    fs::create_dir_all(directory)?;
    files::write_page(directory, page)?;
    Ok(directory.join(PAGE))
}

/// What shows a file in the browser on this system.
const OPENERS: &[&str] = if cfg!(target_os = "macos") {
    &["open"]
} else if cfg!(windows) {
    &["explorer"]
} else {
    &["xdg-open", "wslview", "sensible-browser"]
};

/// Whether one of these programs shows the file.
fn is_opened(path: &Path, openers: &[&str]) -> Result<bool> {
    let path = path.canonicalize().with_context(|| format!("cannot find {}", path.display()))?;
    for opener in openers {
        let mut command = Command::new(opener);
        // It says what nobody asked for.
        command.arg(&path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if command.spawn().is_ok_and(is_content) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a program that should show a page does. It may go on for as long as the browser does; one that finds no browser ends soon,
/// and says so by its code.
fn is_content(mut opener: Child) -> bool {
    const LOOKS: u32 = 20;
    const PAUSE: Duration = Duration::from_millis(100);
    for _ in 0..LOOKS {
        match opener.try_wait() {
            Ok(None) => thread::sleep(PAUSE),
            // Windows' own fails whatever happens.
            Ok(Some(status)) => return status.success() || cfg!(windows),
            Err(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shrinking;
    use clap::Parser;
    use lab_hunt::shrink::ShrunkRun;
    use labrpc::channel::Sender;
    use labrpc::network::{ClientEnd, Service};
    use labrpc::sync::Arc;
    use raft_interface::{
        ApplyMsg, Command as RaftCommand, Index, Persister, RaftServer, ServerId, Started, Term,
    };

    /// A Raft that never leads.
    #[derive(Clone)]
    struct Idle;

    impl RaftServer for Idle {
        fn make(_: Vec<ClientEnd>, _: ServerId, _: Arc<dyn Persister>, _: Sender<ApplyMsg>) -> Self {
            Self
        }

        fn service(&self) -> Service {
            Service::new("Raft")
        }

        fn start(&self, _: RaftCommand) -> Started {
            Started { index: 0, term: 0, is_leader: false }
        }

        fn get_state(&self) -> (Term, bool) {
            (0, false)
        }

        fn snapshot(&self, _: Index, _: Vec<u8>) {}

        fn kill(&self) {}
    }

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        timeline: Timeline,
    }

    #[test]
    fn page_of_what_shrinking_left_stands_beside_the_whole_one() {
        let implementation = Implementation::of::<Idle>();
        let (name, seed) = ("basic_agree_3b", 0x5113);
        let line = || Line::parse_from(["timeline", name, "0x5113", "--shrunk"]).timeline;
        let directory = artifacts::directory(name, seed);
        // It may not be there.
        let _ = fs::remove_dir_all(&directory);
        let error = line().run(implementation).expect_err("nothing was shrunk").to_string();
        assert!(error.contains("shrunk.json") && error.contains("cargo lab shrink"), "{error}");

        let case = lab_suites::find(name).expect("a test");
        let plan =
            Plan { world: World::Simulated, seed, policy: Policy::Random, tracing: artifacts::TRACING };
        let shrunk =
            shrinking::shrink(case, implementation, None, plan, 20, &mut |_, _| {}).expect("it fails");
        let choices = ShrunkRun::of(name, plan, implementation.name(), &shrunk);
        shrink::write(&directory, &choices, "a story").expect("files");
        assert!(matches!(line().run(implementation), Ok(Verdict::Failed)));
        let page = fs::read_to_string(directory.join("shrunk.html")).expect("a page");
        assert!(page.contains(name) && page.contains("no leader"), "{} bytes", page.len());
        // The files of the whole run are not those of the part.
        assert!(!directory.join(PAGE).exists());
    }

    #[cfg(unix)]
    #[test]
    fn opener_that_fails_has_opened_nothing() {
        let page = tempfile::NamedTempFile::new().expect("a file");
        let is_opened = |openers: &[&str]| is_opened(page.path(), openers).expect("the file is there");
        assert!(!is_opened(&["false"]), "it has found no browser");
        assert!(!is_opened(&["no such program", "false"]));
        assert!(is_opened(&["no such program", "false", "true"]), "the next one is tried");
    }

    #[test]
    fn other_run_is_a_seed_or_the_nearest_that_passed() {
        assert!(matches!(against("passing"), Ok(Against::Passing)));
        assert!(matches!(against("0x2a"), Ok(Against::Seed(42))));
        let error = against("soon").expect_err("it is neither");
        assert!(error.contains("not a seed") && error.contains("passing"), "{error}");
    }
}
