//! A judge folds the readings of one analysis into a verdict.
//!
//! The rule, for a check with a limit (errors, latency):
//!
//! - with a stable side to compare with: the canary is bad when it is shown worse than stable by the margin *and* its
//!   running rate is over the limit; shown worse but within the limit is a warning that holds the step;
//! - over the limit without being worse than stable: both are bad, if stable's own rate is over the limit too;
//! - without a stable side: bad when shown to be over the limit.
//!
//! Both tests can trigger, so each gets half of the analysis' alpha. Readings without data change nothing but the
//! count of unusable looks. A bad verdict stays: the evidence was sufficient once, and later looks cannot undo that.

use plimsoll_model::Timestamp;
use plimsoll_model::metrics::{Increment, Reading};
use plimsoll_model::rollout::{AnalysisSpec, Check};
use plimsoll_model::verdict::{Assessment, SideTotal, Verdict};

use crate::dispersion::Dispersion;
use crate::sequential::{Bad, DistributionTest, RateTest, RatioTest};
use crate::text;

/// Error of the test that promotes early: the probability of calling a canary good that is worse than the promote
/// margin allows.
const BETA: f64 = 0.05;

/// The state of one analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Judge {
    spec: AnalysisSpec,
    kind: Kind,
    /// Readings before this are warm-up; unknown until the canary has weight.
    counts_from: Option<Timestamp>,
    looks: u64,
    unusable: u64,
    last_informed: Option<Timestamp>,
    last_look: Timestamp,
    last_problem: Option<String>,
    verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Limited(Box<Limited>),
    Threshold { failures: u64, last: Option<f64> },
}

/// The tests of a check with a limit.
#[derive(Debug, Clone, PartialEq)]
struct Limited {
    limit: f64,
    bound: Option<f64>,
    margin: f64,
    over_limit: RateTest,
    within_limit: RateTest,
    worse: RatioTest,
    worse_anywhere: Option<DistributionTest>,
    better: RatioTest,
    dispersion: Dispersion,
    canary: SideTotal,
    stable: Option<SideTotal>,
}

impl Judge {
    /// A judge that has seen nothing.
    pub fn new(spec: &AnalysisSpec) -> Self {
        let kind = match &spec.check {
            Check::Errors { max, margin, promote_margin } => {
                Kind::Limited(Box::new(Limited::new(max.fraction(), None, *margin, *promote_margin)))
            }
            Check::Latency { limit, exceedance, margin, promote_margin } => {
                let bound = Some(limit.duration().as_secs_f64());
                Kind::Limited(Box::new(Limited::new(exceedance.fraction(), bound, *margin, *promote_margin)))
            }
            Check::Threshold { .. } => Kind::Threshold { failures: 0, last: None },
        };
        Self {
            spec: spec.clone(),
            kind,
            counts_from: None,
            looks: 0,
            unusable: 0,
            last_informed: None,
            last_look: Timestamp::default(),
            last_problem: None,
            verdict: Verdict::Undecided,
        }
    }

    /// The analysis' declaration.
    pub fn spec(&self) -> &AnalysisSpec {
        &self.spec
    }

    /// The canary got its first weight at `at`: the warm-up begins, if it has not.
    pub fn start(&mut self, at: Timestamp) {
        self.counts_from.get_or_insert(at + self.spec.warm_up.duration());
    }

    /// Whether the canary has had weight, so that there is something to look at.
    pub fn is_watching(&self) -> bool {
        self.counts_from.is_some()
    }

    /// When the next look is due; `None` before the canary has weight.
    pub fn next_look(&self) -> Option<Timestamp> {
        let from = self.counts_from?;
        Some(if self.last_look < from { from } else { self.last_look + self.spec.interval.duration() })
    }

