//! The search for one order of the operations of one object (Wing & Gong 1993, with Lowe's memory of 2017).
//!
//! Depth first: place an operation that may come next, go on from the state that it leads to, and take it
//! back if that leads nowhere. Four things keep this short.
//!
//! - A configuration (the state, and the set of operations placed) that led nowhere once is never searched
//!   again, however it is reached.
//! - An operation that only observes is placed as soon as the state fits, with no second thought. This loses
//!   nothing: in any order that continues from here it can be moved to here, since it changes no state, is
//!   legal here, and nothing that is still unplaced had ended before it began.
//! - Candidates are tried in the order of their replies, the pending ones last. Whoever replied first is the
//!   likeliest to have taken effect first, and it is the one that must be placed before anything new may begin.
//! - After the first thing that went wrong at a configuration the search looks ahead: if an observation that is
//!   still unplaced can never become legal from here, it turns back at once. Without this it would first try
//!   the writes in between in every order: with fifty clients that append, tens of millions of steps.

use crate::check::Budget;
use crate::linearized::{Intervals, Linearized, Number};
use crate::memo::{Configurations, StateId, States};
use crate::specification::{Call, Hint, Specification, Step, Timed};

/// How many observations the search looks at that may not be placed yet, beside all those that may. Measured:
/// with one, some legal histories of 50 clients take millions of steps; with more than four, the looking costs
/// more than it saves.
const LOOK_AHEAD: usize = 3;

/// Looking at this many writes counts as one more step, so that a budget bounds the work also where thousands of them lie
/// before an observation.
const WRITES_PER_STEP: usize = 256;

/// Making a state of this many bytes counts as one more step, for the same reason.
const BYTES_PER_STEP: usize = 2048;

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// All operations with a reply are placed; see [`Search::order`]. The search can be resumed for other
    /// orders.
    Complete,
    /// There is no other order.
    Exhausted,
    /// The budget of steps ran out.
    OutOfSteps,
    /// The budget of memory ran out.
    OutOfMemory,
}

/// A search on its way.
pub(super) struct Search<'a, P: Specification> {
    specification: &'a P,
    /// The operations, by number.
    calls: Vec<Call<'a, P>>,
    /// Whether an operation only observes, by number.
    observes: Vec<bool>,
    /// What is known beside real time, if anything is.
    hints: Option<Hints>,
    placed: Linearized,
    states: States<P::State>,
    /// The configurations that led nowhere.
    failed: Configurations,
    path: Vec<Node>,
    /// The candidates of all nodes on the path, one node after the other.
    candidates: Vec<Number>,
    key: Vec<u64>,
    ahead: Ahead,
    steps: u64,
    furthest: Number,
}

/// What is known of all operations beside real time.
struct Hints {
    /// By number.
    hints: Vec<Hint>,
    /// The numbers in the order of [`Hint::end`]. The first that is not placed decides which may come next, as the
    /// deadline does for real time.
    by_end: Vec<Number>,
}

impl Hints {
    fn new(hints: Vec<Hint>) -> Self {
        let mut by_end: Vec<Number> = (0..hints.len() as Number).collect();
        by_end.retain(|&number| hints[number as usize].end < u64::MAX);
        by_end.sort_unstable_by_key(|&number| hints[number as usize].end);
        Hints { hints, by_end }
    }
}

/// A configuration on the path from the start, with what is still to be tried from it.
struct Node {
    state: StateId,
    /// How many operations were placed before the one that led here.
    placed_before: usize,
    /// Its candidates are those from here to the next node's; those from `next` on are untried.
    candidates: usize,
    next: usize,
    /// Whether the search has looked ahead from here.
    looked_ahead: bool,
    /// Whether this complete order was reported.
    reported: bool,
    /// How many operations are placed of those that hints put first; see [`Hints::by_end`].
    hinted: usize,
}

/// What lies ahead of a configuration: the buffers of [`Search::is_hopeless`].
#[derive(Default)]
struct Ahead {
    observations: Vec<Number>,
    writes: Vec<Number>,
}

impl<'a, P: Specification> Search<'a, P> {
    /// A search that starts from the state `initial`. `calls` are numbered as in `intervals`.
    pub(super) fn new(
        specification: &'a P,
        calls: Vec<Call<'a, P>>,
        intervals: Intervals,
        initial: P::State,
    ) -> Self {
        let operations = timed(&calls, &intervals);
        let impossible = specification.rules_out(&operations);
        let hints = specification.hints(&operations).map(Hints::new);
        let mut search = Search {
            observes: calls
                .iter()
                .map(|(input, output)| specification.only_observes(input, *output))
                .collect(),
            hints,
            specification,
            calls,
            placed: Linearized::new(intervals),
            states: States::new(),
            failed: Configurations::new(),
            path: Vec::new(),
            candidates: Vec::new(),
            key: Vec::new(),
            ahead: Ahead::default(),
            steps: 0,
            furthest: 0,
        };
        // Without a path there is nothing to try: the search is over before it begins.
        if let Some(impossible) = impossible {
            search.furthest = impossible as Number;
            search.steps = 1; // The question was one.
            return search;
        }
        let initial = {
            let bytes = specification.state_bytes(&initial);
            search.states.intern(initial, bytes)
        };
        // The start is a node like any other: observations that fit the initial state are placed already.
        search.enter(initial, None);
        search
    }

