//! A Prometheus server, or anything that speaks its HTTP API (Thanos, Mimir, VictoriaMetrics).
//!
//! Counters are asked for with a range selector, `<selector>[<window>]`: that gives each series' samples as they were
//! taken, with their times. An instant query would not do. Its answers bear the time of the question, and a target
//! that died without Prometheus' noticing shows its last value for five minutes; `rate()` extrapolates, which makes
//! events that never happened. Of each series the newest sample counts.
//!
//! Requests are asked for first, at the server's own time; errors and latencies then as of the newest sample that
//! came with them, so that a scrape between two questions cannot give errors without their requests.
//!
//! [`answer`] reads the server's JSON.

mod answer;

use std::time::Duration;

use plimsoll_model::metrics::{Snapshot, Unusable};
use plimsoll_model::rollout::SeriesSelectors;
use plimsoll_model::{Secret, Span, Timestamp};

use super::assemble::{self, Found, Series, Wanted};
use super::selector::{Comparison, Matcher, Selector};
use super::{Answer, MetricsReader, Side, Unread, finite, for_release};
use crate::http::{Client, HttpError, Limits};
use answer::{Matrix, Value};

const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), body: 16 << 20, redirects: 0 };
/// How long the server may work on a question; less than our own patience, so that its own words are heard.
const EVALUATION: &str = "4s";
/// The least window. Series of instances that are scraped rarely stay in it while others are fresh.
const LEAST_WINDOW: Duration = Duration::from_secs(60);
/// How far back a series is looked for before it is said not to exist.
const MEMORY: &str = "1h";

/// Which server, and how it is asked.
#[derive(Debug, Clone)]
pub struct PrometheusOptions {
    /// Its address, `http://127.0.0.1:9090`; with a path where it does not live at the root.
    pub url: String,
    /// Samples older than this are stale.
    pub max_age: Span,
    /// Sent as a bearer token.
    pub token: Option<Secret>,
}

/// The reader. Nothing is asked before the first look.
#[derive(Debug)]
pub struct Prometheus {
    client: Client,
    endpoint: String,
    options: PrometheusOptions,
}

impl Prometheus {
    /// A reader of this server. Whether the address is one turns out at the first look.
    pub fn new(options: PrometheusOptions) -> Self {
        let endpoint = format!("{}/api/v1/query", options.url.trim_end_matches('/'));
        Self { client: Client::new(&endpoint, LIMITS), endpoint, options }
    }

    /// Asks one question and reads its answer.
    fn ask(&self, query: &str, at: Option<Timestamp>) -> Result<Answer<Value>, Unread> {
        let time = at.map(|at| format!("{}.{:03}", at.as_millis() / 1000, at.as_millis() % 1000));
        let mut form = vec![("query", query), ("timeout", EVALUATION)];
        form.extend(time.as_deref().map(|time| ("time", time)));
        let page = self.client.post_form(&self.endpoint, &form, self.options.token.as_ref());
        let answer = page.map_err(Unread::from).and_then(|page| answer::read(&self.endpoint, &page));
        answer.map_err(|unread| self.without_token(unread))
    }

    /// A server may repeat what it was sent.
    fn without_token(&self, mut unread: Unread) -> Unread {
        if let Some(token) = self.options.token.as_ref().filter(|token| !token.expose().is_empty()) {
            unread.detail = unread.detail.replace(token.expose(), "***");
        }
        unread
    }

