//! What the body of a test has at hand: clusters, time, chance, and the way to fail.

use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kvraft_interface::{Reads, Writes};
use labrpc::rand::{self, RngExt};
use labrpc::sync::Arc;
use labrpc::thread::{self, JoinHandle};
use labrpc::time::Instant;
use raft_interface::{Command, Disk, FaultyDisk, Features, Index, Persister, ServerId};

use crate::implementation::Implementation;
use crate::record::Record;
use lab_referee::Notice;
use lab_referee::Violation;
use lab_runs::actions::{ActionKind, Passed};
use lab_runs::settings::World;

/// The surroundings of one run of one test. Cheap to clone: all clones are the same.
#[derive(Clone, Debug)]
pub struct Lab {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    implementation: Implementation,
    world: World,
    record: Arc<Record>,
    /// When the run began.
    began: Instant,
    /// Tells runs of the real world apart in the names of their threads; 0 in a simulation.
    run: u64,
    /// How many commands were made.
    commands: AtomicU64,
}

impl Lab {
    /// The run begins now, in the world of the caller.
    pub(crate) fn new(implementation: Implementation, world: World, record: Arc<Record>, run: u64) -> Self {
        let commands = AtomicU64::new(0);
        Self {
            inner: Arc::new(Inner { implementation, world, record, began: Instant::now(), run, commands }),
        }
    }

    /// In which world this runs.
    #[must_use]
    pub fn world(&self) -> World {
        self.inner.world
    }

    /// A command that was never made before in this run.
    #[must_use]
    pub fn command(&self) -> Command {
        // A number, and no chance: it tells an entry from all others wherever it turns up, and one command more
        // does not shift what the scenario draws next.
        let number = self.inner.commands.fetch_add(1, Ordering::Relaxed) + 1;
        format!("c{number}").into_bytes().into()
    }

    /// A new command of `bytes` bytes, of random characters: no encoding makes it shorter than four fifths of that.
    #[must_use]
    pub fn long_command(&self, bytes: usize) -> Command {
        let mut command = self.command().to_vec();
        let mut random = rand::rng();
        // Those that can be printed are 94 of 256: 6.5 bits each.
        while command.len() < bytes {
            command.push(random.random_range(b'!'..=b'~'));
        }
        command.into()
    }

