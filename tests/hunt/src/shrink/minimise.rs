//! Delta debugging: the smallest part of a list that still fails.

/// Takes items away for as long as the rest still `fails`, and returns what is left (`ddmin`, Zeller & Hildebrandt 2002). If
/// it is let to its end, no single item can be taken away any more.
///
/// `fails` is asked for parts of the list in their order; `None` ends the search where it is. The whole list must be
/// known to fail. The empty list is asked for first, since that is the best answer.
pub(super) fn minimise<T: Clone>(items: Vec<T>, mut fails: impl FnMut(&[T]) -> Option<bool>) -> Vec<T> {
    // Asked first, and paid for with one run: many failures need none of the items at all, and then all other
    // questions are spared.
    if items.is_empty() || fails(&[]) == Some(true) {
        return Vec::new();
    }
    let mut left = items;
    // Large parts first. A failure that needs few of many items loses half of the rest with each answer; to
    // try items one by one would take a run for each.
    let mut parts = 2;
    while left.len() > 1 {
        match smaller(&left, parts, &mut fails) {
            // A part that fails alone is a new list, of which nothing is known: it begins with halves again.
            Step::Part(part) => (left, parts) = (part, 2),
            Step::Rest(rest) => {
                // The parts that are left keep their size. Those before were not asked without this one, so
                // all are asked again.
                parts = (parts - 1).max(2);
                left = rest;
            }
            // Neither a part nor a rest fails: what is needed is spread over the parts. Smaller ones are left
            // to try, until each is a single item.
            Step::None if parts < left.len() => parts = (parts * 2).min(left.len()),
            Step::None | Step::End => break,
        }
    }
    left
}

enum Step<T> {
    /// One part alone fails.
    Part(Vec<T>),
    /// All but one part fails.
    Rest(Vec<T>),
    /// Neither.
    None,
    /// Nobody wants to know any more.
    End,
}

/// Tries each of `parts` parts of the list alone, and the list without each of them.
fn smaller<T: Clone>(list: &[T], parts: usize, fails: &mut impl FnMut(&[T]) -> Option<bool>) -> Step<T> {
    // Rounded, so that the parts differ in size by one at most and leave nothing out.
    let bounds: Vec<(usize, usize)> =
        (0..parts).map(|part| (part * list.len() / parts, (part + 1) * list.len() / parts)).collect();
    // With two parts the rest of one is the other.
    if parts == 2 {
        for &(from, to) in &bounds {
            match fails(&list[from..to]) {
                Some(true) => return Step::Part(list[from..to].to_vec()),
                Some(false) => {}
                None => return Step::End,
            }
        }
        return Step::None;
    }
    // From the end: what comes last in a schedule is needed least often.
    for &(from, to) in bounds.iter().rev() {
        let rest = [&list[..from], &list[to..]].concat();
        match fails(&rest) {
            Some(true) => return Step::Rest(rest),
            Some(false) => {}
            None => return Step::End,
        }
    }
    Step::None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn needs(wanted: &[u32]) -> impl Fn(&[u32]) -> Option<bool> {
        move |list| Some(wanted.iter().all(|item| list.contains(item)))
    }

    #[test]
    fn needed_items_are_left_wherever_they_stand() {
        for wanted in [&[][..], &[0], &[99], &[3, 50], &[0, 1, 2, 98, 99], &[10, 20, 30, 40, 50, 60, 70]] {
            assert_eq!(minimise((0..100).collect(), needs(wanted)), wanted);
        }
    }

    #[test]
    fn empty_list_stays_empty() {
        assert!(minimise(Vec::<u32>::new(), |_| Some(true)).is_empty());
    }

    #[test]
    fn search_that_is_ended_leaves_the_best_so_far() {
        for runs in 0..30 {
            let mut asked = 0;
            let left = minimise((0..100).collect(), |list: &[u32]| {
                asked += 1;
                (asked <= runs).then(|| list.contains(&77))
            });
            assert!(left.contains(&77));
            assert!(runs > 5 || left.len() > 1);
            assert!(runs < 25 || left == [77], "{runs}: {left:?}");
        }
    }

    proptest! {
        /// Also where what fails is not just a set of needed items, the result fails and no item of it is superfluous.
        #[test]
        fn result_fails_and_no_item_is_superfluous(
            items in prop::collection::vec(0_u32..50, 0..40), modulus in 2_u32..7,
        ) {
            let fails = |list: &[u32]| {
                let sum: u32 = list.iter().sum();
                list.len() >= items.len().min(3) && (sum.is_multiple_of(modulus) || list.len() == items.len())
            };
            let left = minimise(items.clone(), |list| Some(fails(list)));
            prop_assert!(fails(&left));
            for place in 0..left.len() {
                let mut fewer = left.clone();
                fewer.remove(place);
                prop_assert!(!fails(&fewer), "{:?} fails without {}", left, place);
            }
        }
    }
}
