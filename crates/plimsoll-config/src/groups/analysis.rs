//! `[[environments.<environment>.rollout.analysis]]`: what is watched, and how it is judged.
//!
//! One table may hold several checks; each becomes an analysis of its own in the model.

use plimsoll_model::rollout::{AnalysisSpec, Check, Policy};
use plimsoll_model::{Share, Span};

use crate::document::Node;
use crate::groups::source::Source;
use crate::settings::{Setting, settings};
use crate::shape::Shape;
use crate::sink::Sink;
use crate::slot::{At, Slot};
use crate::values::number::{Alpha, Ratio, Real, Whole};
use crate::values::text::Filled;
use crate::values::time::{AnyTime, SomeTime, Time};
use crate::values::words::words;

settings! {
    /// Something that is watched while a release comes in. At least one of `max-error-rate`, `p50`, `p90`, `p95`,
    /// `p99` and `query` says what must hold. Several make several analyses, named `<name>-errors`,
    /// `<name>-latency` and `<name>-query`.
    AnalysisLayer;
    /// Its name, unique in the rollout.
    "name" => name: AnalysisName, required;
    /// Where its numbers come from: `"proxy"`, `{ scrape = "/metrics", ... }` or `{ prometheus = "http://...", ... }`.
    "source" => source: Source = "\"proxy\"";
    /// No more than this share of the requests may fail (5xx, or no answer).
    "max-error-rate" => max_error_rate: Share;
    /// Half of the requests must be answered within this time.
    "p50" => p50: SomeTime;
    /// 90 % of the requests must be answered within this time.
    "p90" => p90: SomeTime;
    /// 95 % of the requests must be answered within this time.
    "p95" => p95: SomeTime;
    /// 99 % of the requests must be answered within this time.
    "p99" => p99: SomeTime;
    /// prometheus: a query whose value must keep to `min` and `max`; `{{release}}` stands for the release's
    /// identifier.
    "query" => query: Filled;
    /// query: least value allowed.
    "min" => min: Real;
    /// query: greatest value allowed.
    "max" => max: Real;
    /// query: bad looks allowed; one more fails.
    "failure-limit" => failure_limit: Whole<0, 1000> = "0";
    /// query: unusable looks in a row allowed; one more makes the analysis inconclusive.
    "consecutive-error-limit" => consecutive_error_limit: Whole<0, 1000> = "4";
    /// Time between two looks.
    "interval" => interval: Time<100> = "\"1s\"";
    /// Time after the first weight whose data is left out (cold caches, first connections).
    "warm-up" => warm_up: AnyTime = "\"5s\"";
    /// Probability of rolling back a healthy release, over the whole rollout; default is 0.01 divided by the number
    /// of error and latency checks of the rollout.
    "alpha" => alpha: Alpha;
    /// Ratio to the stable release up to which a canary counts as good as it.
    "margin" => margin: Ratio = "1.5";
    /// Ratio that must be ruled out for an early promotion.
    "promote-margin" => promote_margin: Ratio = "3";
    /// What follows when no traffic, or no data, has come by the time that a step could end.
    "on-no-data" => on_no_data: Policy = "\"hold\"";
    /// How long past that time data is waited for, before `on-no-data` is applied.
    "no-data-deadline" => no_data_deadline: SomeTime = "\"10m\"";
}

words!(
    Policy,
    [
        ("hold", Policy::Hold, "stay and ask a person; after `person-deadline` go back"),
        ("promote", Policy::Promote, "go on"),
        ("roll-back", Policy::RollBack, "go back"),
    ]
);

/// The probability that all tests of a rollout share.
pub(crate) const TOTAL_ALPHA: f64 = 0.01;
/// The analysis of a canary that declares none.
pub(crate) const DEFAULT_NAME: &str = "errors";
const DEFAULT_MAX_ERRORS: Share = Share::percent(1);