    /// A whole number below `bound`, each as likely as the others.
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        rand::rng().random_range(0..bound)
    }

    /// Whether something happens that happens `percent` times in a hundred.
    #[must_use]
    pub fn happens(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Lets time pass. Use it where a scenario is about time, not to wait for something.
    pub fn sleep(&self, time: Duration) {
        thread::sleep(time);
        self.check();
    }

    /// As [`sleep`](Self::sleep).
    pub fn sleep_ms(&self, millis: u64) {
        self.sleep(Duration::from_millis(millis));
    }

    /// Waits until a thread of the scenario has come to its end, and no longer than `longest`. It is looked at every so many
    /// milliseconds, and each look is a step of the scheduler.
    pub fn wait_until_finished<T>(&self, thread: &JoinHandle<T>, longest: Duration, pause_ms: u64) {
        let end = self.now() + longest;
        while !thread.is_finished() && self.now() < end {
            self.sleep_ms(pause_ms);
        }
    }

    /// Tells the reader of a failure what the scenario was about to do.
    pub fn note(&self, text: impl Into<String>) {
        self.inner.record.note(self.now(), text.into());
    }

    /// The time since the run began, on the tester's clock.
    #[must_use]
    pub fn now(&self) -> Duration {
        labrpc::sim::elapsed().unwrap_or_else(|| self.inner.began.elapsed())
    }

    /// Ends the run as failed. If a thread has panicked and nobody has joined it, the panic is what it fails with: what the scenario
    /// has noticed came of it.
    ///
    /// # Panics
    ///
    /// Always: that is how a run ends.
    #[track_caller]
    pub fn fail(&self, violation: Violation) -> ! {
        if labrpc::sim::has_unjoined_panic() {
            panic!("{}", violation.headline);
        }
        let mut violation = self.dated(violation);
        // A rule that is broken is broken wherever that was noticed. What a scenario expected is a line of the
        // test, and the reader wants to see that line.
        if violation.rule.is_none() {
            violation = placed(violation, Location::caller());
        }
        let headline = violation.headline.clone();
        self.inner.record.note_violation(violation);
        panic!("{headline}");
    }

    /// The last index that a server has delivered in this life, or that its snapshot covers.
    #[must_use]
    pub fn applied(&self, server: ServerId) -> Index {
        self.record().seen(server, |seen| seen.applied)
    }

    /// Ends the run as skipped: the implementation cannot be put to this test, through no fault of its own.
    ///
    /// # Panics
    ///
    /// Always: that is how a run ends.
    pub fn skip(&self, why: &str) -> ! {
        self.inner.record.skip(why);
        panic!("skipped: {why}");
    }

    /// Ends the run as skipped if the implementation does not offer these features.
    ///
    /// # Panics
    ///
    /// If so: that is how a run ends.
    pub fn needs_features(&self, features: &Features) {
        if let Err(why) = self.inner.implementation.offers(features) {
            self.skip(&why.to_string());
        }
    }

    /// Ends the run as skipped if the clerks of the implementation cannot read in this way.
    pub(crate) fn needs_reads(&self, reads: Reads) {
        if !self.inner.implementation.offers_reads(reads) {
            self.skip(&format!("this service does not offer {reads:?} reads (KeyValue::offers_reads)"));
        }
    }

    /// Whether the clerks of the implementation have these writes.
    #[must_use]
    pub fn offers_writes(&self, writes: Writes) -> bool {
        self.inner.implementation.offers_writes(writes)
    }

    /// Whether the clerks of the implementation can write by version, in one way or the other.
    #[must_use]
    pub fn writes_by_version(&self) -> bool {
        self.offers_writes(Writes::IfVersion) || self.offers_writes(Writes::ByVersion)
    }

    /// Ends the run as skipped if the clerks of the implementation have none of these writes.
    ///
    /// # Panics
    ///
    /// If so: that is how a run ends.
    pub fn needs_writes(&self, any: &[Writes]) {
        if !any.iter().any(|&writes| self.offers_writes(writes)) {
            self.skip(&format!("this service does not offer {any:?} writes (KeyValue::offers_writes)"));
        }
    }

    /// Whether the implementation can be made with these features.
    #[must_use]
    pub fn has_features(&self, features: &Features) -> bool {
        self.inner.implementation.offers(features).is_ok()
    }

    /// Opens the implementation's persister on a disk, as a server that starts does.
    ///
    /// # Errors
    ///
    /// Its words for what is wrong with the stored bytes.
    pub fn open_storage(&self, disk: &Arc<FaultyDisk>) -> Result<Arc<dyn Persister>, String> {
        self.inner.implementation.open_storage(Arc::clone(disk) as Arc<dyn Disk>)
    }

    /// For what is usual and no duty, once all duties have held: where it is missing the test gives no points, and says
    /// why.
    ///
    /// # Panics
    ///
    /// If it is missing: that is how a run ends.
    pub fn expect_usual(&self, holds: bool, why: &str) {
        if !holds {
            self.skip(&format!("legal, but unusual: {why}"));
        }
    }

    /// Fails unless `holds`.
    ///
    /// # Panics
    ///
    /// If it does not hold; see [`fail`](Self::fail).
    #[track_caller]
    pub fn expect(&self, holds: bool, violation: impl FnOnce() -> Violation) {
        if !holds {
            // Also if it cites a rule: in a part of the scenario, one that is right may fail it too.
            self.fail(placed(violation(), Location::caller()));
        }
    }

    /// A fact broke an invariant. In a simulation the run ends here and now, at the very step; in the real world it
    /// ends when the scenario next looks.
    pub(crate) fn end_run(&self, violation: &Violation) {
        // The caller may be a thread of the server. Only in a simulation does its panic end the run; in the
        // real world the scenario must end it, which looks for violations whenever it has waited: see `check`.
        if self.world() == World::Simulated {
            panic!("{}", violation.headline);
        }
    }

    /// Somebody beside the scenario has found a violation: keeps it, and ends the run.
    pub(crate) fn violated(&self, violation: Violation) {
        let violation = self.dated(violation);
        self.inner.record.note_violation(violation.clone());
        self.end_run(&violation);
    }

    /// A violation of now, if it does not say when it was.
    fn dated(&self, violation: Violation) -> Violation {
        if violation.at.is_zero() { Violation { at: self.now(), ..violation } } else { violation }
    }

    /// Whether an action, such as `crash S2`, is to happen. If so, [`action_outcome`](Self::action_outcome) is to be told what came of it.
    pub fn begin_action(&self, kind: ActionKind, what: impl FnOnce() -> String) -> Option<Passed> {
        match self.record().actions() {
            None => Some(Passed::UNLOGGED),
            Some(log) => log.enter(kind, &what(), self.now()),
        }
    }

    /// What came of an action that passed. One of which nothing is told had no effect.
    pub fn action_outcome(&self, passed: Passed, words: impl FnOnce() -> String) {
        if let Some(log) = self.record().actions() {
            log.came_of(passed, words());
        }
    }

    /// Whether an action is to happen that has an effect for sure; what it is says what comes of it.
    pub fn performs(&self, kind: ActionKind, what: impl Fn() -> String) -> bool {
        let passed = self.begin_action(kind, &what);
        if let Some(passed) = passed {
            self.action_outcome(passed, &what);
        }
        passed.is_some()
    }

    /// The referee has seen who leads, has found something, or stands aside.
    pub(crate) fn on_notice(&self, notice: &Notice) {
        let record = &self.inner.record;
        match notice {
            &Notice::Leads(server, term) => record.note_leader(self.now(), server, term),
            Notice::StandsAside(why) => record.set_remark(format!(
                "The referee stands aside, so rules that show only in messages are not checked: {why}."
            )),
            Notice::Violation(violation) => self.violated((**violation).clone()),
        }
    }

    /// Ends a run of the real world in which some other thread has broken something.
    ///
    /// # Panics
    ///
    /// If so.
    pub(crate) fn check(&self) {
        if self.world() == World::Real
            && let Some(violation) = self.inner.record.violation()
        {
            panic!("{}", violation.headline);
        }
    }

    pub(crate) fn record(&self) -> &Arc<Record> {
        &self.inner.record
    }

    pub(crate) fn implementation(&self) -> &Implementation {
        &self.inner.implementation
    }

    /// How many operations clients were answered, for the line that says that the run passed.
    pub fn set_operations(&self, operations: u64) {
        self.inner.record.set_operations(operations);
    }

    /// What threads of client `number` are called: `C2`, in the real world `C2@7`.
    pub(crate) fn client_name(&self, number: u32) -> String {
        match self.inner.run {
            0 => format!("C{number}"),
            run => format!("C{number}@{run}"),
        }
    }

    /// What threads of server `number` are called: `S2`, in the real world `S2@7`.
    pub(crate) fn node_name(&self, server: usize) -> String {
        match self.inner.run {
            0 => format!("S{server}"),
            run => format!("S{server}@{run}"),
        }
    }
}

/// The violation at this line of the scenario, if it does not say where it was.
fn placed(mut violation: Violation, line: &Location<'_>) -> Violation {
    violation.place.get_or_insert_with(|| format!("{}:{}", line.file(), line.line()));
    violation
}
