//! Sequential tests that stay valid under any number of looks.
//!
//! Each test keeps one log likelihood ratio for each alternative on a grid and adds to all of them at every look.
//! Their mean is an e-process: by Ville's inequality the probability that it ever reaches `1/alpha` while the null
//! hypothesis holds is at most `alpha`, whatever the number and timing of looks, and whatever made one stop or go
//! on. The state is the vector of ratios, so a restart that replays the looks changes nothing.
//!
//! Sources: Ville (1939); Lindon and Malek, "Anytime-valid inference for multinomial count data" (arXiv 2011.03567);
//! Lindon et al., "Rapid regression detection in software deployments through sequential testing" (KDD 2022,
//! arXiv 2205.14762). The comparison conditions on the total of bad events, whose law is hypergeometric; the
//! binomial used here dominates it in convex order (Hoeffding 1963), so the test errs on the safe side.

/// Ratios over the null hypothesis at which harm is looked for. Wide, since an outage may be total.
const SLO_GRID: [f64; 14] = [1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 96.0];
/// Ratios over the margin at which the canary may be worse than the stable side.
const WORSE_GRID: [f64; 13] = [1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0];
/// Ratios under the promote margin at which it may be better than that.
const BETTER_GRID: [f64; 7] = [1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0];
/// No alternative is beyond this rate: a probability of one would make a single success impossible.
const MAX_RATE: f64 = 0.95;

/// A test of "bad events happen at a rate of `null` at most" (or at least), from counts of one side.
#[derive(Debug, Clone, PartialEq)]
pub struct RateTest {
    null: f64,
    alternatives: Vec<f64>,
    log_ratios: Vec<f64>,
}

impl RateTest {
    /// Null hypothesis: the rate is at most `limit`. Rejecting it means that the side breaks its limit.
    pub fn at_most(limit: f64) -> Self {
        let limit = testable(limit);
        let mut alternatives: Vec<f64> = SLO_GRID.iter().map(|r| (limit * r).min(MAX_RATE)).collect();
        alternatives.dedup();
        alternatives.retain(|rate| *rate > limit);
        Self::new(limit, alternatives)
    }

    /// Null hypothesis: the rate is at least `limit`. Rejecting it means that the side keeps its limit.
    pub fn at_least(limit: f64) -> Self {
        let limit = testable(limit);
        Self::new(limit, BETTER_GRID.iter().map(|r| limit / r).collect())
    }

    fn new(null: f64, alternatives: Vec<f64>) -> Self {
        let log_ratios = vec![0.0; alternatives.len()];
        Self { null, alternatives, log_ratios }
    }

    /// Adds a look: `bad` of `total` events were bad.
    pub fn add(&mut self, bad: u64, total: u64) {
        let (x, rest) = (bad as f64, total.saturating_sub(bad) as f64);
        for (ratio, p1) in self.log_ratios.iter_mut().zip(&self.alternatives) {
            *ratio += x * (p1 / self.null).ln() + rest * ((1.0 - p1) / (1.0 - self.null)).ln();
        }
    }

    /// `ln E`, with the evidence divided by `dispersion` (1 for independent events).
    pub fn ln_e(&self, dispersion: f64) -> f64 {
        log_mean_exp(&self.log_ratios, dispersion)
    }
}

/// A limit of exactly none or all would make one event infinitely surprising; one in a million is as good.
fn testable(limit: f64) -> f64 {
    limit.clamp(1e-6, 1.0 - 1e-6)
}

/// A test of the ratio between the canary's rate of bad events and the stable side's: of the bad events that
/// happened, how many fell on the canary? The base rate may drift and the weight may change at every look.
#[derive(Debug, Clone, PartialEq)]
pub struct RatioTest {
    null: f64,
    alternatives: Vec<f64>,
    log_ratios: Vec<f64>,
}

impl RatioTest {
    /// Null hypothesis: the canary's rate is at most `margin` times the stable side's.
    pub fn at_most(margin: f64) -> Self {
        let null = margin.ln();
        Self::new(null, WORSE_GRID.iter().map(|g| null + g.ln()).collect())
    }

    /// Null hypothesis: the canary's rate is at least `margin` times the stable side's.
    pub fn at_least(margin: f64) -> Self {
        let null = margin.ln();
        Self::new(null, BETTER_GRID.iter().map(|g| null - g.ln()).collect())
    }

    fn new(null: f64, alternatives: Vec<f64>) -> Self {
        let log_ratios = vec![0.0; alternatives.len()];
        Self { null, alternatives, log_ratios }
    }

