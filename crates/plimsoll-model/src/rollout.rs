//! What the user declares about a rollout: steps, analyses, policies and deadlines.

use serde::{Deserialize, Serialize};

use crate::{Quantity, Share, Span};

/// How a release comes into an environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RolloutSpec {
    /// The steps, in order. None: the new release takes all traffic as soon as it is proved.
    pub steps: Vec<Step>,
    /// What is watched from the first weight on.
    pub analyses: Vec<AnalysisSpec>,
    /// Time without any progress after which the rollout goes back (Nomad's `progress_deadline`: every healthy
    /// instance and every step resets it; waiting in a pause or for a person does not count).
    pub progress_deadline: Span,
    /// Time without word from the coordinator after which the host goes back by itself.
    pub dead_man_switch: Span,
    /// Time that a person has to answer a hold, an open pause or an approval; then the rollout goes back.
    pub person_deadline: Span,
    /// What follows when an analysis ends with neither verdict.
    pub on_inconclusive: Policy,
    /// What follows when canary and stable are both bad.
    pub on_shared_degradation: Policy,
    /// Hosts that are changed at the same time (Nomad's `max_parallel`); never fewer than one.
    #[serde(default = "default_max_parallel")]
    pub max_parallel: Quantity,
    /// Hosts that may be out of reach: as many are set aside, and the rollout goes on without them.
    #[serde(default = "default_max_unavailable")]
    pub max_unavailable: Quantity,
}

const fn default_max_parallel() -> Quantity {
    Quantity::Share(Share::percent(25))
}

const fn default_max_unavailable() -> Quantity {
    Quantity::NONE
}

impl Default for RolloutSpec {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            analyses: Vec::new(),
            progress_deadline: Span::from_secs(600),
            dead_man_switch: Span::from_secs(60),
            person_deadline: Span::from_secs(24 * 3600),
            on_inconclusive: Policy::Hold,
            on_shared_degradation: Policy::RollBack,
            max_parallel: default_max_parallel(),
            max_unavailable: default_max_unavailable(),
        }
    }
}

/// One step of a rollout, in Argo Rollouts' words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Step {
    /// Give the new release this share of the traffic.
    SetWeight {
        /// The share.
        weight: Share,
        /// The hosts that take part, each with the share of its own traffic. Absent: as few hosts as the share needs,
        /// and on them what makes it the share of all traffic.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hosts: Option<Quantity>,
    },
    /// Stay here for `duration`, or until a person resumes.
    Pause {
        /// How long; absent waits for a person.
        duration: Option<Span>,
    },
    /// Stay here until the named analyses show that the release is good, at most for `duration`.
    Analysis {
        /// Names of the analyses; empty means all.
        names: Vec<String>,
        /// The longest wait; then `on-inconclusive` decides.
        duration: Span,
    },
    /// Wait until a person approves.
    Approve {
        /// Who is asked; free text that is shown.
        by: Option<String>,
    },
}

/// What to do where the evidence does not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Stay as it is and ask a person; after `person-deadline` go back.
    Hold,
    /// Go on.
    Promote,
    /// Go back.
    RollBack,
}

/// One thing that is watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AnalysisSpec {
    /// Its name, unique in the rollout.
    pub name: String,
    /// Where its numbers come from.
    pub source: MetricSource,
    /// How they are judged.
    pub check: Check,
    /// Time between two looks.
    pub interval: Span,
    /// Time after the first weight whose data is left out (cold caches, first connections).
    pub warm_up: Span,
    /// Probability of rolling back a healthy release by this analysis, over the whole rollout.
    pub alpha: f64,
    /// What follows when no traffic, or no data, has come by the time that a step could end.
    pub on_no_data: Policy,
    /// How long past that time data is waited for, before `on-no-data` is applied.
    pub no_data_deadline: Span,
}

/// Where numbers come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum MetricSource {
    /// plimsoll's own proxy.
    Proxy,
    /// The instances' own metrics page, in Prometheus' text format.
    Scrape {
        /// Path of the page, `/metrics`.
        path: String,
        /// What to count there.
        series: SeriesSelectors,
    },
    /// A Prometheus server.
    Prometheus {
        /// Its address, `http://127.0.0.1:9090`.
        url: String,
        /// Samples older than this are stale and are not judged.
        max_age: Span,
        /// What to ask for; absent where the check has a query of its own.
        series: Option<SeriesSelectors>,
    },
}

/// Which counters are read from a metrics page or server. Each is a metric name with optional label matchers;
/// `{{release}}` stands for the release's identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SeriesSelectors {
    /// A counter of all requests.
    pub requests: String,
    /// A counter of the bad ones; where this series is absent and requests are not, there were none.
    pub errors: String,
    /// A histogram of seconds (its name without `_bucket`); needed by latency checks.
    pub latency: Option<String>,
}

/// How an analysis judges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Check {
    /// The share of requests answered with 5xx.
    Errors {
        /// The limit: no more than this share (the service level objective).
        max: Share,
        /// Ratio to the stable release up to which a canary is as good (default 1.5).
        margin: f64,
        /// Ratio that must be ruled out for an early promotion (default 3).
        promote_margin: f64,
    },
    /// The share of requests slower than a limit. "P99 within `limit`" is "at most 1 % slower than `limit`".
    Latency {
        /// The limit.
        limit: Span,
        /// Allowed share of slower requests: 1 % for a P99, 5 % for a P95.
        exceedance: Share,
        /// Ratio to the stable release up to which a canary is as good.
        margin: f64,
        /// Ratio that must be ruled out for an early promotion.
        promote_margin: f64,
    },
    /// The value of a query against fixed bounds, look by look, as Argo Rollouts counts them.
    Threshold {
        /// The query, with `{{release}}` for the release's identifier.
        query: String,
        /// Least value allowed.
        min: Option<f64>,
        /// Greatest value allowed.
        max: Option<f64>,
        /// Bad looks allowed; one more fails.
        failure_limit: u32,
        /// Unusable looks in a row allowed; one more makes the analysis inconclusive.
        consecutive_error_limit: u32,
    },
}