impl AnalysisLayer {
    /// The analysis of a canary that declares none: at most 1 % errors, as the proxy counts them.
    pub(crate) fn default_errors() -> Self {
        let given = |value| Slot::Given(At { value, span: 0..0, key: 0..0 });
        Self {
            max_error_rate: given(DEFAULT_MAX_ERRORS),
            name: Slot::Given(At { value: AnalysisName(DEFAULT_NAME.to_owned()), span: 0..0, key: 0..0 }),
            ..Self::default()
        }
    }

    /// The checks that the table declares, each with its suffix.
    fn checks(&self) -> Vec<(String, Check)> {
        let (margin, promote_margin) = (self.margin().0, self.promote_margin().0);
        let mut checks = Vec::new();
        if let Some(max) = self.max_error_rate.value() {
            checks.push(("errors".to_owned(), Check::Errors { max: *max, margin, promote_margin }));
        }
        let limits: Vec<(&str, u32, Span)> = self
            .latencies()
            .filter_map(|(name, percent, slot)| Some((name, percent, slot.value()?.0)))
            .collect();
        for (name, percent, limit) in &limits {
            let suffix = if limits.len() == 1 { "latency".to_owned() } else { format!("latency-{name}") };
            let exceedance = Share::percent(*percent);
            checks.push((suffix, Check::Latency { limit: *limit, exceedance, margin, promote_margin }));
        }
        if let Some(query) = self.query.value() {
            let check = Check::Threshold {
                query: query.0.clone(),
                min: self.min.value().map(|min| min.0),
                max: self.max.value().map(|max| max.0),
                failure_limit: self.failure_limit().0,
                consecutive_error_limit: self.consecutive_error_limit().0,
            };
            checks.push(("query".to_owned(), check));
        }
        checks
    }

    /// Latency limits with the percents that may be slower.
    fn latencies(&self) -> impl Iterator<Item = (&'static str, u32, &Slot<SomeTime>)> {
        [("p50", 50, &self.p50), ("p90", 10, &self.p90), ("p95", 5, &self.p95), ("p99", 1, &self.p99)]
            .into_iter()
    }

    /// Number of statistical tests that share the probability of a false alarm. A query against bounds has none.
    pub(crate) fn tests(&self) -> usize {
        self.checks().iter().filter(|(_, check)| !matches!(check, Check::Threshold { .. })).count()
    }

    /// The analyses as the model has them; `shared` is each test's part of the rollout's [`TOTAL_ALPHA`].
    pub(crate) fn resolve(&self, shared: f64) -> Vec<AnalysisSpec> {
        let Some(name) = self.name.value() else { return Vec::new() };
        let checks = self.checks();
        let several = checks.len() > 1;
        let own = self.alpha.value().map(|alpha| alpha.0 / self.tests().max(1) as f64);
        let spec = |(suffix, check): (String, Check)| {
            let needs_series = !matches!(check, Check::Threshold { .. });
            Some(AnalysisSpec {
                name: if several { format!("{}-{suffix}", name.0) } else { name.0.clone() },
                source: self.source().resolve(needs_series)?,
                check,
                interval: self.interval().0,
                warm_up: self.warm_up().0,
                alpha: own.unwrap_or(shared),
                on_no_data: self.on_no_data(),
                no_data_deadline: self.no_data_deadline().0,
            })
        };
        checks.into_iter().filter_map(spec).collect()
    }

    /// Reports what does not fit together.
    pub(crate) fn check(&self, at: &At<Self>, sink: &mut Sink<'_>) {
        let latencies = self.latencies().any(|(_, _, slot)| !slot.is_absent());
        let errors = !self.max_error_rate.is_absent();
        if !latencies && !errors && self.query.is_absent() {
            sink.error(at.span.clone(), "the analysis checks nothing")
                .help("add `max-error-rate = \"1%\"`, `p99 = \"250ms\"` or, with prometheus, a `query`");
        }
        if let Some(rate) = self.max_error_rate.given() {
            if rate.value == Share::NONE {
                sink.error(rate.span.clone(), "`max-error-rate` must be more than 0%")
                    .help("at 0% the first bad answer of a healthy release would roll it back; the least is \"0.01%\"");
            } else if rate.value == Share::ALL {
                sink.warn(rate.span.clone(), "a limit of 100% is never passed");
            }
        }
        self.check_margins(sink);
        self.check_query(sink);
        if !self.source.is_absent() {
            self.check_source(latencies, errors, sink);
        }
    }