    /// The newest samples of all series that a selector means.
    fn series(
        &self,
        selector: &str,
        at: Option<Timestamp>,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Matrix>, Unread> {
        let window = self.options.max_age.duration().max(LEAST_WINDOW).as_millis();
        let answer = self.ask(&format!("{selector}[{window}ms]"), at)?;
        notes.extend(answer.notes);
        match answer.value {
            Value::Matrix(series) => Ok(series.into_iter().filter(|s| s.newest().is_some()).collect()),
            _ => Err(Unread::new(Unusable::Invalid, "the server answered a range selector with no range")),
        }
    }

    /// Nothing came within the window: is there no such series, or has it ended?
    fn absent(&self, requests: &Selector) -> Unread {
        let max_age = self.options.max_age;
        let query = format!("count(last_over_time({requests}[{MEMORY}]))");
        match self.ask(&query, None).map(|answer| answer.value) {
            Ok(Value::Vector(found)) if !found.is_empty() => Unread::new(
                Unusable::Stale,
                format!(
                    "`{requests}` has no sample of the last {max_age}, but older ones: is it still scraped?"
                ),
            ),
            Ok(_) => Unread::new(
                Unusable::Empty,
                format!(
                    "Prometheus has no series `{requests}`: check its name and labels, and that the release is scraped"
                ),
            ),
            Err(unread) => unread,
        }
    }

    fn check_age(&self, requests: &Selector, newest: Timestamp, now: Timestamp) -> Result<(), Unread> {
        let age = Span::from(now.since(newest));
        let max_age = self.options.max_age;
        if age <= max_age {
            return Ok(());
        }
        let detail = format!(
            "the newest sample of `{requests}` is {age} old, more than {max_age}: is it still scraped?"
        );
        Err(Unread::new(Unusable::Stale, detail))
    }
}

impl MetricsReader for Prometheus {
    fn snapshot(
        &mut self,
        side: &Side,
        series: &SeriesSelectors,
        now: Timestamp,
    ) -> Result<Answer<Snapshot>, Unread> {
        let wanted = Wanted::new(series, side)?;
        let mut notes = Vec::new();
        let requests = self.series(&wanted.requests.to_string(), None, &mut notes)?;
        let Some(newest) = requests.iter().filter_map(|s| s.newest().map(|(at, _)| at)).max() else {
            return Err(self.absent(&wanted.requests));
        };
        self.check_age(&wanted.requests, newest, now)?;
        if newest > now + self.options.max_age.duration() {
            notes.push(format!("Prometheus' samples are of {newest}, ahead of this clock ({now})"));
        }
        let errors = self.series(&wanted.errors.to_string(), Some(newest), &mut notes)?;
        let mut found = Found { requests: plain(requests), errors: plain(errors), ..Found::default() };
        if let Some(latency) = &wanted.latency {
            let all = self.series(&histogram_selector(latency), Some(newest), &mut notes)?;
            let sum = latency.with_suffix("_sum").name;
            let (sums, buckets) = all.into_iter().partition(|s| s.name() == Some(&sum));
            (found.buckets, found.sums) = (plain(buckets), plain(sums));
        }
        let mut answer = assemble::snapshot(&wanted, found)?;
        answer.notes.splice(0..0, notes);
        Ok(answer)
    }

    fn value(&mut self, side: &Side, query: &str, _now: Timestamp) -> Result<Answer<f64>, Unread> {
        let query = for_release(query, &side.release);
        let answer = self.ask(&query, None)?;
        let value = single(answer.value, &query)?;
        Ok(Answer { value: finite(value, &query)?, notes: answer.notes })
    }
}

/// Buckets and sums of a histogram in one question.
fn histogram_selector(histogram: &Selector) -> String {
    let name = format!("(?:{})_(?:bucket|sum)", regex_lite::escape(&histogram.name));
    let name = Matcher { label: "__name__".to_owned(), comparison: Comparison::Matches, value: name };
    let inside: Vec<String> = histogram.matchers.iter().chain([&name]).map(ToString::to_string).collect();
    format!("{{{}}}", inside.join(","))
}

fn plain(series: Vec<Matrix>) -> Vec<Series> {
    let plain = series.into_iter().filter_map(|one| {
        let (at, value) = one.newest()?;
        Some(Series { labels: one.labels(), value, at })
    });
    plain.collect()
}

/// The one number of an answer.
fn single(value: Value, query: &str) -> Result<f64, Unread> {
    match value {
        Value::Scalar(point) => Ok(point.value),
        Value::Vector(found) => match &found[..] {
            [] => Err(Unread::new(Unusable::Empty, format!("`{query}` gives no series"))),
            [one] => one.value().ok_or_else(|| {
                Unread::new(Unusable::NotANumber, format!("the value of `{query}` is a histogram"))
            }),
            many => Err(Unread::new(
                Unusable::Invalid,
                format!(
                    "`{query}` gives {} series where one is needed: wrap it in `sum()` or `max()`",
                    many.len()
                ),
            )),
        },
        Value::Matrix(_) => Err(Unread::new(
            Unusable::Invalid,
            format!(
                "`{query}` gives a range where one number is needed: wrap it in `rate()` or `last_over_time()`"
            ),
        )),
        Value::String(_) => {
            Err(Unread::new(Unusable::NotANumber, format!("the value of `{query}` is a text")))
        }
    }
}

impl From<HttpError> for Unread {
    fn from(error: HttpError) -> Self {
        let reason = match error {
            HttpError::Unreachable { .. } => Unusable::Unreachable,
            HttpError::NotUnderstood { .. } | HttpError::Address { .. } => Unusable::Invalid,
        };
        Self::new(reason, error.to_string())
    }
}
