//! The sentences that decisions give as their reasons. Numbers always come with their base.

use plimsoll_model::rollout::{AnalysisSpec, Check};
use plimsoll_model::verdict::SideTotal;

/// What a check with a limit has seen.
pub(crate) fn limited(
    spec: &AnalysisSpec,
    canary: SideTotal,
    stable: Option<SideTotal>,
    problem: Option<&str>,
) -> String {
    let (bad, limit) = match &spec.check {
        Check::Errors { max, .. } => ("answered with 5xx or not at all".to_owned(), format!("limit {max}")),
        Check::Latency { limit, exceedance, .. } => {
            (format!("slower than {limit}"), format!("limit {exceedance}"))
        }
        Check::Threshold { query, .. } => (query.clone(), String::new()),
    };
    if canary.requests == 0 {
        return problem.map_or_else(|| "no requests yet".to_owned(), ToOwned::to_owned);
    }
    let stable = stable.map_or_else(String::new, |s| format!("; {} of the stable release", share(s)));
    let problem = problem.map_or_else(String::new, |p| format!("; last look: {p}"));
    format!("{} {bad} ({limit}){stable}{problem}", share(canary))
}

/// What a threshold has seen.
pub(crate) fn threshold(
    spec: &AnalysisSpec,
    last: Option<f64>,
    failures: u64,
    problem: Option<&str>,
) -> String {
    let Check::Threshold { query, min, max, failure_limit, .. } = &spec.check else { return String::new() };
    let bounds = match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "anything".to_owned(),
    };
    let last = last.map_or_else(|| "no value".to_owned(), |v| v.to_string());
    let problem = problem.map_or_else(String::new, |p| format!("; last look: {p}"));
    format!("`{query}` is {last} (wanted: {bounds}); {failures} bad looks, {failure_limit} allowed{problem}")
}

fn share(side: SideTotal) -> String {
    let rate = side.rate().unwrap_or(0.0) * 100.0;
    format!("{} of {} requests ({rate:.2} %)", side.bad, side.requests)
}