    /// Folds in what a look at `at` gave.
    pub fn look(&mut self, at: Timestamp, reading: &Reading) {
        if self.counts_from.is_none_or(|from| at < from) {
            return;
        }
        self.last_look = at;
        let informed = match (&mut self.kind, reading) {
            (Kind::Limited(tests), Reading::Counts { canary, stable, bounds }) => {
                tests.look(at, canary, stable.as_ref(), bounds)
            }
            (Kind::Threshold { failures, last }, Reading::Value { value }) if value.is_finite() => {
                *last = Some(*value);
                *failures += u64::from(breaks(&self.spec.check, *value));
                Informed::Yes
            }
            (_, Reading::NoTraffic) => Informed::NoTraffic,
            (_, Reading::Unusable { detail, .. }) => Informed::No(detail.clone()),
            (_, reading) => Informed::No(format!("the source gave {}", shape(reading))),
        };
        self.note(at, informed);
        if !self.verdict.is_bad() {
            self.verdict = self.judge();
        }
    }

    fn note(&mut self, at: Timestamp, informed: Informed) {
        match informed {
            Informed::Yes => {
                self.looks += 1;
                self.unusable = 0;
                self.last_informed = Some(at);
                self.last_problem = None;
            }
            Informed::NoTraffic => {
                self.unusable = 0;
                self.last_problem = Some("no requests have come".to_owned());
            }
            Informed::No(why) => {
                self.unusable += 1;
                self.last_problem = Some(why);
            }
        }
    }

    fn judge(&self) -> Verdict {
        match (&self.kind, &self.spec.check) {
            (Kind::Limited(tests), _) => tests.verdict(self.threshold(), promote_threshold()),
            (Kind::Threshold { failures, .. }, Check::Threshold { failure_limit, .. })
                if *failures > u64::from(*failure_limit) =>
            {
                Verdict::CanaryRegression
            }
            (Kind::Threshold { last, .. }, Check::Threshold { consecutive_error_limit, .. }) => {
                if self.unusable > u64::from(*consecutive_error_limit) {
                    Verdict::NoData
                } else if last.is_some() {
                    Verdict::Good
                } else {
                    Verdict::Undecided
                }
            }
            (Kind::Threshold { .. }, _) => Verdict::Undecided,
        }
    }

    /// Where the analysis stands.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whether usable data with traffic has come since `since`, and the source is usable now. Only then may a step
    /// end as if nothing were wrong.
    pub fn is_informed_since(&self, since: Timestamp) -> bool {
        self.unusable == 0 && self.last_informed.is_some_and(|at| at >= since)
    }

    /// Whether the canary is over the limit so far and the tests have not decided: neither bad nor good, and nothing to
    /// build the next step on.
    pub fn is_suspicious(&self) -> bool {
        let Kind::Limited(tests) = &self.kind else { return false };
        let over = tests.canary.rate().is_some_and(|rate| rate > tests.limit);
        self.verdict == Verdict::Undecided && over
    }

    /// Why there is no data, in words.
    pub fn lack(&self) -> String {
        self.last_problem.clone().unwrap_or_else(|| "no look was made yet".to_owned())
    }

    /// The figures as of the last look.
    pub fn assessment(&self) -> Assessment {
        let mut assessment = Assessment {
            analysis: self.spec.name.clone(),
            verdict: self.verdict,
            at: self.last_look,
            canary: SideTotal::default(),
            stable: None,
            limit: None,
            against_limit: None,
            against_stable: None,
            for_canary: None,
            threshold: self.threshold(),
            promote_threshold: promote_threshold(),
            dispersion: 1.0,
            looks: self.looks,
            unusable: self.unusable,
            reason: String::new(),
        };
        if let Kind::Limited(tests) = &self.kind {
            tests.describe(&mut assessment);
        }
        assessment.reason = self.reason();
        assessment
    }

    fn threshold(&self) -> f64 {
        (2.0 / self.spec.alpha).ln()
    }

    fn reason(&self) -> String {
        match &self.kind {
            Kind::Limited(tests) => {
                text::limited(&self.spec, tests.canary, tests.stable, self.last_problem.as_deref())
            }
            Kind::Threshold { failures, last } => {
                text::threshold(&self.spec, *last, *failures, self.last_problem.as_deref())
            }
        }
    }
}

