//! How often the judges are wrong, and how fast they are right: measured, not promised.
//!
//! One run is half an hour of traffic at a share of 5 %, looked at every second by the two analyses of the default
//! configuration (errors and latency, each with half of alpha 0.01). Nothing of the engine is in it, only the judges,
//! so that thousands of runs take minutes. What a run does is in [`Arms`]; which runs are made is in `table`.

mod table;

use fastrand::Rng;
use plimsoll_model::metrics::{DEFAULT_LATENCY_BOUNDS, Histogram, Increment, Reading};
use plimsoll_model::rollout::{AnalysisSpec, Check, MetricSource, Policy};
use plimsoll_model::{Share, Span, Timestamp};
use plimsoll_plan::Judge;

use crate::random::{binomial, gamma, poisson};
use crate::sim::Answers;
use crate::sim::traffic::time_answers;

pub use table::{Cell, Figures, measure, statistics_markdown};

/// How long a run lasts at most, in seconds.
pub const SECONDS: u64 = 1800;
/// The new side's share of the requests.
const SHARE: f64 = 0.05;
/// Seconds of warm-up, as in the default configuration.
const WARM_UP: u64 = 5;

/// The two sides of a run.
#[derive(Debug, Clone)]
pub struct Arms {
    /// Requests a second to the new side.
    pub rate: f64,
    /// How the new side answers.
    pub canary: Answers,
    /// How the stable side answers.
    pub stable: Answers,
    /// Squared coefficient of variation of the error rate from window to window of ten seconds, on each side by
    /// itself; 0 where errors are independent.
    pub bursts: f64,
}

/// The analyses of the default configuration.
pub fn default_analyses() -> Vec<AnalysisSpec> {
    let errors = Check::Errors { max: Share::percent(1), margin: 1.5, promote_margin: 3.0 };
    let latency = Check::Latency {
        limit: Span::from_millis(500),
        exceedance: Share::percent(1),
        margin: 1.5,
        promote_margin: 3.0,
    };
    let spec = |name: &str, check| AnalysisSpec {
        name: name.to_owned(),
        source: MetricSource::Proxy,
        check,
        interval: Span::from_secs(1),
        warm_up: Span::from_secs(WARM_UP),
        alpha: 0.005,
        on_no_data: Policy::Hold,
        no_data_deadline: Span::from_secs(600),
    };
    vec![spec("errors", errors), spec("latency", latency)]
}

/// Plays one run; answers the second of the first bad verdict, counted from the first look.
pub fn run(arms: &Arms, seed: u64) -> Option<u64> {
    let mut rng = Rng::with_seed(seed);
    let mut judges: Vec<Judge> = default_analyses().iter().map(Judge::new).collect();
    let second = |n: u64| Timestamp::from_millis(1_000_000 + 1000 * n);
    for judge in &mut judges {
        judge.start(second(0));
    }
    let (mut canary, mut stable) =
        (Side::new(&arms.canary, arms.bursts), Side::new(&arms.stable, arms.bursts));
    for n in 0..SECONDS {
        let reading = Reading::Counts {
            canary: canary.second(&mut rng, n, arms.rate),
            stable: Some(stable.second(&mut rng, n, arms.rate * (1.0 - SHARE) / SHARE)),
            bounds: DEFAULT_LATENCY_BOUNDS.to_vec(),
        };
        for judge in &mut judges {
            judge.look(second(WARM_UP + n), &reading);
            if judge.verdict().is_bad() {
                return Some(n + 1);
            }
        }
    }
    None
}

/// One side and the error rate that it has at the moment.
struct Side<'a> {
    answers: &'a Answers,
    bursts: f64,
    errors: f64,
}

impl<'a> Side<'a> {
    fn new(answers: &'a Answers, bursts: f64) -> Self {
        Self { answers, bursts, errors: answers.errors }
    }

    fn second(&mut self, rng: &mut Rng, n: u64, rate: f64) -> Increment {
        if self.bursts > 0.0 && n.is_multiple_of(10) {
            let shape = 1.0 / self.bursts;
            self.errors = (self.answers.errors * gamma(rng, shape) / shape).min(1.0);
        }
        let requests = poisson(rng, rate);
        let mut histogram = Histogram::new(&DEFAULT_LATENCY_BOUNDS);
        time_answers(&mut histogram, requests, self.answers, rng);
        let slower = histogram.bounds.iter().filter_map(|b| histogram.above(*b)).collect();
        Increment { requests, errors: binomial(rng, requests, self.errors), slower, timed: requests }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_the_same_every_time() {
        let arms = Arms {
            rate: 5.0,
            canary: Answers { errors: 0.5, ..table::healthy() },
            stable: table::healthy(),
            bursts: 0.0,
        };
        let first = run(&arms, 4);
        assert_eq!(first, run(&arms, 4));
        assert!(first.is_some_and(|seconds| seconds < 30), "{first:?}");
    }
}