    /// The questions put to the specification so far.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// The operation with a reply before which all others with earlier replies were placed at some time; the
    /// furthest.
    pub(super) fn furthest(&self) -> Number {
        self.furthest
    }

    /// The operations placed now.
    pub(super) fn order(&self) -> &[Number] {
        self.placed.order()
    }

    /// The number of the state that they lead to. Equal states have equal numbers.
    pub(super) fn state(&self) -> StateId {
        self.path.last().expect("asked of a complete order, which ends a path").state
    }

    /// About how many bytes the search remembers.
    fn bytes(&self) -> usize {
        self.states.bytes() + self.failed.bytes()
    }

    /// Goes on until the next complete order, or until the budget is spent for the search as a whole.
    pub(super) fn run(&mut self, budget: Budget) -> Progress {
        loop {
            // First of all, so that a search that is resumed with a spent budget stays where it is.
            if self.steps >= budget.steps_max {
                return Progress::OutOfSteps;
            }
            if self.bytes() > budget.bytes_max {
                return Progress::OutOfMemory;
            }
            let Some(node) = self.path.last_mut() else {
                return Progress::Exhausted;
            };
            // Pending operations may still follow a complete order. So it is reported once, and whoever wants
            // other orders resumes the search from it.
            if self.placed.is_complete() && !node.reported {
                node.reported = true;
                return Progress::Complete;
            }
            // The first candidate is the one that replied first, and mostly it is right: looking ahead there
            // would cost more than it saves. It pays as soon as that one has failed.
            let is_first = node.next == node.candidates;
            if !is_first && !node.looked_ahead {
                self.look_ahead();
            } else if let Some(&number) = self.candidates.get(node.next) {
                node.next += 1;
                self.try_next(number, is_first);
            } else {
                self.leave();
            }
        }
    }

    fn try_next(&mut self, number: Number, is_first: bool) {
        let state = self.state();
        let next = match self.step(state, number) {
            Step::Illegal => return,
            // A pending operation need not be placed at all, least of all where it does nothing.
            Step::Unchanged if number < self.placed.pending() => return,
            Step::Unchanged => state,
            Step::To(next) => {
                // A large state takes longer to make and to compare.
                let bytes = self.specification.state_bytes(&next);
                self.steps += (bytes / BYTES_PER_STEP) as u64;
                self.states.intern(next, bytes)
            }
        };
        let entered = self.enter(next, Some(number));
        // Any candidate but the first is a guess, so it is asked at once whether it can lead anywhere.
        if entered && !is_first {
            self.look_ahead();
        }
    }

    fn step(&mut self, state: StateId, number: Number) -> Step<P::State> {
        // Illegal answers count as well: a budget bounds the work, and not only what comes of it.
        self.steps += 1;
        let (input, output) = self.calls[number as usize];
        self.specification.step(self.states.get(state), input, output)
    }

    /// Places `number`, which leads to `state`, and all observations that fit there; unless that
    /// configuration is known to lead nowhere.
    fn enter(&mut self, state: StateId, number: Option<Number>) -> bool {
        let placed_before = self.placed.order().len();
        if let Some(number) = number {
            self.placed.place(number);
        }
        let candidates = self.candidates.len();
        // Before the key is taken: configurations that differ only in when a read was placed become one here.
        self.place_observations(state);
        let hinted = self.sort_candidates(candidates);
        self.furthest = self.furthest.max(self.placed.deadline());
        self.placed.key(state, &mut self.key);
        // It cannot be one that is still on the path, for each step places one operation more.
        if self.failed.contains(&self.key) {
            self.placed.take_back(placed_before);
            self.candidates.truncate(candidates);
            return false;
        }
        let next = candidates;
        self.path.push(Node {
            state,
            placed_before,
            candidates,
            next,
            looked_ahead: false,
            reported: false,
            hinted,
        });
        true
    }

    /// Walks over all that may be placed next: observations are placed if they fit, the rest are candidates.
    ///
    /// One walk is enough. Placing an observation changes no state, so one that did not fit before does not
    /// fit now, and those that may be placed only now were called later and come later in the walk.
    fn place_observations(&mut self, state: StateId) {
        let mut candidate = self.placed.first_candidate();
        while let Some(number) = candidate {
            if !self.observes[number as usize] {
                self.candidates.push(number);
            } else if self.step(state, number) != Step::Illegal {
                self.placed.place(number);
            }
            candidate = self.placed.candidate_after(number);
        }
    }

