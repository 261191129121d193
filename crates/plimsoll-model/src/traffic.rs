//! What the proxy is told and what it counts.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::metrics::Histogram;
use crate::{InstanceId, ReleaseId, Share, Span};

/// How requests are spread, complete: a table replaces the one before as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RouteTable {
    /// Grows with every change; a proxy refuses a table that is not newer than its own.
    pub version: u64,
    /// The sides. Weights add up to 100 %, or there are no arms at all (every request is answered with 503).
    pub arms: Vec<Arm>,
    /// Which requests stay with the side they met first.
    pub stickiness: Stickiness,
    /// Upper bounds of the latency histogram in seconds, ascending. A declared limit is one of them, so that
    /// "slower than the limit" is counted and not interpolated.
    pub latency_bounds: Vec<f64>,
    /// What clients are answered instead of being passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<Maintenance>,
}

/// The page that clients get while people work on the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Maintenance {
    /// The page: HTML where it begins with `<`, else text.
    pub page: String,
    /// When clients shall try again.
    pub retry_after: Span,
    /// Paths that are passed on all the same, as the health path for a load balancer in front. One that ends with `/`
    /// stands for all below it.
    pub except: Vec<String>,
}

/// Largest page in bytes.
pub const LARGEST_PAGE: usize = 64 * 1024;

impl Maintenance {
    /// What says on one line what it is about: the first line with text in it.
    pub fn first_line(&self) -> &str {
        self.page.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
    }

    /// Whether requests for a path are passed on.
    pub fn lets_through(&self, path: &str) -> bool {
        self.except
            .iter()
            .any(|open| path == open || (open.ends_with('/') && path.starts_with(open.as_str())))
    }
}

/// One side: a release, its share of the requests and the instances that take them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Arm {
    /// The release.
    pub release: ReleaseId,
    /// Its share of the requests.
    pub weight: Share,
    /// The instances that take them.
    pub backends: Vec<Backend>,
}

/// An instance as the proxy sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Backend {
    /// The instance.
    pub instance: InstanceId,
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether it may be given new requests. One that is not ready keeps those that it has.
    pub ready: bool,
}

/// Which requests stay with the release they met first. The weight then is the share of clients, not requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Stickiness {
    /// Every request is decided by itself, at random.
    #[default]
    None,
    /// By a cookie that the proxy sets. The client keeps its side while the side has weight; a growing weight
    /// moves clients only towards the canary, a shrinking one only away from it.
    Cookie {
        /// The cookie's name.
        name: String,
    },
    /// By the value of a request header (a user's or tenant's identifier).
    Header {
        /// The header's name.
        name: String,
    },
}

/// What the proxy reports: its table and its counters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrafficReport {
    /// Drawn at random when the proxy starts: counters of another epoch are not comparable.
    pub epoch: u64,
    /// The table in force.
    pub table: RouteTable,
    /// Counters for each release that has ever been an arm in this epoch.
    pub arms: Vec<ArmTraffic>,
    /// Requests and connections now open, for each instance.
    pub in_flight: Vec<InFlight>,
    /// Requests answered with 503 because no arm could take them.
    pub unrouted: u64,
}

/// Counters of one release since the proxy's start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ArmTraffic {
    /// The release.
    pub release: ReleaseId,
    /// Requests that the split gave to this arm, whether or not an instance of it answered in the end.
    pub assigned: u64,
    /// Answers that came from an instance, by class: 1xx (upgrades), 2xx, 3xx, 4xx, 5xx.
    pub by_class: [u64; 5],
    /// Attempts that failed before an answer (refused, reset, timed out), whether retried elsewhere or not.
    pub failed_attempts: u64,
    /// Answers that the proxy had to make itself (502, 504) after its attempts on this arm failed.
    pub proxy_errors: u64,
    /// Seconds from the request's last header to the answer's first byte, of answers from an instance.
    pub latency: Histogram,
}

impl ArmTraffic {
    /// Attempts that ended: answers and failures.
    pub fn attempts(&self) -> u64 {
        self.by_class.iter().sum::<u64>() + self.failed_attempts
    }

    /// Bad ends: answers with 5xx and failed attempts.
    pub fn errors(&self) -> u64 {
        self.by_class[4] + self.failed_attempts
    }
}

/// What an instance is busy with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct InFlight {
    /// The instance.
    pub instance: InstanceId,
    /// Requests that it has not answered completely, upgraded connections among them.
    pub requests: u64,
}
