//! Which operations of one object have been placed, and which may be placed next.
//!
//! Operations are numbered so that the numbers carry meaning: first the pending ones, which need not be
//! placed at all, then the others in the order of their replies. The smallest unplaced number that is not
//! pending is the *deadline*: the operation whose reply comes first. Only an operation that was called before
//! this reply may be placed next, for any other began after the deadline's operation had ended (Wing & Gong
//! 1993).

/// The number of an operation within its object.
pub(super) type Number = u32;

/// Call and reply of the operations of one object, as places among the events of that object.
pub(super) struct Intervals {
    /// How many operations are pending. They have the numbers from 0 to here.
    pub(super) pending: Number,
    /// The place of the call, by number.
    pub(super) calls: Vec<u64>,
    /// The place of the reply, by number; `u64::MAX` for those that are pending.
    pub(super) replies: Vec<u64>,
}

/// The operations placed so far, with the unplaced ones linked in the order of their calls (Lowe 2017): an
/// operation is unlinked when it is placed, and linked in again where it was when the search takes it back.
pub(super) struct Linearized {
    intervals: Intervals,
    /// Bit `n`: operation `n` is placed.
    bits: Vec<u64>,
    /// The numbers of the placed operations, in the order in which they were placed.
    order: Vec<Number>,
    /// The first reply that is still to be reached; the number of operations if there is none.
    deadline: Number,
    /// The unplaced neighbours in the order of calls; the last element closes the ring.
    next: Vec<Number>,
    previous: Vec<Number>,
}

impl Linearized {
    pub(super) fn new(intervals: Intervals) -> Self {
        let count = intervals.calls.len() as Number;
        let mut by_call: Vec<Number> = (0..count).collect();
        by_call.sort_unstable_by_key(|&number| intervals.calls[number as usize]);
        // One element more than there are operations: it stands before the first call and after the last, so
        // that nowhere an end is a special case.
        by_call.push(count);
        let (mut next, mut previous) = (vec![0; by_call.len()], vec![0; by_call.len()]);
        for (place, &number) in by_call.iter().enumerate() {
            let follower = by_call[(place + 1) % by_call.len()];
            next[number as usize] = follower;
            previous[follower as usize] = number;
        }
        let bits = vec![0; by_call.len().div_ceil(64)];
        Linearized { deadline: intervals.pending, intervals, bits, order: Vec::new(), next, previous }
    }

    /// How many operations there are.
    pub(super) fn count(&self) -> Number {
        self.intervals.calls.len() as Number
    }

    /// Whether every operation that got a reply is placed.
    pub(super) fn is_complete(&self) -> bool {
        self.deadline == self.count()
    }

    /// How many operations are pending; see [`Intervals::pending`].
    pub(super) fn pending(&self) -> Number {
        self.intervals.pending
    }

    pub(super) fn deadline(&self) -> Number {
        self.deadline
    }

    pub(super) fn order(&self) -> &[Number] {
        &self.order
    }

    /// The unplaced operation that was called first, if it may be placed next.
    pub(super) fn first_candidate(&self) -> Option<Number> {
        self.candidate_after(self.count())
    }

    /// The unplaced operation that was called next after `number`, if it may be placed next.
    pub(super) fn candidate_after(&self, number: Number) -> Option<Number> {
        let candidate = self.next[number as usize];
        (candidate != self.count() && self.is_candidate(candidate)).then_some(candidate)
    }

    /// Whether real time allows to place `number` next.
    pub(super) fn is_candidate(&self, number: Number) -> bool {
        // The first reply that is still to come decides: its operation is not placed yet, and whatever was
        // called after that reply must come after it. Later replies forbid nothing more. If none is to come,
        // only pending operations are left, which may take effect at any time.
        self.is_complete() || self.call(number) < self.reply(self.deadline)
    }

    /// The unplaced operations, in the order of their calls.
    pub(super) fn unplaced(&self) -> impl Iterator<Item = Number> {
        let first = self.next[self.count() as usize];
        std::iter::successors(Some(first), |&number| Some(self.next[number as usize]))
            .take_while(|&number| number != self.count())
    }

    /// The place of the call of `number` among the events.
    pub(super) fn call(&self, number: Number) -> u64 {
        self.intervals.calls[number as usize]
    }

    /// The place of the reply to `number` among the events.
    pub(super) fn reply(&self, number: Number) -> u64 {
        self.intervals.replies[number as usize]
    }

    /// Places `number` after all others.
    pub(super) fn place(&mut self, number: Number) {
        let (before, after) = (self.previous[number as usize], self.next[number as usize]);
        // The operation keeps its own neighbours, so that it can be linked in again without a search.
        self.next[before as usize] = after;
        self.previous[after as usize] = before;
        self.bits[number as usize / 64] |= 1 << (number % 64);
        self.order.push(number);
        // Numbers are in the order of replies: the next deadline is the next number that is not placed.
        while self.deadline < self.count() && self.is_placed(self.deadline) {
            self.deadline += 1;
        }
    }

    /// Takes back the operations that were placed last, until `len` are left.
    pub(super) fn take_back(&mut self, len: usize) {
        while self.order.len() > len {
            let number = self.order.pop().expect("more than `len` are placed");
            let (before, after) = (self.previous[number as usize], self.next[number as usize]);
            // Last in, first out: so its neighbours are the ones that it had when it was unlinked.
            self.next[before as usize] = number;
            self.previous[after as usize] = number;
            self.bits[number as usize / 64] &= !(1 << (number % 64));
            // A pending operation has no reply, and so never was the deadline.
            if number >= self.intervals.pending {
                self.deadline = self.deadline.min(number);
            }
        }
    }

    /// Writes into `key` what tells this configuration from all others of the search: the state, the
    /// deadline, and which operations beside those before the deadline are placed.
    ///
    /// All that replied before the deadline are placed, by definition, and what was called after it is not.
    /// So the bits in between, a few words, and those of the pending operations tell everything.
    pub(super) fn key(&self, state: u32, key: &mut Vec<u64>) {
        key.clear();
        key.push(u64::from(state) << 32 | u64::from(self.deadline));
        let pending_words = (self.intervals.pending as usize).div_ceil(64);
        key.extend_from_slice(&self.bits[..pending_words]);
        // Both parts may meet in one word, which is then written once. Where the second part begins follows
        // from the deadline, so keys with equal first words can be compared word by word.
        let window = pending_words.max(self.deadline as usize / 64);
        let last =
            self.bits[window..].iter().rposition(|&word| word != 0).map_or(window, |last| window + last + 1);
        key.extend_from_slice(&self.bits[window..last]);
    }

    pub(super) fn is_placed(&self, number: Number) -> bool {
        self.bits[number as usize / 64] >> (number % 64) & 1 == 1
    }
}