enum Informed {
    Yes,
    NoTraffic,
    No(String),
}

impl Limited {
    fn new(limit: f64, bound: Option<f64>, margin: f64, promote_margin: f64) -> Self {
        Self {
            limit,
            bound,
            margin,
            over_limit: RateTest::at_most(limit),
            within_limit: RateTest::at_least(limit),
            worse: RatioTest::at_most(margin),
            worse_anywhere: None,
            better: RatioTest::at_least(promote_margin),
            dispersion: Dispersion::default(),
            canary: SideTotal::default(),
            stable: None,
        }
    }

    fn look(
        &mut self,
        at: Timestamp,
        canary: &Increment,
        stable: Option<&Increment>,
        bounds: &[f64],
    ) -> Informed {
        let Some(bad_canary) = self.bad(canary, bounds) else {
            return Informed::No(format!(
                "latencies above {} s are not counted there",
                self.bound.unwrap_or(0.0)
            ));
        };
        self.over_limit.add(bad_canary.bad, bad_canary.total);
        self.within_limit.add(bad_canary.bad, bad_canary.total);
        add_to(&mut self.canary, bad_canary);
        if let Some((stable, bad_stable)) = stable.and_then(|s| Some((s, self.bad(s, bounds)?))) {
            self.worse.add(bad_canary, bad_stable);
            self.better.add(bad_canary, bad_stable);
            self.dispersion.add(at, bad_stable.bad, bad_stable.total);
            add_to(self.stable.get_or_insert_default(), bad_stable);
            if self.bound.is_some() {
                let test = self
                    .worse_anywhere
                    .get_or_insert_with(|| DistributionTest::at_most(self.margin, bounds.len()));
                if test.boundaries() == bounds.len() {
                    test.add((&canary.slower, canary.timed), (&stable.slower, stable.timed));
                }
            }
        }
        if bad_canary.total == 0 { Informed::NoTraffic } else { Informed::Yes }
    }

    /// Bad events of a look: errors, or requests above the bound. `None` where the bound is not counted.
    fn bad(&self, increment: &Increment, bounds: &[f64]) -> Option<Bad> {
        let Some(bound) = self.bound else {
            return Some(Bad { bad: increment.errors, total: increment.requests });
        };
        let at = bounds.iter().position(|b| (b - bound).abs() < 1e-9)?;
        Some(Bad { bad: *increment.slower.get(at)?, total: increment.timed })
    }

    fn verdict(&self, threshold: f64, promote: f64) -> Verdict {
        let dispersion = self.dispersion.factor();
        let over_limit = self.over_limit.ln_e(dispersion) >= threshold;
        let canary_over = self.canary.rate().is_some_and(|rate| rate > self.limit);
        let Some(stable) = self.stable.filter(|s| s.requests > 0) else {
            return match over_limit {
                true => Verdict::CanaryRegression,
                false if self.within_limit.ln_e(1.0) >= promote => Verdict::Good,
                false => Verdict::Undecided,
            };
        };
        let stable_over = stable.rate().is_some_and(|rate| rate > self.limit);
        match self.against_stable(dispersion) >= threshold {
            true if canary_over => Verdict::CanaryRegression,
            // A distribution that moved far below the limit holds nobody up; a ratio at the limit itself does.
            true if self.worse.ln_e(dispersion) >= threshold => Verdict::Warning,
            _ if over_limit && stable_over => Verdict::SharedDegradation,
            _ if over_limit => Verdict::CanaryRegression,
            _ if self.is_good(promote) && !canary_over => Verdict::Good,
            _ => Verdict::Undecided,
        }
    }

    fn is_good(&self, promote: f64) -> bool {
        self.for_canary() >= promote
    }

    /// Evidence that it is as good as the promote margin asks; where the canary has shown nothing bad at all there is
    /// nothing to compare, and keeping the limit is what can be shown.
    fn for_canary(&self) -> f64 {
        let better = self.better.ln_e(1.0);
        if self.canary.bad == 0 { better.max(self.within_limit.ln_e(1.0)) } else { better }
    }

