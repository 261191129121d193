//! The metrics page, in Prometheus' text format.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the histogram's buckets, in milliseconds.
const BOUNDS: [u64; 9] = [1, 5, 10, 25, 50, 100, 250, 500, 1000];

/// Counters of greetings.
#[derive(Default)]
pub struct Metrics {
    ok: AtomicU64,
    failed: AtomicU64,
    /// Of each bucket alone; the last is for all that is slower.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
}

impl Metrics {
    /// Counts an answer.
    pub fn record(&self, status: u16, took: Duration) {
        if status == 200 { &self.ok } else { &self.failed }.fetch_add(1, Relaxed);
        let bucket = BOUNDS.iter().position(|bound| took <= Duration::from_millis(*bound));
        self.buckets[bucket.unwrap_or(BOUNDS.len())].fetch_add(1, Relaxed);
        self.microseconds.fetch_add(u64::try_from(took.as_micros()).unwrap_or(0), Relaxed);
    }

    /// The page.
    pub fn page(&self) -> String {
        let mut page = String::from("# TYPE http_requests_total counter\n");
        let _ = writeln!(page, "http_requests_total{{code=\"200\"}} {}", self.ok.load(Relaxed));
        let _ = writeln!(page, "http_requests_total{{code=\"500\"}} {}", self.failed.load(Relaxed));
        page.push_str("# TYPE http_request_duration_seconds histogram\n");
        let mut count = 0;
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS.map(Some).into_iter().chain([None])) {
            count += bucket.load(Relaxed);
            let bound = bound.map_or("+Inf".to_owned(), |ms| (ms as f64 / 1000.0).to_string());
            let _ = writeln!(page, "http_request_duration_seconds_bucket{{le=\"{bound}\"}} {count}");
        }
        let seconds = self.microseconds.load(Relaxed) as f64 / 1e6;
        let _ = writeln!(page, "http_request_duration_seconds_sum {seconds}");
        let _ = writeln!(page, "http_request_duration_seconds_count {count}");
        page
    }
}