    /// Adds a look. Without requests on both sides there is nothing to compare, and nothing is added.
    pub fn add(&mut self, canary: Bad, stable: Bad) {
        if canary.total == 0 || stable.total == 0 {
            return;
        }
        let share = canary.total as f64 / (canary.total as f64 + stable.total as f64);
        let theta = |d: f64| share * d.exp() / (share * d.exp() + 1.0 - share);
        let (x_c, x_s) = (canary.bad as f64, stable.bad as f64);
        let base = theta(self.null);
        for (ratio, d) in self.log_ratios.iter_mut().zip(&self.alternatives) {
            let t = theta(*d);
            *ratio += x_c * (t / base).ln() + x_s * ((1.0 - t) / (1.0 - base)).ln();
        }
    }

    /// `ln E`, with the evidence divided by `dispersion`.
    pub fn ln_e(&self, dispersion: f64) -> f64 {
        log_mean_exp(&self.log_ratios, dispersion)
    }
}

/// Bad events of one side at one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bad {
    /// Bad ones.
    pub bad: u64,
    /// All.
    pub total: u64,
}

/// A comparison of two latency distributions: the ratio test at every bucket boundary, averaged. The mean of
/// e-values is an e-value whatever their dependence, so no correction for several boundaries is needed.
#[derive(Debug, Clone, PartialEq)]
pub struct DistributionTest {
    tests: Vec<RatioTest>,
}

impl DistributionTest {
    /// Null hypothesis: at every one of `boundaries` bounds the canary's exceedance is at most `margin` times the
    /// stable side's.
    pub fn at_most(margin: f64, boundaries: usize) -> Self {
        Self { tests: vec![RatioTest::at_most(margin); boundaries] }
    }

    /// Adds a look: `above[i]` events of each side were above the `i`th bound.
    pub fn add(&mut self, canary: (&[u64], u64), stable: (&[u64], u64)) {
        for (i, test) in self.tests.iter_mut().enumerate() {
            let (Some(c), Some(s)) = (canary.0.get(i), stable.0.get(i)) else { return };
            test.add(Bad { bad: *c, total: canary.1 }, Bad { bad: *s, total: stable.1 });
        }
    }

    /// How many boundaries are compared.
    pub fn boundaries(&self) -> usize {
        self.tests.len()
    }

    /// `ln E`, with the evidence divided by `dispersion`.
    pub fn ln_e(&self, dispersion: f64) -> f64 {
        let all: Vec<f64> = self.tests.iter().flat_map(|t| t.log_ratios.iter().copied()).collect();
        log_mean_exp(&all, dispersion)
    }
}

/// `ln` of the mean of `exp(l / dispersion)`, without overflow.
fn log_mean_exp(log_ratios: &[f64], dispersion: f64) -> f64 {
    if log_ratios.is_empty() {
        return 0.0;
    }
    let greatest = log_ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max) / dispersion;
    let sum: f64 = log_ratios.iter().map(|l| (l / dispersion - greatest).exp()).sum();
    greatest + sum.ln() - (log_ratios.len() as f64).ln()
}

#[cfg(test)]
mod tests {
    //! Reference vectors: computed independently of this code, to 1e-6.

    use super::*;