    fn against_stable(&self, dispersion: f64) -> f64 {
        let at_limit = self.worse.ln_e(dispersion);
        // Two views of the same look: their mean, not their maximum, is an e-value.
        match &self.worse_anywhere {
            Some(anywhere) => mean_of_e(at_limit, anywhere.ln_e(dispersion)),
            None => at_limit,
        }
    }

    fn describe(&self, assessment: &mut Assessment) {
        let dispersion = self.dispersion.factor();
        assessment.canary = self.canary;
        assessment.stable = self.stable;
        assessment.limit = Some(self.limit);
        assessment.against_limit = Some(self.over_limit.ln_e(dispersion));
        assessment.dispersion = dispersion;
        if self.stable.is_some() {
            assessment.against_stable = Some(self.against_stable(dispersion));
            // The same that decides, so that nothing is shown good beside a figure that says otherwise.
            assessment.for_canary = Some(self.for_canary());
        } else {
            assessment.for_canary = Some(self.within_limit.ln_e(1.0));
        }
    }
}

fn promote_threshold() -> f64 {
    (1.0 / BETA).ln()
}

fn mean_of_e(a: f64, b: f64) -> f64 {
    let greatest = a.max(b);
    greatest + ((a - greatest).exp() + (b - greatest).exp()).ln() - 2.0_f64.ln()
}

fn add_to(side: &mut SideTotal, look: Bad) {
    side.requests += look.total;
    side.bad += look.bad;
}

fn breaks(check: &Check, value: f64) -> bool {
    let Check::Threshold { min, max, .. } = check else { return false };
    min.is_some_and(|min| value < min) || max.is_some_and(|max| value > max)
}

