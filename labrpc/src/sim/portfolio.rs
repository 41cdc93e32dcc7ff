//! A mix of policies, by seed: what one is blind for, another finds.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::policy::Policy;
use super::starve::log_uniform;
use super::streams::{Stream, stream_seed};

/// The shares, in percent. From the table of `labrpc/benches/search`: with these the geometric mean over its programs is within
/// 3 % of the best mix, and no program needs more than four times the schedules of its best policy. Each policy is the best
/// for some program, so none is left out.
const SHARES: [(u32, Policy); 7] = [
    (10, Policy::Random),
    (10, Policy::Pct { depth: 2 }),
    (10, Policy::Pct { depth: 3 }),
    (10, Policy::Urw),
    (10, Policy::Surw),
    (25, Policy::Pos),
    (25, Policy::Starve),
];

/// The most times the least cost that a step has: from a nanosecond to a quarter of an hour.
const FACTOR_MAX: u64 = 1 << 40;

/// `policy`, or what `seed` draws if it is the portfolio, or guided.
pub(super) fn resolve(policy: Policy, seed: u64) -> Policy {
    if !is_drawn(policy) {
        return policy;
    }
    let mut rest = chance(seed, 0).random_range(0..SHARES.iter().map(|(share, _)| share).sum());
    for (share, policy) in SHARES {
        if rest < share {
            return policy;
        }
        rest -= share;
    }
    unreachable!("what was drawn is less than the sum")
}

/// Whether the seed draws what is done.
pub(super) fn is_drawn(policy: Policy) -> bool {
    matches!(policy, Policy::Portfolio | Policy::Guided)
}

/// The cost of a step that `seed` draws, in nanoseconds, from `min` to `max`. Every other seed has the usual one: `None`.
pub(super) fn draw_step_cost(seed: u64, (min, max): (u64, u64)) -> Option<u64> {
    let mut chance = chance(seed, 1);
    let is_usual = chance.random_range(0..2) == 0;
    // In units of the least cost, as the logarithm is drawn between powers of two.
    let factor = log_uniform(1, (max / min.max(1)).clamp(1, FACTOR_MAX).next_power_of_two(), &mut chance);
    (!is_usual).then(|| min.saturating_mul(factor).min(max))
}

fn chance(seed: u64, of: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(stream_seed(seed, Stream::Portfolio, of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_has_its_share() {
        let drawn: Vec<Policy> = (0..2_000).map(|seed| resolve(Policy::Portfolio, seed)).collect();
        for (share, policy) in SHARES {
            let count = drawn.iter().filter(|drawn| **drawn == policy).count() as u32;
            assert!(
                count > share * 15 && count < share * 25,
                "{policy}: {count} of 2000, {share} % expected"
            );
        }
    }

    #[test]
    fn costs_are_drawn_within_the_bounds_and_for_every_other_seed() {
        let costs: Vec<u64> = (0..2_000).filter_map(|seed| draw_step_cost(seed, (100, 1_000_000))).collect();
        assert!((900..1_100).contains(&costs.len()), "{}", costs.len());
        assert!(costs.iter().all(|cost| (100..=1_000_000).contains(cost)));
        assert!(costs.iter().any(|&cost| cost < 300) && costs.iter().any(|&cost| cost > 300_000));
        for bounds in [(1_000, 1_000), (0, 0), (u64::MAX, u64::MAX)] {
            assert!((0..100).all(|seed| draw_step_cost(seed, bounds).is_none_or(|cost| cost == bounds.0)));
        }
        assert!((0..100).all(|seed| draw_step_cost(seed, (1, u64::MAX)).is_none_or(|cost| cost > 0)));
    }
}
