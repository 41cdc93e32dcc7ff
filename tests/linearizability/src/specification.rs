//! What an object is meant to do when one client uses it at a time.

use std::hash::Hash;

use crate::anomaly::Anomaly;

/// A sequential specification: the object as it would behave if operations never overlapped.
///
/// The checker asks it only two things: where does an object start ([`initial`](Self::initial)), and where
/// does one operation take it ([`step`](Self::step)). The methods that describe things serve the report.
///
/// All methods are pure: the same arguments give the same answer. The checker relies on it when it remembers
/// where it has been.
pub trait Specification {
    /// The state of one object. Equal states must hash alike and behave alike for ever after.
    type State: Clone + Eq + Hash;
    /// What a client asks for.
    type Input;
    /// What it is told.
    type Output;

    /// The name of the object that `input` works on. Objects are checked one by one, because a history is
    /// linearizable if and only if it is so for each object (Herlihy & Wing 1990, theorem 1: locality). An
    /// operation that touches two objects makes them one: give both the same name. By default there is one
    /// object.
    fn partition<'a>(&self, input: &'a Self::Input) -> &'a str {
        let _ = input;
        ""
    }

    /// The state of the object called `partition` before the first operation.
    fn initial(&self, partition: &str) -> Self::State;

    /// Applies `input` to `state`, where the client was told `output`.
    ///
    /// `None` means that no reply came. Then any reply would have been right, and the answer is where the
    /// operation leads if it took effect.
    fn step(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: Option<&Self::Output>,
    ) -> Step<Self::State>;

    /// Whether this operation, with this reply, leaves *every* state as it is in which it is legal: a read,
    /// or a compare-and-set that failed. The checker then places it as soon as it fits and never has to try
    /// it at another place. `false` is always right, and slower; `true` for an operation that can change a
    /// state is wrong.
    fn only_observes(&self, input: &Self::Input, output: Option<&Self::Output>) -> bool {
        let _ = (input, output);
        false
    }

    /// Whether `observation`, an operation that [only observes](Self::only_observes), can become legal if
    /// some of the operations of `between` are applied to `state`, in some order.
    ///
    /// This is how the checker looks ahead: an order of writes that no later read agrees with is given up at
    /// once, not when that read is reached. `true` is always right, and slower; `false` where there is a way
    /// is wrong.
    fn may_lead_to<'a>(
        &self,
        state: &Self::State,
        observation: Call<'a, Self>,
        between: impl Iterator<Item = Call<'a, Self>> + Clone,
    ) -> bool {
        let _ = (state, observation, between);
        true
    }

    /// The place of an operation in `operations`, all those on one object, whose reply no order can agree with. The checker
    /// asks it once, before it searches.
    ///
    /// It is for faults that show without an order, such as a value from nowhere, and that a search would find only after
    /// it has tried every order of much else. `None` is always right.
    fn rules_out(&self, operations: &[Timed<'_, Self>]) -> Option<usize> {
        let _ = operations;
        None
    }

    /// What the whole history tells about the order of `operations`, all those on one object, beside real time; one for each.
    ///
    /// It is for objects that show much later which order was right. `None` is always right.
    fn hints(&self, operations: &[Timed<'_, Self>]) -> Option<Vec<Hint>> {
        let _ = operations;
        None
    }

    /// Of what kind the fault is that the reply of `operations[culprit]` shows, if the operations prove it. They are all those
    /// on one object that did not fail, in the order of their calls, and cannot be reconciled; operations are named by their
    /// places. `sentence` tells an operation with its client and times.
    ///
    /// `None` is always right.
    fn classify(
        &self,
        operations: &[Timed<'_, Self>],
        culprit: usize,
        sentence: &dyn Fn(usize) -> String,
    ) -> Option<Anomaly<usize>> {
        let _ = (operations, culprit, sentence);
        None
    }

    /// About how many bytes the checker keeps when it keeps `state`.
    fn state_bytes(&self, state: &Self::State) -> usize {
        size_of_val(state)
    }

    /// What the object would reply to `input` in `state`, for the report.
    fn reply(&self, state: &Self::State, input: &Self::Input) -> Self::Output;

    /// The operation as a call: `get(x)`.
    fn describe_input(&self, input: &Self::Input) -> String;

    /// The reply as a value: `"1"`.
    fn describe_output(&self, output: &Self::Output) -> String;

    /// The state of the object called `partition` as a phrase: `x = "1"`.
    fn describe_state(&self, partition: &str, state: &Self::State) -> String;
}

/// An operation as a specification sees it: what was asked, and the reply if there was one.
pub type Call<'a, P> = (&'a <P as Specification>::Input, Option<&'a <P as Specification>::Output>);

/// An operation as a specification sees it, and when it was.
#[derive(Debug)]
pub struct Timed<'a, P: Specification + ?Sized> {
    /// What was asked.
    pub input: &'a P::Input,
    /// The reply, if there was one.
    pub output: Option<&'a P::Output>,
    /// The place of the call among all events.
    pub call: u64,
    /// The place of the reply among all events; `u64::MAX` if there was none.
    pub reply: u64,
}

/// What is known of the place of an operation in any order, beside real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Where several may come next, the lowest is tried first; among equals, the one that replied first.
    pub rank: u64,
    /// It must come after all operations whose `end` is smaller than this, in every order.
    pub start: u64,
    /// It must come before all operations whose `start` is larger than this, in every order.
    pub end: u64,
}

/// Where one operation takes an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<S> {
    /// Nowhere: in this state the reply would have been another one.
    Illegal,
    /// The reply is right, and the state stays as it is.
    Unchanged,
    /// The reply is right, and this is the next state.
    To(S),
}
