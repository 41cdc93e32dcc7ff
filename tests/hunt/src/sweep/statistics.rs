//! How sure a number of runs makes one: an upper bound for the rate of failures.
//!
//! The bound is Clopper and Pearson's, one-sided, with 95 % confidence: the rate at which so few failures or fewer would
//! be seen one time in twenty. It is exact, and it holds for few runs as well as for millions.

/// How likely it is that the true rate is above the bound.
const DOUBT: f64 = 0.05;
/// Halvings of the interval from 0 to 1: more than a `f64` can tell apart.
const HALVINGS: u32 = 200;

/// The highest failure rate that agrees with `failed` failures in `runs` runs, from 0 to 1. Without failures this is
/// `1 - 0.05^(1/runs)`, about three divided by the number of runs.
#[must_use]
pub fn failure_rate_max(failed: u64, runs: u64) -> f64 {
    // Also without runs: then every rate agrees with what was seen, up to 1.
    if failed >= runs {
        return 1.0;
    }
    if failed == 0 {
        // The same as 1 - DOUBT^(1/runs), which would lose most of its digits for millions of runs, as the
        // power is almost 1.
        return -(DOUBT.ln() / runs as f64).exp_m1();
    }
    // That at most `failed` of `runs` fail at rate p has the probability 1 - I_p(failed + 1, runs - failed), and this
    // falls as p grows.
    let (a, b) = (failed as f64 + 1.0, (runs - failed) as f64);
    // The bound is above the rate that was seen and below 1. Halving is slow next to Newton's method and
    // cannot go astray; it is done a few times for each row of a table. Why this bound and not the normal
    // approximation that is in every textbook: that one is wrong where it matters here, with few failures or
    // none.
    let (mut low, mut high) = (failed as f64 / runs as f64, 1.0);
    for _ in 0..HALVINGS {
        let middle = low + (high - low) / 2.0;
        // Neighbouring numbers have no middle.
        if middle <= low || middle >= high {
            break;
        }
        if incomplete_beta(middle, a, b) < 1.0 - DOUBT {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The regularised incomplete beta function I_x(a, b): the probability that a beta variable is at most `x`.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // In logarithms: the gamma function of 172 is already too large for a f64, and runs are counted in
    // millions.
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    // The fraction converges fast below the mean; above it the mirror image does.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * continued_fraction(x, a, b) / a
    } else {
        1.0 - front * continued_fraction(1.0 - x, b, a) / b
    }
}

/// The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), by Lentz's method. It takes
/// about the square root of the larger parameter in terms.
fn continued_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TERMS_MAX: u32 = 1_000_000;
    const ENOUGH: f64 = 1e-15;
    // Lentz's method divides by the terms, and a term may vanish by chance. The smallest number there is in
    // its place changes no digit of the result.
    let not_zero = |value: f64| if value.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / not_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut sum = d;
    for term in 1..=TERMS_MAX {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / not_zero(1.0 + even * d);
        c = not_zero(1.0 + even / c);
        sum *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / not_zero(1.0 + odd * d);
        c = not_zero(1.0 + odd / c);
        sum *= d * c;
        if (d * c - 1.0).abs() < ENOUGH {
            break;
        }
    }
    sum
}

/// The logarithm of the gamma function of a number from 1 on: Stirling's series where it is exact, after steps up to
/// there.
fn ln_gamma(mut x: f64) -> f64 {
    const EXACT_FROM: f64 = 12.0;
    let mut below = 0.0;
    while x < EXACT_FROM {
        below += x.ln();
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = 1.0 / 12.0
        - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square * (1.0 / 1680.0 - square / 1188.0)));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series / x - below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(got: f64, wanted: f64, what: &str) {
        assert!((got - wanted).abs() <= 1e-9 * wanted.abs().max(1e-9), "{what}: {got}, not {wanted}");
    }

    /// The probability of at most `failed` failures, as a sum: slow and simple.
    fn at_most(failed: u64, runs: u64, rate: f64) -> f64 {
        let term = |k: u64| {
            let ways: f64 = (0..k).map(|i| ((runs - i) as f64 / (k - i) as f64).ln()).sum();
            (ways + k as f64 * rate.ln() + (runs - k) as f64 * (-rate).ln_1p()).exp()
        };
        (0..=failed).map(term).sum()
    }

    #[test]
    fn bound_without_failures_is_the_rule_of_three_made_exact() {
        for (runs, wanted) in [(1, 0.95), (2, 1.0 - 0.05_f64.sqrt()), (100, 0.029_513_049_607_039_932)] {
            assert_near(failure_rate_max(0, runs), wanted, &format!("{runs} runs"));
        }
        assert!((failure_rate_max(0, 1_000_000) - 2.995_727e-6).abs() < 1e-11);
    }

    #[test]
    fn bound_is_one_without_runs_or_when_all_failed() {
        for (failed, runs) in [(0, 0), (1, 1), (7, 7)] {
            assert_near(failure_rate_max(failed, runs), 1.0, &format!("{failed} of {runs}"));
        }
    }

    /// The definition itself: at the bound, so few failures have a chance of one in twenty.
    #[test]
    fn bound_is_the_rate_at_which_so_few_failures_are_seen_one_time_in_twenty() {
        for (failed, runs) in
            [(1, 2), (1, 10), (3, 10), (9, 10), (1, 1000), (40, 1000), (999, 1000), (3, 100_000)]
        {
            let bound = failure_rate_max(failed, runs);
            let chance = at_most(failed, runs, bound);
            assert!((chance - 0.05).abs() < 1e-8, "{failed} of {runs}: bound {bound}, chance {chance}");
        }
    }

    #[test]
    fn bound_of_millions_of_runs_converges() {
        for (failed, runs, wanted) in [
            (30_000_000, 60_000_000, 0.500_106_183),
            (500_000, 1_000_000, 0.500_822_926),
            (1000, 60_000_000, 1.756e-5),
        ] {
            let bound = failure_rate_max(failed, runs);
            assert!((bound - wanted).abs() < 1e-9, "{failed} of {runs}: {bound}");
        }
    }

    #[test]
    fn gamma_function_of_whole_numbers_is_the_factorial() {
        let mut factorial = 1.0_f64;
        for n in 1..30 {
            factorial *= f64::from(n);
            let got = ln_gamma(f64::from(n) + 1.0);
            assert!((got - factorial.ln()).abs() < 1e-11, "{n}: {got}");
        }
    }
}