fn shape(reading: &Reading) -> &'static str {
    match reading {
        Reading::Counts { .. } => "counts where a value was asked for",
        Reading::Value { .. } => "something that is not a number",
        Reading::NoTraffic => "no traffic",
        Reading::Unusable { .. } => "nothing usable",
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::metrics::Unusable;
    use plimsoll_model::rollout::{MetricSource, Policy};
    use plimsoll_model::{Share, Span};

    use super::*;

    fn errors(alpha: f64) -> AnalysisSpec {
        AnalysisSpec {
            name: "errors".to_owned(),
            source: MetricSource::Proxy,
            check: Check::Errors { max: Share::percent(1), margin: 1.5, promote_margin: 3.0 },
            interval: Span::from_secs(1),
            warm_up: Span::from_secs(5),
            alpha,
            on_no_data: Policy::Hold,
            no_data_deadline: Span::from_secs(600),
        }
    }

    fn latency() -> AnalysisSpec {
        let check = Check::Latency {
            limit: Span::from_millis(250),
            exceedance: Share::percent(1),
            margin: 1.5,
            promote_margin: 3.0,
        };
        AnalysisSpec { name: "latency".to_owned(), check, ..errors(0.01) }
    }

    fn counts(canary: (u64, u64), stable: Option<(u64, u64)>) -> Reading {
        let side = |(bad, total)| Increment { requests: total, errors: bad, slower: vec![bad], timed: total };
        Reading::Counts { canary: side(canary), stable: stable.map(side), bounds: vec![0.25] }
    }

    fn second(n: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + n * 1000)
    }

    fn after(spec: &AnalysisSpec, readings: impl IntoIterator<Item = Reading>) -> Judge {
        let mut judge = Judge::new(spec);
        judge.start(second(0));
        for (i, reading) in readings.into_iter().enumerate() {
            judge.look(second(i as u64 + 6), &reading);
        }
        judge
    }

    fn repeat(reading: Reading, times: usize) -> Vec<Reading> {
        vec![reading; times]
    }

    #[test]
    fn ten_percent_errors_on_the_canary_alone_are_a_regression() {
        let judge = after(&errors(0.01), repeat(counts((5, 50), Some((1, 950))), 3));
        assert_eq!(judge.verdict(), Verdict::CanaryRegression);
        let figures = judge.assessment();
        assert_eq!((figures.canary.bad, figures.canary.requests), (15, 150));
        assert!(figures.reason.contains("15 of 150"), "{}", figures.reason);
    }

    #[test]
    fn both_sides_bad_is_shared() {
        let judge = after(&errors(0.01), repeat(counts((5, 100), Some((95, 1900))), 10));
        assert_eq!(judge.verdict(), Verdict::SharedDegradation);
    }

    #[test]
    fn worse_but_within_the_limit_only_warns() {
        let judge = after(&errors(0.01), repeat(counts((4, 500), Some((4, 9500))), 20));
        assert_eq!(judge.verdict(), Verdict::Warning);
    }

    #[test]
    fn without_a_baseline_the_limit_alone_decides() {
        let judge = after(&errors(0.01), repeat(counts((5, 50), None), 5));
        assert_eq!(judge.verdict(), Verdict::CanaryRegression);
    }

    #[test]
    fn slow_answers_are_a_regression() {
        let judge = after(&latency(), repeat(counts((20, 50), Some((1, 950))), 3));
        assert_eq!(judge.verdict(), Verdict::CanaryRegression);
    }

    #[test]
    fn a_healthy_canary_becomes_good() {
        let judge = after(&errors(0.01), repeat(counts((0, 50), Some((0, 950))), 60));
        assert_eq!(judge.verdict(), Verdict::Good);
    }

    #[test]
    fn no_data_is_neither_good_nor_bad() {
        let unreachable =
            Reading::Unusable { reason: Unusable::Unreachable, detail: "connection refused".to_owned() };
        for reading in [Reading::NoTraffic, unreachable] {
            let judge = after(&errors(0.01), repeat(reading, 1000));
            assert_eq!(judge.verdict(), Verdict::Undecided);
            assert!(!judge.is_informed_since(second(0)));
        }
    }

    #[test]
    fn a_few_bad_answers_are_suspicious_and_no_verdict() {
        let judge = after(&errors(0.01), [counts((1, 12), Some((0, 100)))]);
        assert_eq!(judge.verdict(), Verdict::Undecided);
        assert!(judge.is_suspicious());
        assert!(!after(&errors(0.01), [counts((0, 12), Some((0, 100)))]).is_suspicious());
    }

    #[test]
    fn warm_up_does_not_count() {
        let mut judge = Judge::new(&errors(0.01));
        judge.start(second(0));
        judge.look(second(4), &counts((50, 50), Some((0, 950))));
        assert_eq!(judge.verdict(), Verdict::Undecided);
        assert_eq!(judge.assessment().canary, SideTotal::default());
        assert_eq!(judge.next_look(), Some(second(5)));
    }

    #[test]
    fn a_bad_verdict_stays() {
        let bad = repeat(counts((50, 50), Some((0, 950))), 2);
        let good = repeat(counts((0, 500), Some((0, 950))), 500);
        let judge = after(&errors(0.01), bad.into_iter().chain(good));
        assert_eq!(judge.verdict(), Verdict::CanaryRegression);
    }

    fn threshold() -> AnalysisSpec {
        let check = Check::Threshold {
            query: "q".to_owned(),
            min: None,
            max: Some(10.0),
            failure_limit: 1,
            consecutive_error_limit: 4,
        };
        AnalysisSpec { check, ..errors(0.01) }
    }

    #[test]
    fn thresholds_count_failures_as_argo_does() {
        let value = |value| Reading::Value { value };
        assert_eq!(after(&threshold(), [value(9.0), value(11.0)]).verdict(), Verdict::Good);
        assert_eq!(
            after(&threshold(), [value(11.0), value(9.0), value(11.0)]).verdict(),
            Verdict::CanaryRegression
        );
        let broken = Reading::Unusable { reason: Unusable::NotANumber, detail: "NaN".to_owned() };
        assert_eq!(after(&threshold(), repeat(broken.clone(), 4)).verdict(), Verdict::Undecided);
        assert_eq!(after(&threshold(), repeat(broken, 5)).verdict(), Verdict::NoData);
    }
}