    /// Sorts the candidates from `first` on, and drops those for which it is too early. Returns [`Node::hinted`].
    fn sort_candidates(&mut self, first: usize) -> usize {
        let Search { candidates, placed, hints, path, .. } = self;
        // In the order of replies; pending operations have the smallest numbers and come last.
        // (Wrapping makes the smallest numbers the largest.)
        let pending = placed.pending();
        let by_reply = |number: Number| number.wrapping_sub(pending);
        let Some(Hints { hints, by_end }) = hints else {
            candidates[first..].sort_unstable_by_key(|&number| by_reply(number));
            return 0;
        };
        // What was placed on the way here is placed still.
        let known = path.last().map_or(0, |node| node.hinted);
        let hinted = known + by_end[known..].iter().take_while(|&&number| placed.is_placed(number)).count();
        let end = by_end.get(hinted).map_or(u64::MAX, |&number| hints[number as usize].end);
        let mut kept = first;
        for place in first..candidates.len() {
            if hints[candidates[place] as usize].start <= end {
                candidates[kept] = candidates[place];
                kept += 1;
            }
        }
        candidates.truncate(kept);
        candidates[first..].sort_unstable_by_key(|&number| (hints[number as usize].rank, by_reply(number)));
        hinted
    }

    /// Gives up the last node of the path: nothing that may be placed next leads anywhere.
    fn leave(&mut self) {
        let node = self.path.pop().expect("only a node on the path is left");
        self.placed.key(node.state, &mut self.key);
        // Sound, because what may follow depends on the state and on the set of operations placed, and on
        // nothing else of the way here: an order that goes on from this configuration would go on from any
        // other with the same key. That holds as well where complete orders were reported: other ways here
        // lead to the same states, with the same operations.
        self.failed.insert(&self.key);
        // With it goes all that was placed on the way in: the operation itself and the observations after it.
        self.placed.take_back(node.placed_before);
        self.candidates.truncate(node.candidates);
    }

    /// Drops the candidates of the last node if there is no hope for any.
    fn look_ahead(&mut self) {
        let is_hopeless = self.is_hopeless(self.state());
        let node = self.path.last_mut().expect("a search looks ahead from a node on its path");
        node.looked_ahead = true;
        if is_hopeless {
            // They stay where they are until the node is left; it only has tried them all.
            node.next = self.candidates.len();
        }
    }

    /// Whether an unplaced observation can never fit any more.
    ///
    /// Asks for those that may be placed next, and for the first few that were called later.
    fn is_hopeless(&mut self, state: StateId) -> bool {
        self.collect_ahead();
        let Ahead { observations, writes } = &self.ahead;
        let state = self.states.get(state);
        // One is enough: every observation here has a reply (`Object::search` leaves out the others), so
        // every complete order must place it somewhere.
        observations.iter().any(|&observation| {
            self.steps += 1;
            // A write that was called after this reply comes after this observation in every order, and
            // cannot help it.
            let reply = self.placed.reply(observation);
            let in_time = writes.partition_point(|&write| self.placed.call(write) < reply);
            self.steps += (in_time / WRITES_PER_STEP) as u64;
            let between = writes[..in_time].iter().map(|&write| self.calls[write as usize]);
            !self.specification.may_lead_to(state, self.calls[observation as usize], between)
        })
    }

    /// Lists the observations that [`is_hopeless`](Self::is_hopeless) asks for, and the writes that may come
    /// before one of them, in the order of their calls.
    fn collect_ahead(&mut self) {
        let Ahead { observations, writes } = &mut self.ahead;
        observations.clear();
        writes.clear();
        let (mut later, mut end) = (0, 0);
        for number in self.placed.unplaced().filter(|&number| self.observes[number as usize]) {
            observations.push(number);
            end = end.max(self.placed.reply(number));
            // Those that may be placed next are all looked at. They did not fit when the node was entered, so
            // each of them needs one of the writes below.
            later += usize::from(!self.placed.is_candidate(number));
            if later == LOOK_AHEAD {
                break;
            }
        }
        // Pending writes are among them: each may turn out to have taken effect, or not.
        let in_time = self.placed.unplaced().take_while(|&number| self.placed.call(number) < end);
        writes.extend(in_time.filter(|&number| !self.observes[number as usize]));
    }
}

/// The operations with their times.
fn timed<'a, P: Specification>(calls: &[Call<'a, P>], intervals: &Intervals) -> Vec<Timed<'a, P>> {
    let times = intervals.calls.iter().zip(&intervals.replies);
    let timed = |(&(input, output), (&call, &reply))| Timed { input, output, call, reply };
    calls.iter().zip(times).map(timed).collect()
}
