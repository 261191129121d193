//! The world of the conformance suite.

use std::time::{Duration, Instant};

use plimsoll_drivers::metrics::{Answer, MetricsReader, Side, Unread};
use plimsoll_drivers::{Clock, SystemClock};
use plimsoll_model::metrics::{Snapshot, Unusable};
use plimsoll_model::rollout::SeriesSelectors;
use plimsoll_model::{ReleaseId, Timestamp};

/// What the release's instance shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// Good requests; `None` for no series of requests at all.
    pub(crate) good: Option<u64>,
    /// Bad ones; `None` for no series with an error code.
    pub(crate) bad: Option<u64>,
    /// Requests up to 0.1 s, up to 0.5 s and longer.
    pub(crate) latency: Option<[u64; 3]>,
    /// The value of `queue_length`.
    pub(crate) queue: Option<f64>,
}

impl Shown {
    pub(crate) fn requests(good: u64) -> Self {
        Self { good: Some(good), ..Self::default() }
    }

    /// The page of an instance of this release.
    pub(crate) fn page(&self, release: &ReleaseId) -> String {
        let mut lines = vec!["# TYPE http_requests_total counter".to_owned()];
        let mut line = |name: &str, more: &str, value: String| {
            lines.push(format!("{name}{{release=\"{release}\"{more}}} {value}"));
        };
        if let Some(n) = self.good {
            line("http_requests_total", ",code=\"200\"", n.to_string());
        }
        if let Some(n) = self.bad {
            line("http_requests_total", ",code=\"503\"", n.to_string());
        }
        if let Some([fast, middle, slow]) = self.latency {
            line("http_seconds_bucket", ",le=\"0.1\"", fast.to_string());
            line("http_seconds_bucket", ",le=\"0.5\"", (fast + middle).to_string());
            line("http_seconds_bucket", ",le=\"+Inf\"", (fast + middle + slow).to_string());
            line("http_seconds_sum", "", "12.5".to_owned());
            line("http_seconds_count", "", (fast + middle + slow).to_string());
        }
        if let Some(value) = self.queue {
            line("queue_length", "", value.to_string());
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

/// What the suite asks for.
pub(crate) fn selectors() -> SeriesSelectors {
    SeriesSelectors {
        requests: "http_requests_total{release=\"{{release}}\"}".to_owned(),
        errors: "http_requests_total{release=\"{{release}}\",code=~\"5..\"}".to_owned(),
        latency: Some("http_seconds{release=\"{{release}}\"}".to_owned()),
    }
}

/// The query of `queue_length`.
pub(crate) const QUEUE: &str = "queue_length{release=\"{{release}}\"}";
/// A query that no source understands.
pub(crate) const NONSENSE: &str = "queue_length{release=";

/// A source and the instance that it reads.
pub(crate) trait Bench {
    /// The source.
    fn reader(&mut self) -> &mut dyn MetricsReader;
    /// The release's side.
    fn side(&self) -> Side;
    /// From now on the instance shows this.
    fn show(&mut self, shown: &Shown);
    /// The instance is gone. Gives what a source of this kind then says, sooner or later.
    fn stop_instance(&mut self) -> Unusable;
    /// The source is gone, for good.
    fn stop_source(&mut self);

    /// One look at the counters.
    fn look(&mut self) -> Result<Answer<Snapshot>, Unread> {
        let side = self.side();
        self.reader().snapshot(&side, &selectors(), now())
    }

    /// One look at a query's value.
    fn ask(&mut self, query: &str) -> Result<Answer<f64>, Unread> {
        let side = self.side();
        self.reader().value(&side, query, now())
    }
}

pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// Waits until the clock shows another millisecond, by which the samples of two looks are told apart.
pub(crate) fn next_millisecond() {
    let start = now();
    while now() == start {
        std::thread::yield_now();
    }
}

/// Repeats until there is a result; fails with what was seen last.
pub(crate) fn eventually<T, S: std::fmt::Debug>(
    what: &str,
    mut look: impl FnMut() -> S,
    accept: impl Fn(&S) -> Option<T>,
) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let seen = look();
        if let Some(result) = accept(&seen) {
            return result;
        }
        assert!(Instant::now() < deadline, "never saw {what}; the last look gave {seen:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits for a certain trouble.
pub(crate) fn trouble<T: std::fmt::Debug>(
    reason: Unusable,
    look: impl FnMut() -> Result<Answer<T>, Unread>,
) -> String {
    eventually(&format!("{reason:?}"), look, |seen| match seen {
        Err(unread) if unread.reason == reason => Some(unread.detail.clone()),
        _ => None,
    })
}