    const TOLERANCE: f64 = 1e-6;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < TOLERANCE, "found {found}, expected {expected}");
    }

    fn compare(margin: f64, looks: &[(u64, u64, u64, u64)]) -> f64 {
        let mut test = RatioTest::at_most(margin);
        for look in looks {
            add(&mut test, *look);
        }
        test.ln_e(1.0)
    }

    fn add(test: &mut RatioTest, (xc, xs, nc, ns): (u64, u64, u64, u64)) {
        test.add(Bad { bad: xc, total: nc }, Bad { bad: xs, total: ns });
    }

    #[test]
    fn compare_follows_its_vectors() {
        close(compare(1.0, &[(0, 0, 0, 0)]), 0.0);
        close(compare(1.0, &[(0, 2, 50, 950)]), -0.638_419);
        close(compare(1.0, &[(1, 2, 50, 950)]), 0.776_399);
        close(compare(1.0, &[(3, 2, 50, 950)]), 4.912_226);
        close(compare(1.0, &[(3, 2, 50, 950); 3]), 15.929_105);
        close(compare(1.5, &[(3, 2, 50, 950); 3]), 12.679_300);
        close(compare(1.0, &[(3, 2, 50, 950), (6, 4, 200, 800), (9, 9, 500, 500)]), 1.987_302);
        close(compare(1.0, &[(0, 19, 50, 950); 10]), -4.831_587);
    }

    #[test]
    fn promote_follows_its_vectors() {
        let promote = |looks: &[(u64, u64, u64, u64)]| {
            let mut test = RatioTest::at_least(3.0);
            for look in looks {
                add(&mut test, *look);
            }
            test.ln_e(1.0)
        };
        close(promote(&[(0, 19, 50, 950)]), 1.812_821);
        close(promote(&[(0, 19, 50, 950); 5]), 10.689_384);
        close(promote(&[(1, 19, 50, 950); 20]), 14.727_597);
        close(promote(&[(1, 19, 50, 950); 60]), 46.622_522);
        close(promote(&[(3, 19, 50, 950); 20]), -3.098_644);
    }

    #[test]
    fn limit_follows_its_vectors() {
        let limit = |looks: &[(u64, u64)]| {
            let mut test = RateTest::at_most(0.01);
            for (x, n) in looks {
                test.add(*x, *n);
            }
            test.ln_e(1.0)
        };
        close(limit(&[(0, 100)]), -1.984_710);
        close(limit(&[(1, 100)]), -1.462_569);
        close(limit(&[(5, 100)]), 2.661_146);
        close(limit(&[(10, 100)]), 12.579_493);
        close(limit(&[(3, 60), (4, 60)]), 5.043_044);
        close(limit(&[(0, 1)]), -0.246_456);
        close(limit(&[(2, 1000); 5]), -13.024_549);
        close(limit(&[(60, 1000)]), 56.211_842);
        close(limit(&[(10, 50)]), 19.498_955);
        close(limit(&[(2, 50)]), 0.258_334);
        close(limit(&[(2, 50); 5]), 4.651_896);
    }

    #[test]
    fn first_crossings_at_one_percent() {
        let threshold = 100.0_f64.ln();
        let first_rate = |look: (u64, u64)| {
            let mut test = RateTest::at_most(0.01);
            (1..100).find_map(|i| {
                test.add(look.0, look.1);
                (test.ln_e(1.0) >= threshold).then(|| (i, test.ln_e(1.0)))
            })
        };
        for (look, at, value) in
            [((1, 10), 5, 5.7247), ((5, 100), 2, 6.4199), ((3, 50), 3, 7.0472), ((10, 10), 1, 42.9199)]
        {
            let (i, found) = first_rate(look).unwrap();
            assert_eq!(i, at, "{look:?}");
            assert!((found - value).abs() < 5e-5, "{look:?}: {found}");
        }
        for (look, at, value) in
            [((3, 2, 50, 950), 2, 8.2411), ((1, 1, 50, 950), 5, 5.5006), ((5, 19, 50, 950), 3, 4.9138)]
        {
            let mut test = RatioTest::at_most(1.5);
            let first = (1..100).find_map(|i| {
                add(&mut test, look);
                (test.ln_e(1.0) >= threshold).then(|| (i, test.ln_e(1.0)))
            });
            let (i, found) = first.unwrap();
            assert_eq!(i, at, "{look:?}");
            assert!((found - value).abs() < 5e-5, "{look:?}: {found}");
        }
    }

    #[test]
    fn distributions_follow_their_vectors() {
        let above = |cumulative: &[u64; 7]| -> Vec<u64> {
            cumulative[..6].iter().map(|c| cumulative[6] - c).collect()
        };
        let stable = above(&[570, 798, 912, 950, 950, 950, 950]);
        let run = |canary: &[u64; 7], times: usize| {
            let mut test = DistributionTest::at_most(1.0, 6);
            for _ in 0..times {
                test.add((&above(canary), canary[6]), (&stable, 950));
            }
            test.ln_e(1.0)
        };
        close(run(&[30, 42, 48, 50, 50, 50, 50], 1), -0.576_774);
        close(run(&[30, 42, 48, 50, 50, 50, 50], 5), -0.649_955);
        close(run(&[10, 25, 40, 48, 50, 50, 50], 1), 6.849_506);
        close(run(&[10, 25, 40, 48, 50, 50, 50], 5), 48.653_885);
    }

    #[test]
    fn extreme_limits_stay_finite() {
        for limit in [0.0, 1.0, 0.96] {
            let mut test = RateTest::at_most(limit);
            test.add(3, 5);
            assert!(test.ln_e(1.0).is_finite(), "{limit}");
        }
    }

    #[test]
    fn dispersion_weakens_the_evidence() {
        let mut test = RateTest::at_most(0.01);
        test.add(10, 100);
        assert!(test.ln_e(2.0) < test.ln_e(1.0));
    }
}
