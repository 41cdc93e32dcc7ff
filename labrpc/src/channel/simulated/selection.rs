//! How a simulated `select` chooses among its arms, and waits for them.

use super::port::{Claim, Port};
use super::{Place, step_elsewhere};
use crate::channel::Until;
use crate::sim::{self, Kind, Wait, with_core};

/// The arms of a select by their index; removed ones are `None`.
pub(in crate::channel) type Arms<'a> = Vec<Option<&'a dyn Port>>;

/// How long a select waits.
pub(in crate::channel) enum Blocking {
    /// Not at all.
    None,
    Until(Until),
}

/// How a select chooses among arms that are ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::channel) enum Choice {
    /// Any, by the stream of the schedule.
    Any,
    /// The one that was added first.
    First,
}

/// Chooses an arm and does its operation up to the message. `None` when the time is up.
#[track_caller]
pub(in crate::channel) fn select(
    arms: &Arms<'_>,
    blocking: Blocking,
    choice: Choice,
    place: Place,
) -> Option<(usize, Claim)> {
    if !are_inside(arms) {
        step_elsewhere(Kind::Select, place);
        return Some(left(arms));
    }
    let (waits, deadline) = blocking.simulated();
    sim::step(Kind::Select, 0, place);
    loop {
        if let Some(index) = ready_arm(arms, choice)
            && let Some(claim) = arm(arms, index).claim()
        {
            // The other side may be a select as well, whose message is still to come, or whose thread may
            // crash before it does.
            if arm(arms, index).settle(claim, place) {
                return Some((index, claim));
            }
            continue;
        }
        if !waits || has_passed(deadline) {
            return None;
        }
        let entries: Vec<(usize, u64)> = present(arms).map(|(index, arm)| (index, arm.register())).collect();
        sim::wait(Wait::Select, earliest(arms, deadline), place);
        // Every arm must hear that the wait is over, so the search does not stop at the one that was served.
        let mut served = None;
        for (index, entry) in entries {
            served = served.or(arm(arms, index).withdraw(entry).map(|claim| (index, claim)));
        }
        // At most one was served. To serve a thread wakes it, and one that does not wait is not served.
        if let Some((index, claim)) = served
            && arm(arms, index).settle(claim, place)
        {
            return Some((index, claim));
        }
    }
}

/// Waits until an arm is ready, and does nothing with it. `None` when the time is up.
#[track_caller]
pub(in crate::channel) fn ready(
    arms: &Arms<'_>,
    blocking: Blocking,
    choice: Choice,
    place: Place,
) -> Option<usize> {
    if !are_inside(arms) {
        step_elsewhere(Kind::Select, place);
        return Some(first(arms));
    }
    let (waits, deadline) = blocking.simulated();
    sim::step(Kind::Select, 0, place);
    loop {
        if let Some(index) = ready_arm(arms, choice) {
            return Some(index);
        }
        if !waits || has_passed(deadline) {
            return None;
        }
        present(arms).for_each(|(_, arm)| arm.watch());
        sim::wait(Wait::Select, earliest(arms, deadline), place);
        present(arms).for_each(|(_, arm)| arm.unwatch());
    }
}

impl Blocking {
    /// Whether to wait, and until when.
    fn simulated(self) -> (bool, Option<u64>) {
        match self {
            Self::None => (false, None),
            Self::Until(until) => (true, until.simulated_ns()),
        }
    }
}

fn present<'a, 'b>(arms: &'b Arms<'a>) -> impl Iterator<Item = (usize, &'a dyn Port)> + 'b {
    arms.iter().enumerate().filter_map(|(index, arm)| arm.map(|arm| (index, arm)))
}

fn arm<'a>(arms: &Arms<'a>, index: usize) -> &'a dyn Port {
    arms[index].expect("an arm that was not removed")
}

/// Whether the caller is part of the run of the channels.
#[track_caller]
fn are_inside(arms: &Arms<'_>) -> bool {
    // Every arm is asked, though one that is outside decides: an arm of a run that goes on elsewhere has to
    // be refused.
    present(arms).fold(true, |all, (_, arm)| arm.is_inside() && all)
}

/// The run is over: a message that was left behind, or a closed channel.
fn left(arms: &Arms<'_>) -> (usize, Claim) {
    let message = present(arms).find_map(|(index, arm)| arm.claim_left().map(|claim| (index, claim)));
    message.unwrap_or_else(|| (first(arms), Claim::Closed))
}

/// The index of the first arm; of a select without arms, one that no arm has.
fn first(arms: &Arms<'_>) -> usize {
    present(arms).next().map_or(usize::MAX, |(index, _)| index)
}

fn ready_arm(arms: &Arms<'_>, choice: Choice) -> Option<usize> {
    let mut ready = present(arms).filter(|(_, arm)| arm.is_ready()).map(|(index, _)| index);
    if choice == Choice::First {
        return ready.next();
    }
    // All of them are looked at before one is chosen. Whoever came first would always win otherwise.
    let ready: Vec<usize> = ready.collect();
    let chosen = with_core(|core| core.choose_one_of(ready.len()))?;
    Some(ready[chosen])
}

/// When to look again at the latest.
fn earliest(arms: &Arms<'_>, deadline: Option<u64>) -> Option<u64> {
    present(arms).filter_map(|(_, arm)| arm.deadline()).chain(deadline).min()
}

fn has_passed(deadline: Option<u64>) -> bool {
    deadline.is_some_and(|deadline| deadline <= sim::now())
}