    fn check_margins(&self, sink: &mut Sink<'_>) {
        let (margin, promote) = (self.margin().0, self.promote_margin().0);
        if let Some(at) = self.promote_margin.given().or(self.margin.given()).filter(|_| promote < margin) {
            sink.error(at.span.clone(), "`promote-margin` must not be less than `margin`")
                .label(format!("{promote} is less than {margin}"))
                .help("a release that may be promoted early must not be one that is rolled back");
        }
    }

    fn check_query(&self, sink: &mut Sink<'_>) {
        let Some(query) = self.query.given() else {
            let spans = [
                ("min", self.min.given().map(|at| at.key.clone())),
                ("max", self.max.given().map(|at| at.key.clone())),
                ("failure-limit", self.failure_limit.given().map(|at| at.key.clone())),
                ("consecutive-error-limit", self.consecutive_error_limit.given().map(|at| at.key.clone())),
            ];
            let spans = spans.into_iter().filter_map(|(name, span)| Some((name, span?)));
            for (name, span) in spans.filter(|_| self.query.is_absent()) {
                sink.error(span, format!("`{name}` has no meaning without `query`"));
            }
            return;
        };
        if self.min.is_absent() && self.max.is_absent() {
            sink.error(query.key.clone(), "the query has no bounds")
                .help("add `max = 0.5`, `min = 100` or both");
        }
        if let (Some(min), Some(max)) = (self.min.value(), self.max.given())
            && min.0 > max.value.0
        {
            sink.error(max.span.clone(), "`max` must not be less than `min`");
        }
        if self.source.given().map_or(self.source.is_absent(), |at| !at.value.is_prometheus()) {
            let span = self.source.given().map_or(query.key.clone(), |source| source.span.clone());
            sink.error(span, "a query needs a Prometheus server as its source")
                .help("write source = { prometheus = \"http://127.0.0.1:9090\" }");
        }
        if let Some(alpha) = self.alpha.given().filter(|_| self.tests() == 0) {
            sink.warn(
                alpha.key.clone(),
                "`alpha` has no effect on a query, which is held against fixed bounds",
            );
        }
    }

    /// Counters that the checks need and the source does not name.
    fn check_source(&self, latencies: bool, errors: bool, sink: &mut Sink<'_>) {
        let Some(source) = self.source.given() else { return };
        let wanted =
            [("requests", errors || latencies), ("errors", errors || latencies), ("latency", latencies)];
        for (selector, _) in wanted.iter().filter(|(name, wanted)| *wanted && !source.value.has(name)) {
            let check = if *selector == "latency" || !errors { "a latency check" } else { "an error rate" };
            let example = match *selector {
                "requests" => "requests = \"http_requests_total\"",
                "errors" => "errors = \"http_requests_total{code=~\\\"5..\\\"}\"",
                _ => "latency = \"http_request_duration_seconds\"",
            };
            sink.error(source.span.clone(), format!("{check} needs `{selector}` of the source"))
                .help(format!("as {example}"));
        }
    }
}

/// The name of an analysis: it is part of messages and of the names of its checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnalysisName(pub(crate) String);

impl Setting for AnalysisName {
    fn shape() -> Shape {
        Shape::Text { what: "name", pattern: Some("^[a-z][a-z0-9-]{0,31}$") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let text = node.text().unwrap_or_default();
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if text.starts_with(|c: char| c.is_ascii_lowercase()) && plain && text.len() <= 32 {
            return Some(Self(text.to_owned()));
        }
        node.wrong("a name: 1 to 32 of a-z, 0-9 and `-`, beginning with a letter", sink);
        None
    }
}
