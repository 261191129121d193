//! Random counts from a seed: the same seed gives the same story on every machine.

use fastrand::Rng;

/// Above this expectation a count is drawn from the normal law with the same mean and variance.
const MANY: f64 = 40.0;

/// A count of independent rare events with this expectation (Poisson).
pub fn poisson(rng: &mut Rng, mean: f64) -> u64 {
    if mean <= 0.0 {
        return 0;
    }
    if mean > MANY {
        return rounded(mean + normal(rng) * mean.sqrt());
    }
    let (limit, mut product, mut count) = ((-mean).exp(), rng.f64(), 0);
    while product > limit {
        product *= rng.f64();
        count += 1;
    }
    count
}

/// How many of `n` independent trials succeed with probability `p` each (binomial).
pub fn binomial(rng: &mut Rng, n: u64, p: f64) -> u64 {
    if p > 0.5 {
        return n - binomial(rng, n, 1.0 - p);
    }
    if n == 0 || p <= 0.0 {
        return 0;
    }
    let mean = n as f64 * p;
    if mean > MANY {
        return rounded(mean + normal(rng) * (mean * (1.0 - p)).sqrt()).min(n);
    }
    // Inversion: walk up the distribution function from zero.
    let (ratio, mut term, mut left) = (p / (1.0 - p), (1.0 - p).powf(n as f64), rng.f64());
    let mut count = 0;
    while left > term && count < n {
        left -= term;
        count += 1;
        term *= ratio * (n - count + 1) as f64 / count as f64;
    }
    count
}

/// A draw from the gamma law (Marsaglia and Tsang, 2000), for rates that vary; `shape` at least 1/3 or so.
pub fn gamma(rng: &mut Rng, shape: f64) -> f64 {
    if shape < 1.0 {
        return gamma(rng, shape + 1.0) * rng.f64().powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(rng);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && rng.f64().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// A draw from the standard normal law (Box and Muller).
pub fn normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.f64()).cos()
}

/// The standard normal law's distribution function (Abramowitz and Stegun 26.2.17, error below 1e-7).
pub fn normal_below(x: f64) -> f64 {
    if x < 0.0 {
        return 1.0 - normal_below(-x);
    }
    let t = 1.0 / (1.0 + 0.231_641_9 * x);
    let series = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let tail: f64 = series.iter().rev().fold(0.0, |sum, c| (sum + c) * t);
    1.0 - tail * (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are far below 2^53")]
fn rounded(x: f64) -> u64 {
    x.round().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_and_variance(draw: impl FnMut() -> f64) -> (f64, f64) {
        const DRAWS: usize = 40_000;
        let draws: Vec<f64> = std::iter::repeat_with(draw).take(DRAWS).collect();
        let mean = draws.iter().sum::<f64>() / DRAWS as f64;
        (mean, draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / DRAWS as f64)
    }

    fn is_near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 0.05 * expected
    }

    #[test]
    fn counts_have_the_moments_of_their_laws() {
        let mut rng = Rng::with_seed(7);
        for (n, p) in [(10, 0.3), (1000, 0.002), (1000, 0.9), (100_000, 0.01)] {
            let (mean, variance) = mean_and_variance(|| binomial(&mut rng, n, p) as f64);
            assert!(is_near(mean, n as f64 * p), "{n} {p}: {mean}");
            assert!(is_near(variance, n as f64 * p * (1.0 - p)), "{n} {p}: {variance}");
        }
        for expected in [0.1, 5.0, 100.0] {
            let (mean, variance) = mean_and_variance(|| poisson(&mut rng, expected) as f64);
            assert!(is_near(mean, expected) && is_near(variance, expected), "{expected}: {mean} {variance}");
        }
        let (mean, variance) = mean_and_variance(|| gamma(&mut rng, 0.5));
        assert!(is_near(mean, 0.5) && is_near(variance, 0.5), "{mean} {variance}");
    }

    #[test]
    fn the_normal_law_is_known() {
        for (x, below) in [(0.0, 0.5), (1.0, 0.841_344_7), (-1.959_964, 0.025), (3.0, 0.998_650_1)] {
            assert!((normal_below(x) - below).abs() < 1e-6, "{x}: {}", normal_below(x));
        }
    }
}
