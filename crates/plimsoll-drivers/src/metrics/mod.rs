//! Where an analysis' numbers come from.
//!
//! A [`MetricsReader`] answers two questions about one release: what its counters are ([`MetricsReader::snapshot`];
//! the pure code differences them between looks), and what a query's value is ([`MetricsReader::value`], for fixed
//! thresholds). Which source is behind it is the configuration's choice: a Prometheus server ([`Prometheus`]), the
//! instances' own pages ([`Scrape`]), or a script ([`ScriptedMetrics`]).
//!
//! No reader decides. What cannot be read is [`Unread`], with a reason that tells a dead source from an old sample
//! from a series that does not exist, since each is neither good nor bad, and each is repaired in another place.
//!
//! [`selector`] reads what the user wrote; [`page`] the text format; [`assemble`] makes a snapshot from series,
//! whichever source they come from.

mod assemble;
mod filter;
pub mod memory;
mod page;
mod pages;
pub mod prometheus;
pub mod scrape;
pub mod selector;
mod text;

use std::net::SocketAddr;

use plimsoll_model::metrics::{Reading, Snapshot, Unusable};
use plimsoll_model::rollout::SeriesSelectors;
use plimsoll_model::{HostName, InstanceId, ReleaseId, Timestamp};

pub use filter::Filter;
pub use memory::ScriptedMetrics;
pub use pages::{DirectPages, Pages};
pub use prometheus::{Prometheus, PrometheusOptions};
pub use scrape::Scrape;
pub use selector::{Selector, SelectorError};

/// One side of a rollout, as far as its metrics go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The release; replaces `{{release}}` in selectors and queries.
    pub release: ReleaseId,
    /// Its running instances. Only a source that asks each of them uses the list.
    pub instances: Vec<Target>,
}

/// An instance with a metrics page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// A name that no other instance of the rollout has, on whichever host; it names the instance's series.
    pub name: String,
    /// Where the page is, seen from the instance's own host.
    pub address: SocketAddr,
    /// Its host and itself, for whoever reads the page through the host's agent.
    pub place: Option<(HostName, InstanceId)>,
}

/// What a source answered, and what it said along with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// Remarks for a person: a source's warnings, instances that did not answer, series that are not there.
    pub notes: Vec<String>,
}

/// Why a source gave nothing to judge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Unread {
    /// Which kind of trouble.
    pub reason: Unusable,
    /// The source's own words where it has some, with nothing secret in them, and what to do.
    pub detail: String,
}

impl Unread {
    /// Trouble of this kind.
    pub fn new(reason: Unusable, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

impl From<Unread> for Reading {
    fn from(unread: Unread) -> Self {
        Self::Unusable { reason: unread.reason, detail: unread.detail }
    }
}

/// Turns the answer to a query into a reading; the notes are left behind.
pub fn reading(answer: Result<Answer<f64>, Unread>) -> Reading {
    match answer {
        Ok(answer) => Reading::Value { value: answer.value },
        Err(unread) => unread.into(),
    }
}

/// A source of metrics.
///
/// An implementer bounds each call in time and memory, changes nothing at the source, and keeps these rules:
///
/// - `requests` absent: [`Unusable::Empty`]. `errors` absent where `requests` are there: no errors. `latency` absent:
///   empty histograms, and a note.
/// - Series are named so that the same counter has the same name at every look, and two counters never share one.
/// - Counters are as the source has them, not extrapolated and not differenced.
/// - [`Snapshot::at`] is the time of the newest sample, on the source's clock.
/// - A value is a finite number.
pub trait MetricsReader: Send {
    /// The counters of one side.
    fn snapshot(
        &mut self,
        side: &Side,
        series: &SeriesSelectors,
        now: Timestamp,
    ) -> Result<Answer<Snapshot>, Unread>;

    /// The value of a query; it must come to exactly one number.
    fn value(&mut self, side: &Side, query: &str, now: Timestamp) -> Result<Answer<f64>, Unread>;
}

/// Replaces `{{release}}`. A release's identifier is hexadecimal, so there is nothing to quote.
fn for_release(text: &str, release: &ReleaseId) -> String {
    text.replace("{{release}}", release.as_str())
}

/// A number that can be judged, and stored: JSON has neither NaN nor infinities.
fn finite(value: f64, query: &str) -> Result<f64, Unread> {
    if value.is_finite() {
        return Ok(value);
    }
    let what = if value.is_nan() { "NaN (0/0: often, no traffic)" } else { "infinite (x/0)" };
    Err(Unread::new(Unusable::NotANumber, format!("the value of `{query}` is {what}")))
}
